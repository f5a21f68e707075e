// tutorial STEP [PORT]: the server of examples/hello as README.md makes it grow, from step 2 to 5.
#include <kefu/kefu.hpp>
#include <kefu/net/loops.hpp>
#include <kefu/net/server.hpp>
#include <kefu/sqlite/store.hpp>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>

#include "journal.hpp"
#include "members.hpp"
#include "no_passwords.hpp"
#include "watched_store.hpp"

namespace {

// [5] Your own Store, or something in front of one.
kefu::Store& store_of(int step, kefu::Store& file, kefu::Store& watched) {
  return step >= 5 ? watched : file;
}

// [2] Departments, and who is asked next.
kefu::HubOptions options() {
  kefu::HubOptions options;
  kefu::Department orders;
  orders.id = "orders";
  orders.strategy = kefu::strategy::kRoundRobin;
  kefu::Department returns;
  returns.id = "returns";
  returns.overflow_to = "orders";
  options.desk.departments = {orders, returns};
  return options;
}

void grow(kefu::Hub& hub, int step) {
  // [2] Your own users.
  hub.authenticate(std::make_unique<tutorial::Members>());
  // [3] Your own rules.
  if (step >= 3) {
    hub.judge(std::make_unique<tutorial::NoPasswords>());
  }
  // [4] Your own events.
  if (step >= 4) {
    hub.deliver("journal", std::make_unique<tutorial::Journal>());
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const int step = argc > 1 ? std::atoi(argv[1]) : 5;
  kefu::net::Loops loops{2};
  kefu::sqlite::Store file{"tutorial.db"};
  tutorial::WatchedStore watched{file};
  kefu::Hub hub{loops.executors(), store_of(step, file, watched), options()};
  grow(hub, step);
  kefu::net::Server server{
      loops, {.port = static_cast<std::uint16_t>(argc > 2 ? std::atoi(argv[2]) : 8080)}};
  server.serve(hub);

  loops.stop_on_signals([&] {
    const kefu::Instant deadline = loops.executors().front()->now() + kefu::Milliseconds(5000);
    server.stop(deadline, [&] { loops.stop(); });
  });
  std::cout << "ws://127.0.0.1:" << server.port() << "/ws\n" << std::flush;
  loops.run();
} catch (const std::exception& error) {
  std::cerr << "tutorial: " << error.what() << '\n';
  return 1;
}
