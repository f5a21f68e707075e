#include "policies.hpp"

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

std::unique_ptr<kefu::net::RiskControl> risk_control(kefu::net::Loops& loops,
                                                     const PolicyOptions& options) {
  kefu::net::RiskControlOptions how;
  how.url = options.risk_control;
  how.on_timeout = options.risk_fail == "closed" ? kefu::OnTimeout::deny : kefu::OnTimeout::allow;
  how.deadline = std::chrono::milliseconds(options.risk_deadline);
  return std::make_unique<kefu::net::RiskControl>(loops, how);
}

}  // namespace

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
