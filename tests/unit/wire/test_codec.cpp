#include <kefu/wire/codec.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace kefu;
using wire::encode;
using namespace std::string_view_literals;

const ConversationId kConversation = *ConversationId::parse("0199c1d2-0000-7000-8000-000000000001");
const SessionId kSession = *SessionId::parse("0199c1d2-7a3e-7c4f-8a5b-6c7d8e9f0a1b");
constexpr std::string_view kIdText = "0199c1d2-0000-7000-8000-000000000001";

/// Copies what the handlers see, as the views die with the message.
struct Seen final : wire::Decoder::ClientHandler, wire::Decoder::ServerHandler {
  struct Failure {
    errc code;
    std::string detail;
    std::string ref;
    std::optional<ConversationId> conversation;
    std::optional<std::uint64_t> cseq;
  };

  void on_frame(const ClientFrame& frame) override {
    encode(frame, frames.emplace_back());
    if (const auto* send = std::get_if<frame::Send>(&frame.body)) bodies.emplace_back(send->body);
  }
  void on_frame(const ServerFrame& frame) override {
    encode(frame, frames.emplace_back());
    if (const auto* entry = std::get_if<frame::EntryFrame>(&frame.body))
      bodies.emplace_back(entry->body);
  }
  void on_error(const wire::DecodeError& error) override {
    failures.push_back({error.code, std::string(error.detail), std::string(error.ref),
                        error.conversation, error.cseq});
  }

  std::vector<std::string> frames;
  std::vector<std::string> bodies;
  std::vector<Failure> failures;
};

/// Decodes from a buffer of exactly the message's size, so that a sanitizer sees a read behind it,
/// and again with garbage as slack; both must agree.
template <class Handler>
Seen decode_as(std::string_view message, const limits& bounds) {
  wire::Decoder decoder(bounds);
  Seen seen;
  const auto exact = std::make_unique<char[]>(message.size());
  std::copy(message.begin(), message.end(), exact.get());
  decoder.decode({exact.get(), message.size()}, 0, static_cast<Handler&>(seen));
  for (const char garbage : {'}', ']', ',', '"', ':', '\\', '\0'}) {
    Seen other;
    std::string slack(message);
    slack.append(64, garbage);
    decoder.decode({slack.data(), message.size()}, 64, static_cast<Handler&>(other));
    CHECK(other.frames == seen.frames);
    CHECK(other.failures.size() == seen.failures.size());
  }
  return seen;
}
Seen client(std::string_view message, const limits& bounds = {}) {
  return decode_as<wire::Decoder::ClientHandler>(message, bounds);
}
Seen server(std::string_view message) {
  return decode_as<wire::Decoder::ServerHandler>(message, {});
}

/// The only failure of a message without a good frame.
Seen::Failure failure(const Seen& seen) {
  CHECK(seen.frames.empty());
  REQUIRE(seen.failures.size() == 1);
  return seen.failures.front();
}
void check_failure(std::string_view message, errc code, std::string_view detail) {
  CAPTURE(message);
  const auto found = failure(client(message));
  CHECK(name(found.code) == name(code));
  CHECK(found.detail == detail);
}

std::string send_with(std::string_view members) {
  return R"({"type":"send","conversation":")" + std::string(kIdText) + "\"," +
         std::string(members) + "}";
}

