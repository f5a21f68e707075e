// Where conversations are kept, and how the nodes on one database tell each other what is new.
#pragma once

#include <kefu/bus.hpp>
#include <kefu/logger.hpp>
#include <kefu/store.hpp>

#include <memory>

#include "options.hpp"

namespace helpdesk {

/// SQLite's file.
[[nodiscard]] std::filesystem::path database_of(const Options& options);

/// SQLite in the data folder, or PostgreSQL. Throws std::exception, also where this program was
/// built without it.
[[nodiscard]] std::unique_ptr<kefu::Store> open_store(const Options& options);

/// Null: this is the only node. Throws likewise. `log` outlives it.
[[nodiscard]] std::unique_ptr<kefu::Bus> open_bus(const Options& options, kefu::Logger& log);

}  // namespace helpdesk
