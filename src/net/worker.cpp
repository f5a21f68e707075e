#include "net/worker.hpp"

#include <algorithm>
#include <utility>

#include "net/http_connection.hpp"
#include "net/ws_connection.hpp"

namespace kefu::net {
namespace {

constexpr Nanoseconds kShortestTick{1'000'000};
constexpr Nanoseconds kLongestTick{1'000'000'000};
constexpr int kTicksOfTimeout = 4;  // a timeout is late by a quarter of itself at most

Nanoseconds tick_for(const ServerOptions& options) noexcept {
  const auto shortest =
      std::min({options.handshake_timeout, options.ping_interval, options.close_timeout});
  return std::clamp(shortest / kTicksOfTimeout, kShortestTick, kLongestTick);
}

}  // namespace

Worker::Worker(Loop& loop, std::shared_ptr<Site> site)
    : loop_{loop},
      site_{std::move(site)},
      tick_length_{tick_for(site_->options)},
      deflater_{site_->options.deflate} {}

Worker::~Worker() { loop_.forget(*this); }

void Worker::adopt(Socket socket, std::string peer) {
  if (stopping_ || links_.size() == links_.max_size()) {
    site_->live.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  auto link = std::make_unique<HttpConnection>(*this, std::move(socket), std::move(peer));
  HttpConnection& added = *link;
  added.slot_ = static_cast<std::uint32_t>(links_.size());
  links_.push_back(std::move(link));
  if (loop_.poller().add(added.descriptor(), added)) return added.cut();
  added.start();
}

void Worker::replace(Link& from, std::unique_ptr<Link> to) {
  to->slot_ = from.slot_;
  retired_.push_back(std::exchange(links_[from.slot_], std::move(to)));
  loop_.at_turn_end(*this);
}

void Worker::retire(Link& link) {
  const std::uint32_t slot = link.slot_;
  retired_.push_back(std::move(links_[slot]));
  if (slot + 1 != links_.size()) {
    links_[slot] = std::move(links_.back());
    links_[slot]->slot_ = slot;
  }
  links_.pop_back();
  site_->live.fetch_sub(1, std::memory_order_relaxed);
  loop_.at_turn_end(*this);
}

void Worker::write_later(WsConnection& connection) {
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
  for (WsConnection* const connection : writing_) connection->flush();
  writing_.clear();
  reading_.swap(to_read_);
  for (Link* const link : reading_) link->read();
  reading_.clear();
  doomed_.clear();
  deflater_.forget();
  if (links_.empty() && on_empty_) {
    over_ = true;
    on_empty_();
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
  for (std::size_t i = links_.size(); i-- > 0;) links_[i]->shut_down();
  loop_.at_turn_end(*this);
}

void Worker::close_all() {
  for (std::size_t i = links_.size(); i-- > 0;) links_[i]->close_down();
}

void Worker::cut_all() {
  stopping_ = over_ = true;
  for (std::size_t i = links_.size(); i-- > 0;) links_[i]->cut();
}

void Worker::keep_ticking(std::shared_ptr<Worker> worker) {
  Loop& loop = worker->loop_;
  loop.post_at(loop.now() + worker->tick_length_, [worker]() mutable {
    if (worker->over_) return;
    worker->advance();
    keep_ticking(std::move(worker));
  });
}

void Worker::advance() {
  ++tick_;
  for (std::size_t i = links_.size(); i-- > 0;) links_[i]->on_tick();
}

std::uint32_t Worker::tick_after(Nanoseconds span) const noexcept {
  const auto ticks = (span + tick_length_ - Nanoseconds{1}) / tick_length_;
  return tick_ + static_cast<std::uint32_t>(ticks) + 1;  // the current one is partly over
}

}  // namespace kefu::net
