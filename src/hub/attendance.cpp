#include "attendance.hpp"

#include <algorithm>
#include <kefu/wire/records.hpp>
#include <utility>

#include "shard.hpp"

namespace kefu::hub {
namespace {

constexpr std::size_t kChecksAtOnce = 64;
constexpr std::size_t kChangesAtOnce = 64;
constexpr int kAloneFactor = 5;  // without a bus there is no other node, as a rule

}  // namespace

void Attendance::arrive(const Participant& who, SessionId session, std::uint64_t epoch) {
  Person& person = people_[who.id];
  // Nobody asks a supervisor who has not said that they want it.
  person.initial = who.role == Role::agent ? Intent::available : Intent::busy;
  person.next_check = shard_.executor().now() + check_every();
  // Who is back before their leaving was stored has not left: the record takes one for the other.
  std::erase_if(person.links, [&](const Link& link) { return link.session == session; });
  person.links.push_back({session, epoch});
  settle_soon(who.id);
}

void Attendance::depart(const std::string& who, SessionId session, std::uint64_t epoch) {
  const auto at = people_.find(who);
  if (at == people_.end()) return;
  for (Link& link : at->second.links) {
    if (link.session != session || link.epoch != epoch) continue;  // a newer one has its place
    link.state = Link::State::leaving;
    link.due = shard_.executor().now() + shard_.bounds().departure_delay;
  }
}

/// So many come and go at once that each has its turn: the store has others to serve, and who
/// leaves is often back by then.
void Attendance::settle_soon(const std::string& id) {
  const auto at = people_.find(id);
  if (at == people_.end() || at->second.busy || std::exchange(at->second.waits, true)) return;
  waiting_.push_back(id);
  settle_some();
}

void Attendance::settle_some() {
  while (!waiting_.empty() && changes_ < kChangesAtOnce) {
    const std::string id = std::move(waiting_.front());
    waiting_.pop_front();
    settle(id);
  }
}

/// One change of a person at a time: they all concern one record.
void Attendance::settle(const std::string& id) {
  const auto at = people_.find(id);
  if (at == people_.end()) return;
  Person& person = at->second;
  person.waits = false;
  const Instant now = shard_.executor().now();
  const auto next =
      std::ranges::find_if(person.links, [&](const Link& link) { return link.unsettled(now); });
  if (next != person.links.end()) {
    person.busy = true;
    ++changes_;
    next->state == Link::State::leaving ? detach(id, *next) : attach(id, *next, person.initial);
  } else if (person.links.empty()) {
    people_.erase(at);
  }
}

Device Attendance::device_of(const Link& link) const {
  return {link.session, link.epoch, shard_.context().node};
}

void Attendance::attach(const std::string& id, Link link, Intent initial) {
  shard_.desk().run(
      core::AttachDevice{id, device_of(link), initial},
      [this, id, link](const core::transaction_effect::Ended& ended, core::WorkingSet& records) {
        if (ended.code == errc::ok) {
          for (Link& known : people_[id].links) {
            const bool same = known.session == link.session && known.epoch == link.epoch;
            if (same && known.state == Link::State::arriving) known.state = Link::State::here;
          }
          const Agent* const agent = ended.changed ? nullptr : records.agent(id);
          if (agent) shard_.tell(*agent, records.version_of(*agent));
        }
        on_changed(id, ended.code);
      });
}

void Attendance::detach(const std::string& id, Link link) {
  shard_.desk().run(
      core::DetachDevice{id, device_of(link)},
      [this, id, link](const core::transaction_effect::Ended& ended, core::WorkingSet&) {
        if (ended.code == errc::ok) {
          std::erase_if(people_[id].links, [&](const Link& known) {
            return known.session == link.session && known.epoch == link.epoch;
          });
        }
        on_changed(id, ended.code);
      });
}

void Attendance::on_changed(const std::string& id, errc code) {
  --changes_;
  people_[id].busy = false;
  if (code == errc::ok) settle_soon(id);  // else at the next tick
  settle_some();
}

Nanoseconds Attendance::check_every() const {
  const Nanoseconds period = shard_.bounds().presence_check;
  return shard_.context().bus ? period : kAloneFactor * period;
}

void Attendance::on_tick(Instant now) {
  std::vector<std::string> unsettled, due;
  for (auto& [id, person] : people_) {
    if (person.busy || person.waits) continue;
    const bool unstored =
        std::ranges::any_of(person.links, [&](const Link& link) { return link.unsettled(now); });
    if (unstored) {
      unsettled.push_back(id);
    } else if (now >= person.next_check && due.size() < kChecksAtOnce) {
      person.next_check = now + check_every();
      due.push_back(id);
    }
  }
  for (const std::string& id : unsettled) settle_soon(id);
  for (const std::string& id : due) check(id);
}

/// Another node may have changed the record, and nothing has told.
void Attendance::check(const std::string& id) {
  shard_.context().store.get(agent_key(id), shard_.here<result<std::optional<Record>>>(
                                                [this, id](result<std::optional<Record>> record) {
                                                  on_record(id, std::move(record));
                                                }));
}

void Attendance::on_record(const std::string& id, result<std::optional<Record>> record) {
  const auto at = people_.find(id);
  if (at == people_.end() || at->second.busy || !record || !*record) return;
  const result<DeskRecord> found = wire::decode_record(agent_key(id), (*record)->value);
  if (!found) return;
  const Agent& agent = std::get<Agent>(*found);
  for (Link& link : at->second.links) {
    if (link.state == Link::State::leaving) continue;
    const bool stored = std::ranges::find(agent.devices, device_of(link)) != agent.devices.end();
    link.state = stored ? Link::State::here : Link::State::arriving;
  }
  shard_.tell(agent, (*record)->version);
  settle_soon(id);
}

}  // namespace kefu::hub
