// SinkLanes: what a sink is given, and when. Events that were read in commit order go into lanes,
// one for each conversation or a single one; a lane is delivered in order, one batch at a time. One
// that fails waits, longer each time, and holds back only itself; what has failed too often is
// given up (promise 13). How far all of it has got is what the cursor keeps, so that the next node,
// or the next process, goes on exactly there.
//
// A conversation that fails, or talks faster than it is delivered, holds little: what follows is
// skipped, and when its turn comes the outbox is read again from there, for it alone.
//
// Nothing is delivered from what was read long ago: it may have been recalled or erased since.
//
//   lanes.start(cursor);                       // read after read_from(), at most room(): take()
//   while (auto job = lanes.next(now)) …       // deliver: settle(); bury: buried()
//   if (auto note = lanes.progress()) …        // store it
//
// After std::bad_alloc from any of its functions only start() gives a sense to the others.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <kefu/core/back_off.hpp>
#include <kefu/error.hpp>
#include <kefu/model/event.hpp>
#include <kefu/model/sink.hpp>
#include <kefu/model/time.hpp>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace kefu::inline v0::core {

/// How events are given to a sink.
struct SinkTerms {
  bool by_conversation = false;
  std::size_t window = 256;    ///< events held
  std::size_t batch = 100;     ///< events in a delivery
  std::size_t parallel = 1;    ///< jobs under way
  std::uint32_t attempts = 0;  ///< after so many failures it is given up; 0: never
  Nanoseconds age{0};          ///< so long after its first failure it is; 0: never
  Nanoseconds retry{1'000'000'000};
  Nanoseconds retry_limit{60'000'000'000};
  std::size_t dead_marks = 10'000;   ///< conversations with dead letters that are remembered
  Nanoseconds fresh{1'000'000'000};  ///< what was read earlier is read again to be delivered
};

class SinkLanes {
 public:
  /// Something to do. Its token is given back with the answer.
  struct Job {
    std::uint64_t token = 0;
    bool bury = false;   ///< store as dead letters; else deliver
    bool again = false;  ///< the entries are to be read again: of these only their places count
    std::shared_ptr<const EventBatch> batch;
    std::uint32_t failures = 0;
    errc last_failure = errc::ok;
  };
  /// What a cursor keeps.
  struct Progress {
    std::uint64_t position = 0;
    std::uint64_t ahead = 0;
    std::vector<HeldLane> held;

    friend bool operator==(const Progress&, const Progress&) = default;
  };

  SinkLanes(SinkTerms terms, std::uint64_t seed) : terms_(terms), seed_(seed) {}

  /// From where the cursor stands. Answers to earlier jobs mean nothing any more.
  void start(const SinkCursor& cursor) {
    lanes_.clear();
    ready_.clear();
    later_.clear();
    under_way_.clear();
    count_ = 0;
    read_ = cursor.position;
    ahead_ = std::max(cursor.ahead, cursor.position);
    held_.clear();
    for (const HeldLane& lane : cursor.held) held_[lane.conversation] = lane.from;
    noted_ = {cursor.position, ahead_, cursor.held};
  }

  /// Whether an answer to a job is still to come: then start() might have it done twice at once.
  [[nodiscard]] bool busy() const noexcept { return !under_way_.empty(); }

  // ---- what is dead

  /// This conversation has dead letters.
  void mark(ConversationId conversation) {
    dead_.add(conversation, terms_.dead_marks);
    if (new_dead_) new_dead_->add(conversation, terms_.dead_marks);
  }
  /// From here to end_marks() all that are dead are marked anew; the earlier marks hold meanwhile.
  void begin_marks() { new_dead_ = Marks{}; }
  /// All dead letters that are stored have been told.
  void end_marks() {
    if (new_dead_) dead_ = *std::exchange(new_dead_, std::nullopt);
  }

  // ---- reading

  /// The position behind which the outbox is read next.
  [[nodiscard]] std::uint64_t read_from() const noexcept { return read_; }
  /// How many events it takes now.
  [[nodiscard]] std::size_t room() const noexcept {
    return terms_.window - std::min(count_, terms_.window);
  }

  /// What follows read_from().
  void take(std::vector<Event> events, Instant now) {
    for (Event& event : events) {
      read_ = event.position;
      if (is_done(event)) continue;
      const auto [at, is_new] = lanes_.try_emplace(key(event), *this);
      if (must_skip(at->second)) {
        if (!at->second.skipped) at->second.skipped = event.position;
        continue;
      }
      at->second.waiting.push_back({std::move(event), now});
      ++count_;
      if (is_new) ready_.push_back(at->first);
    }
  }

  // ---- delivering

  /// What to do now; nothing when there is nothing, or enough is under way.
  std::optional<Job> next(Instant now) {
    while (!later_.empty() && later_.begin()->first <= now) {
      ready_.push_back(later_.begin()->second);
      later_.erase(later_.begin());
    }
    if (ready_.empty() || under_way_.size() >= terms_.parallel) return std::nullopt;
    const ConversationId conversation = ready_.front();
    ready_.pop_front();
    Lane& lane = lanes_.at(conversation);
    if (!lane.batch) lane.batch = batch_of(lane);
    const std::uint64_t token = ++last_token_;
    under_way_.emplace(token, conversation);
    const bool again = !lane.read_at || now - *lane.read_at > terms_.fresh;
    return Job{token, lane.given_up, again, lane.batch, lane.failures, lane.last_failure};
  }
  /// When next() may have something again, should nothing else happen.
  [[nodiscard]] std::optional<Instant> wakes_at() const {
    return later_.empty() ? std::nullopt : std::optional(later_.begin()->first);
  }

  /// A delivery's answer.
  void settle(std::uint64_t token, errc code, Instant now) {
    const auto at = end_of(token);
    if (at == lanes_.end()) return;
    Lane& lane = at->second;
    if (code == errc::ok) return go_on(at);
    lane.last_failure = code;
    let_go(lane);
    if (lane.failures++ == 0) lane.first_failure = now;
    lane.given_up = (terms_.attempts != 0 && lane.failures >= terms_.attempts) ||
                    (terms_.age.count() != 0 && now - lane.first_failure >= terms_.age);
    if (lane.given_up)
      ready_.push_back(at->first);
    else
      later_.emplace(now + lane.back_off.next(), at->first);
  }
  /// It could not be tried, which is no failure of its.
  void put_off(std::uint64_t token, Instant now) {
    const auto at = end_of(token);
    if (at != lanes_.end()) later_.emplace(now + at->second.back_off.next(), at->first);
  }
  /// Whether what was to be buried is stored.
  void buried(std::uint64_t token, bool stored, Instant now) {
    if (!stored) return put_off(token, now);
    const auto at = end_of(token);
    if (at == lanes_.end()) return;
    for (const Event& event : at->second.batch->events) mark(event.entry.conversation);
    go_on(at);
  }

  // ---- how far it has got

  /// What should be noted; nothing when it is. While it reads again what lies between the cursor's
  /// position and `ahead`, the cursor still says it best.
  [[nodiscard]] std::optional<Progress> progress() const {
    if (read_ < ahead_) return std::nullopt;
    Progress now{read_, read_, {}};
    for (const auto& [conversation, lane] : lanes_) {
      const std::uint64_t from = lane.first();
      now.position = std::min(now.position, from - 1);
      if (terms_.by_conversation) now.held.push_back({conversation, from});
    }
    if (!terms_.by_conversation) now.ahead = now.position;
    std::ranges::sort(now.held, {}, &HeldLane::from);
    return now == noted_ ? std::nullopt : std::optional(std::move(now));
  }
  /// This progress is stored.
  void noted(Progress progress) { noted_ = std::move(progress); }

 private:
  struct Waiting {
    Event event;
    Instant read_at{};
  };
  struct Lane {
    explicit Lane(SinkLanes& of)
        : back_off(of.terms_.retry, of.terms_.retry_limit, of.seed_ += 0x9e37'79b9u) {}

    [[nodiscard]] std::uint64_t first() const {
      return batch ? batch->events.front().position : waiting.front().event.position;
    }

    std::deque<Waiting> waiting{};
    std::optional<std::uint64_t> skipped{};     // the first behind them that is not held
    std::shared_ptr<const EventBatch> batch{};  // in front of them: tried, or to be tried again
    std::optional<Instant> read_at{};           // the batch; nothing: only its places are known
    std::uint32_t failures = 0;                 // of the batch
    errc last_failure = errc::ok;
    Instant first_failure{};
    BackOff back_off;
    bool given_up = false;
  };
  using Lanes = std::unordered_map<ConversationId, Lane>;

  /// Of conversations; of all, once there are too many.
  struct Marks {
    void add(ConversationId conversation, std::size_t most) {
      if (ids.size() < most)
        ids.insert(conversation);
      else
        all = !ids.contains(conversation) || all;
    }

    std::unordered_set<ConversationId> ids{};
    bool all = false;
  };

  [[nodiscard]] ConversationId key(const Event& event) const {
    return terms_.by_conversation ? event.entry.conversation : ConversationId{};
  }

  /// Delivered or given up before the cursor was written.
  [[nodiscard]] bool is_done(const Event& event) const {
    if (event.position > ahead_) return false;
    const auto held = held_.find(event.entry.conversation);
    return held == held_.end() || event.position < held->second;
  }

  /// Others need room as well. Where all is one lane there are none.
  [[nodiscard]] bool must_skip(const Lane& lane) const {
    if (!terms_.by_conversation) return false;
    return lane.skipped || lane.failures > 0 || lane.waiting.size() >= most_of_lane();
  }
  [[nodiscard]] std::size_t most_of_lane() const {
    constexpr std::size_t kShare = 8;  // of the window
    return std::max(terms_.window / kShare, std::max<std::size_t>(terms_.batch, 1));
  }

  /// Of a lane that fails only the places of its batch are kept.
  void let_go(Lane& lane) {
    lane.read_at.reset();
    auto places = std::make_shared<EventBatch>(*lane.batch);
    for (Event& event : places->events) event.entry.body = {};
    lane.batch = std::move(places);
    if (!terms_.by_conversation || lane.waiting.empty()) return;
    lane.skipped = lane.waiting.front().event.position;
    count_ -= lane.waiting.size();
    lane.waiting = {};
  }

  /// Reads the outbox again from there, for this conversation; for others that are still to come,
  /// from where it had got.
  void rewind(ConversationId conversation, std::uint64_t from) {
    if (read_ >= ahead_) held_.clear();
    for (auto& [other, first] : held_) first = std::max(first, read_ + 1);
    ahead_ = std::max(ahead_, read_);
    held_[conversation] = from;
    read_ = std::min(read_, from - 1);
  }

  std::shared_ptr<const EventBatch> batch_of(Lane& lane) const {
    auto batch = std::make_shared<EventBatch>();
    const std::size_t size = std::min(std::max<std::size_t>(terms_.batch, 1), lane.waiting.size());
    const auto end = lane.waiting.begin() + static_cast<std::ptrdiff_t>(size);
    batch->events.reserve(size);
    lane.read_at = lane.waiting.front().read_at;
    for (auto one = lane.waiting.begin(); one != end; ++one)
      batch->events.push_back(std::move(one->event));
    lane.waiting.erase(lane.waiting.begin(), end);
    batch->follows_dead_letter =
        dead_.all || std::ranges::any_of(batch->events, [this](const Event& event) {
          return dead_.ids.contains(event.entry.conversation);
        });
    return batch;
  }

  Lanes::iterator end_of(std::uint64_t token) {
    const auto at = under_way_.find(token);
    if (at == under_way_.end()) return lanes_.end();
    const ConversationId conversation = at->second;
    under_way_.erase(at);
    return lanes_.find(conversation);
  }

  /// The lane's batch is done with.
  void go_on(Lanes::iterator at) {
    Lane& lane = at->second;
    count_ -= lane.batch->events.size();
    if (lane.waiting.empty()) {
      const ConversationId conversation = at->first;
      const std::optional<std::uint64_t> skipped = lane.skipped;
      lanes_.erase(at);
      if (skipped) rewind(conversation, *skipped);
      return;
    }
    lane.batch.reset();
    lane.failures = 0;
    lane.given_up = false;
    lane.back_off.reset();
    ready_.push_back(at->first);
  }

  const SinkTerms terms_;
  std::uint64_t seed_;
  Lanes lanes_;                                                  // none is empty
  std::deque<ConversationId> ready_;                             // lanes, in turn
  std::multimap<Instant, ConversationId> later_;                 // lanes that wait
  std::unordered_map<std::uint64_t, ConversationId> under_way_;  // by token
  std::uint64_t last_token_ = 0;
  std::size_t count_ = 0;  // events in all lanes
  std::uint64_t read_ = 0;
  std::uint64_t ahead_ = 0;  // of the cursor that it began with
  std::unordered_map<ConversationId, std::uint64_t> held_;
  Progress noted_;
  Marks dead_;
  std::optional<Marks> new_dead_;  // while they are marked anew
};

}  // namespace kefu::inline v0::core
