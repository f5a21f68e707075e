#include "desk.hpp"

#include <algorithm>
#include <iterator>
#include <kefu/core/desk_transaction.hpp>
#include <kefu/wire/records.hpp>
#include <utility>

#include "shard.hpp"

namespace kefu::inline v0::hub {
namespace {

namespace fx = core::transaction_effect;

constexpr std::size_t kReadsInTick = 64;

/// What a department's rules add to a command, which its caller need not know.
struct Tuner {
  const DeskRules& rules;
  core::WorkingSet& records;

  [[nodiscard]] Department department_of(ConversationId id) const {
    const Conversation* const c = records.conversation(id);
    return c ? rules.department(c->department) : Department{};
  }
  void operator()(core::Decline& ask) const {
    ask.pause = department_of(ask.conversation).decline_pause;
  }
  void operator()(core::ExpireOffer& ask) const {
    ask.pause = department_of(ask.conversation).decline_pause;
  }
  void operator()(core::Resolve& ask) const {
    ask.wrap_up = department_of(ask.conversation).wrap_up;
  }
  void operator()(core::VisitorLeft& ask) const {
    ask.after = department_of(ask.conversation).abandon_gone_after;
  }
  void operator()(core::Close& ask) const { ask.wrap_up = department_of(ask.conversation).wrap_up; }
  // Records that after() needs must be asked for before the decision.
  void operator()(core::Open& ask) const {
    if (rules.sla_of(rules.department(ask.proposed.department))) records.sla(ask.proposed.id);
  }
  void operator()(core::Reopen& ask) const {
    if (!rules.options().sla.empty()) records.sla(ask.conversation);
  }
  template <class Other>
  void operator()(Other&) const {}

  // What a department's rules add to what was decided, in the same commit.

  void after(const core::Open& ask, Timestamp now) const {
    const Conversation* const c = records.conversation(ask.proposed.id);
    if (!c || records.version_of(*c) != 0) return;  // it was found
    if (c->unanswered()) return;  // what is promised of tickets is the host's to say
    const Department department = rules.department(c->department);
    if (const SlaPolicy* const policy = rules.sla_of(department))
      (void)core::decide(core::StartSla{c->id, *policy, department.calendar}, records, now);
  }
  void after(const core::Reopen& ask, Timestamp) const {
    if (!rules.options().sla.empty()) core::wind_sla(ask.conversation, records);
  }
  template <class Other>
  void after(const Other&, Timestamp) const {}

  void set_ends(Timestamp now) const {
    for (const Conversation* const c : changed<Conversation>()) {
      const Department department = rules.department(c->department);
      core::set_end(*c, department.abandon_after, department.close_after, records, now);
      core::set_expiry(*c, rules.retention_of(c->department), records, now);
    }
    for (const Ticket* const ticket : changed<Ticket>())
      core::set_expiry(*ticket, rules.retention_of(ticket->department), records, now);
  }

  template <class T>
  [[nodiscard]] std::vector<const T*> changed() const {
    std::vector<const T*> out;
    for (const auto& [key, row] : records.rows()) {
      const T* const one = row.changed && row.value ? std::get_if<T>(&*row.value) : nullptr;
      if (one) out.push_back(one);
    }
    return out;
  }
};

template <class T, class Each>
void for_changed(const core::WorkingSet& records, Each each) {
  for (const auto& [key, row] : records.rows()) {
    const T* const one = row.changed && row.value ? std::get_if<T>(&*row.value) : nullptr;
    if (one) each(*one, row.version);
  }
}

}  // namespace

struct Desk::Job {
  Job(core::Transaction given, Done then) : transaction(std::move(given)), done(std::move(then)) {}

