// SendQueue: the frames that a connection still has to write. Without I/O: it fills write batches
// and is told how much of one was written.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <kefu/shared_frame.hpp>
#include <memory>
#include <span>

namespace kefu::inline v0::net {

enum class FrameKind : std::uint8_t {
  raw,  ///< bytes as they are, without a header
  text,
  deflated,  ///< a text message, compressed
  close,
  ping,
  pong,
};

struct QueuedFrame {
  SharedFrame frame;
  FrameKind kind = FrameKind::text;
};

/// Bytes on the wire, header included.
[[nodiscard]] std::size_t wire_size(const QueuedFrame& queued) noexcept;

/// What one write takes. Small frames are copied together, because a part costs the kernel more
/// than a copy; large ones stay where they are. It is large: one a loop, not one a connection.
class WriteBatch {
 public:
  void clear() noexcept;

  /// Adds a frame without its first `skip` bytes on the wire; false when there is no room.
  bool add(const QueuedFrame& queued, std::size_t skip) noexcept;

  /// Valid until the batch is cleared, and as long as the frames.
  [[nodiscard]] std::span<const iovec> parts() const noexcept { return {parts_.data(), count_}; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  static constexpr std::size_t kParts = 128;
  static constexpr std::size_t kCopied = 32 * 1024;   // bytes of headers and small payloads
  static constexpr std::size_t kSmallPayload = 2048;  // bytes up to which a payload is copied

  void add_copy(std::span<const std::byte> bytes) noexcept;
  void add_part(std::span<const std::byte> bytes) noexcept;

  std::array<iovec, kParts> parts_;
  std::array<std::byte, kCopied> copied_;
  std::size_t count_ = 0;
  std::size_t copied_size_ = 0;
  std::size_t bytes_ = 0;
};

/// A link in the chain of a queue.
struct SendChunk {
  static constexpr std::size_t kFrames = 5;

  /// How far a queue has got. Of its first chunk alone.
  struct Progress {
    SendChunk* tail = nullptr;
    std::size_t bytes = 0;
    std::uint32_t written = 0;  // bytes of the first frame
    std::uint8_t first = 0;     // its index in the head
    std::uint8_t end = 0;       // behind the last one's in the tail
    bool has_heartbeat = false;
  };

  std::array<QueuedFrame, kFrames> frames;
  std::unique_ptr<SendChunk> next;
  Progress progress;
};

/// The unused chunks of a loop: an empty queue holds none, and a queue in use seldom allocates one.
class SendChunkPool {
 public:
  SendChunkPool() = default;
  ~SendChunkPool();
  SendChunkPool(const SendChunkPool&) = delete;
  SendChunkPool& operator=(const SendChunkPool&) = delete;

  [[nodiscard]] std::unique_ptr<SendChunk> take();
  void give(std::unique_ptr<SendChunk> chunk) noexcept;

 private:
  static constexpr std::size_t kKept = 1024;

  std::unique_ptr<SendChunk> free_;
  std::size_t count_ = 0;
};

/// First in, first out. Every call gets the pool of the loop, so that a queue needn't hold it.
class SendQueue {
 public:
  SendQueue() = default;
  ~SendQueue();
  SendQueue(const SendQueue&) = delete;
  SendQueue& operator=(const SendQueue&) = delete;

  void push(QueuedFrame queued, SendChunkPool& pool);

  /// Fills an empty batch from the front.
  void fill(WriteBatch& batch) const noexcept;
  /// Takes away `bytes` from the front, which were written.
  void consume(std::size_t bytes, SendChunkPool& pool) noexcept;

  [[nodiscard]] bool empty() const noexcept { return bytes() == 0; }
  /// Bytes on the wire.
  [[nodiscard]] std::size_t bytes() const noexcept { return head_ ? head_->progress.bytes : 0; }
  /// Whether a ping or pong is among them, as far as is known: false once one has been written.
  [[nodiscard]] bool has_heartbeat() const noexcept {
    return head_ && head_->progress.has_heartbeat;
  }

 private:
  void pop(SendChunkPool& pool) noexcept;

  std::unique_ptr<SendChunk> head_;
};

static_assert(sizeof(SendQueue) == sizeof(void*), "one of these is held by every idle connection");

}  // namespace kefu::inline v0::net
