// Address: where the server is, and how soon it shows that it, or the way to it, is gone without a
// word.
#pragma once

#include <libpq-fe.h>

#include <array>
#include <kefu/postgres/store.hpp>
#include <memory>
#include <string>

namespace kefu::inline v0::postgres {

struct Finish {
  void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
};
using Link = std::unique_ptr<PGconn, Finish>;

class Address {
 public:
  Address(std::string conninfo, const Options& options);

  /// Waits until it is connected, or has failed.
  [[nodiscard]] Link connect() const;
  /// Begins to connect.
  [[nodiscard]] Link start() const;

 private:
  [[nodiscard]] std::array<const char*, 6> values() const;

  std::string conninfo_;
  std::string ping_;  ///< seconds
  std::string unanswered_;
  std::string user_timeout_;  ///< ms
};

}  // namespace kefu::inline v0::postgres
