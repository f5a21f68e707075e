// A whole kefu on a WebSocket server that is not kefu's: hello, but for the transport.
//
//   KEFU_SECRET=… embed-transport 8080
#include <boost/asio/signal_set.hpp>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <kefu/kefu.hpp>
#include <kefu/sqlite/store.hpp>
#include <stdexcept>

#include "beast_transport.hpp"

int main(int argc, char** argv) try {
  const char* const secret = std::getenv("KEFU_SECRET");
  if (!secret) throw std::runtime_error("set KEFU_SECRET to the 32 or more bytes that sign tokens");

  host::Loop loop;
  kefu::sqlite::Store store{"support.db"};
  kefu::Hub hub{{&loop}, store};
  hub.authenticate(kefu::jwt_hs256(secret));
  host::BeastTransport server{{&loop},
                              static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080),
                              kefu::Nanoseconds(5'000'000'000)};
  server.start(hub);

  boost::asio::signal_set signals(loop.context, SIGINT, SIGTERM);
  signals.async_wait([&](const boost::system::error_code&, int) {
    const kefu::Instant deadline = loop.now() + kefu::Nanoseconds(5'000'000'000);
    server.stop(deadline, [&] { loop.context.stop(); });
  });
  std::cout << "ws://127.0.0.1:" << server.port() << "/ws\n" << std::flush;
  loop.context.run();
} catch (const std::exception& error) {
  std::cerr << "embed-transport: " << error.what() << '\n';
  return 1;
}
