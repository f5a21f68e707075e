#include "postgres/engine.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <system_error>

#include "postgres/schema.hpp"

namespace kefu::inline v0::postgres {
namespace {

/// Asks for the server's time.
class ClockJob final : public Read {
 public:
  explicit ClockJob(ServerClock& clock) : clock_(clock) {}
  void send(Connection& on) override {
    asked_ = steady_now();
    on.send(Query::clock);
  }
  void receive(const Answers& answers) override {
    clock_.look(time_of(answers.at(0).number(0, 0)), asked_, steady_now());
  }
  void finish(errc) override {}

 private:
  ServerClock& clock_;
  Instant asked_;
};

LaneId new_lane() {
  std::random_device random;
  const auto word = [&] { return std::uint64_t{random()} << 32 | random(); };
  return {word(), word()};
}

}  // namespace

Engine::Engine(Address address, const Options& options, ServerClock& clock)
    : address_(std::move(address)),
      keys_(options.schema),
      timeout_(options.timeout),
      clock_(clock) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  wake_out_ = Descriptor(ends[0]);
  wake_in_ = Descriptor(ends[1]);
  for (const int end : ends) {
    ::fcntl(end, F_SETFL, O_NONBLOCK);
    ::fcntl(end, F_SETFD, FD_CLOEXEC);
  }
  const std::string settings = settings_of(options);
  for (std::size_t i = 0; i < options.writers; ++i)
    lanes_.emplace_back(Connection(address_, settings, Use::writes), new_lane(), keys_, timeout_);
  for (std::size_t i = 0; i < options.readers; ++i)
    readers_.emplace_back(Connection(address_, settings, Use::reads), timeout_);
  clock_due_ = steady_now() + ServerClock::kLook;
  happened_.resize(lanes_.size() + readers_.size());
  thread_ = std::thread([this] { run(); });
}

Engine::~Engine() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake();
  thread_.join();
}

void Engine::wake() {
  const char byte = 0;
  // A full pipe wakes as well.
  if (::write(wake_in_.get(), &byte, 1) < 0) return;
}

void Engine::submit(std::unique_ptr<Write> job) {
  job->deadline = steady_now() + timeout_;
  std::unique_lock lock(mutex_);
  new_writes_.push_back(std::move(job));
  const bool first = !std::exchange(woken_, true);
  lock.unlock();
  if (first) wake();
}

void Engine::submit(std::unique_ptr<Read> job) {
  job->deadline = steady_now() + timeout_;
  std::unique_lock lock(mutex_);
  new_reads_.push_back(std::move(job));
  const bool first = !std::exchange(woken_, true);
  lock.unlock();
  if (first) wake();
}

void Engine::run() {
  while (true) {
    now_ = steady_now();
    take_submitted();
    progress();
    look_at_clock();
    hand_out();
    hand_out_reads();
    give_up();
    if (over()) return;
    wait();
  }
}

void Engine::take_submitted() {
  std::vector<std::unique_ptr<Write>> writes;
  std::vector<std::unique_ptr<Read>> reads;
  {
    const std::scoped_lock lock(mutex_);
    writes.swap(new_writes_);
    reads.swap(new_reads_);
    woken_ = false;
    stop_ = stopping_;
  }
  for (auto& job : writes) writes_.push(std::move(job));
  for (auto& job : reads) reads_.push_back(std::move(job));
}

void Engine::progress() {
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (auto done = lanes_[i].progress(happened_[i], now_, clock_.now(), stop_))
      finish(*std::move(done));
  }
  ReadLane::Jobs again;
  for (std::size_t i = 0; i < readers_.size(); ++i)
    readers_[i].progress(happened_[lanes_.size() + i], now_, again);
  for (; !again.empty(); again.pop_back()) reads_.push_front(std::move(again.back()));
}

