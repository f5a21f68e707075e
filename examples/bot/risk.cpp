// risk: a service that RiskControl (kefu/net/risk_control.hpp) asks about messages. It denies what
// looks like the number of a bank card, and flags whoever writes in capitals only.
//
//   risk [PORT]      then: helpdesk --risk-control http://127.0.0.1:PORT/judge
#include <simdjson.h>
#include <kefu/net/loops.hpp>
#include <kefu/net/server.hpp>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>

namespace {

namespace dom = simdjson::dom;
using kefu::net::http::Response;

constexpr int kDigits[] = {13, 19};  // of a card's number, from and to
constexpr int kLetters = 10;         // of a text that is shouted

/// Whether there is a number with the check digit of a card (Luhn), spaces and hyphens left out.
bool has_card(std::string_view text) {
  std::string digits;
  const auto is_card = [&] {
    const int size = static_cast<int>(digits.size());
    if (size < kDigits[0] || size > kDigits[1]) return false;
    int sum = 0;
    for (int i = 0; i < size; ++i) {
      const int digit = digits[static_cast<std::size_t>(size - 1 - i)] - '0';
      sum += i % 2 == 0 ? digit : digit * 2 / 10 + digit * 2 % 10;
    }
    return sum % 10 == 0;
  };
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      digits += c;
    } else if (c != ' ' && c != '-') {
      if (is_card()) return true;
      digits.clear();
    }
  }
  return is_card();
}

bool is_shouted(std::string_view text) {
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  return std::ranges::none_of(text, is_lower) && std::ranges::count_if(text, is_upper) >= kLetters;
}

std::string_view verdict_of(std::string_view text) {
  if (has_card(text))
    return R"({"verdict":"deny","reason":"please never send the number of a card"})";
  return is_shouted(text) ? R"({"verdict":"flag","tag":"shouted"})" : R"({"verdict":"allow"})";
}

Response judge(const kefu::net::Request& request) {
  dom::parser parser;
  dom::array drafts;
  if (parser.parse(request.body.data(), request.body.size())["drafts"].get_array().get(drafts))
    return kefu::net::http::text_response(400);
  std::string verdicts;
  for (const dom::element draft : drafts) {
    std::string_view body;
    if (draft["body"].get_string().get(body)) return kefu::net::http::text_response(400);
    if (!verdicts.empty()) verdicts += ',';
    verdicts += verdict_of(body);
  }
  Response response;
  response.set("Content-Type", "application/json");
  response.body = R"({"verdicts":[)" + verdicts + "]}";
  return response;
}

/// The server speaks HTTP only, so nobody is ever let in here.
class Nobody final : public kefu::Acceptor, kefu::Inbound {
 public:
  kefu::Inbound& accepted(kefu::Connection& connection) override {
    connection.close(kefu::errc::unsupported);
    return *this;
  }

 private:
  void on_message(std::string_view /*message*/, std::size_t /*slack*/) override {}
  void on_writable() override {}
  void on_closed(kefu::errc /*reason*/) override {}
};

}  // namespace

int main(int argc, char** argv) try {
  kefu::net::Loops loops;
  Nobody nobody;
  kefu::net::ServerOptions options;
  options.port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 9090);
  options.max_body = std::size_t{8} * 1024 * 1024;  // 64 drafts with the longest bodies
  kefu::net::Server server{loops, options};
  server.router().add("POST", "/judge", judge);
  server.start(nobody);
  loops.stop_on_signals();
  std::cout << "http://127.0.0.1:" << server.port() << "/judge\n" << std::flush;
  loops.run();
} catch (const std::exception& error) {
  std::cerr << "risk: " << error.what() << '\n';
  return 1;
}
