// Attendance: which devices keep the agents of one shard present. The records say the same, soon:
// what could not be stored is tried again, and what another node took away meanwhile is put back.
#pragma once

#include <cstdint>
#include <deque>
#include <kefu/model/agent.hpp>
#include <kefu/result.hpp>
#include <kefu/store.hpp>
#include <map>
#include <vector>

#include "few.hpp"
#include "mail.hpp"
#include "person.hpp"

namespace kefu::inline v0::hub {

class Shard;

class Attendance {
 public:
  explicit Attendance(Shard& shard) : shard_(shard) {}

  /// The session is attached; and is no more.
  void arrive(const Person& who, SessionId session, std::uint64_t epoch);
  void depart(const Person& who, SessionId session, std::uint64_t epoch);

  /// The session is attached on another shard, from that epoch on.
  void hand_over(const Person& who, SessionId session, std::uint64_t epoch);

  void on_tick(Instant now);
  /// After something got lost for want of memory.
  void recover();

 private:
  /// A connection of this node.
  struct Link {
    enum class State : std::uint8_t {
      arriving,  // the record does not have it yet
      here,
      leaving,  // the record still has it, as far as is known
    };
    SessionId session;
    std::uint64_t epoch = 0;
    State state = State::arriving;
    Instant due{};  ///< when it is to be settled

    [[nodiscard]] bool unsettled(Instant now) const { return state != State::here && now >= due; }
  };
  struct Attendant {
    Few<Link> links;
    Instant next_check;
    Intent initial = Intent::available;
    bool busy = false;   // a change is under way
    bool waits = false;  // for its turn
  };

  struct ById {
    bool operator()(const Person& a, const Person& b) const { return a.id() < b.id(); }
  };

  [[nodiscard]] Device device_of(const Link& link) const;
  void settle_soon(const Person& who);
  void settle_some();
  void settle(const Person& who);
  void attach(const Person& who, Link link, Intent initial);
  void detach(const Person& who, Link link);
  void on_changed(const Person& who, errc code);
  void check_some(Instant now);
  void look_up(const Person& who);
  void on_record(const Person& who, result<std::optional<Record>> record);
  [[nodiscard]] Nanoseconds check_every() const;

  Shard& shard_;
  std::map<Person, Attendant, ById> people_;
  std::deque<Person> waiting_;  // who have something to be stored
  std::size_t changes_ = 0;     // under way
  Person checked_last_;
};

}  // namespace kefu::inline v0::hub