void Engine::finish(Lane::Done done) {
  writes_.release(*done.job);
  if (done.code != errc::ok || !done.job->more()) return done.job->finish(done.code);
  done.job->deadline = now_ + timeout_;
  writes_.push(std::move(done.job));
}

void Engine::look_at_clock() {
  if (now_ < clock_due_ || stop_) return;
  clock_due_ = now_ + ServerClock::kLook;
  auto job = std::make_unique<ClockJob>(clock_);
  job->deadline = clock_due_;
  reads_.push_back(std::move(job));
}

void Engine::hand_out() {
  for (Lane& lane : lanes_) {
    if (writes_.empty()) return;
    if (!lane.wanted()) return lane.want();  // those before it have enough to do
    if (lane.idle()) {
      std::unique_ptr<Write> job = writes_.take();
      if (!job) return;
      lane.begin(std::move(job), now_);
    } else if (!lane.working() && !lane.connection().ready()) {
      return;  // it is about to be ready
    }
  }
}

void Engine::hand_out_reads() {
  ReadLane::Jobs stay;
  while (!reads_.empty()) {
    std::unique_ptr<Read> job = std::move(reads_.front());
    reads_.pop_front();
    ReadLane* best = nullptr;
    for (std::size_t i = 0; i < readers_.size(); ++i) {
      if (readers_.size() == 1 || job->heavy() == (i + 1 == readers_.size())) readers_[i].want();
      if (!readers_[i].ready() || (job->heavy() && i + 1 != readers_.size())) continue;
      // Among equals the first, so that the last stays free.
      if (!best || readers_[i].load() < best->load()) best = &readers_[i];
      if (!job->heavy() && i + 2 == readers_.size() && best) break;
    }
    best ? best->begin(std::move(job), now_) : stay.push_back(std::move(job));
  }
  reads_ = std::move(stay);
}

void Engine::give_up() {
  const auto down = [](auto& all) {
    return std::none_of(all.begin(), all.end(),
                        [](auto& each) { return each.connection().ready(); });
  };
  while (auto job = writes_.overdue(now_, stop_ && down(lanes_))) job->finish(errc::unavailable);
  const bool all = stop_ && down(readers_);
  for (auto& job : reads_) {
    if (all || now_ >= job->deadline) std::exchange(job, nullptr)->finish(errc::unavailable);
  }
  std::erase(reads_, nullptr);
}

bool Engine::over() const {
  if (!stop_ || !writes_.empty() || !reads_.empty()) return false;
  return std::none_of(lanes_.begin(), lanes_.end(), [](auto& lane) { return lane.working(); }) &&
         std::none_of(readers_.begin(), readers_.end(), [](auto& each) { return each.load(); });
}

void Engine::wait() {
  std::vector<pollfd> sockets;
  sockets.reserve(happened_.size() + 1);
  Instant due = std::min(clock_due_, writes_.due());
  for (const auto& job : reads_) due = std::min(due, job->deadline);
  const auto add = [&](auto& each) {
    due = std::min(due, each.due());
    Connection& connection = each.connection();
    sockets.push_back({connection.closed() ? -1 : connection.socket(),
                       connection.closed() ? short{0} : connection.wanted(), 0});
  };
  for (Lane& lane : lanes_) add(lane);
  for (ReadLane& reader : readers_) add(reader);
  sockets.push_back({wake_out_.get(), POLLIN, 0});
  const std::int64_t left = (due - steady_now()).count();
  const int timeout =
      static_cast<int>(std::clamp<std::int64_t>((left + 999'999) / 1'000'000, 0, 60'000));
  ::poll(sockets.data(), static_cast<nfds_t>(sockets.size()), timeout);
  for (std::size_t i = 0; i < happened_.size(); ++i) happened_[i] = sockets[i].revents;
  if (sockets.back().revents != 0) {
    char bytes[64];
    while (::read(wake_out_.get(), bytes, sizeof bytes) == static_cast<ssize_t>(sizeof bytes)) {
    }
  }
}

}  // namespace kefu::inline v0::postgres
