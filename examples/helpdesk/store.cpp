#include "store.hpp"

#include <kefu/sqlite/store.hpp>
#include <stdexcept>

#ifdef HELPDESK_POSTGRES
#include <kefu/postgres/store.hpp>
#endif
#ifdef HELPDESK_NATS
#include <kefu/nats/bus.hpp>
#endif

namespace helpdesk {

std::filesystem::path database_of(const Options& options) { return options.data / "helpdesk.db"; }

std::unique_ptr<kefu::Store> open_store(const Options& options) {
  if (options.postgres.empty()) {
    kefu::sqlite::Options sqlite;
    if (options.synchronous == "normal") sqlite.synchronous = kefu::sqlite::Synchronous::normal;
    sqlite.wal_bytes = options.wal_mb * 1024 * 1024;
    return std::make_unique<kefu::sqlite::Store>(database_of(options).string(), sqlite);
  }
#ifdef HELPDESK_POSTGRES
  kefu::postgres::Options postgres;
  postgres.schema = options.schema;
  return std::make_unique<kefu::postgres::Store>(options.postgres, postgres);
#else
  throw std::runtime_error("--postgres: this helpdesk was built without libpq");
#endif
}

std::unique_ptr<kefu::Bus> open_bus(const Options& options, kefu::Logger& log) {
  if (options.nats.empty()) return nullptr;
#ifdef HELPDESK_NATS
  kefu::nats::Options nats;
  nats.prefix = options.nats_prefix;
  nats.name = "helpdesk";
  nats.credentials_file = options.nats_credentials.string();
  nats.ca_file = options.nats_ca.string();
  nats.logger = &log;
  return std::make_unique<kefu::nats::Bus>(options.nats, nats);
#else
  static_cast<void>(log);
  throw std::runtime_error("--nats: this helpdesk was built without cnats");
#endif
}

}  // namespace helpdesk
