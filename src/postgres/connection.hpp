// Connection: one link to the server, never blocking, in libpq's pipeline mode. Statements go out
// in steps; the answers of a step come back together. Only the store's thread uses it.
#pragma once

#include <deque>
#include <kefu/error.hpp>
#include <kefu/model/time.hpp>
#include <string>
#include <string_view>

#include "postgres/address.hpp"
#include "postgres/params.hpp"
#include "postgres/queries.hpp"
#include "postgres/rows.hpp"

namespace kefu::inline v0::postgres {

/// A step that the server has gone through.
struct Step {
  Answers answers;    ///< one for each statement, unless one failed
  std::string state;  ///< SQLSTATE of the first that failed; empty: none did
};

class Connection {
 public:
  /// `address` is shared: what one connection finds the others know.
  Connection(Address& address, std::string settings, Use use)
      : address_(&address), settings_(std::move(settings)), use_(use) {}

  /// Begins to connect: to the host that served last, and each time that fails to the next. What
  /// happens then shows in progress().
  void open();
  void close();
  [[nodiscard]] bool closed() const { return link_ == nullptr; }
  /// How long open() may take.
  [[nodiscard]] Nanoseconds patience() const { return address_->patience(); }
  /// Statements may be sent.
  [[nodiscard]] bool ready() const { return phase_ == Phase::ready; }

  [[nodiscard]] int socket() const { return PQsocket(link_.get()); }
  /// What to poll() for.
  [[nodiscard]] short wanted() const;
  /// Goes on after poll(). A connection that is lost is closed().
  void progress(short happened);

  void send(Query query, const Params& params = {});
  /// Ends a step, and sends it.
  void end_step();
  /// Takes the next answered step.
  [[nodiscard]] bool take(Step& step);

 private:
  enum class Phase : std::uint8_t { closed, connecting, preparing, ready };

  void connect();
  void prepare();
  void flush();
  void collect();
  void collect(Rows rows, ExecStatusType status, const char* state);

  Address* address_;
  std::string settings_;
  Use use_;
  Link link_;
  std::size_t host_ = 0;
  bool tried_ = false;  ///< to connect, in vain so far
  Phase phase_ = Phase::closed;
  PostgresPollingStatusType polling_ = PGRES_POLLING_WRITING;
  bool flushing_ = false;
  std::size_t steps_ = 0;  ///< not answered yet
  Step coming_;
  std::deque<Step> answered_;
};

}  // namespace kefu::inline v0::postgres
