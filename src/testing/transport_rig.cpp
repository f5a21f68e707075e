#include "testing/transport_rig.hpp"

#include <algorithm>
#include <utility>

namespace kefu::inline v0::testing {

std::vector<TransportCheck> transport_checks() {
  std::vector<TransportCheck> checks;
  add_message_checks(checks);
  add_closing_checks(checks);
  return checks;
}

std::string text_of(std::size_t number, std::size_t size) {
  constexpr std::string_view kFiller = "客服 \"a\\b\"\n";
  std::string out = std::to_string(number) + ':';
  while (out.size() + kFiller.size() <= size) out += kFiller;
  out.resize(size, '.');
  return out;
}

std::size_t fill(TransportRig& rig, ServerEnd& server) {
  constexpr std::size_t kUnbounded = 256u * 1024 * 1024;
  const std::size_t bound = rig.host().send_bound();
  const auto sent = std::make_shared<std::size_t>(0);
  const auto full = std::make_shared<bool>(false);
  while (!*full) {
    const auto pressed = std::make_shared<bool>(false);
    // In small portions, so that the network has taken what it can before the queue is full.
    rig.on_shard(server, [=](ServerEnd& end) {
      for (std::size_t bytes = 0; bytes < bound / 4 && !*pressed; bytes += kFillFrame) {
        *pressed = end.send(text_of((*sent)++, kFillFrame)) == SendStatus::backpressure;
        expect(*pressed || end.buffered() < bound, "the bound is reached, and send() doesn't tell");
      }
    });
    expect(*sent * kFillFrame < kUnbounded, "whatever is queued, send() never says backpressure");
    if (!*pressed) continue;
    for (int i = 0; i < 20; ++i) rig.host().let(Nanoseconds(1'000'000));  // it may take some yet
    rig.on_shard(server, [=](ServerEnd& end) { *full = end.buffered() >= bound; });
  }
  return *sent;
}

// ---- a turn of an executor

Turn::Turn(TransportRig& rig, const Executor& executor, const char* what) {
  const auto found = rig.busy_.find(&executor);
  if (found == rig.busy_.end()) {
    rig.violation(std::string(what) + " on an executor that the hub doesn't know");
  } else if (found->second.exchange(true)) {
    rig.violation(std::string(what) + " while something else ran on that executor");
  } else {
    busy_ = &found->second;
  }
}

Turn::~Turn() {
  if (busy_) busy_->store(false);
}

// ---- the server's end

ServerEnd::ServerEnd(TransportRig& rig, Connection& connection)
    : rig_(rig), connection_(connection), executor_(connection.executor()) {}

SendStatus ServerEnd::send(SharedFrame frame) {
  const bool outer = inside_.exchange(true);
  const SendStatus status = connection_.send(std::move(frame));
  inside_ = outer;
  if (status == SendStatus::backpressure) pressed_ = true;
  return status;
}

void ServerEnd::close(errc reason) {
  const bool outer = inside_.exchange(true);
  connection_.close(reason);
  inside_ = outer;
}

void ServerEnd::pause_reading() {
  const bool outer = inside_.exchange(true);
  connection_.pause_reading();
  inside_ = outer;
}

void ServerEnd::resume_reading() {
  const bool outer = inside_.exchange(true);
  connection_.resume_reading();
  inside_ = outer;
}

void ServerEnd::on_message(std::string_view message, std::size_t slack) {
  if (inside_) rig_.violation("on_message() inside a call");
  const Turn turn(rig_, executor_, "on_message()");
  const volatile char* const behind = message.data() + message.size();
  for (std::size_t i = 0; i < slack; ++i) static_cast<void>(behind[i]);
  std::function<void(ServerEnd&, std::string_view)> script;
  {
    const std::scoped_lock lock(rig_.mutex_);
    if (closed_) rig_.violations_.emplace_back("on_message() after on_closed()");
    texts_.emplace_back(message);
    script = rig_.when_message_;
  }
  if (script) script(*this, message);
}

void ServerEnd::on_writable() {
  if (inside_) rig_.violation("on_writable() inside a call");
  if (!pressed_.exchange(false)) rig_.violation("on_writable() without backpressure before");
  const Turn turn(rig_, executor_, "on_writable()");
  if (connection_.buffered() >= rig_.host_.send_bound() / 2)
    rig_.violation("on_writable() while half of the bound, or more, was queued");
  const std::scoped_lock lock(rig_.mutex_);
  if (closed_) rig_.violations_.emplace_back("on_writable() after on_closed()");
  ++writable_;
}

bool ServerEnd::on_stopping() {
  if (inside_) rig_.violation("on_stopping() inside a call");
  const Turn turn(rig_, executor_, "on_stopping()");
  const std::scoped_lock lock(rig_.mutex_);
  if (closed_) rig_.violations_.emplace_back("on_stopping() after on_closed()");
  if (!rig_.stopping_) rig_.violations_.emplace_back("on_stopping() without stop()");
  stopping_ = true;
  return rig_.busy_when_stopped_;
}

void ServerEnd::on_closed(errc reason) {
  if (inside_) rig_.violation("on_closed() inside a call");
  const Turn turn(rig_, executor_, "on_closed()");
  if (send("too late") != SendStatus::closed)
    rig_.violation("send() inside on_closed() took a frame");
  const std::scoped_lock lock(rig_.mutex_);
  if (closed_) rig_.violations_.emplace_back("on_closed() twice");
  closed_ = reason;
}

std::size_t ServerEnd::messages() const {
  const std::scoped_lock lock(rig_.mutex_);
  return texts_.size();
}
std::vector<std::string> ServerEnd::texts() const {
  const std::scoped_lock lock(rig_.mutex_);
  return texts_;
}
int ServerEnd::writable() const {
  const std::scoped_lock lock(rig_.mutex_);
  return writable_;
}
bool ServerEnd::stopping() const {
  const std::scoped_lock lock(rig_.mutex_);
  return stopping_;
}
std::optional<errc> ServerEnd::closed() const {
  const std::scoped_lock lock(rig_.mutex_);
  return closed_;
}

// ---- the rig

TransportRig::TransportRig(TransportHost& host) : host_(host), transport_(host.open()) {
  for (const Executor* one : host.executors()) busy_[one] = false;
  transport_->start(*this);
}

TransportRig::~TransportRig() {
  if (!stopping_) stop(Nanoseconds(0));
  try {
    await([this] { return stopped(); }, "stop()");
  } catch (const Failure&) {  // it is told already, or the check has failed otherwise
  }
}

void TransportRig::when_accepted(std::function<void(ServerEnd&)> script) {
  const std::scoped_lock lock(mutex_);
  when_accepted_ = std::move(script);
}
void TransportRig::when_message(std::function<void(ServerEnd&, std::string_view)> script) {
  const std::scoped_lock lock(mutex_);
  when_message_ = std::move(script);
}

Inbound& TransportRig::accepted(Connection& connection) {
  auto made = std::make_unique<ServerEnd>(*this, connection);
  ServerEnd& end = *made;
  const Turn turn(*this, end.executor(), "accepted()");
  std::function<void(ServerEnd&)> script;
  {
    const std::scoped_lock lock(mutex_);
    script = when_accepted_;
  }
  if (script) script(end);
  const std::scoped_lock lock(mutex_);
  ends_.push_back(std::move(made));
  end.inside_ = false;
  return end;
}

TestLink TransportRig::connect() {
  const std::size_t before = accepted();
  TestLink link{host_.dial(), nullptr};
  await([&] { return accepted() > before; }, "accepting a client");
  expect_equal(accepted(), before + 1, "connections accepted for one client");
  const std::scoped_lock lock(mutex_);
  link.server = ends_.back().get();
  return link;
}

std::vector<TestLink> TransportRig::connect(std::size_t count) {
  std::vector<TestLink> links(count);
  for (TestLink& one : links) one = connect();
  return links;
}

std::size_t TransportRig::accepted() const {
  const std::scoped_lock lock(mutex_);
  return ends_.size();
}

std::vector<ServerEnd*> TransportRig::ends() const {
  const std::scoped_lock lock(mutex_);
  std::vector<ServerEnd*> out;
  for (const auto& one : ends_) out.push_back(one.get());
  return out;
}

void TransportRig::on_shard(ServerEnd& end, std::function<void(ServerEnd&)> function) {
  struct Answer {
    std::atomic<bool> done{false};
    std::string failure;
  };
  // Shared: should the executor never run the task, it is destroyed after this call has failed.
  const auto answer = std::make_shared<Answer>();
  end.executor().post([this, &end, answer, function = std::move(function)] {
    const Turn turn(*this, end.executor(), "a task");
    try {
      expect(!end.closed(), "a connection was closed too early");
      function(end);
    } catch (const Failure& failure) {
      answer->failure = failure.what();
    }
    answer->done = true;
  });
  await([&] { return answer->done.load(); }, "a task on an executor");
  if (!answer->failure.empty()) throw Failure(answer->failure);
}

std::string TransportRig::next(TransportClient& client) {
  std::optional<std::string> text;
  await([&] { return (text = client.receive()).has_value(); }, "a message to the client");
  return *std::move(text);
}

errc TransportRig::end_of(TransportClient& client) {
  std::optional<errc> reason;
  await([&] { return (reason = client.ended()).has_value(); }, "the end of a client's link");
  return *reason;
}

errc TransportRig::closing_of(const ServerEnd& end) {
  await([&] { return end.closed().has_value(); }, "on_closed()");
  return *end.closed();
}

void TransportRig::stop(Nanoseconds within) {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  transport_->stop(host_.executors().front()->now() + within, [this] {
    const std::scoped_lock lock(mutex_);
    if (stopped_) violations_.emplace_back("stop() completed twice");
    for (const auto& end : ends_) {
      if (!end->closed_) violations_.emplace_back("stop() completed before an on_closed()");
    }
    stopped_ = true;
  });
}

void TransportRig::finish() {
  if (!stopping_) stop(Nanoseconds(100'000'000));
  await([this] { return stopped(); }, "stop()");
  const std::string wrong = violations();
  if (!wrong.empty()) throw Failure(wrong);
}

void TransportRig::violation(std::string what) {
  const std::scoped_lock lock(mutex_);
  violations_.push_back(std::move(what));
}

std::string TransportRig::violations() const {
  const std::scoped_lock lock(mutex_);
  std::string out;
  std::vector<std::string> told;
  for (const std::string& one : violations_) {
    if (std::find(told.begin(), told.end(), one) != told.end()) continue;
    out += (out.empty() ? "" : "; ") + one;
    told.push_back(one);
  }
  return out;
}

}  // namespace kefu::inline v0::testing
