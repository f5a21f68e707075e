#include <kefu/client/pending_store.hpp>

#include <doctest/doctest.h>

TEST_CASE("MemoryPendingStore gives what was saved last") {
  kefu::client::MemoryPendingStore store;
  CHECK(store.load() == kefu::core::ClientState{});
  kefu::core::ClientState state;
  state.epoch = 7;
  state.conversations.emplace_back().id = {1, 2};
  CHECK(store.save(state) == kefu::errc::ok);
  CHECK(store.load() == state);
  kefu::client::PendingStore& port = store;
  CHECK(port.load() == state);
}
