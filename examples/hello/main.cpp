// The smallest complete kefu server: SQLite on disk, WebSocket on port 8080, tokens signed with
// KEFU_SECRET.
#include <kefu/kefu.hpp>
#include <kefu/net/loops.hpp>
#include <kefu/net/server.hpp>
#include <kefu/sqlite/store.hpp>

#include <cstdlib>
#include <exception>
#include <iostream>

int main(int argc, char** argv) try {
  const char* const secret = std::getenv("KEFU_SECRET");
  if (!secret)
    throw std::runtime_error("set KEFU_SECRET to the 32 or more bytes that sign your tokens");

  kefu::net::Loops loops{2};
  kefu::sqlite::Store store{"support.db"};
  kefu::Hub hub{loops.executors(), store};
  hub.authenticate(kefu::jwt_hs256(secret));
  kefu::net::Server server{
      loops, {.port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080)}};
  server.serve(hub);

  loops.stop_on_signals([&] {
    const kefu::Instant deadline = loops.executors().front()->now() + kefu::Milliseconds(5000);
    server.stop(deadline, [&] { loops.stop(); });
  });
  std::cout << "ws://127.0.0.1:" << server.port() << "/ws\n" << std::flush;
  loops.run();
} catch (const std::exception& error) {
  std::cerr << "hello: " << error.what() << '\n';
  return 1;
}
