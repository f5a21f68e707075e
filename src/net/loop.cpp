#include "net/loop.hpp"

#include <algorithm>
#include <chrono>
#include <kefu/transport.hpp>
#include <new>
#include <utility>

namespace kefu::inline v0::net {

namespace {

constexpr std::size_t kEndings = 16;  // more than servers on a loop: they allocate nothing then

template <class Call>
void unless_out_of_memory(Call&& call) {
  try {
    call();
  } catch (const std::bad_alloc&) {  // whoever was called has lost something, and sees to it
  }
}

}  // namespace

/// Orders a heap so that the earliest is in front.
struct Loop::Later {
  bool operator()(const Timed& a, const Timed& b) const noexcept {
    return a.when != b.when ? a.when > b.when : a.number > b.number;
  }
};

Loop::Loop()
    : read_buffer_{std::make_unique<std::byte[]>(kReadBuffer + Inbound::kSlack)},
      context_{1},
      busy_{asio::make_work_guard(context_)},
      timer_{context_},
      poller_{std::make_unique<Poller>(context_, [this] { turn(); })} {
  endings_.reserve(kEndings);
  ending_now_.reserve(kEndings);
}

Loop::~Loop() { drop_tasks(); }

Instant Loop::now() const {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<Nanoseconds>(since).count()};
}

std::span<std::byte> Loop::read_buffer() noexcept { return {read_buffer_.get(), kReadBuffer}; }

bool Loop::is_own_thread() const noexcept {
  return thread_.load(std::memory_order_relaxed) == std::this_thread::get_id();
}

void Loop::post(Task task) {
  if (!is_own_thread()) return post_from_outside({}, std::move(task));
  // What came from outside before this task runs before it.
  if (has_incoming_.load(std::memory_order_acquire)) take_incoming();
  tasks_.push_back(std::move(task));
  schedule_turn();
}

void Loop::post_at(Instant when, Task task) {
  if (!is_own_thread()) return post_from_outside(when, std::move(task));
  add_timed(when, std::move(task));
}

/// A `when` of zero means now: it is past on any clock.
void Loop::post_from_outside(Instant when, Task task) {
  const std::lock_guard lock{incoming_mutex_};
  if (ended_) return;
  incoming_.push_back({when, std::move(task)});
  if (has_incoming_.exchange(true, std::memory_order_release)) return;
  try {
    asio::post(context_, [this] { turn(); });
  } catch (...) {
    has_incoming_.store(false, std::memory_order_relaxed);
    incoming_.pop_back();
    throw;
  }
}

void Loop::take_incoming() {
  {
    const std::lock_guard lock{incoming_mutex_};
    tasks_.reserve(tasks_.size() + incoming_.size());
    timed_.reserve(timed_.size() + incoming_.size());
    incoming_now_.swap(incoming_);
    has_incoming_.store(false, std::memory_order_relaxed);
  }
  for (Incoming& each : incoming_now_) {
    if (each.when == Instant{}) {
      tasks_.push_back(std::move(each.task));
    } else {
      add_timed(each.when, std::move(each.task));
    }
  }
  incoming_now_.clear();
}

void Loop::add_timed(Instant when, Task task) {
  timed_.push_back({when, timed_count_++, std::move(task)});
  std::push_heap(timed_.begin(), timed_.end(), Later{});
  arm_timer();
}

void Loop::arm_timer() {
  if (timed_.empty()) return;
  const Instant first = timed_.front().when;
  if (timer_armed_ && armed_for_ <= first) return;
  timer_armed_ = false;
  timer_.expires_at(std::chrono::steady_clock::time_point{Nanoseconds{first.ns}});
  timer_.async_wait([this](const asio::error_code& error) {
    if (!error) on_timer();
  });
  timer_armed_ = true;
  armed_for_ = first;
}

void Loop::on_timer() {
  timer_armed_ = false;
  const Instant current = now();
  tasks_.reserve(tasks_.size() + timed_.size());
  while (!timed_.empty() && timed_.front().when <= current) {
    std::pop_heap(timed_.begin(), timed_.end(), Later{});
    tasks_.push_back(std::move(timed_.back().task));
    timed_.pop_back();
  }
  arm_timer();
  schedule_turn();
}

void Loop::at_turn_end(TurnEnd& ending) {
  if (std::find(endings_.begin(), endings_.end(), &ending) != endings_.end()) return;
  endings_.push_back(&ending);
  schedule_turn();
}

void Loop::forget(TurnEnd& ending) noexcept { std::erase(endings_, &ending); }

void Loop::schedule_turn() {
  if (in_turn_ || turn_scheduled_) return;
  asio::post(context_, [this] {
    turn_scheduled_ = false;
    turn();
  });
  turn_scheduled_ = true;
}

/// The order is the point: tasks see what the network had, and what both write goes out together.
void Loop::turn() {
  in_turn_ = true;
  poller_->poll();
  if (has_incoming_.load(std::memory_order_acquire)) {
    unless_out_of_memory([this] { take_incoming(); });
  }
  run_tasks();
  end_turn();
  in_turn_ = false;
  if (has_incoming_.load(std::memory_order_relaxed)) return schedule_turn();
  if (!tasks_.empty() || !endings_.empty()) schedule_turn();
}

void Loop::run_tasks() {
  running_.swap(tasks_);  // what these post runs in the next turn, after a look at the network
  for (Task& task : running_) unless_out_of_memory(task);
  running_.clear();
}

void Loop::end_turn() {
  ending_now_.swap(endings_);
  for (TurnEnd* const ending : ending_now_) unless_out_of_memory([=] { ending->end_turn(); });
  ending_now_.clear();
}

void Loop::run() {
  struct Ending {
    Loop& loop;
    ~Ending() {
      loop.thread_.store({}, std::memory_order_relaxed);
      loop.drop_tasks();
    }
  } const ending{*this};
  thread_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  // What could not be posted or armed for want of memory is, once there is some.
  while (!context_.stopped()) {
    unless_out_of_memory([this] { context_.run(); });
    in_turn_ = false;
    unless_out_of_memory([this] {
      arm_timer();
      schedule_turn();
    });
  }
}

void Loop::stop() { context_.stop(); }

void Loop::drop_tasks() noexcept {
  std::vector<Incoming> incoming;
  {
    const std::lock_guard lock{incoming_mutex_};
    ended_ = true;
    incoming.swap(incoming_);
  }
  tasks_.clear();
  running_.clear();
  timed_.clear();
}

}  // namespace kefu::inline v0::net
