// SharedFrame: an immutable, reference-counted run of bytes, encoded once and handed to every
// receiver.
//
// FramePool makes them and reuses their memory: in steady state a frame costs no heap allocation. A
// pool belongs to one thread (a shard's); the frames it made may be copied, read and dropped on any
// thread, also after the pool is gone. A transport adds its own header by gathering (writev): a
// frame has no room for one, because a header shared by receivers on several threads would be
// written by several.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <string_view>
#include <utility>

namespace kefu::inline v0 {

namespace detail {

struct FrameBlock;

/// Where the blocks of one pool come back to. It lives as long as its pool or any of its frames.
struct FrameHome {
  static inline void close(FrameHome* home, std::size_t out) noexcept;

  std::atomic<FrameBlock*> returned{nullptr};
  /// Once the pool has gone: its blocks that are still out, or, until it has said how many there
  /// were, less than none.
  std::atomic<std::ptrdiff_t> out{0};
};

struct FrameBlock {
  std::atomic<std::uint32_t> references;
  std::uint32_t size_class;
  std::size_t size;
  FrameHome* home;
  FrameBlock* next;

  [[nodiscard]] std::byte* bytes() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
  /// What stands in `returned` when the pool has gone.
  [[nodiscard]] static FrameBlock* nobody(FrameHome* home) noexcept {
    return reinterpret_cast<FrameBlock*>(home);
  }
  static std::size_t free_all(FrameBlock* block) noexcept {
    std::size_t count = 0;
    for (; block; ++count) ::operator delete(std::exchange(block, block->next));
    return count;
  }
  void drop() noexcept {
    if (references.fetch_sub(1, std::memory_order_acq_rel) == 1) give_back();
  }
  void give_back() noexcept {
    FrameHome* const to = home;
    FrameBlock* last = to->returned.load(std::memory_order_relaxed);
    while (last != nobody(to)) {
      next = last;
      if (to->returned.compare_exchange_weak(last, this, std::memory_order_release,
                                             std::memory_order_relaxed))
        return;
    }
    ::operator delete(this);
    if (to->out.fetch_sub(1, std::memory_order_acq_rel) == 1) delete to;
  }
};

/// The pool goes, of whose blocks `out` have not come back to it.
void FrameHome::close(FrameHome* home, std::size_t out) noexcept {
  FrameBlock* const last =
      home->returned.exchange(FrameBlock::nobody(home), std::memory_order_acq_rel);
  const auto left = static_cast<std::ptrdiff_t>(out - FrameBlock::free_all(last));
  if (home->out.fetch_add(left, std::memory_order_acq_rel) + left == 0) delete home;
}

}  // namespace detail

class SharedFrame {
 public:
  SharedFrame() = default;
  SharedFrame(const SharedFrame& other) noexcept : block_(other.block_) {
    if (block_) block_->references.fetch_add(1, std::memory_order_relaxed);
  }
  SharedFrame(SharedFrame&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  SharedFrame& operator=(SharedFrame other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~SharedFrame() {
    if (block_) block_->drop();
  }

  explicit operator bool() const noexcept { return block_ != nullptr; }
  [[nodiscard]] std::size_t size() const noexcept { return block_ ? block_->size : 0; }
  /// The frame, valid as long as a copy of this object.
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
    return block_ ? std::span<const std::byte>(block_->bytes(), block_->size)
                  : std::span<const std::byte>();
  }
  /// The same as text.
  [[nodiscard]] std::string_view text() const noexcept {
    return block_ ? std::string_view(reinterpret_cast<const char*>(block_->bytes()), block_->size)
                  : std::string_view();
  }

 private:
  friend class FramePool;
  explicit SharedFrame(detail::FrameBlock* block) noexcept : block_(block) {}
  detail::FrameBlock* block_ = nullptr;
};

/// Where the memory of frames comes from and goes back to.
class FramePool {
 public:
  FramePool() : home_(new detail::FrameHome) {}
  ~FramePool() {
    for (detail::FrameBlock* list : free_) detail::FrameBlock::free_all(list);
    detail::FrameHome::close(home_, out_ - detail::FrameBlock::free_all(returned_));
  }
  FramePool(const FramePool&) = delete;
  FramePool& operator=(const FramePool&) = delete;

