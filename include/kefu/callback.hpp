// Callback<R(Args...)>: a callable that a host hands over once and kefu calls as often as it needs
// to. As std::function is used, but without <functional>, which alone would be a seventh of what a
// file that includes kefu has to read.
//
// Copies share one callable, and what it keeps. Threading: whoever takes one says where it is
// called.
#pragma once

#include <cassert>
#include <memory>
#include <type_traits>
#include <utility>

namespace kefu::inline v0 {
/// A callable of that signature, such as void(int).
template <class Signature>
class Callback;

/// Made of any function, lambda or object that can be called so; empty by default, and when made of
/// an empty std::function.
template <class R, class... Args>
class Callback<R(Args...)> {
 public:
  Callback() = default;  ///< empty
  /// Keeps what is given.
  template <class F>
  requires(!std::is_same_v<std::decay_t<F>, Callback> &&
           std::is_invocable_r_v<R, std::decay_t<F>&, Args...>)
      Callback(F&& f) {  // NOLINT(google-explicit-constructor): lambdas convert at the call
    using D = std::decay_t<F>;
    if constexpr (std::is_constructible_v<bool, const D&> &&
                  !std::is_convertible_v<const D&, bool>) {
      if (!static_cast<bool>(f)) return;
    }
    held_ = std::make_shared<Held<D>>(std::forward<F>(f));
  }

  explicit operator bool() const noexcept { return held_ != nullptr; }

  /// Precondition: it is not empty.
  R operator()(Args... args) const {
    assert(held_ && "an empty callback can't be called");
    return held_->call(std::forward<Args>(args)...);
  }

 private:
  struct Any {
    Any() = default;
    Any(const Any&) = delete;
    Any& operator=(const Any&) = delete;
    virtual ~Any() = default;
    virtual R call(Args... args) = 0;
  };
  template <class F>
  struct Held final : Any {
    template <class G>
    explicit Held(G&& given) : callable(std::forward<G>(given)) {}
    R call(Args... args) override {
      if constexpr (std::is_void_v<R>) {
        callable(std::forward<Args>(args)...);
      } else {
        return callable(std::forward<Args>(args)...);
      }
    }
    F callable;
  };

  std::shared_ptr<Any> held_;
};

}  // namespace kefu::inline v0
