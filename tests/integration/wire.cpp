#include "integration/wire.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <stdexcept>
#include <thread>

namespace kefu::test {
namespace {

/// Where this can't be tested; says why.
struct Unavailable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Gives this thread a network of its own.
Descriptor new_network() {
  if (::unshare(CLONE_NEWNET) != 0)
    throw Unavailable("this process may not make a network namespace");
  Descriptor made(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!made) throw Unavailable("there is no /proc");
  return made;
}

std::string path_of(const Descriptor& network) {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(network.get());
}

bool try_to_run(const Descriptor& in, const std::string& command) {
  const std::string enter = "nsenter --net=" + path_of(in) + " ";
  return ::system(("export PATH=/usr/sbin:/sbin:$PATH; " + enter + command).c_str()) == 0;
}

void run(const Descriptor& in, const std::string& command) {
  if (!try_to_run(in, command)) throw std::runtime_error("failed: " + command);
}

/// Tells one end at which hardware address the other is.
void point(const Descriptor& end, const char* device, const char* other, const char* last) {
  run(end, std::string("ip neighbour replace ") + other + " dev " + device +
               " lladdr 02:00:00:00:00:" + last + " nud permanent");
}

}  // namespace

Wire::Wire() {
  std::thread([this] {
    try {
      far_ = new_network();
    } catch (const Unavailable&) {  // nor will this thread get one
    }
  }).join();
  near_ = new_network();
  if (!try_to_run(near_,
                  "ip link add near address 02:00:00:00:00:01 type veth peer name far address "
                  "02:00:00:00:00:02 netns " +
                      path_of(far_)))
    throw Unavailable("the kernel makes no pair of veth devices");
  for (const Descriptor* const end : {&near_, &far_}) {
    const bool here = end == &near_;
    const std::string device = here ? "near" : "far";
    run(*end, "ip link set lo up");
    run(*end, "ip address add " + std::string(here ? kNear : kFar) + "/30 dev " + device);
    run(*end, "ip link set " + device + " up");
  }
  deliver();
}

std::vector<std::string> Wire::at_far_end() const {
  return {"/usr/bin/nsenter", "--net=" + path_of(far_)};
}

void Wire::go_to_far_end() const {
  if (::setns(far_.get(), CLONE_NEWNET) != 0) throw std::runtime_error("can't change the network");
}

void Wire::deliver() {
  point(near_, "near", kFar, "02");
  point(far_, "far", kNear, "01");
}

void Wire::drop_to_far() { point(near_, "near", kFar, "ff"); }
void Wire::drop_to_near() { point(far_, "far", kNear, "ff"); }

void with_wire(const std::function<void(Wire&)>& test) {
  std::string failure, unavailable;
  std::thread([&] {
    try {
      Wire wire;
      test(wire);
    } catch (const Unavailable& reason) {
      unavailable = reason.what();
    } catch (const std::exception& error) {
      failure = error.what();
    }
  }).join();
  if (!unavailable.empty()) std::printf("skipped: %s\n", unavailable.c_str());
  CHECK(failure == "");
}

}  // namespace kefu::test
