#include "talk.hpp"

#include <algorithm>

namespace kefu::sim {
namespace {

using namespace std::chrono_literals;

constexpr Nanoseconds kBanHeard = 2 * limits{}.ban_check + 1s;  // one question may go unanswered
constexpr Nanoseconds kRecallIn = 10s;  // later it is not tried: limits::recall_within is longer

}  // namespace

void Talk::on_stored(const Draft& draft, const Outcome& outcome, bool calm) {
  if (outcome.code != errc::ok || outcome.repeated) return;
  said_[{draft.conversation, draft.log, outcome.seq}] = {std::string(draft.from), outcome.at};
  if (calm && is_banned(std::string(draft.from), outcome.at))
    throw Violation(std::string(draft.from) + " is banned, and has stored a message");
}

bool Talk::is_banned(const std::string& who, Timestamp now) const {
  const auto at = banned_.find(who);
  return at != banned_.end() && now >= at->second.from + kBanHeard && now < at->second.until;
}

void Talk::on_shown(const frame::EntryFrame& entry, Timestamp asked) const {
  if (entry.body.empty()) return;
  const Place place{entry.conversation, entry.log, entry.seq};
  const auto recalled = recalled_.find(place);
  if (recalled != recalled_.end() && asked > recalled->second)
    throw Violation("a message can be read that was taken back");
  const auto erased = erased_.find(std::string(entry.from));
  if (erased != erased_.end() && entry.at <= erased->second.until && asked > erased->second.since)
    throw Violation("a message can be read that was erased");
}

void Talk::on_found(const frame::EntryFrame& entry, const Participant& by, Timestamp asked,
                    const std::set<ConversationId>& readable) const {
  on_shown(entry, asked);
  if (entry.log == Log::internal && by.role == Role::visitor)
    throw Violation(by.id + " has found a note");
  if (!readable.contains(entry.conversation) &&
      !may_read(checker_.conversations().at(entry.conversation), by))
    throw Violation(by.id + " has found what is not theirs");
}

std::set<ConversationId> Talk::readable_by(const Participant& by) const {
  std::set<ConversationId> out;
  for (const auto& [id, c] : checker_.conversations()) {
    if (may_read(c, by)) out.insert(id);
  }
  return out;
}

bool Talk::may_read(const Conversation& c, const Participant& by) const {
  if (by.role == Role::visitor) return c.visitor == by.id;
  return c.has_agent(by.id) || checker_.agents().at(by.id).serves(c.department);
}

std::optional<Place> Talk::recallable(const std::string& who, Timestamp now,
                                      testing::Random& random) const {
  std::vector<Place> own;
  for (const auto& [place, said] : said_) {
    if (said.from == who && now - said.at < kRecallIn) own.push_back(place);
  }
  if (own.empty()) return std::nullopt;
  return own[random.below(own.size())];
}

}  // namespace kefu::sim
