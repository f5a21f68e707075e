// Recall: who may take a message back, and what is stored then.
#pragma once

#include <kefu/model/entry.hpp>
#include <kefu/model/participant.hpp>
#include <kefu/model/rule.hpp>
#include <kefu/model/time.hpp>
#include <kefu/model/verdict.hpp>
#include <string>

namespace kefu::inline v0::core {

/// Who may take back what, and for how long.
struct RecallTerms {
  Nanoseconds within{};      ///< its writer may, for so long
  bool supervisors = false;  ///< may at any time, whoever wrote it
};

/// Precondition: `by` may read the entry. Nobody in `by` is kefu itself. For a message that was
/// recalled already time does not matter: it is a retry.
[[nodiscard]] inline Rule may_recall(const Entry& entry, const Participant& by, Timestamp now,
                                     const RecallTerms& terms) {
  if (entry.from.empty() || is_reserved_kind(entry.kind)) return Rule::message;
  if (by.id.empty() || (terms.supervisors && by.role == Role::supervisor)) return Rule::none;
  // One text may be the id of two participants, if the host does not keep the roles apart.
  if (entry.from != by.id || is_staff(entry.role) != is_staff(by.role)) return Rule::author;
  if (tags::has_recalled(entry.tags)) return Rule::none;
  return now - entry.at < terms.within ? Rule::none : Rule::too_late;
}

/// What tells every reader of its log.
[[nodiscard]] inline Entry recall_entry(const Entry& entry) {
  Entry told;
  told.conversation = entry.conversation;
  told.log = entry.log;
  told.role = Role::bot;
  told.kind = kind::kRecalled;
  told.body = std::to_string(entry.seq);
  return told;
}

}  // namespace kefu::inline v0::core
