#include "attendance.hpp"

#include <algorithm>
#include <kefu/wire/records.hpp>
#include <utility>

#include "shard.hpp"

namespace kefu::hub {
namespace {

constexpr std::size_t kChecksAtOnce = 64;
constexpr int kAloneFactor = 5;  // without a bus there is no other node, as a rule

}  // namespace

void Attendance::arrive(const Participant& who, SessionId session, std::uint64_t epoch) {
  Person& person = people_[who.id];
  // Nobody asks a supervisor who has not said that they want it.
  person.initial = who.role == Role::agent ? Intent::available : Intent::busy;
  person.next_check = shard_.executor().now() + check_every();
  std::erase_if(person.here, [&](const Here& here) { return here.device.session == session; });
  person.here.push_back({{session, epoch, shard_.context().node}, false});
  settle(who.id);
}

void Attendance::depart(const std::string& who, SessionId session, std::uint64_t epoch) {
  const auto at = people_.find(who);
  if (at == people_.end()) return;
  Person& person = at->second;
  const auto own = std::ranges::find_if(person.here, [&](const Here& here) {
    return here.device.session == session && here.device.epoch == epoch;
  });
  if (own == person.here.end()) return;  // a newer connection has its place
  person.leaving.push_back(std::move(own->device));
  person.here.erase(own);
  settle(who);
}

/// One change at a time: they all concern one record.
void Attendance::settle(const std::string& id) {
  const auto at = people_.find(id);
  if (at == people_.end() || at->second.busy) return;
  Person& person = at->second;
  const auto missing =
      std::ranges::find_if(person.here, [](const Here& here) { return !here.stored; });
  if (!person.leaving.empty()) {
    person.busy = true;
    detach(id, person.leaving.front());
  } else if (missing != person.here.end()) {
    person.busy = true;
    attach(id, missing->device, person.initial);
  } else if (person.here.empty()) {
    people_.erase(at);
  }
}

void Attendance::attach(const std::string& id, const Device& device, Intent initial) {
  shard_.desk().run(
      core::AttachDevice{id, device, initial},
      [this, id, device](const core::transaction_effect::Ended& ended, core::WorkingSet& records) {
        Person& person = people_[id];
        person.busy = false;
        if (ended.code != errc::ok) return;  // at the next tick
        for (Here& here : person.here) here.stored = here.stored || here.device == device;
        if (const Agent* const agent = ended.changed ? nullptr : records.agent(id))
          shard_.tell(*agent, records.version_of(*agent));
        settle(id);
      });
}

void Attendance::detach(const std::string& id, const Device& device) {
  shard_.desk().run(
      core::DetachDevice{id, device},
      [this, id, device](const core::transaction_effect::Ended& ended, core::WorkingSet&) {
        Person& person = people_[id];
        person.busy = false;
        if (ended.code != errc::ok) return;
        std::erase(person.leaving, device);
        settle(id);
      });
}

Nanoseconds Attendance::check_every() const {
  const Nanoseconds period = shard_.bounds().presence_check;
  return shard_.context().bus ? period : kAloneFactor * period;
}

void Attendance::on_tick(Instant now) {
  std::vector<std::string> unsettled, due;
  for (auto& [id, person] : people_) {
    if (person.busy) continue;
    const bool stored = std::ranges::all_of(person.here, &Here::stored);
    if (!person.leaving.empty() || !stored) {
      unsettled.push_back(id);
    } else if (now >= person.next_check && due.size() < kChecksAtOnce) {
      person.next_check = now + check_every();
      due.push_back(id);
    }
  }
  for (const std::string& id : unsettled) settle(id);
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
  for (Here& here : at->second.here)
    here.stored = std::ranges::find(agent.devices, here.device) != agent.devices.end();
  shard_.tell(agent, (*record)->version);
  settle(id);
}

}  // namespace kefu::hub
