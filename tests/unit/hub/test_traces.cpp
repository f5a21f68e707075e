#include <kefu/hub.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "unit/hub/host.hpp"

using namespace kefu;
using namespace kefu::testing;

namespace {

constexpr std::string_view kTrace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::string send_traced(int cseq, std::string_view trace) {
  return "{\"type\":\"send\"," + in_conversation() + ",\"cseq\":" + std::to_string(cseq) +
         R"(,"body":"traced","traceparent":")" + std::string(trace) + "\"}";
}

class Flags final : public Policy {
 public:
  void decide(const PolicyContext&, Instant, Completion<Verdict> done) override {
    done(Flag{"spam"});
  }
  [[nodiscard]] OnTimeout on_timeout() const override { return OnTimeout::allow; }
};

}  // namespace

TEST_CASE("a traceparent becomes a tag, which staff see") {
  Host host;
  Pair pair(host);
  pair.visitor.asks(send_traced(1, kTrace));
  CHECK(pair.agent.got("traced", "\"tags\":\"" + std::string(kTrace) + "\"") == 1);
  pair.visitor.asks(send_traced(2, "00-wrong"));
  CHECK(pair.agent.got("traced") == 2);
  CHECK(pair.agent.got("\"tags\"") == 1);
  pair.visitor.asks(send_traced(1, ""));  // a retry need not repeat it
  CHECK(pair.visitor.got("conflict") == 0);
  pair.agent.asks(send_traced(1, kTrace));
  CHECK(pair.visitor.got("traced", "\"entry\"") == 1);
  CHECK(pair.visitor.got("\"tags\"") == 0);
}

TEST_CASE("it stands behind what policies say") {
  Host host;
  host.hub.judge(std::make_unique<Flags>());
  Pair pair(host);
  pair.visitor.asks(send_traced(1, kTrace));
  CHECK(pair.agent.got("traced", "\"tags\":\"spam," + std::string(kTrace) + "\"") == 1);
}
