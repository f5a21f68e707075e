// Address: where the server is, on one host or on several that take each other's place, and how
// soon it shows that it, or the way to it, is gone without a word.
#pragma once

#include <libpq-fe.h>

#include <kefu/postgres/store.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace kefu::inline v0::postgres {

struct Finish {
  void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
};
using Link = std::unique_ptr<PGconn, Finish>;

class Address {
 public:
  Address(std::string conninfo, const Options& options);

  /// Waits until it is connected, or has failed on all hosts. Learns which there are.
  [[nodiscard]] Link connect();
  /// Begins to connect to one of the hosts that connect() has learned. libpq would go through them
  /// by itself, but wait for one that says nothing for ever.
  [[nodiscard]] Link start(std::size_t host) const;
  /// How long a host may take for that.
  [[nodiscard]] Nanoseconds patience() const;

  [[nodiscard]] std::size_t next(std::size_t host) const { return (host + 1) % hosts_.size(); }
  /// The host that served last: where to look first.
  [[nodiscard]] std::size_t found() const { return found_; }
  void serves(std::size_t host) { found_ = host; }

 private:
  using Values = std::vector<std::pair<std::string, std::string>>;
  struct Host {
    std::string name, address, port;
  };

  void learn(PGconn* link);

  std::string conninfo_;
  Values defaults_;  ///< what `conninfo` may change
  Nanoseconds timeout_;
  std::size_t named_ = 1;    ///< hosts in `conninfo`
  Nanoseconds patience_{0};  ///< that is in `conninfo`; 0: none
  Values common_;            ///< what connections to all hosts share
  std::vector<Host> hosts_ = std::vector<Host>(1);
  std::size_t found_ = 0;
};

}  // namespace kefu::inline v0::postgres
