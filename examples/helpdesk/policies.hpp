// What judges messages before they are stored: a file of words, the domains of links, a rate, and a
// service that is asked last, about what the others have let pass.
//
// The file of words has one a line, behind what becomes of a message with it:
//
//   # flag: staff sees a tag; mask: asterisks in its place; deny: it is refused
//   deny 代开发票
//   mask damn
#pragma once

#include <kefu/hub.hpp>
#include <kefu/net/risk_control.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace helpdesk {

struct PolicyOptions {
  std::filesystem::path keywords;    ///< the file of words; empty: none
  std::vector<std::string> links;    ///< domains to which visitors' links may lead; empty: any
  std::uint32_t message_rate = 0;    ///< messages of a visitor a minute; 0: any number
  std::string risk_control;          ///< URL of the service; empty: none
  std::string risk_fail = "open";    ///< what stands without its verdict: open (allowed) or closed
  std::uint32_t risk_deadline = 40;  ///< ms that it has
};

/// The service as it is asked, for its figures, which lives as long as the hub; null: there is
/// none. Throws std::runtime_error for a bad file, std::invalid_argument for a bad word or URL.
kefu::net::RiskControl* add_policies(kefu::Hub& hub, kefu::net::Loops& loops,
                                     const PolicyOptions& options);

}  // namespace helpdesk
