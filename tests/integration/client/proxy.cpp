#include "integration/client/proxy.hpp"

#include <array>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

#include "net/asio.hpp"
// After net/asio.hpp, which says why.
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>

namespace kefu::test {
namespace {

using Tcp = asio::ip::tcp;
using asio::error_code;

/// Two sockets and what flows between them.
struct Pair {
  explicit Pair(Tcp::socket from) : ends{std::move(from), Tcp::socket(ends[0].get_executor())} {}

  Tcp::socket ends[2];
  std::array<char, 8192> buffers[2];
  bool stalled = false;
  bool slow = false;

  void reset() {
    error_code ignored;
    for (Tcp::socket& end : ends) {
      end.set_option(asio::socket_base::linger(true, 0), ignored);
      end.close(ignored);
    }
  }
  void close() {
    error_code ignored;
    for (Tcp::socket& end : ends) end.close(ignored);
  }
};
using PairPtr = std::shared_ptr<Pair>;

constexpr int kSlowBuffer = 64 * 1024;  // bytes that the kernel takes for a slow link
constexpr std::chrono::milliseconds kSlowPause{2};

void pump(const PairPtr& pair, std::size_t from);

void go_on(const PairPtr& pair, std::size_t from) {
  if (!pair->slow || from == 0) return pump(pair, from);
  const auto pause = std::make_shared<asio::steady_timer>(pair->ends[0].get_executor(), kSlowPause);
  pause->async_wait([pair, from, pause](const error_code&) { pump(pair, from); });
}

void pump(const PairPtr& pair, std::size_t from) {
  if (pair->stalled) return;
  pair->ends[from].async_read_some(
      asio::buffer(pair->buffers[from]), [pair, from](const error_code& error, std::size_t size) {
        if (pair->stalled) return;  // what was read is lost
        if (error) return pair->close();
        asio::async_write(pair->ends[1 - from], asio::buffer(pair->buffers[from], size),
                          [pair, from](const error_code& failed, std::size_t) {
                            failed ? pair->close() : go_on(pair, from);
                          });
      });
}

}  // namespace

struct Proxy::Impl {
  Impl(std::uint16_t with_to, bool with_slow)
      : to(asio::ip::address_v4::loopback(), with_to),
        slow(with_slow),
        acceptor(context, {asio::ip::address_v4::loopback(), 0}) {
    accept();
    thread = std::thread([this] { context.run(); });
  }
  ~Impl() {
    context.stop();
    thread.join();
  }

  void accept() {
    acceptor.async_accept([this](const error_code& error, Tcp::socket socket) {
      if (error) return;
      std::erase_if(pairs, [](const PairPtr& one) { return !one->ends[0].is_open(); });
      const PairPtr pair = pairs.emplace_back(std::make_shared<Pair>(std::move(socket)));
      pair->slow = slow;
      if (slow) {
        pair->ends[1].open(Tcp::v4());
        pair->ends[1].set_option(asio::socket_base::receive_buffer_size(kSlowBuffer));
      }
      pair->ends[1].async_connect(to, [pair](const error_code& failed) {
        if (failed) return pair->reset();
        pump(pair, 0);
        pump(pair, 1);
      });
      accept();
    });
  }

  asio::io_context context;
  const Tcp::endpoint to;
  const bool slow;
  Tcp::acceptor acceptor;
  std::vector<PairPtr> pairs;
  std::thread thread;
};

Proxy::Proxy(std::uint16_t to, bool slow) : impl_(std::make_unique<Impl>(to, slow)) {}
Proxy::~Proxy() = default;

std::uint16_t Proxy::port() const noexcept { return impl_->acceptor.local_endpoint().port(); }

void Proxy::reset_all() {
  asio::post(impl_->context, [this] {
    for (const PairPtr& pair : impl_->pairs) pair->reset();
  });
}

void Proxy::stall_all() {
  asio::post(impl_->context, [this] {
    for (const PairPtr& pair : impl_->pairs) pair->stalled = true;
  });
}

}  // namespace kefu::test
