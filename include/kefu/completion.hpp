// Completion<T>: a move-only callable that receives the result of an asynchronous call.
//
// Contract, for every port: a completion is called exactly once, from any thread, possibly before
// the call that took it returns. It must not be called while a lock is held that the caller of the
// port could need. Dropping one without calling it is a bug in the port.
//
// A callable of up to kInlineSize bytes is stored inside; a larger one costs one allocation.
#pragma once

#include <cassert>
#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace kefu::inline v0 {

/// A callable that is called exactly once, from any thread. It is move-only, and small ones need no
/// memory.
template <class... Args>
class Completion {
 public:
  static constexpr std::size_t kInlineSize = 6 * sizeof(void*);

  Completion() = default;

  template <class F>
  requires(!std::is_same_v<std::decay_t<F>, Completion> &&
           std::is_invocable_v<std::decay_t<F>&, Args...>)
      Completion(F&& f) {  // NOLINT(google-explicit-constructor): lambdas convert at the call
    using D = std::decay_t<F>;
    if constexpr (fits<D>()) {
      ::new (static_cast<void*>(storage_)) D(std::forward<F>(f));
      ops_ = &kInlineOps<D>;
    } else {
      ::new (static_cast<void*>(storage_)) D*(new D(std::forward<F>(f)));
      ops_ = &kHeapOps<D>;
    }
  }

  Completion(Completion&& other) noexcept { take(other); }
  Completion& operator=(Completion&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  Completion(const Completion&) = delete;
  Completion& operator=(const Completion&) = delete;
  ~Completion() { reset(); }

  explicit operator bool() const noexcept { return ops_ != nullptr; }

  /// Calls the callable and empties this object first, so that a second call is caught by the
  /// assertion.
  void operator()(Args... args) {
    assert(ops_ && "a completion is called exactly once");
    Completion running(std::move(*this));
    running.ops_->call(running.storage_, std::forward<Args>(args)...);
  }

 private:
  struct Ops {
    void (*call)(std::byte*, Args...);
    void (*move)(std::byte* from, std::byte* to) noexcept;
    void (*destroy)(std::byte*) noexcept;
  };

  template <class D>
  static constexpr bool fits() {
    return sizeof(D) <= kInlineSize && alignof(D) <= alignof(std::max_align_t) &&
           std::is_nothrow_move_constructible_v<D>;
  }
  template <class D>
  static D& at(std::byte* p) noexcept {
    return *std::launder(reinterpret_cast<D*>(p));
  }

  template <class D>
  static constexpr Ops kInlineOps = {
      [](std::byte* p, Args... args) { at<D>(p)(std::forward<Args>(args)...); },
      [](std::byte* from, std::byte* to) noexcept {
        ::new (static_cast<void*>(to)) D(std::move(at<D>(from)));
        at<D>(from).~D();
      },
      [](std::byte* p) noexcept { at<D>(p).~D(); }};

  template <class D>
  static constexpr Ops kHeapOps = {
      [](std::byte* p, Args... args) { (*at<D*>(p))(std::forward<Args>(args)...); },
      [](std::byte* from, std::byte* to) noexcept {
        ::new (static_cast<void*>(to)) D*(at<D*>(from));
      },
      [](std::byte* p) noexcept { delete at<D*>(p); }};

  void take(Completion& other) noexcept {
    ops_ = std::exchange(other.ops_, nullptr);
    if (ops_) ops_->move(other.storage_, storage_);
  }
  void reset() noexcept {
    if (ops_) std::exchange(ops_, nullptr)->destroy(storage_);
  }

  alignas(std::max_align_t) std::byte storage_[kInlineSize];
  const Ops* ops_ = nullptr;
};

}  // namespace kefu::inline v0
