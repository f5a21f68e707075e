// Person: somebody with a client, who says what there is to say as fast as the window allows, and
// keeps what is heard.
#pragma once

#include <kefu/client/client.hpp>
#include <kefu/client/websocket.hpp>
#include <kefu/net/loops.hpp>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace kefu::test {

/// A loop with a thread, for all clients of a test; and where the test waits for what they say.
class Stage {
 public:
  Stage() : thread_([this] { loops.run(); }) {}
  ~Stage() {
    loops.stop();
    thread_.join();
  }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  /// Runs a function on the loop, and waits for it.
  void on_loop(const std::function<void()>& function) {
    bool done = false;
    loops.executors()[0]->post([&] {
      function();
      change([&] { done = true; });
    });
    await([&] { return done; });
  }
  /// Waits until it holds; it is asked under the lock that change() takes.
  template <class Condition>
  void await(Condition condition) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::minutes(2), condition))
      throw std::runtime_error("it does not come to pass");
  }
  template <class Change>
  void change(Change what) {
    const std::lock_guard lock(mutex_);
    what();
    changed_.notify_all();
  }

  net::Loops loops;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::thread thread_;
};

/// Short delays: a test that kills a lot has no time to be polite.
inline client::Options impatient(std::string token) {
  client::Options options;
  options.token = [token = std::move(token)](Completion<result<client::Token>> done) {
    done(client::Token{token});
  };
  options.machine.link_retry = Nanoseconds(20'000'000);
  options.machine.link_retry_limit = Nanoseconds(500'000'000);
  options.machine.attempt_timeout = Nanoseconds(3'000'000'000);
  options.machine.answer_timeout = Nanoseconds(2'000'000'000);
  return options;
}

class Person final : client::Events {
 public:
  /// `opens`: a visitor who asks for the conversation; else an agent who accepts it, or a device
  /// that finds itself in it. `total`: how many messages it says there, up to `in_flight` at
  /// a time, each with so many bytes of `padding`.
  Person(Stage& stage, const std::string& url, const std::string& token, ConversationId chat,
         std::string name, int total, bool opens, int in_flight = 40, std::size_t padding = 0)
      : stage_(stage),
        link_(stage.loops, {.url = url, .ping_interval = Nanoseconds(500'000'000)}),
        client_(link_.executor(), link_, store_, *this, impatient(token)),
        chat_(chat),
        name_(std::move(name)),
        total_(total),
        opens_(opens),
        in_flight_(static_cast<std::size_t>(in_flight)),
        padding_(padding) {}

  void start() {
    stage_.on_loop([this] { client_.start(); });
  }

  /// Says no more than so many for now. On the loop, or before start().
  void hold_after(int count) {
    allowed_ = count;
    if (joined) link_.executor().post([this] { say_more(); });
  }

  // Under the stage's lock, or when it has stopped:
  int settled = 0;
  bool joined = false;
  std::uint64_t tail = 0;  ///< of the conversation, when it was first heard of
  std::vector<Entry> log;  ///< of it, public
  std::vector<std::string> wrong;
  int attached = 0;
  int resumed = 0;
  int detached = 0;
  std::map<errc, int> errors;  ///< that the server told, for a send or anything else

  /// On the loop: it ends there.
  static void leave(Stage& stage, std::unique_ptr<Person> who) {
    stage.on_loop([&] {
      who->client_.stop();
      who.reset();
    });
  }

  /// For whoever asks why a test waits in vain.
  [[nodiscard]] std::string state() const {
    std::string out = name_ + ": attached " + std::to_string(attached) + ", detached " +
                      std::to_string(detached) + (joined ? ", joined" : ", not joined") +
                      ", submitted " + std::to_string(submitted_) + " of " +
                      std::to_string(total_) + ", settled " + std::to_string(settled) + ", read " +
                      std::to_string(log.size());
    for (const auto& [code, times] : errors)
      out += ", " + std::string(kefu::name(code)) + " " + std::to_string(times);
    for (const std::string& one : wrong) out += "; " + one;
    return out;
  }

  /// What it said, in order.
  [[nodiscard]] std::vector<std::string> said() const {
    std::vector<std::string> out;
    for (int i = 1; i <= total_; ++i) out.push_back(text(i));
    return out;
  }
  /// The same as it stands in a log.
  [[nodiscard]] std::vector<std::string> found_in(const std::vector<Entry>& entries) const {
    std::vector<std::string> out;
    for (const Entry& entry : entries) {
      if (entry.body.starts_with(name_ + "/")) out.push_back(entry.body);
    }
    return out;
  }

 private:
  void on_entry(const Entry& entry, bool /*own*/) override {
    if (entry.conversation != chat_ || entry.log != Log::public_log) return;
    stage_.change([&] {
      if (entry.seq != log.size() + 1) wrong.push_back("entry " + std::to_string(entry.seq));
      log.push_back(entry);
    });
  }
  void on_settled(const core::client_effect::Settled& outcome) override {
    stage_.change([&] {
      ++settled;
      if (outcome.code != errc::ok)
        wrong.push_back(std::to_string(outcome.id) + ": " + std::string(kefu::name(outcome.code)));
      if (outcome.id != static_cast<std::uint64_t>(settled))
        wrong.push_back("outcome of " + std::to_string(outcome.id) + " as the " +
                        std::to_string(settled) + "th");
    });
    say_more();
  }
  void on_attached(SessionId, bool as_before) override {
    stage_.change([&] {
      ++attached;
      if (as_before) ++resumed;
    });
    if (opens_ && !joined) client_.transmit({"open", frame::Open{chat_, "sales", "help"}});
    say_more();
  }
  void on_detached(errc) override {
    stage_.change([&] { ++detached; });
  }
  void on_refused(errc code) override {
    stage_.change([&] { wrong.push_back("refused: " + std::string(kefu::name(code))); });
  }
  void on_frame(const ServerFrame& frame) override {
    if (const auto* welcome = std::get_if<frame::Welcome>(&frame.body)) {
      for (const ConversationView& view : welcome->conversations) {
        if (view.id == chat_) join(view.tail);
      }
    } else if (const auto* error = std::get_if<frame::Error>(&frame.body)) {
      stage_.change([&] { ++errors[error->code]; });
    } else if (const auto* told = std::get_if<frame::Joined>(&frame.body)) {
      if (told->conversation.id == chat_) join(told->conversation.tail);
    } else if (const auto* offer = std::get_if<frame::Offer>(&frame.body)) {
      if (offer->conversation == chat_)
        client_.transmit({"accept", frame::Change{frame::Change::What::accept, chat_, {}}});
    }
  }
  void join(std::uint64_t known) {
    if (joined) return;
    stage_.change([&] {
      joined = true;
      tail = known;
    });
    // Not within the frame: the client has not acted on it yet.
    link_.executor().post([this] { say_more(); });
  }
  void say_more() {
    while (joined && submitted_ < std::min(total_, allowed_) && client_.pending() < in_flight_)
      client_.send(chat_, text(++submitted_));
  }
  [[nodiscard]] std::string text(int number) const {
    std::string out = name_ + "/" + std::to_string(number);
    if (padding_ > 0) out += ' ' + std::string(padding_, 'x');
    return out;
  }

  Stage& stage_;
  client::MemoryPendingStore store_;
  client::WebSocket link_;
  client::Client client_;
  const ConversationId chat_;
  const std::string name_;
  const int total_;
  const bool opens_;
  const std::size_t in_flight_;
  const std::size_t padding_;
  int submitted_ = 0;
  int allowed_ = std::numeric_limits<int>::max();
};

}  // namespace kefu::test
