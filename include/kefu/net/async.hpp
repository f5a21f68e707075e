// Async: kefu's asynchronous calls for hosts that write for Asio. Whatever ends in a Completion, of
// the Hub or of a port, takes any of Asio's completion tokens: a callback, asio::use_future, and
// where the compiler has coroutines asio::use_awaitable.
//
//   const kefu::net::Async async{co_await asio::this_coro::executor};
//   kefu::Conversation chat = co_await async(asio::use_awaitable, &kefu::Hub::open, hub, request);
//
// Coroutines are g++'s, and clang's from 16 on; before it knew those, Asio (1.22) has to be told by
// ASIO_HAS_CO_AWAIT and ASIO_HAS_STD_COROUTINE, in the whole program.
//
// Answers: Completion<> is a handler's void(), Completion<errc> void(std::error_code),
// Completion<result<T>> void(std::error_code, T), and any other Completion<T> void(T). Asio makes
// exceptions of error codes, for co_await and for futures: a std::system_error whose code()
// compares with kefu::errc and errc_condition. Who would rather look at the code asks Asio for it
// (asio::as_tuple, in experimental/ before 1.24).
//
// Threading: the call itself is made in the caller's thread, by co_await when that is reached. A
// handler runs on its own executor, and where it has none on that of the Async; never inside the
// call, whichever thread the answer comes from. Both executors have work until then: run() waits.
//
// Lifetimes: as for any operation of Asio, the executors' contexts outlive what is under way. So
// does the object that is called. Arguments are kept as they are given: for a std::string_view
// parameter pass a std::string, since a coroutine's call may be made later.
//
// Cancellation: none of the calls can be called back, so cancelling does nothing, and the answer
// comes. Where an executor of kefu's ends and drops what it had to do, the handler is destroyed
// without a call: a coroutine with its frame, a future with std::future_errc::broken_promise.
#pragma once

#include <kefu/completion.hpp>
#include <kefu/error.hpp>
#include <kefu/result.hpp>

#include <version>  // before Asio, which in 1.22 asks it what there is

#include <asio/any_io_executor.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/bind_executor.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>

#include <cstddef>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

namespace kefu::inline v0::net {

namespace detail {

/// What a handler is told, by the Completion that a call takes.
template <class Done>
struct Answer;

template <>
struct Answer<Completion<>> {
  using Signature = void();
  template <class Handler>
  static void give(Handler&& handler) {
    std::forward<Handler>(handler)();
  }
};

template <class T>
struct Answer<Completion<T>> {
  static_assert(!std::is_reference_v<T>,
                "this answer is valid during the completion only: take it there");
  using Signature = void(T);
  template <class Handler>
  static void give(Handler&& handler, T value) {
    std::forward<Handler>(handler)(std::move(value));
  }
};

template <>
struct Answer<Completion<errc>> {
  using Signature = void(std::error_code);
  template <class Handler>
  static void give(Handler&& handler, errc code) {
    std::forward<Handler>(handler)(code == errc::ok ? std::error_code() : make_error_code(code));
  }
};

template <class T>
struct Answer<Completion<result<T>>> {
  static_assert(std::is_default_constructible_v<T>, "beside an error stands an empty T");
  using Signature = void(std::error_code, T);
  template <class Handler>
  static void give(Handler&& handler, result<T> answer) {
    if (answer) {
      std::forward<Handler>(handler)(std::error_code(), *std::move(answer));
    } else {
      std::forward<Handler>(handler)(make_error_code(answer.error()), T());
    }
  }
};

/// The completion of one call: carries the answer to the handler's executor.
template <class Done, class Handler>
class Reply {
 public:
  Reply(const asio::any_io_executor& executor, Handler handler)
      : handler_(std::move(handler)),
        work_(executor),
        handler_work_(asio::make_work_guard(handler_, executor)) {}

  template <class... Values>
  void operator()(Values... values) {
    asio::post(
        work_.get_executor(),
        asio::bind_executor(handler_work_.get_executor(), [handler = std::move(handler_),
                                                           answer = std::tuple<Values...>(
                                                               std::move(values)...)]() mutable {
          std::apply(
              [&](Values&... all) { Answer<Done>::give(std::move(handler), std::move(all)...); },
              answer);
        }));
  }

 private:
  Handler handler_;
  asio::executor_work_guard<asio::any_io_executor> work_;
  asio::executor_work_guard<asio::associated_executor_t<Handler, asio::any_io_executor>>
      handler_work_;
};

/// Makes the call once Asio has turned the token into a handler.
template <class Class, class... Parameters>
struct Start {
  using Done = std::tuple_element_t<sizeof...(Parameters) - 1, std::tuple<Parameters...>>;

  asio::any_io_executor executor;
  void (Class::*call)(Parameters...);
  Class* object;

  template <class Handler, class... Args>
  void operator()(Handler&& handler, Args&&... args) const {
    (object->*call)(std::forward<Args>(args)...,
                    Reply<Done, std::decay_t<Handler>>(executor, std::forward<Handler>(handler)));
  }
};

}  // namespace detail

/// Makes kefu's calls as Asio's asynchronous operations. A value: copy it, use it in any thread.
class Async {
 public:
  /// `executor`: where handlers run that have none of their own.
  explicit Async(asio::any_io_executor executor) : executor_(std::move(executor)) {}

  /// Calls (object.*call)(args…, completion). Returns what the token makes of it: a future, an
  /// awaitable, nothing for a callback.
  template <class Token, class Class, class... Parameters, class... Args>
  decltype(auto) operator()(Token&& token, void (Class::*call)(Parameters...),
                            std::type_identity_t<Class>& object, Args&&... args) const {
    using Start = detail::Start<Class, Parameters...>;
    using Signature = typename detail::Answer<typename Start::Done>::Signature;
    return asio::async_initiate<Token, Signature>(Start{executor_, call, &object}, token,
                                                  std::forward<Args>(args)...);
  }

 private:
  asio::any_io_executor executor_;
};

}  // namespace kefu::inline v0::net
