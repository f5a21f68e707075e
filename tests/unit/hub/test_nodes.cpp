#include <doctest/doctest.h>

#include <kefu/testing/sim_bus.hpp>

#include "host.hpp"
#include "hub/hints.hpp"

using namespace kefu;
using namespace kefu::testing;

namespace {

/// Counts what is read of logs, and keeps records back, as they were read, until they are let go.
class Watched final : public StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;
  void read(ReadRequest request, Completion<result<Page>> done) override {
    ++reads;
    inner().read(request, std::move(done));
  }
  void get(RecordKey key, Completion<result<std::optional<Record>>> done) override {
    inner().get(std::move(key), [this, done = std::move(done)](auto record) mutable {
      if (!slow) return done(std::move(record));
      kept.push_back([done = std::move(done), record = std::move(record)]() mutable {
        done(std::move(record));
      });
    });
  }
  void let_go() {
    slow = false;
    for (Completion<>& each : std::exchange(kept, {})) each();
  }

  std::size_t reads = 0;
  bool slow = false;
  std::vector<Completion<>> kept;
};

/// Two nodes on one store, with a bus between them.
struct Nodes {
  ManualClock clock;
  memory::Store store{clock};
  Watched of_second{store};
  ManualExecutor loop;
  SimBus bus{loop, 1};
  std::unique_ptr<Bus> first_end = bus.connect();
  std::unique_ptr<Bus> second_end = bus.connect();
  Hub first{{&loop}, store, options(*first_end)};
  Hub second{{&loop}, of_second, options(*second_end)};

  Nodes() {
    first.authenticate(std::make_unique<PlainTokens>());
    second.authenticate(std::make_unique<PlainTokens>());
  }
  HubOptions options(Bus& end) {
    HubOptions out;
    out.clock = &clock;
    out.bus = &end;
    out.desk.strategy = strategy::kPick;
    out.desk.typing_preview = true;
    return out;
  }
};

std::string send(int cseq, std::string_view body) {
  return R"({"type":"send",)" + in_conversation() + R"(,"cseq":)" + std::to_string(cseq) +
         R"(,"kind":"text","body":")" + std::string(body) + "\"}";
}

struct Pair {
  Nodes nodes;
  Peer writer{nodes.first, nodes.loop};
  Peer reader{nodes.second, nodes.loop};  // the same visitor, on another device and node

  Pair() {
    writer.asks(hello("visitor v"));
    writer.asks(open());
    reader.asks(hello("visitor v"));
  }
};

TEST_CASE("what is stored on one node is read on the other") {
  Pair pair;
  pair.writer.asks(send(1, "over there"));
  CHECK(pair.reader.got("\"entry\"", "over there") == 1);
  pair.writer.asks(R"({"type":"close",)" + in_conversation() + "}");
  CHECK(pair.reader.got("\"kind\":\"closed\"") == 1);
}

TEST_CASE("what is stored on one node comes to readers on the other without a read of the store") {
  Pair pair;
  Peer ann(pair.nodes.second, pair.nodes.loop);
  ann.asks(hello("agent ann"));
  ann.asks(R"({"type":"accept",)" + in_conversation() + "}");
  pair.nodes.of_second.reads = 0;
  pair.writer.asks(send(1, "straight"));
  CHECK(ann.got("\"entry\"", "straight") == 1);
  CHECK(ann.got("\"origin\"") == 0);
  CHECK(pair.reader.got("\"entry\"", "straight", "\"origin\"") == 1);  // its own, as it may find
  ann.asks(R"({"type":"note",)" + in_conversation() + R"(,"cseq":1,"kind":"text","body":"hm"})");
  CHECK(ann.got("\"ack\"", "\"log\":\"internal\"") == 1);
  CHECK(pair.writer.got("hm") + pair.reader.got("hm") == 0);
  CHECK(pair.nodes.of_second.reads == 0);
}

TEST_CASE("an entry above limits::hint_entry comes by a read of the store") {
  Pair pair;
  pair.nodes.of_second.reads = 0;
  pair.writer.asks(send(1, std::string(limits{}.hint_entry, 'x')));
  CHECK(pair.reader.got("\"entry\"", "xxx") == 1);
  CHECK(pair.nodes.of_second.reads == 1);
  pair.writer.asks(send(2, "small"));
  CHECK(pair.reader.got("\"entry\"", "small") == 1);
  CHECK(pair.nodes.of_second.reads == 1);
}