TEST_CASE("a frame on the message path has its numbers where tools look for them") {
  frame::EntryFrame entry;
  entry.conversation = kConversation;
  entry.seq = 7;
  entry.from = "v";
  entry.role = Role::visitor;
  entry.origin = Origin{kSession, 3};
  entry.kind = "text";
  entry.body = "x";
  std::string json = "before ";  // appended to
  encode(entry, json);
  CHECK(
      json ==
      R"(before {"type":"entry","conversation":"0199c1d2-0000-7000-8000-000000000001","seq":7,"from":"v","role":"visitor",)"
      R"("origin":{"session":"0199c1d2-7a3e-7c4f-8a5b-6c7d8e9f0a1b","cseq":3},"kind":"text","body":"x",)"
      R"("at":"1970-01-01T00:00:00.000000000Z"})");

  frame::Ack ack;
  ack.conversation = kConversation;
  ack.log = Log::internal;
  ack.cseq = 5;
  ack.seq = 9;
  ack.count = 2;
  json.clear();
  encode(ack, json);
  CHECK(
      json ==
      R"({"type":"ack","conversation":"0199c1d2-0000-7000-8000-000000000001","log":"internal","cseq":5,"seq":9,)"
      R"("count":2,"at":"1970-01-01T00:00:00.000000000Z"})");
  CHECK(server(json).frames == std::vector{json});

  entry.tags = "rewritten";
  ack.stands = false;
  json.clear();
  encode(entry, json);
  CHECK(json.find(R"("body":"x","tags":"rewritten","at")") != std::string::npos);
  CHECK(server(json).frames == std::vector{json});
  json.clear();
  encode(ack, json);
  CHECK(json.find(R"("count":2,"stands":false,"at")") != std::string::npos);
  CHECK(server(json).frames == std::vector{json});
}

TEST_CASE("the two ways to encode an entry and an ack agree") {
  frame::EntryFrame entry;
  entry.log = Log::internal;
  entry.seq = 1;
  entry.body = "\x01\x02\x03";
  frame::Ack ack;
  ack.cseq = ack.seq = 1;
  std::string one, other;
  encode(entry, one);
  encode(ack, one);
  encode(ServerFrame{{}, entry}, other);
  encode(ServerFrame{{}, ack}, other);
  CHECK(one == other);
}

TEST_CASE("a body comes back byte for byte, whatever it holds") {
  std::vector<std::string> bodies = {"",
                                     "plain",
                                     "\"",
                                     "\\",
                                     "\\\"",
                                     std::string(1, '\0'),
                                     std::string("a\0b", 3),
                                     "\x7f",
                                     "é",
                                     "漢字",
                                     "👋🏽",
                                     "\xE2\x80\xA8",
                                     "</script>",
                                     "\r\n\t\b\f\v\x1f"};
  for (std::size_t size = 0; size < 70;
       ++size) {  // every alignment of an escape in the scan for one
    bodies.push_back(std::string(size, 'x') + '\n' + std::string(20, 'y'));
    bodies.push_back(std::string(size, 'x') + '"');
    bodies.push_back(std::string(size, 'x') + "\xC3\xA9" + std::string(20, 'y'));
  }
  for (int c = 0; c < 0x80; ++c)
    bodies.push_back("ab" + std::string(1, static_cast<char>(c)) + "cdefghijklmnop");
  for (const std::string& body : bodies) {
    frame::Send send;
    send.conversation = kConversation;
    send.cseq = 1;
    send.body = body;
    std::string json;
    encode(ClientFrame{{}, send}, json);
    CHECK(std::none_of(json.begin(), json.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
    const Seen seen = client(json);
    REQUIRE(seen.bodies.size() == 1);
    CHECK(seen.bodies.front() == body);
  }
}

TEST_CASE("every escape of JSON is understood") {
  const Seen seen = client(
      send_with(R"("cseq":1,"body":"\"\\\/\b\f\n\r\t\u0041\u00e9\u6f22\ud83d\udc4b\u0000\u001F")"));
  REQUIRE(seen.bodies.size() == 1);
  CHECK(seen.bodies.front() == "\"\\/\b\f\n\r\tA\xC3\xA9\xE6\xBC\xA2\xF0\x9F\x91\x8B\0\x1f"sv);
}

TEST_CASE("an escaped surrogate without its partner is refused, wherever it stands") {
  for (const char* text :
       {R"(\ud800)", R"(\udc00)", R"(\udfff)", R"(x\ud83dx)", R"(\ud800\ud800)", R"(\ud800\u0041)",
        R"(\udc00\ud800)", R"(\uDBFF\n)", R"(\ud83d\udc4b\udc4b)"}) {
    check_failure(send_with(R"("cseq":1,"body":")" + std::string(text) + "\""), errc::bad_frame,
                  "body");
    check_failure(send_with(R"("cseq":1,"body":"x","\u0072ef":")" + std::string(text) + "\""),
                  errc::bad_frame, "ref");
    check_failure(send_with(R"("cseq":1,"body":"x",")" + std::string(text) + "\":1"),
                  errc::bad_frame, "the name of a field");
  }
  for (const char* text : {R"(\x)", R"(\u12)", R"(\u12g4)", R"(\U0041)"}) {
    check_failure(send_with(R"("cseq":1,"body":")" + std::string(text) + "\""), errc::bad_frame,
                  "body");
  }
}

