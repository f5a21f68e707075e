#include "net/rendezvous.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace {

using namespace kefu;
using net::Rendezvous;
using net::RendezvousEnd;

/// Both ends, and what they were told.
struct Rig {
  std::shared_ptr<Rendezvous> meeting = std::make_shared<Rendezvous>();
  std::vector<std::string> parts;
  std::vector<bool> more;
  errc failure = errc::ok;

  void write(std::string_view part) {
    meeting->write(part, [this](bool go_on) { more.push_back(go_on); });
  }
  void read() {
    meeting->read([this](result<std::string> part) {
      if (!part) failure = part.error();
      if (part) parts.push_back(*part);
    });
  }
};

TEST_CASE("a part waits for its reader, and a reader for the next part") {
  Rig rig;
  rig.write("one");
  CHECK(rig.more.empty());
  rig.read();
  CHECK(rig.parts == std::vector<std::string>{"one"});
  CHECK(rig.more == std::vector<bool>{true});
  rig.read();
  CHECK(rig.parts.size() == 1);
  rig.write("two");
  CHECK(rig.parts.back() == "two");
  CHECK(rig.more.size() == 2);
  rig.read();
  rig.meeting->end(errc::ok);
  CHECK(rig.parts.back().empty());
  rig.read();
  CHECK(rig.parts.size() == 4);
}

TEST_CASE("a failure comes behind what was written before it") {
  Rig rig;
  rig.write("one");
  rig.read();
  rig.meeting->end(errc::unavailable);
  CHECK(rig.failure == errc::ok);
  rig.read();
  CHECK(rig.failure == errc::unavailable);
}

TEST_CASE("a writer whose reader has gone is told, whenever that happens") {
  Rig before;
  { const RendezvousEnd end{before.meeting}; }
  before.write("one");
  CHECK(before.more == std::vector<bool>{false});
  Rig meanwhile;
  auto end = std::make_unique<RendezvousEnd>(meanwhile.meeting);
  const auto copy = std::make_unique<RendezvousEnd>(*end);
  meanwhile.write("one");
  end.reset();
  CHECK(meanwhile.more.empty());
  Rig reading;
  {
    const RendezvousEnd other{reading.meeting};
    reading.read();
  }
  CHECK(reading.failure == errc::closed);
}

}  // namespace
