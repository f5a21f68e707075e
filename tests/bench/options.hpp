// What kefu-bench is told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace bench {

enum class Mode : std::uint8_t { relay, idle, reconnect, prepare };
enum class TargetKind : std::uint8_t { kefu, raw, durable };

struct Options {
  Mode mode = Mode::relay;
  TargetKind target = TargetKind::kefu;
  std::uint16_t port = 0;
  std::uint16_t nodes = 1;  ///< servers, on the ports from `port` on: the parties of a conversation
                            ///< are at different ones
  int pid = 0;              ///< of the server; 0: its CPU and memory are not known
  std::string path = "/ws";
  std::string secret;  ///< that signs the tokens (kefu)
  std::string prefix;  ///< of the participants' ids; by default of this run alone
  std::string tokens;  ///< prepare: the file that gets a line "<participant> <token>" for each
  bool json = false;

  std::uint32_t pairs = 100;  ///< relay, prepare: conversations, each with a visitor of its own
  std::uint32_t fanin = 1;    ///< relay: visitors an agent
  std::uint32_t body = 128;   ///< bytes of a message's body
  std::uint32_t window = 1;   ///< closed loop: messages in flight in a conversation
  double rate = 0;            ///< open loop: messages a second in all
  bool spin = false;          ///< open loop: poll instead of sleeping until the next is due
  double secs = 5;
  double warmup = 1;
  double drain = 5;                    ///< at most so long for what is still in flight
  std::uint32_t delivered_every = 16;  ///< entries for which an agent says `delivered`; 0: never
  double delivered_flush = 0.02;       ///< seconds after which it says so for fewer

  std::uint32_t conns = 1000;  ///< idle, reconnect: half of them visitors, half agents
  std::uint32_t rounds = 3;    ///< reconnect
  std::uint32_t inflight =
      0;            ///< reconnect: messages of each visitor that the cut finds on the way
  double hold = 2;  ///< idle, reconnect: seconds of rest

  std::uint32_t concurrency = 256;  ///< handshakes at once (reconnect: all)
  std::uint32_t batch = 64;         ///< events, and due messages, in one turn of the loop
  double connect_timeout = 60;
};

/// Exits by itself on bad arguments, and for --help.
[[nodiscard]] Options read_options(int argc, char** argv);

}  // namespace bench
