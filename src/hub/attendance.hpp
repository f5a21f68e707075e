// Attendance: which devices keep the agents of one shard present. The records say the same, soon:
// what could not be stored is tried again, and what another node took away meanwhile is put back.
#pragma once

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
  struct Here {
    Device device;
    bool stored = false;
  };
  struct Person {
    Intent initial = Intent::available;
    std::vector<Here> here;
    std::vector<Device> leaving;
    bool busy = false;  // a change is under way
    Instant next_check;
  };

  void settle(const std::string& id);
  void attach(const std::string& id, const Device& device, Intent initial);
  void detach(const std::string& id, const Device& device);
  void check(const std::string& id);
  void on_record(const std::string& id, result<std::optional<Record>> record);
  [[nodiscard]] Nanoseconds check_every() const;

  Shard& shard_;
  std::map<std::string, Person> people_;
};

}  // namespace kefu::hub
