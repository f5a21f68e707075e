#include "net/send_queue.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <kefu/net/websocket_frame.hpp>
#include <utility>

namespace kefu::inline v0::net {
namespace {

websocket::Opcode opcode_of(FrameKind kind) noexcept {
  switch (kind) {
    case FrameKind::close:
      return websocket::Opcode::close;
    case FrameKind::ping:
      return websocket::Opcode::ping;
    case FrameKind::pong:
      return websocket::Opcode::pong;
    case FrameKind::raw:
    case FrameKind::text:
    case FrameKind::deflated:
      break;
  }
  return websocket::Opcode::text;
}

bool is_heartbeat(FrameKind kind) noexcept {
  return kind == FrameKind::ping || kind == FrameKind::pong;
}

std::size_t header_size(const QueuedFrame& queued) noexcept {
  return queued.kind == FrameKind::raw ? 0 : websocket::header_size(queued.frame.size());
}

/// Not one inside the other, for the sake of the stack.
void free_chain(std::unique_ptr<SendChunk> chunk) noexcept {
  while (chunk) chunk = std::move(chunk->next);
}

}  // namespace

std::size_t wire_size(const QueuedFrame& queued) noexcept {
  return header_size(queued) + queued.frame.size();
}

void WriteBatch::clear() noexcept { count_ = copied_size_ = bytes_ = 0; }

bool WriteBatch::add(const QueuedFrame& queued, std::size_t skip) noexcept {
  constexpr std::size_t kPartsOfFrame = 2;
  const auto payload = queued.frame.bytes();
  const bool small = payload.size() <= kSmallPayload;
  const std::size_t room = kCopied - copied_size_;
  if (count_ + kPartsOfFrame > kParts) return false;
  if (room < websocket::kMaxHeader + (small ? payload.size() : 0)) return false;

  std::array<std::byte, websocket::kMaxHeader> header;
  std::size_t size = 0;
  if (queued.kind != FrameKind::raw) {
    size = websocket::write_header(opcode_of(queued.kind), true, payload.size(), header,
                                   queued.kind == FrameKind::deflated);
  }
  if (skip < size) add_copy(std::span{header}.first(size).subspan(skip));
  const auto rest = payload.subspan(skip > size ? skip - size : 0);
  if (small) {
    add_copy(rest);
  } else {
    add_part(rest);
  }
  return true;
}

void WriteBatch::add_copy(std::span<const std::byte> bytes) noexcept {
  if (bytes.empty()) return;
  std::byte* const to = copied_.data() + copied_size_;
  std::memcpy(to, bytes.data(), bytes.size());
  copied_size_ += bytes.size();
  if (count_ != 0) {
    iovec& last = parts_[count_ - 1];
    if (static_cast<std::byte*>(last.iov_base) + last.iov_len == to) {
      last.iov_len += bytes.size();
      bytes_ += bytes.size();
      return;
    }
  }
  add_part({to, bytes.size()});
}

void WriteBatch::add_part(std::span<const std::byte> bytes) noexcept {
  // A write only reads them.
  parts_[count_++] = {const_cast<std::byte*>(bytes.data()), bytes.size()};
  bytes_ += bytes.size();
}

SendChunkPool::~SendChunkPool() { free_chain(std::move(free_)); }

std::unique_ptr<SendChunk> SendChunkPool::take() {
  if (!free_) return std::make_unique<SendChunk>();
  --count_;
  auto chunk = std::move(free_);
  free_ = std::move(chunk->next);
  return chunk;
}

void SendChunkPool::give(std::unique_ptr<SendChunk> chunk) noexcept {
  if (count_ == kKept) return;
  ++count_;
  chunk->next = std::move(free_);
  free_ = std::move(chunk);
}

SendQueue::~SendQueue() { free_chain(std::move(head_)); }

void SendQueue::push(QueuedFrame queued, SendChunkPool& pool) {
  if (!head_) {
    head_ = pool.take();
    head_->progress = {.tail = head_.get()};
  }
  SendChunk::Progress& progress = head_->progress;
  if (progress.end == SendChunk::kFrames) {
    progress.tail->next = pool.take();
    progress.tail = progress.tail->next.get();
    progress.end = 0;
  }
  progress.bytes += wire_size(queued);
  progress.has_heartbeat = progress.has_heartbeat || is_heartbeat(queued.kind);
  progress.tail->frames[progress.end++] = std::move(queued);
}

void SendQueue::fill(WriteBatch& batch) const noexcept {
  if (!head_) return;
  const SendChunk::Progress& progress = head_->progress;
  std::size_t skip = progress.written;
  std::size_t index = progress.first;
  for (const SendChunk* chunk = head_.get(); chunk; chunk = chunk->next.get(), index = 0) {
    const std::size_t end = chunk == progress.tail ? progress.end : SendChunk::kFrames;
    for (; index < end; ++index) {
      if (!batch.add(chunk->frames[index], std::exchange(skip, 0))) return;
    }
  }
}

void SendQueue::consume(std::size_t bytes, SendChunkPool& pool) noexcept {
  assert(bytes <= this->bytes());
  while (bytes != 0) {
    SendChunk::Progress& progress = head_->progress;
    const std::size_t left = wire_size(head_->frames[progress.first]) - progress.written;
    const std::size_t taken = std::min(bytes, left);
    progress.bytes -= taken;
    bytes -= taken;
    if (taken < left) {
      progress.written += static_cast<std::uint32_t>(taken);
    } else {
      pop(pool);
    }
  }
}

void SendQueue::pop(SendChunkPool& pool) noexcept {
  SendChunk::Progress& progress = head_->progress;
  QueuedFrame& front = head_->frames[progress.first];
  if (is_heartbeat(front.kind)) progress.has_heartbeat = false;
  front.frame = {};
  progress.written = 0;
  ++progress.first;
  const bool last = head_.get() == progress.tail;
  if (progress.first < (last ? progress.end : SendChunk::kFrames)) return;
  progress.first = 0;
  auto next = std::move(head_->next);
  if (next) next->progress = progress;
  pool.give(std::move(head_));
  head_ = std::move(next);
}

}  // namespace kefu::inline v0::net