TEST_CASE("a lost hint is made good by the next") {
  Pair pair;
  pair.nodes.bus.options.lose = 1;
  pair.writer.asks(send(1, "lost"));
  CHECK(pair.reader.got("lost") == 0);
  pair.nodes.bus.options.lose = 0;
  pair.writer.asks(send(2, "next"));
  CHECK(pair.reader.got("\"entry\"", "lost") == 1);
  CHECK(pair.reader.got("\"entry\"", "next") == 1);
}

TEST_CASE("the last hint is made good by a heartbeat") {
  Pair pair;
  pair.nodes.bus.options.lose = 1;
  pair.writer.asks(send(1, "lost"));
  pair.nodes.bus.options.lose = 0;
  pair.nodes.loop.advance(limits{}.tail_heartbeat * 2);
  CHECK(pair.reader.got("\"entry\"", "lost") == 1);
}

TEST_CASE("a hint that comes twice, late or from nowhere does no harm") {
  Pair pair;
  pair.nodes.bus.options.repeat = 1;
  pair.writer.asks(send(1, "once"));
  CHECK(pair.reader.got("\"entry\"", "once") == 1);
  const auto stranger = pair.nodes.bus.connect();
  // The last one is about this conversation, and wrong by far.
  std::string wrong = {'\x01', '\x99', '\xc1', '\xd2', 0, 0, '\x70', 0, '\x80',
                       0,      0,      0,      0,      0, 0, 1,      0};
  wrong.append(8, '\x7f');
  for (const std::string& garbage :
       {std::string(), std::string("x"), std::string(25, '\xff'), std::string(1000, '\0'), wrong}) {
    stranger->publish("kefu.tails", garbage);
    stranger->publish("kefu.frames", garbage);
  }
  for (const char* const garbage :
       {"[", "[]", "{}", R"([{"type":"entry"}])", R"([{"type":"ack","conversation":"x"}])",
        R"([{"type":"entry",)", R"([{"type":"typing"},{"type":"receipt","conversation":7}])"}) {
    stranger->publish("kefu.frames", garbage);
  }
  // One of this conversation that is far from being the next.
  stranger->publish("kefu.frames",
                    R"([{"type":"entry",)" + in_conversation() +
                        R"(,"seq":4611686018427387904,"from":"v","role":"visitor","kind":"text",)"
                        R"("body":"never","at":"2026-01-01T00:00:00.000Z"}])");
  pair.nodes.loop.run_until_idle();
  pair.writer.asks(send(2, "twice"));
  CHECK(pair.reader.got("\"entry\"", "twice") == 1);
  CHECK(pair.reader.got("\"reset\"") == 0);
  CHECK(pair.reader.got("never") == 0);
}

TEST_CASE("whoever takes part from now on hears of it on every node") {
  Nodes nodes;
  Peer visitor(nodes.first, nodes.loop), bob(nodes.first, nodes.loop);
  Peer phone(nodes.second, nodes.loop), ann(nodes.second, nodes.loop);
  Peer stranger(nodes.second, nodes.loop);
  visitor.asks(hello("visitor v"));
  phone.asks(hello("visitor v"));
  stranger.asks(hello("visitor w"));
  bob.asks(hello("agent bob"));
  ann.asks(hello("agent ann"));
  visitor.asks(open());
  CHECK(phone.got("\"type\":\"joined\"") == 1);
  bob.asks(R"({"type":"accept",)" + in_conversation() + "}");
  nodes.bus.options.lose = 1;
  bob.asks(R"({"type":"join",)" + in_conversation() + R"(,"agent":"ann"})");
  CHECK(ann.got("\"joined\"") == 0);
  nodes.bus.options.lose = 0;
  nodes.loop.advance(limits{}.tail_heartbeat * 2);
  CHECK(ann.got("\"type\":\"joined\"") == 1);
  visitor.asks(send(1, "both"));
  CHECK(phone.got("\"entry\"", "both") == 1);
  CHECK(ann.got("\"entry\"", "both") == 1);

  std::string wrong;
  hub::encode({0x0199c1d200007000, 0x8000000000000001}, "w", wrong);
  hub::encode({7, 7}, "w", wrong);
  wrong += "garbage";
  nodes.bus.connect()->publish("kefu.members", wrong);
  nodes.loop.advance(limits{}.tail_heartbeat * 20);
  CHECK(stranger.got("\"joined\"") == 0);
  CHECK(phone.got("\"type\":\"joined\"") == 1);
  CHECK(ann.got("\"type\":\"joined\"") == 1);
}

