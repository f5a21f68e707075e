// What RiskControl and its service say to each other, see risk_control.hpp. Pure.
#pragma once

#include <cstddef>
#include <kefu/policy.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kefu::inline v0::net {

/// One of "drafts".
[[nodiscard]] std::string risk_draft(const PolicyContext& context);

/// The whole body.
[[nodiscard]] std::string risk_request(const std::vector<std::string>& drafts);

/// Nothing when it is not exactly `count` verdicts.
[[nodiscard]] std::optional<std::vector<Verdict>> read_risk_answer(std::string_view body,
                                                                   std::size_t count);

}  // namespace kefu::inline v0::net
