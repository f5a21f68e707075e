// DeskOptions: how a Hub's desk works: its departments, who is asked next, when it is open. All of
// it is optional: a desk of which nothing is said serves every department, offers each conversation
// to the agent with the fewest, one after the other, and is always open.
//
//   kefu::HubOptions options;
//   options.desk.departments = {{.id = "billing", .overflow_to = "sales"}, {.id = "sales"}};
//   options.desk.strategy = "round_robin";
#pragma once

#include <kefu/callback.hpp>
#include <kefu/completion.hpp>
#include <kefu/core/routing_strategy.hpp>
#include <kefu/desk_record.hpp>
#include <kefu/error.hpp>
#include <kefu/model/agent.hpp>
#include <kefu/model/calendar.hpp>
#include <kefu/model/conversation.hpp>
#include <kefu/model/department.hpp>
#include <kefu/model/id.hpp>
#include <kefu/model/rule.hpp>
#include <kefu/model/sla.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace kefu::inline v0 {

/// The names of strategies that a desk knows by itself. Each but `pick` asks the agent who had the
/// conversation before, if that is possible, and only agents with its skills and language.
namespace strategy {
inline constexpr const char* kLeastLoaded = "least_loaded";  ///< whose slots are filled the least
inline constexpr const char* kRoundRobin = "round_robin";    ///< in turn
inline constexpr const char* kLongestIdle = "longest_idle";  ///< who finished longest ago
inline constexpr const char* kPick =
    "pick";  ///< nobody is asked: all who serve the department see what waits, and pick
inline constexpr const char* kHost = "host";  ///< DeskOptions::ask decides
}  // namespace strategy

/// How a change of the desk ended.
struct DeskOutcome {
  errc code = errc::ok;
  Rule rule = Rule::none;     ///< that forbids it
  bool changed = false;       ///< false for a retry: it was so already
  std::uint64_t version = 0;  ///< of the record that it is about, as it is now; 0: there is none
  std::shared_ptr<const DeskRecord> record = {};  ///< that record; null: there is none
};

struct DeskOptions {
  /// Asked who shall have a conversation: answers an agent's id, or an empty text for nobody. The
  /// agents are those who could take one now. An answer after `ask_deadline` counts for nothing:
  /// then the agent with the fewest is asked. Called on one of the Hub's executors; must not block.
  using Ask = Callback<void(const Conversation&, std::vector<Agent>, Completion<std::string> done)>;

  /// Those that there are; `open` names one of them, else it is errc::not_found. None: there are as
  /// many as anybody names, with the defaults of Department.
  std::vector<Department> departments = {};

  /// For departments that name none; and for those that do, where it is found here first.
  std::string strategy = strategy::kLeastLoaded;
  std::map<std::string, core::RoutingStrategy> strategies = {};

  /// Business hours, by the name that departments use. While it is closed visitors can open a
  /// conversation and write; nobody is asked before it opens, and Department::offline says whether
  /// it waits for that.
  std::map<std::string, OpeningHours> calendars = {};

  /// What is promised to visitors, by the name that departments use. It counts from the opening of
  /// a conversation, in the department's business hours and not while it is on hold. Warnings,
  /// breaches and promises that were met are entries of kind `sla` in the internal log, and so in
  /// the outbox.
  std::map<std::string, SlaPolicy> sla = {};

  /// The highest that a visitor may give to their own conversation; above it `open` is denied.
  Priority visitor_priority = Priority::normal;

  /// How long what people said is kept after a conversation was closed or abandoned, or a ticket
  /// closed or merged, unless its department says otherwise (Department::retain_for); 0: for ever.
  /// Then the bodies of all messages in both its logs are emptied (tags::kExpired), and its
  /// subject, tags and attributes (a ticket's fields); numbers, participants' ids, times and kefu's
  /// own entries stay, and it can't be reopened. Which time counts is settled when it ends.
  Nanoseconds retain_for{0};

  /// Called with each file that a message referred to, before the message expires; at least once.
  /// With any code but errc::ok the rest of the conversation is kept for another
  /// limits::retention_retry. Empty: the files stay where they are. Called on one of the Hub's
  /// executors; must not block.
  ///
  ///   desk.forget_file = [&files](FileId id, auto done) { files.remove(id, std::move(done)); };
  Callback<void(FileId, Completion<errc> done)> forget_file = {};

  /// Staff in a conversation see what its visitor is typing, before it is sent, where their page
  /// sends it along. Tell visitors so. It is never stored, and other visitors never see it.
  bool typing_preview = false;

  /// Supervisors may recall anybody's messages, whenever they were written.
  bool supervisors_recall = false;

  Ask ask = {};  ///< for strategy::kHost
  Nanoseconds ask_deadline = std::chrono::seconds(2);
};

}  // namespace kefu::inline v0