TEST_CASE("what is not JSON is refused once") {
  for (const char* text : {"",
                           " ",
                           "{",
                           "}",
                           "[",
                           "]",
                           "{]",
                           "[}",
                           "{\"",
                           "\"",
                           "nul",
                           "{\"type\"}",
                           "{\"type\":}",
                           "{,}",
                           "{\"type\":\"done\"",
                           "{\"type\":\"list\"}}",
                           "{\"type\":\"list\"} x",
                           "{\"type\":\"list\"}{}",
                           "{\"type\" \"list\"}",
                           "{\"type\":\"list\",}",
                           "{\"type\":\"list\" \"limit\":1}",
                           "{type:\"list\"}",
                           "{'type':'list'}",
                           "[{\"type\":\"list\"",
                           "{\"type\":\"list\",\"x\":[[}",
                           "{1:2}",
                           "{{}}"}) {
    CAPTURE(text);
    const Seen seen = client(text);
    CHECK(seen.frames.empty());
    REQUIRE(seen.failures.size() == 1);
    CHECK(seen.failures.front().code == errc::bad_frame);
  }
  CHECK(failure(client("1")).detail == "not an object");
  CHECK(failure(client("\"x\"")).detail == "not an object");
  CHECK(failure(client("null")).detail == "not an object");
}

TEST_CASE("text that is not UTF-8 and unescaped control characters are refused") {
  for (const std::string bad :
       {"\xff", "\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82"}) {
    check_failure(send_with("\"cseq\":1,\"body\":\"" + bad + "\""), errc::bad_frame, "not UTF-8");
  }
  check_failure(send_with("\"cseq\":1,\"body\":\"a\nb\""), errc::bad_frame, "not JSON");
  check_failure(send_with("\"cseq\":1,\"body\":\"a\0b\""sv), errc::bad_frame, "not JSON");
}

