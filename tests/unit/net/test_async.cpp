#include <kefu/net/async.hpp>

#include <doctest/doctest.h>

#include <asio/bind_executor.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>
#include <chrono>
#include <future>
#include <kefu/clock.hpp>
#include <kefu/hub.hpp>
#include <kefu/memory/store.hpp>
#include <kefu/testing/manual_executor.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace {

using namespace kefu;
using net::Async;

/// A port whose answers the test gives, at once or when it likes.
class Port {
 public:
  void bark(Completion<> done) { done(); }
  void remove(errc code, Completion<errc> done) { done(code); }
  void name(std::string_view of, Completion<result<std::string>> done) {
    if (of.empty()) return done(errc::not_found);
    done("name of " + std::string(of));
  }
  void make(std::unique_ptr<int> from, Completion<result<std::unique_ptr<int>>> done) {
    done(std::move(from));
  }
  void count(Completion<std::size_t> done) { waiting_ = std::move(done); }

  void answer(std::size_t number) { waiting_(number); }
  void forget() { waiting_ = {}; }

 private:
  Completion<std::size_t> waiting_;
};

}  // namespace

TEST_CASE("a callback is told what the completion is, each kind in its way") {
  asio::io_context context;
  const Async async(context.get_executor());
  Port port;
  int told = 0;

  async([&] { ++told; }, &Port::bark, port);
  async([&](std::error_code code) { told += code ? 100 : 10; }, &Port::remove, port, errc::ok);
  async([&](std::error_code code) { told += code == errc::denied ? 100 : 0; }, &Port::remove, port,
        errc::denied);
  async([&](std::error_code code,
            const std::string& name) { told += !code && name == "name of ada" ? 1000 : 0; },
        &Port::name, port, "ada");
  async(
      [&](std::error_code code, const std::string& name) {
        told += code == errc::not_found && name.empty() ? 10'000 : 0;
      },
      &Port::name, port, "");
  async([&, keep = std::make_unique<int>(7)](
            std::error_code, std::unique_ptr<int> made) { told += *keep == *made ? 100'000 : 0; },
        &Port::make, port, std::make_unique<int>(7));
  CHECK_EQ(told, 0);  // the port has answered inside the calls
  context.run();
  CHECK_EQ(told, 111'111);
}

TEST_CASE("a handler runs on its own executor, or on that of the Async, which wait for it") {
  asio::io_context own, common;
  const Async async(common.get_executor());
  Port port;
  std::thread::id ran_in;
  const auto handler = [&](std::size_t) { ran_in = std::this_thread::get_id(); };

  async(handler, &Port::count, port);
  CHECK_EQ(common.poll(), 0u);
  CHECK_FALSE(common.stopped());  // there is work, though nothing is ready
  std::thread([&] { port.answer(3); }).join();
  CHECK_EQ(ran_in, std::thread::id());
  common.run();
  CHECK_EQ(ran_in, std::this_thread::get_id());

  common.restart();
  async(asio::bind_executor(own, handler), &Port::count, port);
  own.poll();
  CHECK_FALSE(own.stopped());
  port.answer(3);
  std::thread other([&] { own.run(); });
  const std::thread::id expected = other.get_id();
  common.run();
  other.join();
  CHECK_EQ(ran_in, expected);
}

TEST_CASE("a future has the value, or throws what the error code says") {
  asio::io_context context;
  const Async async(context.get_executor());
  Port port;
  std::future<std::string> named = async(asio::use_future, &Port::name, port, std::string("ada"));
  std::future<std::string> failed = async(asio::use_future, &Port::name, port, "");
  std::future<void> done = async(asio::use_future, &Port::remove, port, errc::ok);
  std::future<std::size_t> counted = async(asio::use_future, &Port::count, port);
  port.answer(5);
  context.run();
  CHECK_EQ(named.get(), "name of ada");
  CHECK_NOTHROW(done.get());
  CHECK_EQ(counted.get(), 5u);
  try {
    failed.get();
    FAIL("no exception");
  } catch (const std::system_error& error) {
    CHECK(error.code() == errc::not_found);
  }
}

TEST_CASE("what an ended executor drops breaks the promise, and ends the work") {
  asio::io_context context;
  const Async async(context.get_executor());
  testing::ManualExecutor loop;
  const SystemClock clock;
  memory::Store store(clock);
  Hub hub({&loop}, store);
  std::future<HubStats> stats = async(asio::use_future, &Hub::stats, hub);
  loop.drop_all();
  CHECK_THROWS_AS(stats.get(), std::future_error);
  Port port;
  async([](std::size_t) {}, &Port::count, port);
  port.forget();
  context.run();
}

#ifdef ASIO_HAS_CO_AWAIT

TEST_CASE("a coroutine awaits the hub, on its own executor") {
  asio::io_context context;
  testing::ManualExecutor loop;
  const SystemClock clock;
  memory::Store store(clock);
  Hub hub({&loop}, store);
  Hub::OpenRequest request;
  request.id = {0, 1};
  request.visitor = "v";
  request.department = "sales";
  std::optional<Conversation> opened;
  std::error_code refused;

  const auto work = [&]() -> asio::awaitable<void> {
    const Async async(co_await asio::this_coro::executor);
    opened = co_await async(asio::use_awaitable, &Hub::open, hub, request);
    request.subject.assign(limits{}.max_subject + 1, 'x');
    try {
      co_await async(asio::use_awaitable, &Hub::open, hub, request);
    } catch (const std::system_error& error) {
      refused = error.code();
    }
  };
  bool ended = false;
  asio::co_spawn(context, work(), [&](std::exception_ptr) { ended = true; });
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!ended && std::chrono::steady_clock::now() < until) {
    context.poll();
    loop.run_until_idle();
  }
  REQUIRE(opened);
  CHECK_EQ(opened->visitor, "v");
  CHECK(refused == errc::too_large);
}

TEST_CASE("a coroutine goes on when the port has answered inside the call, and throws its errors") {
  asio::io_context context;
  Port port;
  const auto work = [&]() -> asio::awaitable<int> {
    const Async async(co_await asio::this_coro::executor);
    int out = 0;
    for (int i = 0; i < 1000; ++i)
      out += *co_await async(asio::use_awaitable, &Port::make, port, std::make_unique<int>(i));
    co_await async(asio::use_awaitable, &Port::bark, port);
    co_await async(asio::use_awaitable, &Port::remove, port, errc::ok);
    co_return out;
  };
  std::future<int> sum = asio::co_spawn(context, work(), asio::use_future);
  context.run();
  CHECK_EQ(sum.get(), 499'500);
}

TEST_CASE("a coroutine whose context goes is destroyed with what it holds") {
  const auto held = std::make_shared<int>();
  Port port;
  {
    asio::io_context context;
    asio::co_spawn(
        context,
        [](Port& from, std::shared_ptr<int>) -> asio::awaitable<void> {
          const Async async(co_await asio::this_coro::executor);
          co_await async(asio::use_awaitable, &Port::count, from);
        }(port, held),
        asio::detached);
    context.poll();
    CHECK_EQ(held.use_count(), 2);
    port.forget();
  }
  CHECK_EQ(held.use_count(), 1);
}

#else

TEST_CASE("no co_await is tried where Asio has none") {
  MESSAGE("this compiler and this Asio have no coroutines together: co_await is not tested");
}

#endif
