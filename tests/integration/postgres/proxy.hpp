// Proxy: stands between a store and its server, and cuts connections between two messages of the
// protocol.
#pragma once

#include <poll.h>

#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "descriptor.hpp"

namespace kefu::test {

class Proxy {
 public:
  /// Listens in `folder` for what goes to the server whose socket is in `server`.
  Proxy(std::string folder, const std::string& server);
  ~Proxy();

  /// From now on the n-th message, of either side and any connection, is not passed on, nor is
  /// anything after it: its connection is cut. n counts from 1. What was counted before is
  /// forgotten.
  void cut_at(std::uint64_t n);
  /// True when that has happened. It does not any more.
  bool was_cut();
  /// From the server's n-th message on none of its are passed on, and no connection ends: as when a
  /// node stands still. Until let_go(), which cuts them all.
  void hold_at(std::uint64_t n);
  void let_go();
  [[nodiscard]] bool holds() const { return holds_; }
  /// Again and again, after 1 to `most` messages; 0: no more.
  void cut_randomly(std::uint64_t most, std::uint64_t seed);
  [[nodiscard]] std::uint64_t cuts() const { return cuts_; }

 private:
  /// One way of a connection.
  struct Way {
    std::string bytes;     ///< of a message that is not whole yet
    bool started = false;  ///< behind the client's first message, which has no type
    bool back = false;     ///< from the server
  };
  struct Pair {
    Descriptor client, server;
    Way there, back;
  };

  void run();
  void hold(std::vector<pollfd>& sockets);
  void accept();
  /// False when the connection is over.
  bool pass(const Descriptor& from, const Descriptor& to, Way& way);
  /// Where the message ends that begins at a place, if it is whole.
  [[nodiscard]] static std::optional<std::size_t> message_at(const Way& way, std::size_t place);
  bool counts_to_cut(const Way& way);

  std::string folder_;
  std::string server_;
  Descriptor listener_, wake_in_, wake_out_;
  std::list<Pair> pairs_;
  std::mutex mutex_;
  std::uint64_t left_ = 0;  ///< until a cut; 0: none to come
  std::uint64_t most_ = 0;
  bool cut_ = false;
  bool hold_ = false;  ///< and not a cut
  std::atomic<bool> holds_ = false, let_go_ = false;
  std::mt19937_64 random_;
  std::atomic<std::uint64_t> cuts_ = 0;
  std::thread thread_;
};

}  // namespace kefu::test