TEST_CASE("each field is checked, and named when it is wrong") {
  check_failure(R"({})", errc::bad_frame, "type");
  check_failure(R"({"type":1})", errc::bad_frame, "type");
  check_failure(R"({"type":null})", errc::bad_frame, "type");
  check_failure(R"({"type":"listen"})", errc::unsupported, "type");
  check_failure(R"({"type":"forget"})", errc::unsupported, "type");
  check_failure(R"({"type":"entry"})", errc::unsupported, "type");  // the server's
  check_failure(R"({"type":"list","ref":1})", errc::bad_frame, "ref");
  check_failure(R"({"type":"hello"})", errc::bad_frame, "token");
  check_failure(R"({"type":"hello","token":"t","session":""})", errc::bad_frame, "session");
  check_failure(R"({"type":"hello","token":"t","epoch":0})", errc::bad_frame, "epoch");
  check_failure(R"({"type":"hello","token":"t","positions":{}})", errc::bad_frame, "positions");
  check_failure(R"({"type":"hello","token":"t","positions":[1]})", errc::bad_frame, "positions");
  check_failure(R"({"type":"hello","token":"t","positions":[{"seq":1}]})", errc::bad_frame,
                "positions");
  check_failure(R"({"type":"open","id":"00000000-0000-0000-0000-000000000000"})", errc::bad_frame,
                "id");
  check_failure(R"({"type":"accept"})", errc::bad_frame, "conversation");
  check_failure(R"({"type":"accept","conversation":{"id":1}})", errc::bad_frame, "conversation");
  check_failure(R"({"type":"list","limit":0})", errc::bad_frame, "limit");
  check_failure(R"({"type":"presence","intent":"asleep"})", errc::bad_frame, "intent");
  const std::string transfer =
      R"({"type":"transfer","conversation":")" + std::string(kIdText) + "\"";
  check_failure(transfer + "}", errc::bad_frame, "either agent or department");
  check_failure(transfer + R"(,"agent":"a","department":"d"})", errc::bad_frame,
                "either agent or department");
  check_failure(transfer + R"(,"agent":1})", errc::bad_frame, "agent");
  const std::string open = R"({"type":"open","id":")" + std::string(kIdText) + "\"";
  check_failure(open + R"(,"attributes":["a"]})", errc::bad_frame, "attributes");
  check_failure(open + R"(,"attributes":{"a":1}})", errc::bad_frame, "attributes");
  check_failure(open + R"(,"attributes":{"a":")" + std::string(257, 'x') + R"("}})",
                errc::too_large, "attributes");
  check_failure(open + R"(,"priority":"now"})", errc::bad_frame, "priority");
  const std::string history = R"({"type":"history","conversation":")" + std::string(kIdText) + "\"";
  check_failure(history + "}", errc::bad_frame, "either before or after");
  check_failure(history + R"(,"before":1,"after":1})", errc::bad_frame, "either before or after");
  check_failure(history + R"(,"before":1,"log":"both"})", errc::bad_frame, "log");
  check_failure(send_with(R"("cseq":1)"), errc::bad_frame, "body");
  check_failure(send_with(R"("cseq":1,"body":1)"), errc::bad_frame, "body");
  check_failure(send_with(R"("cseq":1,"body":["x"])"), errc::bad_frame, "body");
  check_failure(send_with(R"("cseq":1,"body":"x","kind":"")"), errc::bad_frame, "kind");
  check_failure(send_with(R"("body":"x")"), errc::bad_frame, "cseq");
}

TEST_CASE("an integer is digits alone, up to what JavaScript holds") {
  for (const char* number :
       {"0", "-1", "-0", "1.0", "1.5", "1e2", "01", "9007199254740992", "18446744073709551615",
        "18446744073709551616", "99999999999999999999999", "\"1\"", "true", "[1]", "{}", "1x", "+1",
        "Infinity", "0x10"}) {
    check_failure(send_with(R"("body":"x","cseq":)" + std::string(number)), errc::bad_frame,
                  "cseq");
  }
  CHECK(client(send_with(R"("body":"x","cseq":9007199254740991)")).frames.size() == 1);
}

TEST_CASE(
    "null is absent; a known field may stand once; unknown fields are ignored, however deep") {
  const Seen seen = client(
      R"({"type":"hello","token":"t","session":null,"epoch":null,"positions":null,"ref":null})");
  CHECK(seen.frames == std::vector<std::string>{R"({"type":"hello","token":"t","epoch":1})"});
  check_failure(R"({"type":"hello","token":"t","token":"t"})", errc::bad_frame, "token");
  check_failure(R"({"type":"hello","token":"t","token":null})", errc::bad_frame, "token");
  check_failure(R"({"type":"hello","\u0074ype":"list","token":"t"})", errc::bad_frame, "type");
  check_failure(R"({"type":"list","limit":nulx})", errc::bad_frame, "limit");

  const std::string deep = std::string(5000, '[') + std::string(5000, ']');
  CHECK(client(R"({"type":"list","new":)" + deep + R"(,"new":{"type":1},"newer":"\ud800"})")
            .frames.size() == 1);
  CHECK(client(R"({"type":"list","entries":)" + deep + "}").frames.size() == 1);
  check_failure(R"({"type":"hello","token":"t","positions":)" + deep + "}", errc::bad_frame,
                "positions");
}

TEST_CASE("an escaped name is the name") {
  CHECK(client(R"({"\u0074\u0079pe":"list","l\u0069mit":7})").frames ==
        std::vector<std::string>{R"({"type":"list","limit":7})"});
}