  /// A frame with a copy of `text`. Only on the pool's own thread.
  [[nodiscard]] SharedFrame copy(std::string_view text) {
    const std::size_t size_class = class_of(text.size());
    for (int i = 0; i < kSorted && sort_one(); ++i) {
    }
    for (int i = 0; i < kSortedInNeed && !has_free(size_class) && sort_one(); ++i) {
    }
    detail::FrameBlock* block = has_free(size_class) ? take(size_class) : nullptr;
    if (!block) {
      block = ::new (::operator new(sizeof(detail::FrameBlock) +
                                    (size_class < kClasses ? bytes_of(size_class) : text.size())))
          detail::FrameBlock;
      block->size_class = static_cast<std::uint32_t>(size_class);
      block->home = home_;
    }
    block->references.store(1, std::memory_order_relaxed);
    block->size = text.size();
    if (!text.empty()) std::memcpy(block->bytes(), text.data(), text.size());
    ++out_;
    out_bytes_ += bytes_of(size_class);
    if (out_bytes_ > most_out_) most_out_ = out_bytes_;
    return SharedFrame(block);
  }

  /// From time to time, on the pool's own thread: what was out at once before the last call, and
  /// not since, need not be kept. A pool that is never aged keeps as much as ever was out.
  void age() noexcept {
    for (int i = 0; i < kSortedInAging && sort_one(); ++i) {
    }
    kept_for_ = std::exchange(most_out_, out_bytes_);
    free_surplus();
  }

 private:
  static constexpr std::size_t kSmallest =
      128;  ///< bytes in the smallest class; each next class is twice as large
  static constexpr std::size_t kClasses = 8;             ///< larger frames are allocated one by one
  static constexpr std::size_t kKeepBytes = 256 * 1024;  ///< free memory that is always kept
  static constexpr int kSorted = 2;         ///< for each that is taken, so that none pile up …
  static constexpr int kSortedInNeed = 32;  ///< … and before one is allocated
  static constexpr int kSortedInAging = 1024;

  static std::size_t class_of(std::size_t size) noexcept {
    if (size <= kSmallest) return 0;
    const auto fits = static_cast<std::size_t>(std::bit_width((size - 1) / kSmallest));
    return fits < kClasses ? fits : kClasses;
  }

  /// Of those that are allocated one by one, none is kept.
  static std::size_t bytes_of(std::size_t size_class) noexcept {
    return size_class < kClasses ? kSmallest << size_class : 0;
  }

  [[nodiscard]] bool has_free(std::size_t size_class) const noexcept {
    return size_class < kClasses && free_[size_class];
  }

  detail::FrameBlock* take(std::size_t size_class) noexcept {
    free_bytes_ -= bytes_of(size_class);
    return std::exchange(free_[size_class], free_[size_class]->next);
  }

  /// Takes back a block that is out no more; false when there is none. One at a time: each has left
  /// the caches, and the next is fetched meanwhile.
  bool sort_one() noexcept {
    if (!returned_ && home_->returned.load(std::memory_order_relaxed))
      returned_ = home_->returned.exchange(nullptr, std::memory_order_acquire);
    detail::FrameBlock* const block = returned_;
    if (!block) return false;
    returned_ = block->next;
#if defined(__GNUC__)
    __builtin_prefetch(returned_);
#endif
    const std::size_t size_class = block->size_class;
    const std::size_t bytes = bytes_of(size_class);
    --out_;
    out_bytes_ -= bytes;
    if (bytes == 0) {
      ::operator delete(block);
    } else {
      block->next = std::exchange(free_[size_class], block);
      free_bytes_ += bytes;
    }
    free_surplus();
    return true;
  }

  /// As much is kept as was out of late. The largest go first: they are seldom needed.
  void free_surplus() noexcept {
    std::size_t kept = most_out_ > kept_for_ ? most_out_ : kept_for_;
    if (kept < kKeepBytes) kept = kKeepBytes;
    for (std::size_t size_class = kClasses; free_bytes_ > kept && size_class-- > 0;) {
      while (free_bytes_ > kept && free_[size_class]) ::operator delete(take(size_class));
    }
  }

  detail::FrameHome* home_;
  std::array<detail::FrameBlock*, kClasses> free_{};
  detail::FrameBlock* returned_ = nullptr;  ///< still to be sorted
  std::size_t free_bytes_ = 0;
  std::size_t out_ = 0;        ///< blocks that are in use or still to be sorted …
  std::size_t out_bytes_ = 0;  ///< … and what they hold,
  std::size_t most_out_ = 0;   ///< at most since age(),
  std::size_t kept_for_ = 0;   ///< and between the two calls of that before
};

}  // namespace kefu::inline v0
