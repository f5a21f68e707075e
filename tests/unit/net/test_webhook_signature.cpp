#include "net/webhook_signature.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

using namespace kefu::net;

namespace {

TEST_CASE("a request is signed once for each secret") {
  // echo -n 'a.1.{}' | openssl dgst -sha256 -hmac <24 times k> -binary | base64
  const std::vector<std::string> keys = webhook_keys({std::string(24, 'k')});
  const std::string one = webhook_signatures(keys, "a", "1", "{}");
  CHECK(one == "v1,A4Z0Dxwi88o6+BU5VBkwkhIro8S4CTGiNo1lWHvGV7c=");
  const std::vector<std::string> both = webhook_keys(
      {std::string(24, 'k'), "whsec_a2tra2tra2tra2tra2tra2tra2tra2tr"});  // the same in base64
  CHECK(both[0] == both[1]);
  CHECK(webhook_signatures(both, "a", "1", "{}") == one + " " + one);
}

TEST_CASE("secrets that are none are refused") {
  CHECK_THROWS_AS((void)webhook_keys({}), std::invalid_argument);
  CHECK_THROWS_AS((void)webhook_keys({"short"}), std::invalid_argument);
  CHECK_THROWS_AS((void)webhook_keys({std::string(65, 'k')}), std::invalid_argument);
  CHECK_THROWS_AS((void)webhook_keys({"whsec_" + std::string(40, '=')}), std::invalid_argument);
  CHECK_THROWS_AS((void)webhook_keys({"whsec_not base64, by no means, that is!"}),
                  std::invalid_argument);
}

}  // namespace
