// TamperedTransport: a transport in front of another one, that breaks one promise of
// <kefu/transport.hpp>; and one that breaks none.
#pragma once

#include <chrono>
#include <kefu/transport.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace kefu::test {

enum class Tampering {
  none,
  cuts_messages,      // long ones, in two
  swaps_messages,     // each pair of neighbours
  repeats_a_client,   // accepted() twice
  cuts_frames,        // to 4 KiB
  drops_every_tenth,  // frame
  keeps_quiet,        // never says backpressure
  never_writable,     // forgets on_writable()
  always_writable,    // says it unasked
  calls_back,         // on_writable() inside send()
  ignores_pauses,
  forgets_resuming,
  takes_after_close,     // says that it took a frame
  closes_again,          // on_closed() twice
  closes_inside,         // on_closed() inside close()
  speaks_after_the_end,  // on_message() after on_closed()
  forgets_the_reason,
  calls_it_orderly,  // when the peer vanished
  hides_the_peer,
  other_thread,         // messages come on one of its own
  forgets_to_ask,       // on_stopping()
  stops_early,          // completes before the connections are closed
  never_stopped,        // forgets to complete
  waits_for_everybody,  // whatever the deadline
};

class TamperedTransport final : public Transport, private Acceptor {
 public:
  TamperedTransport(std::unique_ptr<Transport> inner, Tampering how)
      : inner_(std::move(inner)), how_(how) {}
  ~TamperedTransport() override {
    for (std::thread& one : threads_) one.join();
  }

  void start(Acceptor& acceptor) override {
    outer_ = &acceptor;
    inner_->start(*this);
  }

  void stop(Instant deadline, Completion<> done) override {
    if (how_ == Tampering::stops_early) {
      done();
      return inner_->stop(deadline, [] {});
    }
    if (how_ == Tampering::waits_for_everybody) deadline = deadline + Nanoseconds(100'000'000'000);
    if (how_ == Tampering::never_stopped) return inner_->stop(deadline, [] {});
    inner_->stop(deadline, std::move(done));
  }

 private:
  /// Stands between a Connection and its Inbound.
  class Between final : public Connection, public Inbound {
   public:
    Between(TamperedTransport& by, Connection& connection) : by_(by), connection_(connection) {}

    [[nodiscard]] bool is(Tampering how) const noexcept { return by_.how_ == how; }

    SendStatus send(SharedFrame frame) override {
      if (is(Tampering::drops_every_tenth) && ++sent_ % 10 == 0) return SendStatus::accepted;
      if (is(Tampering::cuts_frames) && frame.size() > 4096)
        frame = pool_.copy(frame.text().substr(0, 4096));
      const SendStatus status = connection_.send(std::move(frame));
      if (is(Tampering::calls_back) && outer && status != SendStatus::closed) outer->on_writable();
      if (is(Tampering::keeps_quiet) && status == SendStatus::backpressure)
        return SendStatus::accepted;
      if (is(Tampering::takes_after_close) && status == SendStatus::closed)
        return SendStatus::accepted;
      return status;
    }
    [[nodiscard]] std::size_t buffered() const override { return connection_.buffered(); }
    void pause_reading() override {
      if (!is(Tampering::ignores_pauses)) connection_.pause_reading();
    }
    void resume_reading() override {
      if (!is(Tampering::forgets_resuming)) connection_.resume_reading();
    }
    void close(errc reason) override {
      if (is(Tampering::closes_inside) && outer && !std::exchange(closed_, true))
        outer->on_closed(reason);
      connection_.close(is(Tampering::forgets_the_reason) ? errc::ok : reason);
    }
    [[nodiscard]] std::string_view peer() const override {
      return is(Tampering::hides_the_peer) ? std::string_view() : connection_.peer();
    }
    [[nodiscard]] Executor& executor() override { return connection_.executor(); }

    void on_message(std::string_view message, std::size_t slack) override {
      if (is(Tampering::cuts_messages) && message.size() > 4096) {
        outer->on_message(message.substr(0, 4096), 0);
        return outer->on_message(message.substr(4096), slack);
      }
      if (is(Tampering::swaps_messages) && held_.empty()) {
        held_ = message;
        return;
      }
      if (is(Tampering::other_thread)) {
        const std::scoped_lock lock(by_.mutex_);
        by_.threads_.emplace_back([this, text = std::string(message)] {
          std::this_thread::sleep_for(std::chrono::milliseconds(2));
          outer->on_message(text, 0);
        });
        return;
      }
      outer->on_message(message, slack);
      if (!held_.empty()) outer->on_message(std::exchange(held_, {}), 0);
      if (is(Tampering::always_writable)) outer->on_writable();
    }
    void on_writable() override {
      if (!is(Tampering::never_writable)) outer->on_writable();
    }
    bool on_stopping() override { return !is(Tampering::forgets_to_ask) && outer->on_stopping(); }
    void on_closed(errc reason) override {
      if (is(Tampering::calls_it_orderly)) reason = errc::ok;
      if (!std::exchange(closed_, true)) outer->on_closed(reason);
      if (is(Tampering::closes_again)) outer->on_closed(reason);
      if (is(Tampering::speaks_after_the_end)) outer->on_message("by the way", 0);
    }

    Inbound* outer = nullptr;

   private:
    TamperedTransport& by_;
    Connection& connection_;
    FramePool pool_;
    std::string held_;
    int sent_ = 0;
    bool closed_ = false;
  };

  Inbound& accepted(Connection& connection) override {
    Between* added = nullptr;
    {
      const std::scoped_lock lock(mutex_);
      added = links_.emplace_back(std::make_unique<Between>(*this, connection)).get();
    }
    added->outer = &outer_->accepted(*added);
    if (how_ == Tampering::repeats_a_client) added->outer = &outer_->accepted(*added);
    return *added;
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<Between>> links_;
  std::vector<std::thread> threads_;
  Acceptor* outer_ = nullptr;
  const std::unique_ptr<Transport> inner_;  // the first to go
  const Tampering how_;
};

}  // namespace kefu::test
