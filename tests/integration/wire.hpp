// Wire: two networks of the test's own with a wire between them that loses what it should carry,
// and tells neither side.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "descriptor.hpp"

namespace kefu::test {

/// Each end is a network namespace; `near` is that of the thread that made it. A packet is dropped
/// by sending it to an address on the wire that nobody has. The namespaces vanish with this object,
/// and with the threads and processes that are in them.
class Wire {
 public:
  static constexpr const char* kNear = "10.77.0.1";
  static constexpr const char* kFar = "10.77.0.2";

  /// A command that starts what follows it at the far end.
  [[nodiscard]] std::vector<std::string> at_far_end() const;
  /// Moves this thread there. Sockets stay where they were made.
  void go_to_far_end() const;

  void deliver();
  void drop_to_far();
  void drop_to_near();
  void drop() {
    drop_to_far();
    drop_to_near();
  }

 private:
  friend void with_wire(const std::function<void(Wire&)>& test);
  Wire();

  Descriptor near_, far_;  ///< the namespaces
};

/// Runs it in a thread of its own, whose network ends with it; what it throws is a failed check.
/// Where no wire can be laid (that needs root, and a kernel that knows veth) it prints why.
void with_wire(const std::function<void(Wire&)>& test);

}  // namespace kefu::test
