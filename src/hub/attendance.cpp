#include "attendance.hpp"

#include <algorithm>
#include <kefu/wire/records.hpp>
#include <utility>

#include "shard.hpp"

namespace kefu::inline v0::hub {
namespace {

constexpr std::size_t kChecksInTick = 128;
constexpr std::size_t kChangesAtOnce = 64;
constexpr int kAloneFactor = 5;  // without a bus there is no other node, as a rule

}  // namespace

void Attendance::arrive(const Person& who, SessionId session, std::uint64_t epoch) {
  Attendant& attendant = people_[who];
  // Nobody asks a supervisor who has not said that they want it.
  attendant.initial = who.role() == Role::agent ? Intent::available : Intent::busy;
  attendant.next_check = shard_.executor().now() + check_every();
  Link arrived{session, epoch};
  for (const Link& link : attendant.links) {
    // Who is back before their leaving was stored has not left: the record has them. Their going
    // from here will take that along (core::DetachDevice).
    const bool stored = link.state != Link::State::arriving && !attendant.busy;
    if (link.session != session || !stored) continue;
    arrived.state = Link::State::here;
    attendant.next_check = shard_.executor().now();  // their sessions wait for the record
  }
  erase_if(attendant.links, [&](const Link& link) { return link.session == session; });
  attendant.links.push_back(arrived);
  if (arrived.state == Link::State::arriving) settle_soon(who);
}

void Attendance::depart(const Person& who, SessionId session, std::uint64_t epoch) {
  const auto at = people_.find(who);
  if (at == people_.end()) return;
  for (Link& link : at->second.links) {
    if (link.session != session || link.epoch != epoch) continue;  // a newer one has its place
    link.state = Link::State::leaving;
    link.due = shard_.executor().now() + shard_.bounds().departure_delay;
  }
}

void Attendance::hand_over(const Person& who, SessionId session, std::uint64_t epoch) {
  const auto at = people_.find(who);
  if (at == people_.end()) return;
  const auto older = [&](const Link& link) {
    return link.session == session && link.epoch < epoch;
  };
  if (!at->second.busy) {
    erase_if(at->second.links, older);
    return settle_soon(who);
  }
  // What is being stored may be stored behind what the other shard stores: it is taken back.
  for (Link& link : at->second.links) {
    if (!older(link)) continue;
    link.state = Link::State::leaving;
    link.due = shard_.executor().now();
  }
}

/// So many come and go at once that each has its turn: the store has others to serve, and who
/// leaves is often back by then.
void Attendance::settle_soon(const Person& who) {
  const auto at = people_.find(who);
  if (at == people_.end() || at->second.busy || std::exchange(at->second.waits, true)) return;
  waiting_.push_back(who);
  settle_some();
}

void Attendance::settle_some() {
  while (!waiting_.empty() && changes_ < kChangesAtOnce) {
    const Person who = std::move(waiting_.front());
    waiting_.pop_front();
    settle(who);
  }
}

/// One change of a person at a time: they all concern one record.
void Attendance::settle(const Person& who) {
  const auto at = people_.find(who);
  if (at == people_.end()) return;
  Attendant& attendant = at->second;
  attendant.waits = false;
  const Instant now = shard_.executor().now();
  const auto next =
      std::ranges::find_if(attendant.links, [&](const Link& link) { return link.unsettled(now); });
  if (next != attendant.links.end()) {
    attendant.busy = true;
    ++changes_;
    next->state == Link::State::leaving ? detach(who, *next)
                                        : attach(who, *next, attendant.initial);
  } else if (attendant.links.empty()) {
    people_.erase(at);
  }
}

Device Attendance::device_of(const Link& link) const {
  return {link.session, link.epoch, shard_.context().node};
}

void Attendance::attach(const Person& who, Link link, Intent initial) {
  shard_.desk().run(
      core::AttachDevice{std::string(who.id()), device_of(link), initial},
      [this, who, link](const core::transaction_effect::Ended& ended, core::WorkingSet& records) {
        if (ended.code == errc::ok) {
          for (Link& known : people_[who].links) {
            const bool same = known.session == link.session && known.epoch == link.epoch;
            if (same && known.state == Link::State::arriving) known.state = Link::State::here;
          }
          const Agent* const agent = ended.changed ? nullptr : records.agent(std::string(who.id()));
          if (agent) shard_.tell(*agent, records.version_of(*agent));
        }
        on_changed(who, ended.code);
      });
}

void Attendance::detach(const Person& who, Link link) {
  shard_.desk().run(
      core::DetachDevice{std::string(who.id()), device_of(link)},
      [this, who, link](const core::transaction_effect::Ended& ended, core::WorkingSet&) {
        if (ended.code == errc::ok) {
          erase_if(people_[who].links, [&](const Link& known) {
            return known.session == link.session && known.epoch == link.epoch;
          });
        }
        on_changed(who, ended.code);
      });
}

void Attendance::on_changed(const Person& who, errc code) {
  if (changes_ != 0) --changes_;
  people_[who].busy = false;
  if (code == errc::ok) settle_soon(who);  // else at the next tick
  settle_some();
}

Nanoseconds Attendance::check_every() const {
  const Nanoseconds period = shard_.bounds().presence_check;
  return shard_.context().bus ? period : kAloneFactor * period;
}

void Attendance::on_tick(Instant now) {
  std::vector<Person> unsettled;
  for (auto& [who, attendant] : people_) {
    if (attendant.busy || attendant.waits) continue;
    if (std::ranges::any_of(attendant.links, [&](const Link& link) { return link.unsettled(now); }))
      unsettled.push_back(who);
  }
  for (const Person& who : unsettled) settle_soon(who);
  check_some(now);
}

/// From where the last tick stopped: everybody has their turn.
void Attendance::check_some(Instant now) {
  std::size_t checks = 0;
  auto next = people_.upper_bound(checked_last_);
  for (std::size_t left = people_.size(); left > 0 && checks < kChecksInTick; --left, ++next) {
    if (next == people_.end()) next = people_.begin();
    auto& [who, attendant] = *next;
    if (attendant.busy || now < attendant.next_check) continue;
    attendant.next_check = now + check_every();
    checked_last_ = who;
    ++checks;
    look_up(who);
  }
}

/// What has no answer may have lost it.
void Attendance::recover() {
  changes_ = 0;
  waiting_.clear();
  for (auto& [who, attendant] : people_) attendant.busy = attendant.waits = false;
}

/// Another node may have changed the record, and nothing has told.
void Attendance::look_up(const Person& who) {
  shard_.context().store.get(
      agent_key(std::string(who.id())),
      shard_.here<result<std::optional<Record>>>([this, who](result<std::optional<Record>> record) {
        on_record(who, std::move(record));
      }));
}

void Attendance::on_record(const Person& who, result<std::optional<Record>> record) {
  const auto at = people_.find(who);
  if (!record && at != people_.end()) at->second.next_check = shard_.executor().now();
  if (!record || !*record) return;
  const result<DeskRecord> found =
      wire::decode_record(agent_key(std::string(who.id())), (*record)->value);
  if (!found) return;
  const Agent& agent = std::get<Agent>(*found);
  shard_.tell(agent, (*record)->version);
  if (at == people_.end() || at->second.busy) return;
  for (Link& link : at->second.links) {
    if (link.state == Link::State::leaving) continue;
    const bool stored = std::ranges::any_of(agent.devices, [&](const Device& device) {
      const bool same = device.session == link.session && device.node == shard_.context().node;
      return same && (device.epoch == link.epoch || link.state == Link::State::here);
    });
    link.state = stored ? Link::State::here : Link::State::arriving;
  }
  settle_soon(who);
}

}  // namespace kefu::inline v0::hub
