#include "policies.hpp"

#include <CLI/CLI.hpp>
#include <kefu/keyword_policy.hpp>
#include <kefu/link_policy.hpp>
#include <kefu/rate_policy.hpp>

#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>

namespace helpdesk {
namespace {

std::optional<kefu::OnKeyword> action_of(const std::string& word) {
  if (word == "flag") return kefu::OnKeyword::flag;
  if (word == "mask") return kefu::OnKeyword::mask;
  if (word == "deny") return kefu::OnKeyword::deny;
  return std::nullopt;
}

std::vector<kefu::Keyword> read_keywords(const std::filesystem::path& path) {
  std::ifstream stream(path);
  if (!stream) throw std::runtime_error("can't read " + path.string());
  std::vector<kefu::Keyword> out;
  std::string line;
  for (int number = 1; std::getline(stream, line); ++number) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty() || line.front() == '#') continue;
    const std::size_t space = line.find(' ');
    const auto then = action_of(line.substr(0, space));
    if (!then || space == std::string::npos)
      throw std::runtime_error(path.string() + ":" + std::to_string(number) +
                               ": flag, mask or deny, a space, and a word");
    out.push_back({line.substr(space + 1), *then});
  }
  return out;
}

kefu::OnTimeout on_timeout_of(const std::string& fail) {
  if (fail == "open") return kefu::OnTimeout::allow;
  if (fail == "closed") return kefu::OnTimeout::deny;
  throw std::runtime_error("risk_fail: open or closed, not " + fail);
}

std::unique_ptr<kefu::net::RiskControl> risk_control(kefu::net::Loops& loops,
                                                     const PolicyOptions& options) {
  kefu::net::RiskControlOptions how;
  how.url = options.risk_control;
  how.on_timeout = on_timeout_of(options.risk_fail);
  how.deadline = std::chrono::milliseconds(options.risk_deadline);
  return std::make_unique<kefu::net::RiskControl>(loops, how);
}

}  // namespace

void add_policy_options(CLI::App& app, PolicyOptions& options) {
  app.add_option("--keywords", options.keywords,
                 "File of words that are flagged, masked or denied, one a line: \"deny word\"")
      ->check(CLI::ExistingFile);
  app.add_option("--links", options.links,
                 "Domains to which links of visitors may lead; by default any");
  app.add_option("--message-rate", options.message_rate,
                 "Messages that a visitor may send a minute; 0: any number")
      ->capture_default_str();
  app.add_option("--risk-control", options.risk_control,
                 "URL that judges every message, see kefu/net/risk_control.hpp");
  app.add_option("--risk-fail", options.risk_fail,
                 "What stands when it gives no verdict in time: open, the message is stored with "
                 "the tag \"unjudged\"; or closed, it is denied")
      ->check(CLI::IsMember({"open", "closed"}))
      ->capture_default_str();
  app.add_option("--risk-deadline", options.risk_deadline, "Milliseconds that it has")
      ->check(CLI::Range(1, 400))
      ->capture_default_str();
}

kefu::net::RiskControl* add_policies(kefu::Hub& hub, kefu::net::Loops& loops,
                                     const PolicyOptions& options) {
  if (options.message_rate != 0) hub.judge(kefu::rate_policy({.messages = options.message_rate}));
  if (!options.keywords.empty())
    hub.judge(kefu::keyword_policy({.keywords = read_keywords(options.keywords)}));
  if (!options.links.empty()) hub.judge(kefu::link_policy({.allowed = options.links}));
  if (options.risk_control.empty()) return nullptr;
  auto made = risk_control(loops, options);
  kefu::net::RiskControl* const out = made.get();
  hub.judge(std::move(made));
  return out;
}

}  // namespace helpdesk
