// Attendance: which devices keep the agents of one shard present. The records say the same, soon:
// what could not be stored is tried again, and what another node took away meanwhile is put back.
#pragma once

#include <cstdint>
#include <deque>
#include <kefu/model/agent.hpp>
#include <kefu/model/participant.hpp>
#include <kefu/result.hpp>
#include <kefu/store.hpp>
#include <map>
#include <string>
#include <vector>

#include "mail.hpp"

namespace kefu::hub {

class Shard;

class Attendance {
 public:
  explicit Attendance(Shard& shard) : shard_(shard) {}

  /// The session is attached; and is no more.
  void arrive(const Participant& who, SessionId session, std::uint64_t epoch);
  void depart(const std::string& who, SessionId session, std::uint64_t epoch);

  void on_tick(Instant now);

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
  struct Person {
    std::vector<Link> links;
    Instant next_check;
    Intent initial = Intent::available;
    bool busy = false;   // a change is under way
    bool waits = false;  // for its turn
  };

  [[nodiscard]] Device device_of(const Link& link) const;
  void settle_soon(const std::string& id);
  void settle_some();
  void settle(const std::string& id);
  void attach(const std::string& id, Link link, Intent initial);
  void detach(const std::string& id, Link link);
  void on_changed(const std::string& id, errc code);
  void check(const std::string& id);
  void on_record(const std::string& id, result<std::optional<Record>> record);
  [[nodiscard]] Nanoseconds check_every() const;

  Shard& shard_;
  std::map<std::string, Person> people_;
  std::deque<std::string> waiting_;  // who have something to be stored
  std::size_t changes_ = 0;          // under way
};

}  // namespace kefu::hub
