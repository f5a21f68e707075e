#include "desk.hpp"

#include <algorithm>
#include <kefu/wire/records.hpp>
#include <limits>
#include <utility>

#include "shard.hpp"

namespace kefu::hub {
namespace {

constexpr int kAttempts =
    8;  // lost races before a caller is told; each one means that somebody else got through
constexpr char kSeparator = '\x1f';

RecordKey key_of(ConversationId id) { return {RecordKind::conversation, id.to_string()}; }

RecordKey open_key(const Conversation& conversation) {
  return {RecordKind::open_conversation,
          conversation.visitor + kSeparator + conversation.department};
}

/// Twenty digits that sort as the number does.
std::string sortable(std::uint64_t value) {
  std::string digits = std::to_string(value);
  return std::string(20 - digits.size(), '0') + digits;
}

std::vector<IndexKey> index_keys(const Conversation& conversation) {
  const auto opened = static_cast<std::uint64_t>(conversation.opened_at.ns);
  const std::string newest_first = sortable(std::numeric_limits<std::uint64_t>::max() - opened);
  std::vector<IndexKey> keys;
  const auto list_for = [&](const std::string& participant) {
    keys.push_back({std::string(index::kAllOf), index::of(participant) + newest_first});
    if (is_open(conversation.state))
      keys.push_back({std::string(index::kOpenOf), index::of(participant) + newest_first});
  };
  list_for(conversation.visitor);
  for (const std::string& agent : conversation.agents) list_for(agent);
  if (conversation.state == ConversationState::queued) {
    keys.push_back({std::string(index::kQueue), sortable(opened)});
  }
  return keys;
}

Change change_of(const VersionedConversation& conversation) {
  Change change;
  change.key = key_of(conversation.record.id);
  change.expected = conversation.version;
  change.value = wire::encode_record(conversation.record);
  change.index = index_keys(conversation.record);
  return change;
}

Entry system_entry(ConversationId id, std::string_view kind, std::string body) {
  Entry entry;
  entry.conversation = id;
  entry.role = Role::bot;
  entry.kind = kind;
  entry.body = std::move(body);
  return entry;
}

}  // namespace

std::string index::of(std::string_view participant) {
  return std::string(participant) + kSeparator;
}

struct Desk::Opening {
  Conversation proposed;
  Done done;
  int attempts = 0;
};

void Desk::open(Hub::OpenRequest request, Done done) {
  const kefu::limits& bounds = shard_.bounds();
  const auto too_long = [&](const std::string& id) { return id.size() > bounds.max_id; };
  if (too_long(request.visitor) || too_long(request.department) ||
      request.subject.size() > bounds.max_subject || std::ranges::any_of(request.agents, too_long))
    return done(errc::too_large);
  auto opening = std::make_shared<Opening>();
  Conversation& proposed = opening->proposed;
  proposed.id = request.id;
  proposed.visitor = std::move(request.visitor);
  proposed.department = std::move(request.department);
  proposed.subject = std::move(request.subject);
  proposed.agents = std::move(request.agents);
  proposed.state = proposed.agents.empty() ? ConversationState::queued : ConversationState::active;
  opening->done = std::move(done);
  open(std::move(opening));
}

void Desk::open(std::shared_ptr<Opening> opening) {
  if (++opening->attempts > kAttempts) return opening->done(errc::conflict);
  RecordKey key = open_key(opening->proposed);
  shard_.context().store.get(std::move(key),
                             shard_.here<result<std::optional<Record>>>(
                                 [this, opening](result<std::optional<Record>> record) {
                                   if (!record) return opening->done(record.error());
                                   if (*record) return found(opening, (*record)->value);
                                   create(opening);
                                 }));
}

/// There is an open one: that is the answer.
void Desk::found(std::shared_ptr<Opening> opening, std::string_view id) {
  const std::optional<ConversationId> known = ConversationId::parse(id);
  if (!known) return opening->done(errc::corrupt);
  get(*known, [this, opening](result<VersionedConversation> conversation) {
    if (!conversation && conversation.error() == errc::not_found) return open(opening);
    opening->done(std::move(conversation));
  });
}

void Desk::create(std::shared_ptr<Opening> opening) {
  Conversation& proposed = opening->proposed;
  proposed.opened_at = shard_.context().store.now();
  Commit commit;
  commit.changes.push_back(change_of({proposed, 0}));
  Change slot;
  slot.key = open_key(proposed);
  slot.value = proposed.id.to_string();
  commit.changes.push_back(std::move(slot));
  commit.entries.push_back(system_entry(proposed.id, kind::kOpened, proposed.department));
  for (const std::string& agent : proposed.agents) {
    commit.entries.push_back(system_entry(proposed.id, kind::kAssigned, agent));
  }
  shard_.context().store.commit(
      std::move(commit),
      shard_.here<result<Committed>>([this, opening](result<Committed> committed) {
        created(opening, std::move(committed));
      }));
}

void Desk::created(std::shared_ptr<Opening> opening, result<Committed> committed) {
  if (!committed && committed.error() == errc::conflict) {
    // Somebody was faster, or this id exists: then it is a repeated call, if the visitor is the
    // same.
    return get(opening->proposed.id, [this, opening](result<VersionedConversation> existing) {
      if (!existing && existing.error() != errc::not_found) return opening->done(existing.error());
      if (!existing) return open(opening);
      if (existing->record.visitor != opening->proposed.visitor)
        return opening->done(errc::not_found);
      if (existing->record.department != opening->proposed.department)
        return opening->done(errc::conflict);
      opening->done(std::move(existing));
    });
  }
  if (!committed) return opening->done(committed.error());
  const VersionedConversation conversation{std::move(opening->proposed),
                                           committed->versions.front()};
  const Conversation& record = conversation.record;
  publish(conversation, std::move(committed->entries));
  opening->done(conversation);
  enlist(record.visitor, conversation);
  for (const std::string& agent : record.agents) enlist(agent, conversation);
  if (record.state == ConversationState::queued) shard_.tell_all(mail::Offer{record});
}

/// Behind the answer to the caller, which was posted before: its session reads the conversation by
/// then, and only the others are told.
void Desk::enlist(const std::string& participant, const VersionedConversation& conversation) {
  shard_.executor().post([this, alive = shard_.context().alive, participant, conversation] {
    if (*alive) shard_.tell_all(mail::Enlist{participant, conversation});
  });
}

void Desk::get(ConversationId id, Done done) {
  shard_.context().store.get(
      key_of(id), shard_.here<result<std::optional<Record>>>(
                      [done = std::move(done)](result<std::optional<Record>> record) mutable {
                        if (!record) return done(record.error());
                        if (!*record) return done(errc::not_found);
                        result<Conversation> decoded = wire::decode_conversation((*record)->value);
                        if (!decoded) return done(decoded.error());
                        done(VersionedConversation{std::move(*decoded), (*record)->version});
                      }));
}

void Desk::look_up(ConversationId id, Participant who, Done done) {
  get(id,
      [who = std::move(who), done = std::move(done)](result<VersionedConversation> found) mutable {
        if (found && !found->record.admits(who.role, who.id)) return done(errc::not_found);
        done(std::move(found));
      });
}

void Desk::accept(ConversationId id, Participant agent, Done done) {
  accept(id, std::move(agent), std::move(done), kAttempts);
}

void Desk::accept(ConversationId id, Participant agent, Done done, int attempts) {
  get(id, [this, id, agent = std::move(agent), done = std::move(done),
           attempts](result<VersionedConversation> found) mutable {
    if (!found) return done(found.error());
    Conversation& record = found->record;
    if (record.has_agent(agent.id)) return done(std::move(found));  // a repeated call
    if (record.state != ConversationState::queued) return done(errc::conflict);
    record.state = ConversationState::active;
    record.agents.push_back(agent.id);
    Entry entry = system_entry(record.id, kind::kAssigned, agent.id);
    change(std::move(*found), std::move(entry), false,
           [this, id, agent = std::move(agent), done = std::move(done),
            attempts](result<VersionedConversation> changed) mutable {
             if (changed.error() == errc::conflict && attempts > 1)
               return accept(id, std::move(agent), std::move(done), attempts - 1);
             if (!changed) return done(changed.error());
             const VersionedConversation accepted = *changed;
             done(std::move(changed));
             shard_.tell_all(mail::OfferGone{accepted.record.id});
             enlist(agent.id, accepted);
           });
  });
}

void Desk::close(ConversationId id, Participant who, Done done) {
  close(id, std::move(who), std::move(done), kAttempts);
}

void Desk::close(ConversationId id, Participant who, Done done, int attempts) {
  get(id, [this, id, who = std::move(who), done = std::move(done),
           attempts](result<VersionedConversation> found) mutable {
    if (!found) return done(found.error());
    Conversation& record = found->record;
    if (!record.admits(who.role, who.id)) return done(errc::not_found);
    if (record.state == ConversationState::closed)
      return done(std::move(found));  // a repeated call
    if (!may_transition(record.state, ConversationState::closed)) return done(errc::conflict);
    const bool queued = record.state == ConversationState::queued;
    record.state = ConversationState::closed;
    Entry entry = system_entry(record.id, kind::kClosed, who.id);
    change(std::move(*found), std::move(entry), true,
           [this, id, who = std::move(who), queued, done = std::move(done),
            attempts](result<VersionedConversation> changed) mutable {
             if (changed.error() == errc::conflict && attempts > 1)
               return close(id, std::move(who), std::move(done), attempts - 1);
             if (changed && queued) shard_.tell_all(mail::OfferGone{changed->record.id});
             done(std::move(changed));
           });
  });
}

/// Commits the record as it stands in `now`, decided on its version, with an entry that says so.
void Desk::change(VersionedConversation now, Entry entry, bool frees_slot, Done done) {
  Commit commit;
  commit.changes.push_back(change_of(now));
  if (frees_slot) {
    Change slot;
    slot.key = open_key(now.record);
    slot.expected = 1;  // it is created once, and removed once
    commit.changes.push_back(std::move(slot));
  }
  commit.entries.push_back(std::move(entry));
  shard_.context().store.commit(
      std::move(commit),
      shard_.here<result<Committed>>([this, now = std::move(now),
                                      done = std::move(done)](result<Committed> committed) mutable {
        if (!committed) return done(committed.error());
        now.version = committed->versions.front();
        publish(now, std::move(committed->entries));
        done(std::move(now));
      }));
}

void Desk::publish(const VersionedConversation& conversation, std::vector<Entry> entries) {
  shard_.send_home(conversation.record.id, mail::Changed{conversation, std::move(entries)});
}

}  // namespace kefu::hub
