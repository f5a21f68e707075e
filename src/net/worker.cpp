#include "net/worker.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "net/http_connection.hpp"
#include "net/stream_connection.hpp"
#include "prefetch.hpp"

namespace kefu::inline v0::net {
namespace {

constexpr Nanoseconds kShortestTick{1'000'000};
constexpr Nanoseconds kLongestTick{1'000'000'000};
constexpr std::size_t kAhead = 2;   // connections that are fetched before their turn to write
constexpr int kTicksOfTimeout = 4;  // a timeout is late by a quarter of itself at most

Nanoseconds tick_for(const ServerOptions& options) noexcept {
  const auto shortest =
      std::min({options.handshake_timeout, options.ping_interval, options.close_timeout});
  return std::clamp(shortest / kTicksOfTimeout, kShortestTick, kLongestTick);
}

}  // namespace

Worker::Worker(Loop& loop, std::shared_ptr<Site> site, std::size_t index, std::size_t most_held)
    : loop_{loop},
      site_{std::move(site)},
      tick_length_{tick_for(site_->options)},
      most_held_{most_held},
      index_{index},
      deflater_{site_->options.deflate} {}

Worker::~Worker() {
  if (!ended_) loop_.forget(*this);
}

void Worker::adopt(Socket socket, std::string peer, AddressHold address) {
  if (stopping_) {
    site_->live.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  std::unique_ptr<HttpConnection> link;
  try {
    link = std::make_unique<HttpConnection>(*this, std::move(socket), std::move(peer));
    link->address_ = std::move(address);
  } catch (const std::bad_alloc&) {
    site_->live.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  add(std::move(link), &HttpConnection::start);
}

void Worker::adopt(Removal removal) {
  if (stopping_) {
    site_->live.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  std::unique_ptr<HttpConnection> link;
  try {
    link = std::make_unique<HttpConnection>(*this, std::move(removal));
  } catch (const std::bad_alloc&) {
    site_->live.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  add(std::move(link), &HttpConnection::go_on);
}

void Worker::add(std::unique_ptr<HttpConnection> link, void (HttpConnection::*begin)()) {
  try {
    if (links_.size() == links_.capacity()) links_.reserve(2 * links_.size() + 1);
  } catch (const std::bad_alloc&) {
    site_->live.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  HttpConnection& added = *link;
  added.slot_ = static_cast<std::uint32_t>(links_.size());
  links_.push_back(std::move(link));
  added.guard([&] {
    if (loop_.poller().add(added.descriptor(), added)) return added.cut();
    (added.*begin)();
  });
}

void Worker::replace(Link& from, std::unique_ptr<Link> to) {
  to->slot_ = from.slot_;
  retired_.push(std::exchange(links_[from.slot_], std::move(to)));
  loop_.at_turn_end(*this);
}

void Worker::retire(Link& link) {
  const std::uint32_t slot = link.slot_;
  retired_.push(std::move(links_[slot]));
  if (slot + 1 != links_.size()) {
    links_[slot] = std::move(links_.back());
    links_[slot]->slot_ = slot;
  }
  links_.pop_back();
  site_->live.fetch_sub(1, std::memory_order_relaxed);
  loop_.at_turn_end(*this);
}

std::uint64_t Worker::await_answer(HttpConnection& request) {
  waiting_.emplace(++last_waiting_, &request);
  return last_waiting_;
}

void Worker::answer_later(const std::shared_ptr<Worker>& worker, std::uint64_t request,
                          http::Response response) {
  go_on_later(worker, request, [response = std::move(response)](HttpConnection& waiting) mutable {
    waiting.on_answer(std::move(response));
  });
}

void Worker::go_on_later(const std::shared_ptr<Worker>& worker, std::uint64_t request,
                         Completion<HttpConnection&> go_on) {
  worker->loop_.post([worker, request, go_on = std::move(go_on)]() mutable {
    const auto at = worker->waiting_.find(request);
    if (at == worker->waiting_.end()) return;
    HttpConnection& waiting = *at->second;
    waiting.guard([&] { go_on(waiting); });
  });
}

void Worker::write_later(StreamConnection& connection) {
  to_write_.push_back(&connection);
  loop_.at_turn_end(*this);
}

void Worker::read_later(Link& link) {
  to_read_.push_back(&link);
  loop_.at_turn_end(*this);
}

void Worker::end_turn() {
  // What was retired before now is in no list and in no batch of events after this.
  doomed_.swap(retired_);
  writing_.swap(to_write_);
  for (std::size_t i = 0; i < writing_.size(); ++i) {
    if (i + kAhead < writing_.size()) prefetch(writing_[i + kAhead], sizeof(StreamConnection));
    writing_[i]->flush_now();
  }
  writing_.clear();
  reading_.swap(to_read_);
  for (Link* const link : reading_) link->read_now();
  reading_.clear();
  doomed_.clear();
  deflater_.forget();
  if (links_.empty() && on_empty_) {
    over_ = ended_ = true;
    on_empty_();  // last: whoever hears of it may destroy the worker at once, on another thread
  }
}

websocket::Inflater& Worker::inflater() {
  if (!inflater_) inflater_.emplace(site_->options.max_message, site_->options.deflate);
  return *inflater_;
}

void Worker::shut_down(Completion<> done) {
  stopping_ = true;
  on_empty_ = std::move(done);
  // Backwards: a link that ends at once is replaced by one that has been visited.
  for (std::size_t i = links_.size(); i-- > 0;)
    links_[i]->guard([this, i] { links_[i]->shut_down(); });
  loop_.at_turn_end(*this);
}

void Worker::close_all() {
  for (std::size_t i = links_.size(); i-- > 0;)
    links_[i]->guard([this, i] { links_[i]->close_down(); });
}

void Worker::cut_all() {
  stopping_ = over_ = true;
  for (std::size_t i = links_.size(); i-- > 0;) links_[i]->cut();
}

void Worker::keep_ticking(std::shared_ptr<Worker> worker) {
  Loop& loop = worker->loop_;
  loop.post_at(loop.now() + worker->tick_length_, [worker]() mutable {
    if (worker->over_) return;
    keep_ticking(worker);  // first: whatever happens below, the next one comes
    worker->advance();
  });
}

void Worker::advance() {
  ++tick_;
  loop_.frames().age();
  for (std::size_t i = links_.size(); i-- > 0;)
    links_[i]->guard([this, i] { links_[i]->on_tick(); });
  if (held() > most_held_) shed();
}

/// Readers pause at half of the bound, and pages are bounded, so this is for what adds up all the
/// same. It takes those that hold most, for they read least.
void Worker::shed() {
  std::vector<Link*> fattest;
  fattest.reserve(links_.size());
  for (const auto& link : links_) fattest.push_back(link.get());
  std::ranges::sort(fattest, std::ranges::greater{}, &Link::held);
  for (Link* const link : fattest) {
    if (held() <= most_held_) return;
    const std::size_t held = link->held();
    link->cut_for(errc::overloaded);
    link->hold(0);
    if (held == 0) return;
  }
}

std::uint32_t Worker::tick_after(Nanoseconds span) const noexcept {
  const auto ticks = (span + tick_length_ - Nanoseconds{1}) / tick_length_;
  return tick_ + static_cast<std::uint32_t>(ticks) + 1;  // the current one is partly over
}

}  // namespace kefu::inline v0::net