TEST_CASE("depth and breadth cost an error, nothing else") {
  for (const char* open : {"[", "{\"a\":", "[{\"conversations\":"}) {
    std::string bomb;
    for (int i = 0; i < 6000; ++i) bomb += open;
    bomb.resize(60'000, ' ');
    CHECK(client(bomb).frames.empty());
    CHECK(!client(bomb).failures.empty());
    CHECK(server(bomb).frames.empty());
  }
  std::string origins;
  for (int i = 0; i < 5000; ++i) origins += "{\"origin\":";
  CHECK(server(R"({"type":"entry","origin":)" + origins + "1" + std::string(5001, '}'))
            .frames.empty());
  std::string wide = "[0";
  for (int i = 0; i < 30'000; ++i) wide += ",0";
  const Seen seen = client(wide + "]");
  CHECK(seen.failures.size() == limits{}.max_frames + 1);
  CHECK(seen.failures.back().code == errc::too_large);
}

TEST_CASE("a limit gives too_large, with the field") {
  limits bounds;
  bounds.max_body = 4;
  bounds.max_kind = 4;
  bounds.max_id = 4;
  bounds.max_subject = 4;
  bounds.max_token = 4;
  bounds.max_ref = 4;
  const auto check = [&](const std::string& message, std::string_view field) {
    CAPTURE(message);
    std::string within = message;
    within.replace(within.find("12345"), 5, "1234");
    CHECK(client(within, bounds).frames.size() == 1);
    const auto found = failure(client(message, bounds));
    CHECK(found.code == errc::too_large);
    CHECK(found.detail == field);
  };
  check(send_with(R"("cseq":1,"body":"12345")"), "body");
  check(send_with(R"("cseq":1,"body":"","kind":"12345")"), "kind");
  check(R"({"type":"hello","token":"12345"})", "token");
  check(R"({"type":"token","token":"12345"})", "token");
  check(R"({"type":"open","id":")" + std::string(kIdText) + R"(","department":"12345"})",
        "department");
  check(R"({"type":"open","id":")" + std::string(kIdText) + R"(","subject":"12345"})", "subject");
  check(R"({"type":"list","ref":"12345"})", "ref");

  // Counted unescaped.
  CHECK(client(send_with(R"("cseq":1,"body":"\u0041\u0041\u0041\u0041")"), bounds).frames.size() ==
        1);

  bounds.max_frame = 40;
  CHECK(client(R"({"type":"list","limit":10,  "x":"12345"})", bounds).frames.size() == 1);
  const auto found = failure(client(R"({"type":"list","limit":10,  "x":"123456"})", bounds));
  CHECK(found.code == errc::too_large);
  CHECK(found.detail == "the message");
}

TEST_CASE("a bad send says which send it was, and a bad frame which ref it had") {
  const auto found = failure(client(send_with(R"("cseq":5,"ref":"r","body":17)")));
  CHECK(found.ref == "r");
  CHECK(found.conversation == kConversation);
  CHECK(found.cseq == 5);
  const auto nameless = failure(client(R"({"type":"note","cseq":5,"body":17,"conversation":"?"})"));
  CHECK(!nameless.conversation);
  CHECK(nameless.cseq == 5);
  CHECK(failure(client(R"({"type":"listen","ref":"r"})")).ref == "r");
  CHECK(failure(client(R"({"ref":"r"})")).ref == "r");
  CHECK(!failure(client(R"({"type":"read","cseq":1,"conversation":"?"})")).cseq);
}

TEST_CASE("an array is its frames; one bad frame does not spoil the others") {
  CHECK(client("[]").frames.empty());
  CHECK(client("[]").failures.empty());
  const Seen seen = client(
      R"([{"type":"list","limit":1},{"type":"x"},7,[{"type":"list"}],{"type":"list","limit":"\ud800"},
                               {"type":"list","limit":2}])");
  CHECK(seen.frames ==
        std::vector<std::string>{R"({"type":"list","limit":1})", R"({"type":"list","limit":2})"});
  REQUIRE(seen.failures.size() == 4);
  CHECK(seen.failures[0].code == errc::unsupported);
  CHECK(seen.failures[1].detail == "not an object");
  CHECK(seen.failures[2].detail == "not an object");
  CHECK(seen.failures[3].detail == "limit");

  const Seen broken =
      client(R"([{"type":"list","limit":1},{"type" "list"},{"type":"list","limit":2}])");
  CHECK(broken.frames.size() == 1);
  REQUIRE(broken.failures.size() == 1);
  CHECK(broken.failures.front().detail == "not JSON");
}

TEST_CASE("an array may have max_frames frames") {
  limits bounds;
  bounds.max_frames = 3;
  const std::string three = R"({"type":"list"},{"type":"list"},{"type":"list"})";
  CHECK(client("[" + three + "]", bounds).failures.empty());
  const Seen seen = client("[" + three + "," + three + "]", bounds);
  CHECK(seen.frames.size() == 3);
  REQUIRE(seen.failures.size() == 1);
  CHECK(seen.failures.front().code == errc::too_large);
}

TEST_CASE("a client skips what it does not know") {
  const Seen seen = server(R"([{"type":"weather","position":3},{"type":"done","new":{"a":[1]}},
                               {"type":"error","code":"brand_new"},{"type":"entry"}])");
  CHECK(seen.frames ==
        std::vector<std::string>{R"({"type":"done"})", R"({"type":"error","code":"unsupported"})"});
  REQUIRE(seen.failures.size() == 1);
  CHECK(seen.failures.front().detail == "seq");
}

