#include <kefu/hub.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "unit/hub/host.hpp"

using namespace kefu;
using namespace kefu::testing;

namespace {

/// Notes how many drafts each append has.
class CountedAppends final : public StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;

  void append(std::unique_ptr<AppendBatch> batch,
              Completion<std::unique_ptr<AppendBatch>> done) override {
    sizes.push_back(batch->size());
    inner().append(std::move(batch), std::move(done));
  }

  std::vector<std::size_t> sizes;
};

/// Two visitors, each in a conversation, and a hub that appends so many drafts at a time.
struct Rig {
  explicit Rig(std::size_t batch_drafts)
      : memory(clock), store(memory), hub({&loop}, store, options(batch_drafts)) {
    hub.authenticate(std::make_unique<PlainTokens>());
    first.asks(hello("visitor v"));
    second.asks(hello("visitor w"));
    first.asks(open());
    second.asks(open(kOther));
    store.sizes.clear();
  }
  HubOptions options(std::size_t batch_drafts) {
    HubOptions out;
    out.limits.batch_drafts = batch_drafts;
    out.clock = &clock;
    out.random = [this] { return ++random * 0x9e37'79b9'7f4a'7c15u; };
    return out;
  }

  static constexpr std::string_view kOther = "0199c1d2-0000-7000-8000-000000000002";

  ManualClock clock;
  memory::Store memory;
  CountedAppends store;
  ManualExecutor loop;
  std::uint64_t random = 0;
  Hub hub;
  Peer first{hub, loop}, second{hub, loop};
};

std::string sends(int from, int to, std::string_view conversation) {
  std::string frames = "[";
  for (int cseq = from; cseq <= to; ++cseq) {
    if (cseq != from) frames += ',';
    frames += about("send", ",\"cseq\":" + std::to_string(cseq) + ",\"body\":\"x\"", conversation);
  }
  return frames + "]";
}

}  // namespace

TEST_CASE("an append holds what came in a turn, and ends between two sessions when it is full") {
  Rig rig(2);
  rig.first.says(sends(1, 3, kConversation));
  rig.second.says(sends(1, 1, Rig::kOther));
  rig.first.says(sends(4, 4, kConversation));
  rig.loop.run_until_idle();
  CHECK(rig.store.sizes == std::vector<std::size_t>{3, 2});
  CHECK(rig.first.got("\"ack\"", "\"cseq\":4") == 1);
  CHECK(rig.second.got("\"ack\"", "\"cseq\":1") == 1);
}

TEST_CASE("an append need not be full") {
  Rig rig(2);
  rig.first.asks(sends(1, 1, kConversation));
  CHECK(rig.store.sizes == std::vector<std::size_t>{1});
}
