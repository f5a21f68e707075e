// PendingStore: the port to whatever keeps what a client must not forget: its session, its
// positions and its pending sends. Two ship: MemoryPendingStore for clients whose life is their
// process's, and FilePendingStore (file_pending_store.hpp) for those that must survive it.
//
// Contract: after a save() that answered errc::ok, load() gives that state, whatever happens to the
// process or the machine, until a later save(). After one that failed, load() gives that state or
// the one before, never a mixture.
//
// Threading: one thread at a time. save() may block as long as a disk takes.
#pragma once

#include <kefu/core/client_state.hpp>
#include <kefu/error.hpp>
#include <utility>

namespace kefu::inline v0::client {

class PendingStore {
 public:
  virtual ~PendingStore() = default;

  /// What was saved last; a new ClientState when nothing was.
  [[nodiscard]] virtual core::ClientState load() = 0;

  /// errc::store_full (nothing was saved; later calls may succeed), errc::store_failed (whether it
  /// was saved is unknown; every later call fails too).
  [[nodiscard]] virtual errc save(const core::ClientState& state) = 0;
};

/// Keeps it in this object.
class MemoryPendingStore final : public PendingStore {
 public:
  MemoryPendingStore() = default;
  explicit MemoryPendingStore(core::ClientState state) : state_(std::move(state)) {}

  [[nodiscard]] core::ClientState load() override { return state_; }
  [[nodiscard]] errc save(const core::ClientState& state) override {
    state_ = state;
    return errc::ok;
  }

 private:
  core::ClientState state_;
};

}  // namespace kefu::inline v0::client
