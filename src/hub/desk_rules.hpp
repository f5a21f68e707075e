// DeskRules: what a host has said of its desk, ready to be asked. Constant after set-up.
#pragma once

#include <kefu/core/calendar.hpp>
#include <kefu/desk.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace kefu::inline v0::hub {

class DeskRules {
 public:
  /// Throws std::invalid_argument for names that nothing stands for.
  explicit DeskRules(DeskOptions options);

  /// May a conversation wait there?
  [[nodiscard]] bool has(std::string_view department) const;
  /// As the host declared it, or with the defaults.
  [[nodiscard]] Department department(std::string_view id) const;
  /// Does everybody who serves the department see what waits there?
  [[nodiscard]] bool is_picked(std::string_view department) const;
  /// … of any department.
  [[nodiscard]] bool has_picked() const noexcept { return has_picked_; }
  /// Does any department give up visitors who leave while they wait?
  [[nodiscard]] bool watches_visitors() const noexcept { return watches_visitors_; }
  /// Is it closed, and does it make tickets of what is opened then?
  [[nodiscard]] bool makes_tickets(std::string_view department, Timestamp now) const;
  /// To be told to the visitor, while nobody has it: when somebody will be there.
  [[nodiscard]] std::optional<Timestamp> opens_at(const Conversation& conversation,
                                                  Timestamp now) const;
  [[nodiscard]] core::RoutingStrategy strategy_of(const Department& department) const;
  /// Always open when it names none.
  [[nodiscard]] const core::Calendar& calendar_of(const Department& department) const;
  [[nodiscard]] const core::Calendar& calendar_named(const std::string& name) const;
  /// Null when it promises nothing.
  [[nodiscard]] const SlaPolicy* sla_of(const Department& department) const;
  /// How long what is over is kept; 0: for ever.
  [[nodiscard]] Nanoseconds retention_of(std::string_view department) const;
  [[nodiscard]] const DeskOptions& options() const noexcept { return options_; }

 private:
  [[nodiscard]] const std::string& strategy_name(const Department& department) const {
    return department.strategy.empty() ? options_.strategy : department.strategy;
  }
  [[nodiscard]] const Department* find(std::string_view id) const;
  void check(const Department& department) const;

  DeskOptions options_;
  std::map<std::string, core::Calendar> calendars_;
  core::Calendar always_;
  bool has_picked_ = false;
  bool watches_visitors_ = false;
};

}  // namespace kefu::inline v0::hub
