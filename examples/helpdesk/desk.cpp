#include "desk.hpp"

#include "toml_file.hpp"

#include <fmt/format.h>

#include <charconv>
#include <kefu/model/enum_name.hpp>
#include <kefu/time_zone.hpp>
#include <string>
#include <string_view>

namespace helpdesk {
namespace {

std::string text(const toml::table& table, const char* key, std::string otherwise = {}) {
  const toml::node* const node = table.get(key);
  if (!node) return otherwise;
  const auto value = node->value<std::string>();
  if (!value) refuse(node->source(), fmt::format("{} must be a text", key));
  return *value;
}

kefu::Nanoseconds seconds(const toml::table& table, const char* key, kefu::Nanoseconds otherwise) {
  const toml::node* const node = table.get(key);
  if (!node) return otherwise;
  const auto value = node->value<std::int64_t>();
  if (!value || *value < 0 || *value > 1'000'000'000)
    refuse(node->source(), fmt::format("{} must be a number of seconds", key));
  return std::chrono::seconds(*value);
}

const toml::array* list(const toml::table& table, const char* key) {
  const toml::node* const node = table.get(key);
  if (node && !node->is_array()) refuse(node->source(), fmt::format("{} must be a list", key));
  return node ? node->as_array() : nullptr;
}

kefu::Department department(const toml::table& table) {
  constexpr std::string_view kKnown[] = {
      "id",          "name",           "routing",       "hours",
      "overflow_to", "overflow_after", "offer_timeout", "decline_pause",
      "wrap_up",     "retain_for",     "abandon_after", "abandon_gone_after",
      "close_after", "offline"};
  refuse_unknown(table, kKnown);
  kefu::Department out;
  out.id = text(table, "id");
  if (out.id.empty()) refuse(table.source(), "a department needs an id");
  out.name = text(table, "name");
  out.strategy = text(table, "routing");
  out.calendar = text(table, "hours");
  out.overflow_to = text(table, "overflow_to");
  out.overflow_after = seconds(table, "overflow_after", out.overflow_after);
  out.offer_timeout = seconds(table, "offer_timeout", out.offer_timeout);
  out.decline_pause = seconds(table, "decline_pause", out.decline_pause);
  out.wrap_up = seconds(table, "wrap_up", out.wrap_up);
  out.retain_for = seconds(table, "retain_for", out.retain_for);
  out.abandon_after = seconds(table, "abandon_after", out.abandon_after);
  out.abandon_gone_after = seconds(table, "abandon_gone_after", out.abandon_gone_after);
  out.close_after = seconds(table, "close_after", out.close_after);
  const auto offline = kefu::enum_from_name<kefu::Offline>(text(table, "offline", "wait"));
  if (!offline) refuse(table.get("offline")->source(), "offline must be wait or ticket");
  out.offline = *offline;
  return out;
}

/// "09:30": minutes of the day.
std::chrono::minutes time_of_day(std::string_view text, const toml::node& node) {
  int hours = -1;
  int minutes = -1;
  if (text.size() == 5 && text[2] == ':') {
    std::from_chars(text.data(), text.data() + 2, hours);
    std::from_chars(text.data() + 3, text.data() + 5, minutes);
  }
  const int sum = hours * 60 + minutes;
  if (hours < 0 || minutes < 0 || minutes > 59 || sum > 24 * 60)
    refuse(node.source(), fmt::format("no time of day: {}", text));
  return std::chrono::minutes(sum);
}

std::vector<kefu::OpenInterval> intervals(const toml::table& table, const char* day) {
  std::vector<kefu::OpenInterval> out;
  const toml::array* const items = list(table, day);
  if (!items) return out;
  for (const toml::node& item : *items) {
    const std::string range = item.value_or(std::string());
    const std::size_t dash = range.find('-');
    if (dash == std::string::npos)
      refuse(item.source(), "no times of day, such as \"09:00-17:00\": " + range);
    out.push_back({time_of_day(std::string_view(range).substr(0, dash), item),
                   time_of_day(std::string_view(range).substr(dash + 1), item)});
  }
  return out;
}

kefu::Holiday holiday(const toml::node& node) {
  const std::string date = node.value_or(std::string());
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  if (date.size() == 10) {
    std::from_chars(date.data(), date.data() + 4, year);
    std::from_chars(date.data() + 5, date.data() + 7, month);
    std::from_chars(date.data() + 8, date.data() + 10, day);
  }
  const std::chrono::year_month_day on{std::chrono::year(year), std::chrono::month(month),
                                       std::chrono::day(day)};
  if (!on.ok()) refuse(node.source(), "no date, such as \"2026-12-25\": " + date);
  return {on, {}};
}

kefu::OpeningHours calendar(const toml::table& table) {
  constexpr std::string_view kKnown[] = {"sun", "mon", "tue",  "wed",     "thu",
                                         "fri", "sat", "zone", "holidays"};
  refuse_unknown(table, kKnown);
  kefu::BusinessHours hours;
  hours.zone = text(table, "zone", "UTC");
  for (std::size_t i = 0; i < hours.week.size(); ++i)
    hours.week[i] = intervals(table, kKnown[i].data());
  if (const toml::array* const dates = list(table, "holidays")) {
    for (const toml::node& date : *dates) hours.holidays.push_back(holiday(date));
  }
  auto zone = kefu::load_time_zone(hours.zone);
  const toml::node* const named = table.get("zone");
  if (!zone) refuse(named ? named->source() : table.source(), "no such time zone: " + hours.zone);
  return {std::move(hours), *std::move(zone)};
}

}  // namespace

void read_desk(const toml::table& table, kefu::DeskOptions& desk) {
  if (const toml::array* const departments = list(table, "departments")) {
    for (const toml::node& one : *departments) {
      if (!one.is_table()) refuse(one.source(), "departments must be tables");
      desk.departments.push_back(department(*one.as_table()));
    }
  }
  const toml::node* const hours = table.get("hours");
  if (!hours) return;
  if (!hours->is_table()) refuse(hours->source(), "hours must be a table");
  for (const auto& [name, fields] : *hours->as_table()) {
    if (!fields.is_table()) refuse(fields.source(), "hours must be tables");
    desk.calendars.emplace(std::string(name.str()), calendar(*fields.as_table()));
  }
}

}  // namespace helpdesk
