// Few: a vector for whoever holds none or one of something, as a rule, and exists twenty thousand
// times: one pointer, and no memory when empty.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace kefu::inline v0 {

/// Iterators and references: as std::vector's, but the last erasure frees the memory too.
template <class T>
class Few {
  struct Head {
    std::uint32_t size;
    std::uint32_t capacity;
  };
  static_assert(alignof(T) <= alignof(std::max_align_t) && alignof(T) <= sizeof(Head));

 public:
  using value_type = T;
  using iterator = T*;
  using const_iterator = const T*;

  Few() = default;
  Few(Few&& other) noexcept : head_(std::exchange(other.head_, nullptr)) {}
  Few& operator=(Few&& other) noexcept {
    std::swap(head_, other.head_);
    return *this;
  }
  ~Few() { clear(); }

  [[nodiscard]] std::size_t size() const noexcept { return head_ ? head_->size : 0; }
  [[nodiscard]] bool empty() const noexcept { return !head_; }
  [[nodiscard]] T* begin() noexcept { return items(); }
  [[nodiscard]] T* end() noexcept { return items() + size(); }
  [[nodiscard]] const T* begin() const noexcept { return items(); }
  [[nodiscard]] const T* end() const noexcept { return items() + size(); }
  [[nodiscard]] T& back() noexcept { return end()[-1]; }
  /// Where it holds them, for prefetch(); null when it is empty.
  [[nodiscard]] const void* memory() const noexcept { return head_; }

  T& push_back(T item) { return *insert(end(), std::move(item)); }
  /// Answers where it is now.
  T* insert(const T* before, T item) {
    const std::ptrdiff_t at = before - items();
    reserve(size() + 1);
    std::construct_at(end(), std::move(item));
    ++head_->size;
    std::rotate(begin() + at, end() - 1, end());
    return begin() + at;
  }
  void erase(T* at) noexcept {
    std::move(at + 1, end(), at);
    pop_back();
  }
  void pop_back() noexcept {
    std::destroy_at(end() - 1);
    if (--head_->size == 0) release();
  }
  void clear() noexcept {
    if (!head_) return;
    std::destroy(begin(), end());
    release();
  }

  template <class Is>
  friend std::size_t erase_if(Few& few, Is is) {
    T* const kept = std::remove_if(few.begin(), few.end(), is);
    const auto gone = static_cast<std::size_t>(few.end() - kept);
    for (std::size_t i = 0; i < gone; ++i) few.pop_back();
    return gone;
  }

 private:
  [[nodiscard]] T* items() const noexcept {
    return head_ ? reinterpret_cast<T*>(head_ + 1) : nullptr;
  }

  void reserve(std::size_t wanted) {
    if (head_ && wanted <= head_->capacity) return;
    const std::size_t capacity = head_ ? 2 * std::size_t{head_->capacity} : 1;
    auto* const grown = ::new (::operator new(sizeof(Head) + capacity * sizeof(T)))
        Head{0, static_cast<std::uint32_t>(capacity)};
    grown->size = static_cast<std::uint32_t>(size());
    std::uninitialized_move(begin(), end(), reinterpret_cast<T*>(grown + 1));
    clear();
    head_ = grown;
  }
  void release() noexcept { ::operator delete(std::exchange(head_, nullptr)); }

  Head* head_ = nullptr;
};

}  // namespace kefu::inline v0
