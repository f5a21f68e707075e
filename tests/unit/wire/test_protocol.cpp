// PROTOCOL.md is the specification: its examples must be frames, and it must leave out no type and
// no error.
#include <doctest/doctest.h>

#include <fstream>
#include <kefu/wire/close_code.hpp>
#include <kefu/wire/codec.hpp>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "wire/field.hpp"

namespace {

using namespace kefu;

std::string specification() {
  std::ifstream file(std::string(KEFU_SOURCE_DIR) + "/include/kefu/wire/PROTOCOL.md");
  REQUIRE(file.good());
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Example {
  bool client;
  std::string json;
};

std::vector<Example> examples() {
  std::vector<Example> found;
  std::istringstream lines(specification());
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("```json", 0) != 0) continue;
    const bool client = line == "```json client";
    REQUIRE_MESSAGE((client || line == "```json server"), line);
    std::string json;
    while (std::getline(lines, line) && line != "```") json += line + "\n";
    found.push_back({client, json});
  }
  return found;
}

std::string without_spaces(std::string_view json) {
  std::string out;
  bool quoted = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (!quoted && (json[i] == ' ' || json[i] == '\n')) continue;
    if (json[i] == '"' && (i == 0 || json[i - 1] != '\\')) quoted = !quoted;
    out += json[i];
  }
  return out;
}

struct Reencode final : wire::Decoder::ClientHandler, wire::Decoder::ServerHandler {
  void on_frame(const ClientFrame& frame) override { add(frame); }
  void on_frame(const ServerFrame& frame) override { add(frame); }
  void on_error(const wire::DecodeError& error) override {
    FAIL(name(error.code) << ": " << error.detail);
  }
  template <class Frame>
  void add(const Frame& frame) {
    if (frames++ != 0) json += ',';
    wire::encode(frame, json);
  }
  std::string json;
  int frames = 0;
};

TEST_CASE("every example of the specification is a frame, as kefu itself would write it") {
  const std::vector<Example> all = examples();
  CHECK(all.size() > 30);
  wire::Decoder decoder{limits{}};
  std::set<std::string> client_types;
  std::set<std::string> server_types;
  for (const Example& example : all) {
    CAPTURE(example.json);
    Reencode out;
    const std::string expected = without_spaces(example.json);
    if (example.client) {
      decoder.decode(example.json, 0, static_cast<wire::Decoder::ClientHandler&>(out));
    } else {
      decoder.decode(example.json, 0, static_cast<wire::Decoder::ServerHandler&>(out));
    }
    CHECK(out.frames >= 1);
    CHECK((expected.front() == '[' ? "[" + out.json + "]" : out.json) == expected);
    const std::size_t type = expected.find("\"type\":\"") + 8;
    (example.client ? client_types : server_types)
        .insert(expected.substr(type, expected.find('"', type) - type));
  }
  CHECK(client_types.size() == wire::kClientTypes);
  CHECK(server_types.size() == wire::kServerTypes);
}

TEST_CASE("every type has a heading") {
  const std::string text = specification();
  for (std::size_t i = 0; i < wire::kClientTypes; ++i) {
    CHECK(text.find("\n### " + std::string(wire::kClientTypeTable.name(i)) + "\n") !=
          std::string::npos);
  }
  for (std::size_t i = 0; i < wire::kServerTypes; ++i) {
    CHECK(text.find("\n### " + std::string(wire::kServerTypeTable.name(i)) + "\n") !=
          std::string::npos);
  }
}

TEST_CASE("every error is in the table, as error.hpp has it, or is said never to be on the wire") {
  const std::string text = specification();
  const std::size_t table = text.find("\n## 10. Errors");
  const std::size_t never = text.find("Never in an `error` frame:", table);
  REQUIRE(never != std::string::npos);
  const std::string exceptions = text.substr(never, text.find("\n## ", never) - never);
  for (unsigned i = 0; i <= static_cast<unsigned>(errc::corrupt); ++i) {
    const errc code = static_cast<errc>(i);
    CAPTURE(name(code));
    const std::size_t row = text.find("\n| `" + std::string(name(code)) + "` | ", table);
    const bool excepted = exceptions.find("`" + std::string(name(code)) + "`") != std::string::npos;
    CHECK((row != std::string::npos) != excepted);
    if (excepted || row == std::string::npos) continue;
    const std::string line = text.substr(row + 1, text.find('\n', row + 1) - row - 1);
    CHECK((line.find(" | yes | ") != std::string::npos) ==
          (is_retryable(code) || is_refusal(code)));
    CHECK((line.find(" | no | yes | ") != std::string::npos) == is_refusal(code));
  }
}

TEST_CASE("every close code is in the table, with its reason") {
  const std::string text = specification();
  for (unsigned i = 0; i <= static_cast<unsigned>(errc::corrupt); ++i) {
    const errc code = static_cast<errc>(i);
    const std::uint16_t close = wire::close_code(code);
    const std::size_t row = text.find("\n| " + std::to_string(close) + " | ");
    CAPTURE(name(code));
    REQUIRE(row != std::string::npos);
    if (close < 4000) continue;
    const std::string line = text.substr(row + 1, text.find('\n', row + 1) - row - 1);
    CHECK(line.find("`" + std::string(name(code)) + "`") != std::string::npos);
  }
}

TEST_CASE("every limit that a client meets is in the table, with its default") {
  const std::string text = specification();
  const limits bounds;
  const auto row = [&](std::string_view limit, const std::string& value) {
    CAPTURE(limit);
    CHECK(text.find("\n| `" + std::string(limit) + "` | " + value + " | ") != std::string::npos);
  };
  const auto number = [](std::size_t value) {
    std::string digits = std::to_string(value);
    for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
    return digits;
  };
  row("window", number(bounds.window));
  row("max_frame", number(bounds.max_frame));
  row("max_body", number(bounds.max_body));
  row("max_frames", number(bounds.max_frames));
  row("max_answer", number(bounds.max_answer));
  row("max_kind", number(bounds.max_kind));
  row("max_id", number(bounds.max_id));
  row("max_subject", number(bounds.max_subject));
  row("max_token", number(bounds.max_token));
  row("max_ref", number(bounds.max_ref));
  row("max_history", number(bounds.max_history));
  row("max_list", number(bounds.max_list));
  row("frames_per_second", number(bounds.frames_per_second));
  row("frames_per_second_of_participant", number(bounds.frames_per_second_of_participant));
  row("frames_per_second_of_address", number(bounds.frames_per_second_of_address));
  row("replay_limit", number(bounds.replay_limit));
  const auto seconds = [](Nanoseconds time) {
    return std::to_string(time.count() / 1'000'000'000) + " s";
  };
  row("receipt_interval", seconds(bounds.receipt_interval));
  row("hello_timeout", seconds(bounds.hello_timeout));
  row("stall_timeout", seconds(bounds.stall_timeout));
  row("fence_check", seconds(bounds.fence_check));
  CHECK(bounds.session_ttl == std::chrono::hours(24));
  row("session_ttl", "1 day");
}

}  // namespace