TEST_CASE("a server's frame that makes no sense is refused") {
  const std::string ack = R"({"type":"ack","at":"2026-11-23T08:31:23Z","conversation":")" +
                          std::string(kIdText) + "\",";
  CHECK(server(ack + R"("cseq":2,"seq":2,"count":2})").frames.size() == 1);
  CHECK(failure(server(ack + R"("cseq":2,"seq":2,"count":3})")).detail == "count");
  CHECK(failure(server(ack + R"("cseq":2,"seq":2,"count":0})")).detail == "count");
  CHECK(failure(server(ack + R"("cseq":0,"seq":2})")).detail == "cseq");
  CHECK(failure(server(R"({"type":"welcome"})")).detail == "session");
  CHECK(failure(server(R"({"type":"joined","conversation":")" + std::string(kIdText) + "\"}"))
            .detail == "conversation");
}

TEST_CASE("the entries of a page belong to its conversation and log") {
  struct Page final : wire::Decoder::ServerHandler {
    void on_frame(const ServerFrame& frame) override {
      const auto& page = std::get<frame::HistoryPage>(frame.body);
      REQUIRE(page.entries.size() == 2);
      for (const auto& entry : page.entries) {
        CHECK(entry.conversation == kConversation);
        CHECK(entry.log == Log::internal);
      }
      CHECK(page.entries[0].after == 4);
      CHECK(page.entries[1].origin == Origin{kSession, 6});
    }
    void on_error(const wire::DecodeError& error) override { FAIL(error.detail); }
  } page;
  frame::HistoryPage sent;
  sent.conversation = kConversation;
  sent.log = Log::internal;
  sent.entries.resize(2);
  for (auto& entry : sent.entries) entry.log = Log::internal;
  sent.entries[0].seq = 1;
  sent.entries[0].after = 4;
  sent.entries[1].seq = 2;
  sent.entries[1].origin = Origin{kSession, 6};
  sent.tail = 2;
  std::string json;
  encode(ServerFrame{{}, std::move(sent)}, json);
  wire::Decoder decoder{limits{}};
  decoder.decode(json, 0, page);
}

TEST_CASE("a decoder goes on after whatever it met") {
  wire::Decoder decoder{limits{}};
  Seen seen;
  auto& handler = static_cast<wire::Decoder::ClientHandler&>(seen);
  const std::string big = send_with(R"("cseq":1,"body":")" + std::string(16'000, 'x') + "\"");
  for (int round = 0; round < 3; ++round) {
    for (const std::string_view text : {"{", "[[[[", "{\"type\":\"list\"", "\xff"})
      decoder.decode(text, 0, handler);
    decoder.decode(big, 0, handler);
    decoder.decode(R"({"type":"list"})", 0, handler);
  }
  CHECK(seen.frames.size() == 6);
  CHECK(seen.failures.size() == 12);
}

}  // namespace
