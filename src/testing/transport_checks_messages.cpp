#include <thread>

#include "testing/transport_rig.hpp"

namespace kefu::inline v0::testing {
namespace {

constexpr std::size_t kSizes[] = {1, 2, 125, 126, 127, 4095, 4096, 65'535, 65'536, 200'000};

void accepts_each_client_once(TransportRig& rig) {
  const std::vector<TestLink> links = rig.connect(8);
  for (std::size_t i = 0; i < links.size(); ++i) links[i].client->send(text_of(i, 10));
  for (std::size_t i = 0; i < links.size(); ++i) {
    rig.await([&] { return links[i].server->messages() == 1; }, "a message of each client");
    expect_equal(links[i].server->texts().front(), text_of(i, 10), "a client's message");
  }
}

void messages_come_whole(TransportRig& rig) {
  const TestLink link = rig.connect();
  std::vector<std::string> sent;
  for (const std::size_t size : kSizes) {
    if (size <= rig.host().max_message()) sent.push_back(text_of(sent.size(), size));
  }
  sent.push_back(text_of(sent.size(), rig.host().max_message()));
  for (const std::string& one : sent) link.client->send(one);
  rig.await([&] { return link.server->messages() >= sent.size(); }, "messages of every size");
  expect(link.server->texts() == sent, "messages came changed, or in another order");
}

void many_come_in_order(TransportRig& rig) {
  const TestLink link = rig.connect();
  std::vector<std::string> sent;
  for (std::size_t i = 0; i < 3000; ++i) sent.push_back(text_of(i, 20 + i % 300));
  for (const std::string& one : sent) link.client->send(one);
  rig.await([&] { return link.server->messages() >= sent.size(); }, "many messages");
  expect(link.server->texts() == sent, "messages came changed, or in another order");
}

void frames_go_whole(TransportRig& rig) {
  const TestLink link = rig.connect();
  rig.on_shard(*link.server, [](ServerEnd& end) {
    std::size_t number = 0;
    for (const std::size_t size : kSizes) end.send(text_of(number++, size));
  });
  std::size_t number = 0;
  for (const std::size_t size : kSizes) {
    expect(rig.next(*link.client) == text_of(number++, size), "a frame came changed");
  }
}

void many_go_in_order(TransportRig& rig) {
  const TestLink link = rig.connect();
  constexpr std::size_t kTurns = 30, kFrames = 50;
  for (std::size_t turn = 0; turn < kTurns; ++turn) {
    rig.on_shard(*link.server, [turn](ServerEnd& end) {
      for (std::size_t i = 0; i < kFrames; ++i) {
        if (end.send(text_of(turn * kFrames + i, 30 + i)) == SendStatus::closed)
          throw Failure("an open connection did not take a frame");
      }
    });
  }
  for (std::size_t i = 0; i < kTurns * kFrames; ++i)
    expect_equal(rig.next(*link.client), text_of(i, 30 + i % kFrames), "a frame");
}

void a_frame_goes_to_many(TransportRig& rig) {
  const std::vector<TestLink> links = rig.connect(5);
  const auto frame = std::make_shared<SharedFrame>();
  rig.on_shard(*links[0].server, [&](ServerEnd& end) { *frame = end.frame(text_of(7, 300)); });
  for (const TestLink& link : links)
    rig.on_shard(*link.server, [&](ServerEnd& end) { end.send(*frame); });
  *frame = {};
  for (const TestLink& link : links)
    expect_equal(rig.next(*link.client), text_of(7, 300), "a shared frame");
}

void tells_of_backpressure(TransportRig& rig) {
  const TestLink link = rig.connect();
  link.client->pause_reading();
  std::size_t sent = fill(rig, *link.server);
  rig.on_shard(*link.server, [&](ServerEnd& end) {
    if (end.buffered() == 0) throw Failure("nothing is queued, and yet it is too much");
    // It takes what it is given, and goes on to tell.
    for (int i = 0; i < 3; ++i) {
      if (end.send(text_of(sent++, kFillFrame)) != SendStatus::backpressure)
        throw Failure("above the bound, send() doesn't answer backpressure");
    }
  });
  const int before = link.server->writable();
  link.client->resume_reading();
  for (std::size_t i = 0; i < sent; ++i)
    expect(rig.next(*link.client) == text_of(i, kFillFrame),
           "a frame was lost, changed or overtaken");
  rig.await([&] { return link.server->writable() > before; }, "on_writable()");
  rig.on_shard(*link.server, [&](ServerEnd& end) {
    if (end.send(text_of(sent, 10)) != SendStatus::accepted)
      throw Failure("a queue that was emptied is still full");
  });
  expect_equal(rig.next(*link.client), text_of(sent, 10), "the frame behind them");
}

void a_slow_reader_harms_nobody(TransportRig& rig) {
  rig.when_message([](ServerEnd& end, std::string_view text) { end.send(text); });
  const TestLink slow = rig.connect();
  slow.client->pause_reading();
  const std::size_t sent = fill(rig, *slow.server);
  for (int i = 0; i < 4; ++i) {
    const TestLink other = rig.connect();
    other.client->send("ping");
    expect_equal(rig.next(*other.client), std::string("ping"), "another client's echo");
  }
  slow.client->resume_reading();
  for (std::size_t i = 0; i < sent; ++i)
    expect(rig.next(*slow.client) == text_of(i, kFillFrame),
           "a frame was lost, changed or overtaken");
}

void a_pause_holds_messages_back(TransportRig& rig) {
  constexpr std::size_t kMessages = 2000, kSize = 4096;
  rig.when_message([](ServerEnd& end, std::string_view text) {
    if (text.starts_with("0:")) end.pause_reading();
  });
  const TestLink link = rig.connect();
  link.client->send(text_of(0, 10));
  rig.await([&] { return link.server->messages() == 1; }, "the first message");
  for (std::size_t i = 1; i < kMessages; ++i) link.client->send(text_of(i, kSize));
  // There is nothing to wait for: that it doesn't come is the point.
  for (int i = 0; i < 50; ++i) rig.host().let(Nanoseconds(1'000'000));
  expect(link.server->messages() < kMessages, "a pause holds nothing back");
  rig.on_shard(*link.server, [](ServerEnd& end) { end.resume_reading(); });
  rig.await([&] { return link.server->messages() >= kMessages; }, "messages after a pause");
  const std::vector<std::string> texts = link.server->texts();
  for (std::size_t i = 1; i < kMessages; ++i)
    expect(texts[i] == text_of(i, kSize), "a message was lost, changed or overtaken by a pause");
}

void pauses_do_not_add_up(TransportRig& rig) {
  const TestLink link = rig.connect();
  rig.on_shard(*link.server, [](ServerEnd& end) {
    end.resume_reading();
    end.pause_reading();
    end.pause_reading();
    end.resume_reading();
  });
  link.client->send("heard");
  rig.await([&] { return link.server->messages() == 1; }, "a message after pauses");
}

void tells_who_it_is(TransportRig& rig) {
  const TestLink link = rig.connect();
  const auto first = std::make_shared<std::string>();
  rig.on_shard(*link.server, [=](ServerEnd& end) {
    *first = end.connection().peer();
    static_cast<void>(end.connection().subject());
    static_cast<void>(end.connection().quality());
  });
  expect(!first->empty(), "peer() tells nothing");
  link.client->send("hello");
  rig.await([&] { return link.server->messages() == 1; }, "a message");
  rig.on_shard(*link.server, [=](ServerEnd& end) {
    if (end.connection().peer() != *first) throw Failure("peer() has changed");
  });
}

/// While an executor is busy, nobody is called on it.
void calls_wait_for_the_shard(TransportRig& rig) {
  constexpr int kRounds = 5;
  constexpr std::size_t kLinks = 4, kMessages = 50;
  const std::vector<TestLink> links = rig.connect(kLinks);
  const std::vector<Executor*> executors = rig.host().executors();
  for (int round = 0; round < kRounds; ++round) {
    const auto busy = std::make_shared<std::atomic<std::size_t>>(executors.size());
    for (Executor* const one : executors) {
      one->post([&rig, one, busy] {
        const Turn turn(rig, *one, "a task");
        std::this_thread::sleep_for(std::chrono::milliseconds(10));  // the chance for a call
        --*busy;
      });
    }
    for (const TestLink& link : links) {
      for (std::size_t i = 0; i < kMessages; ++i) link.client->send(text_of(i, 50));
    }
    rig.await([&] { return *busy == 0; }, "tasks on all executors");
  }
  for (const TestLink& link : links)
    rig.await([&] { return link.server->messages() == kRounds * kMessages; }, "all messages");
}

}  // namespace

void add_message_checks(std::vector<TransportCheck>& checks) {
  const auto add = [&](std::string_view name, std::string (*run)(TransportHost&)) {
    checks.push_back({name, run});
  };
  add("accept: each client once", run_transport_check<accepts_each_client_once>);
  add("messages: whole, whatever their size", run_transport_check<messages_come_whole>);
  add("messages: in order", run_transport_check<many_come_in_order>);
  add("send: whole, whatever the size", run_transport_check<frames_go_whole>);
  add("send: in order", run_transport_check<many_go_in_order>);
  add("send: one frame to many", run_transport_check<a_frame_goes_to_many>);
  add("send: tells of backpressure", run_transport_check<tells_of_backpressure>);
  add("send: a slow reader harms nobody", run_transport_check<a_slow_reader_harms_nobody>);
  add("pause: holds messages back", run_transport_check<a_pause_holds_messages_back>);
  add("pause: does not add up", run_transport_check<pauses_do_not_add_up>);
  add("peer: is told", run_transport_check<tells_who_it_is>);
  add("threads: calls wait for their executor", run_transport_check<calls_wait_for_the_shard>);
}

}  // namespace kefu::inline v0::testing