TEST_CASE("who types, and who has read how far, is seen on the other node") {
  Pair pair;
  Peer ann(pair.nodes.second, pair.nodes.loop);
  ann.asks(hello("agent ann"));
  ann.asks(R"({"type":"accept",)" + in_conversation() + "}");
  pair.writer.asks(R"({"type":"typing",)" + in_conversation() + R"(,"preview":"I ha"})");
  CHECK(ann.got("\"typing\"", R"("from":"v","on":true,"preview":"I ha"})") == 1);
  CHECK(pair.reader.got("\"typing\"", R"("from":"v","on":true})") == 1);
  CHECK(pair.writer.got("\"typing\"") == 0);
  ann.asks(R"({"type":"typing",)" + in_conversation() + "}");
  CHECK(pair.writer.got("\"typing\"", "ann") == 1);
  pair.writer.asks(send(1, "read me"));
  ann.asks(R"({"type":"read",)" + in_conversation() + R"(,"seq":3})");
  CHECK(pair.writer.got("\"receipt\"", R"("from":"ann","read":3)") == 1);
}

TEST_CASE("staff of one node see who waits on another, once, and that somebody took it there") {
  Nodes nodes;
  Peer visitor(nodes.first, nodes.loop), ann(nodes.first, nodes.loop);
  Peer bob(nodes.second, nodes.loop);
  visitor.asks(hello("visitor v"));
  ann.asks(hello("agent ann"));
  bob.asks(hello("agent bob"));
  const auto look = [&] { nodes.loop.advance(limits{}.routing_sweep * 2); };
  look();
  visitor.asks(open());
  look();
  look();
  CHECK(ann.got("\"type\":\"offer\"") == 1);
  CHECK(bob.got("\"type\":\"offer\"") == 1);
  ann.asks(R"({"type":"accept",)" + in_conversation() + "}");
  look();
  look();
  CHECK(ann.got("\"type\":\"offer_gone\"") == 1);
  CHECK(bob.got("\"type\":\"offer_gone\"") == 1);
  CHECK(bob.got("\"type\":\"offer\"") == 1);
}

TEST_CASE("whoever is let go while an older record is being read hears no more") {
  Nodes nodes;
  Peer visitor(nodes.first, nodes.loop), bob(nodes.first, nodes.loop), ann(nodes.first, nodes.loop);
  Peer elsewhere(nodes.second, nodes.loop);  // ann, too
  visitor.asks(hello("visitor v"));
  visitor.asks(open());
  bob.asks(hello("agent bob"));
  bob.asks(R"({"type":"accept",)" + in_conversation() + "}");
  ann.asks(hello("agent ann"));
  elsewhere.asks(hello("agent ann"));
  bob.asks(R"({"type":"join",)" + in_conversation() + R"(,"agent":"ann"})");
  nodes.loop.advance(limits{}.presence_check * 2);
  visitor.asks(send(1, "for both"));
  CHECK(elsewhere.got("for both") == 1);

  nodes.of_second.slow = true;
  bob.asks(R"({"type":"hold",)" + in_conversation() + "}");
  ann.asks(R"({"type":"leave",)" + in_conversation() + "}");
  CHECK_FALSE(nodes.of_second.kept.empty());
  nodes.of_second.let_go();
  nodes.loop.run_until_idle();
  visitor.asks(send(2, "for bob"));
  CHECK(bob.got("for bob") == 1);
  CHECK(elsewhere.got("for bob") == 0);
}

TEST_CASE("without a bus nothing is told") {
  Host host;
  Peer visitor(host);
  visitor.asks(hello("visitor v"));
  visitor.asks(open());
  visitor.asks(send(1, "alone"));
  CHECK(visitor.got("\"ack\"") == 1);
}

}  // namespace