  core::Transaction transaction;
  Done done;
  std::size_t missing = 0;  // reads that have not come back
  errc failure = errc::ok;  // of one that has
  std::vector<RecordKey> committing;
  std::vector<RecordKey> unsure;  // of which nobody knows whether a commit has changed them
};

core::Transaction Desk::transaction_of(core::DeskCommand command) const {
  return core::Transaction([&rules = shard_.context().desk, command = std::move(command)](
                               core::WorkingSet& records, Timestamp now) mutable {
    return std::visit(
        [&](auto& one) {
          const Tuner tuner{rules, records};
          tuner(one);
          const Rule rule = core::decide(one, records, now);
          if (rule == Rule::none && records.changed()) {
            tuner.after(one, now);
            tuner.set_ends(now);
          }
          return rule;
        },
        command);
  });
}

void Desk::run(core::DeskCommand command, Done done) {
  auto job = std::make_shared<Job>(transaction_of(std::move(command)), std::move(done));
  job->transaction.records().assume_capacity(shard_.bounds().agent_capacity);
  core::TransactionEffects effects;
  job->transaction.start(shard_.context().store.now(), effects);
  carry_out(job, effects);
}

void Desk::run(ConversationId id, core::DeskCommand command, Completion<DeskAnswer> done) {
  run(std::move(command),
      [id, done = std::move(done)](const fx::Ended& ended, core::WorkingSet& records) mutable {
        DeskAnswer verdict{ended.code, ended.rule, ended.changed};
        if (const Conversation* const c = records.conversation(id))
          verdict.conversation = {*c, records.version_of(*c)};
        done(std::move(verdict));
      });
}

void Desk::change(core::DeskCommand command, Completion<DeskOutcome> done) {
  const std::optional<RecordKey> subject = core::subject_of(command);
  done = shard_.context().acts.watched(command, std::move(done));
  run(std::move(command),
      [subject, done = std::move(done)](const fx::Ended& ended, core::WorkingSet& records) mutable {
        DeskOutcome outcome{ended.code, ended.rule, ended.changed};
        const auto row = subject ? records.rows().find(*subject) : records.rows().end();
        if (row != records.rows().end()) {
          outcome.version = row->second.version;
          if (const auto& record = row->second.value)
            outcome.record = std::make_shared<const DeskRecord>(*record);
        }
        done(std::move(outcome));
      });
}

void Desk::open(Conversation proposed, Completion<DeskAnswer> done) {
  if (!shard_.context().desk.has(proposed.department))
    return done(DeskAnswer{errc::not_found, Rule::department});
  auto found = std::make_shared<ConversationId>();
  core::Open open{std::move(proposed), found.get()};
  if (shard_.context().desk.makes_tickets(open.proposed.department, shard_.context().store.now()))
    open.ticket = shard_.mint<TicketId>();
  run(std::move(open), [this, found, done = std::move(done)](const fx::Ended& ended,
                                                             core::WorkingSet& records) mutable {
    DeskAnswer verdict{ended.code, ended.rule, ended.changed};
    const Conversation* const c = ended.code == errc::ok ? records.conversation(*found) : nullptr;
    if (c) verdict.conversation = {*c, records.version_of(*c)};
    const bool was_there = c && !ended.changed;
    done(verdict);
    // The node that created it may have died before it told.
    if (was_there) catch_up(conversation_key(verdict.conversation.record.id));
  });
}

// ---- a transaction under way

void Desk::carry_out(const std::shared_ptr<Job>& job, core::TransactionEffects& effects) {
  for (const core::TransactionEffect& effect : effects) {
    if (const auto* const asked = std::get_if<fx::Read>(&effect)) {
      read(job, asked->keys);
    } else if (const auto* const ended = std::get_if<fx::Ended>(&effect)) {
      job->done(*ended, job->transaction.records());
      if (ended->changed) tell(job->transaction.records());
      for (const RecordKey& key : job->unsure) catch_up(key);
    } else {
      commit(job);
    }
  }
}

void Desk::read(const std::shared_ptr<Job>& job, const std::vector<RecordKey>& keys) {
  job->missing = keys.size();
  job->failure = errc::ok;
  for (const RecordKey& key : keys) {
    shard_.context().store.get(
        key, shard_.here<result<std::optional<Record>>>([this, job, key](
                                                            result<std::optional<Record>> record) {
          if (!record) {
            job->failure = record.error();
          } else if (!*record) {
            job->transaction.records().load(key, std::nullopt, 0);
          } else if (result<DeskRecord> value = wire::decode_record(key, (*record)->value)) {
            job->transaction.records().load(key, *std::move(value), (*record)->version);
          } else {
            job->failure = errc::corrupt;
          }
          if (--job->missing > 0) return;
          core::TransactionEffects effects;
          const Timestamp now = shard_.context().store.now();
          job->failure == errc::ok ? job->transaction.on_read(now, effects)
                                   : job->transaction.on_failed(job->failure, now, effects);
          carry_out(job, effects);
        }));
  }
}

void Desk::commit(const std::shared_ptr<Job>& job) {
  const core::WorkingSet& records = job->transaction.records();
  Commit commit;
  job->committing.clear();
  for (const auto& [key, row] : records.rows()) {
    if (!row.changed) continue;
    Change change{key, row.version, std::nullopt, {}};
    if (row.value) {
      change.value = wire::encode_record(*row.value);
      change.index = core::indexes_of(*row.value);
    }
    commit.changes.push_back(std::move(change));
    job->committing.push_back(key);
  }
  commit.entries = records.entries();
  shard_.commit(std::move(commit), [this, job](result<Committed> committed) {
    on_committed(job, std::move(committed));
  });
}

void Desk::on_committed(const std::shared_ptr<Job>& job, result<Committed> committed) {
  core::TransactionEffects effects;
  core::Transaction& transaction = job->transaction;
  if (!committed) {
    if (committed.error() == errc::timed_out)
      job->unsure.insert(job->unsure.end(), job->committing.begin(), job->committing.end());
    transaction.on_failed(committed.error(), shard_.context().store.now(), effects);
    return carry_out(job, effects);
  }
  for (std::size_t i = 0; i < job->committing.size(); ++i)
    transaction.records().stored(job->committing[i], committed->versions[i]);
  publish(transaction.records(), std::move(committed->entries));
  transaction.on_committed(effects);
  carry_out(job, effects);
}

// ---- what has changed is told

/// To those who read the conversations.
void Desk::publish(const core::WorkingSet& records, std::vector<Entry> entries) {
  for_changed<Conversation>(records, [&](const Conversation& c, std::uint64_t version) {
    mail::Changed changed{{c, version}, {}};
    std::vector<Entry> others;
    for (Entry& entry : entries)
      (entry.conversation == c.id ? changed.entries : others).push_back(std::move(entry));
    entries = std::move(others);
    shard_.send_home(c.id, std::move(changed));
  });
  // Entries whose conversation stays as it is: its readers look for them.
  for (const Entry& entry : entries)
    shard_.send_home(entry.conversation, mail::Unsure{{entry.conversation, entry.log, entry.seq}});
}

/// To those who take part in them or shall, and to the routing. Behind the answer to the caller,
/// which was posted before: its session reads the conversation by then, and only the others are
/// told.
void Desk::tell(const core::WorkingSet& records) {
  for_changed<BanList>(records, [&](const BanList& list, std::uint64_t version) {
    shard_.tell_all(mail::Bans{std::make_shared<const BanSet>(list, version)});
  });
  std::vector<VersionedConversation> conversations;
  for_changed<Conversation>(records, [&](const Conversation& c, std::uint64_t version) {
    conversations.push_back({c, version});
  });
  std::vector<std::shared_ptr<AgentNews>> agents;
  for_changed<Agent>(records, [&](const Agent& agent, std::uint64_t version) {
    agents.push_back(std::make_shared<AgentNews>(AgentNews{agent, version, {}}));
    for (const VersionedConversation& one : conversations)
      agents.back()->conversations.push_back(one.record);
  });
  if (conversations.empty() && agents.empty()) return;
  shard_.executor().post([this, alive = shard_.context().alive,
                          conversations = std::move(conversations), agents = std::move(agents)] {
    if (!*alive) return;
    for (const VersionedConversation& one : conversations) enlist(one);
    for (const auto& news : agents) tell(news);
  });
}

void Desk::tell(const std::shared_ptr<const AgentNews>& agent) {
  shard_.tell_all(mail::AgentChanged{agent});
  shard_.send(0, mail::Wake{});
}

/// A retry of what was stored after all changes nothing, so nobody would be told.
void Desk::catch_up(const RecordKey& key) {
  if (key.kind != RecordKind::conversation && key.kind != RecordKind::agent) return;
  shard_.context().store.get(key, shard_.here<result<std::optional<Record>>>(
                                      [this, key](const result<std::optional<Record>>& record) {
                                        if (!record) {
                                          unsure_.insert(key);
                                        } else if (*record) {
                                          tell_again(**record);
                                        }
                                      }));
}

void Desk::on_tick() {
  for (std::size_t n = 0; n < kReadsInTick && !unsure_.empty(); ++n)
    catch_up(unsure_.extract(unsure_.begin()).value());
}

void Desk::tell_again(const Record& record) {
  const result<DeskRecord> found = wire::decode_record(record.key, record.value);
  if (!found) return;
  if (const auto* const c = std::get_if<Conversation>(&*found)) {
    const VersionedConversation conversation{*c, record.version};
    shard_.send_home(c->id, mail::Changed{conversation, {}});
    enlist(conversation);
  }
  if (const auto* const agent = std::get_if<Agent>(&*found))
    tell(std::make_shared<const AgentNews>(AgentNews{*agent, record.version, {}}));
}

void Desk::enlist(const VersionedConversation& conversation) {
  const Conversation& c = conversation.record;
  const DeskRules& rules = shard_.context().desk;
  const bool waits = c.state == ConversationState::queued;
  if (waits && rules.is_picked(c.department)) {
    shard_.send(0, mail::Queued{c});
  } else if (rules.has_picked()) {
    shard_.send(0, mail::Dequeued{c.id, c.assignment.epoch});
  }
  if (waits) shard_.send(0, mail::Wake{c.department});
  if (!is_open(c.state)) return;
  shard_.tell_all(mail::Enlist{c.visitor, conversation});
  for (const std::string& agent : c.agents) shard_.tell_all(mail::Enlist{agent, conversation});
}

void Desk::find_departments(const std::string& agent,
                            Completion<result<std::vector<std::string>>> done) {
  const RecordKey key = agent_key(agent);
  shard_.context().store.get(
      key, shard_.here<result<std::optional<Record>>>(
               [key, done = std::move(done)](result<std::optional<Record>> record) mutable {
                 if (!record) return done(record.error());
                 if (!*record) return done(std::vector<std::string>{});
                 const result<DeskRecord> found = wire::decode_record(key, (**record).value);
                 if (!found) return done(found.error());
                 done(std::get<Agent>(*found).served());
               }));
}

void Desk::look_up(ConversationId id, Participant who,
                   Completion<result<VersionedConversation>> done) {
  shard_.context().store.get(
      conversation_key(id),
      shard_.here<result<std::optional<Record>>>([who = std::move(who), done = std::move(done)](
                                                     result<std::optional<Record>> record) mutable {
        if (!record) return done(record.error());
        if (!*record) return done(errc::not_found);
        result<Conversation> found = wire::decode_conversation((*record)->value);
        if (!found) return done(found.error());
        if (!found->admits(who.role, who.id)) return done(errc::not_found);
        done(VersionedConversation{*std::move(found), (*record)->version});
      }));
}

}  // namespace kefu::inline v0::hub
