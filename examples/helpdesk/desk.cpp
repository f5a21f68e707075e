#include "desk.hpp"

#include <charconv>
#include <kefu/model/enum_name.hpp>
#include <kefu/time_zone.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

namespace helpdesk {
namespace {

[[noreturn]] void refuse(const std::string& what) { throw std::runtime_error(what); }

std::string text(const toml::table& table, const char* key, std::string otherwise = {}) {
  const toml::node* const node = table.get(key);
  if (!node) return otherwise;
  const auto value = node->value<std::string>();
  if (!value) refuse(std::string(key) + " must be a text");
  return *value;
}

kefu::Nanoseconds seconds(const toml::table& table, const char* key, kefu::Nanoseconds otherwise) {
  const toml::node* const node = table.get(key);
  if (!node) return otherwise;
  const auto value = node->value<std::int64_t>();
  if (!value || *value < 0 || *value > 1'000'000'000)
    refuse(std::string(key) + " must be a number of seconds");
  return std::chrono::seconds(*value);
}

kefu::Department department(const toml::table& table) {
  kefu::Department out;
  out.id = text(table, "id");
  if (out.id.empty()) refuse("a department needs an id");
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
  if (!offline) refuse("offline must be \"wait\" or \"ticket\"");
  out.offline = *offline;
  return out;
}

/// "09:30": minutes of the day.
std::chrono::minutes time_of_day(std::string_view text) {
  int hours = -1;
  int minutes = -1;
  if (text.size() == 5 && text[2] == ':') {
    std::from_chars(text.data(), text.data() + 2, hours);
    std::from_chars(text.data() + 3, text.data() + 5, minutes);
  }
  const int sum = hours * 60 + minutes;
  if (hours < 0 || minutes < 0 || minutes > 59 || sum > 24 * 60)
    refuse("no time of day: " + std::string(text));
  return std::chrono::minutes(sum);
}

std::vector<kefu::OpenInterval> intervals(const toml::table& table, const char* day) {
  std::vector<kefu::OpenInterval> out;
  const toml::node* const node = table.get(day);
  if (!node) return out;
  const toml::array* const items = node->as_array();
  if (!items) refuse(std::string(day) + " must be an array of times such as \"09:00-17:00\"");
  for (const toml::node& item : *items) {
    const std::string range = item.value_or(std::string());
    const std::size_t dash = range.find('-');
    if (dash == std::string::npos) refuse("no times of day: " + range);
    out.push_back({time_of_day(std::string_view(range).substr(0, dash)),
                   time_of_day(std::string_view(range).substr(dash + 1))});
  }
  return out;
}

kefu::Holiday holiday(const std::string& date) {
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
  if (!on.ok()) refuse("no date: " + date);
  return {on, {}};
}

kefu::core::Calendar calendar(const toml::table& table) {
  constexpr const char* kDays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
  kefu::BusinessHours hours;
  hours.zone = text(table, "zone", "UTC");
  for (std::size_t i = 0; i < hours.week.size(); ++i) hours.week[i] = intervals(table, kDays[i]);
  if (const toml::array* const dates = table["holidays"].as_array()) {
    for (const toml::node& date : *dates)
      hours.holidays.push_back(holiday(date.value_or(std::string())));
  }
  auto zone = kefu::load_time_zone(hours.zone);
  if (!zone) refuse("no such time zone: " + hours.zone);
  return {std::move(hours), *std::move(zone)};
}

}  // namespace

void read_desk(const toml::table& table, kefu::DeskOptions& desk) {
  desk.strategy = text(table, "routing", desk.strategy);
  desk.retain_for = seconds(table, "retain_for", desk.retain_for);
  if (const toml::array* const departments = table["departments"].as_array()) {
    for (const toml::node& one : *departments) {
      const toml::table* const fields = one.as_table();
      if (!fields) refuse("departments must be tables");
      desk.departments.push_back(department(*fields));
    }
  }
  if (const toml::table* const hours = table["hours"].as_table()) {
    for (const auto& [name, fields] : *hours) {
      if (!fields.is_table()) refuse("hours must be tables");
      desk.calendars.emplace(std::string(name.str()), calendar(*fields.as_table()));
    }
  }
}

}  // namespace helpdesk
