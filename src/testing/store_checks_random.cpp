// Random calls against a model so plain that it can be checked by eye: it remembers every outcome
// for ever.
#include <map>
#include <random>

#include "testing/store_rig.hpp"

namespace kefu::inline v0::testing {
namespace {

constexpr std::uint64_t kSessions = 4;
constexpr std::uint64_t kConversations = 3;

struct Sent {
  std::uint64_t digest;
  Outcome outcome;
};

struct Model {
  struct SessionState {
    bool exists = false;
    std::uint64_t epoch = 0;
    std::map<ConversationId, std::vector<Sent>> sent;  ///< by conversation, in order of cseq
  };
  std::map<SessionId, SessionState> sessions;
  std::map<ConversationId, std::uint64_t> versions;
  std::map<std::pair<ConversationId, Log>, std::vector<Entry>> logs;
  std::vector<Entry> events;

  void put(Entry entry) {
    logs[{entry.conversation, entry.log}].push_back(entry);
    events.push_back(std::move(entry));
  }

  /// What the store must answer; `got` tells the time that it chose.
  Outcome append(const Draft& draft, std::uint32_t window, const Outcome& got) {
    Outcome out;
    const auto fail = [&](errc code, std::uint64_t expected) {
      out.code = code;
      out.expected = expected;
      return out;
    };
    SessionState& session = sessions[draft.session];
    if (!session.exists) return fail(errc::session_expired, 0);
    if (session.epoch != draft.epoch) return fail(errc::fenced, session.epoch);
    std::vector<Sent>& sent = session.sent[draft.conversation];
    if (draft.cseq > sent.size() + 1) return fail(errc::gap, sent.size() + 1);
    if (draft.cseq <= sent.size()) {
      if (draft.cseq == 0 || sent.size() - draft.cseq >= window) return fail(errc::duplicate, 0);
      const Sent& original = sent[draft.cseq - 1];
      if (original.digest != draft.digest) return fail(errc::conflict, 0);
      out = original.outcome;
      out.repeated = true;
      return out;
    }
    if (draft.refusal != errc::ok) {
      sent.push_back({draft.digest, fail(draft.refusal, 0)});
      return out;
    }
    if (draft.version != versions[draft.conversation])
      return fail(errc::stale, versions[draft.conversation]);
    out.code = errc::ok;
    out.seq = logs[{draft.conversation, draft.log}].size() + 1;
    out.at = got.at;
    Entry entry;
    entry.conversation = draft.conversation;
    entry.log = draft.log;
    entry.seq = out.seq;
    if (draft.log == Log::internal)
      entry.after = logs[{draft.conversation, Log::public_log}].size();
    entry.from = draft.from;
    entry.role = draft.role;
    entry.origin = {draft.session, draft.cseq};
    entry.kind = draft.kind;
    entry.body = draft.body;
    entry.tags = draft.tags;
    entry.at = out.at;
    out.after = entry.after;
    put(std::move(entry));
    sent.push_back({draft.digest, out});
    sent.back().outcome.after = 0;  // not told to a retry
    return out;
  }
};

class Run {
 public:
  explicit Run(Rig& rig) : rig_(rig), random_(rig.factory().seed()) {}

  void step() {
    switch (pick(12)) {
      case 0:
        return attach();
      case 1:
        return expire();
      case 2:
        return change_record();
      case 3:
        return commit_entry();
      case 4:
        return check_log();
      case 5:
        return check_events();
      default:
        return append();
    }
  }

  void check_everything() {
    for (std::uint64_t n = 0; n < kConversations; ++n) {
      for (const Log log : {Log::public_log, Log::internal}) {
        expect(rig_.read_all(n, log).entries == model_.logs[{conversation(n), log}],
               "a log is not the model's");
      }
    }
    check_events();
    for (std::uint64_t n = 0; n < kSessions; ++n)
      attach_to(n, model_.sessions[session(n)].epoch + 1, false);
  }

 private:
  std::uint64_t pick(std::uint64_t below) { return random_() % below; }

  void attach() {
    const std::uint64_t n = pick(kSessions);
    attach_to(n, model_.sessions[session(n)].epoch + pick(3), pick(2) == 0);
  }

  void attach_to(std::uint64_t n, std::uint64_t epoch, bool create) {
    Model::SessionState& state = model_.sessions[session(n)];
    const AttachOutcome got = rig_.attach(n, epoch, participant(n), create);
    errc wanted = errc::ok;
    if (create && state.exists) {
      wanted = errc::conflict;
    } else if (!create && !state.exists) {
      wanted = errc::session_expired;
    } else if (epoch <= state.epoch) {
      wanted = errc::stale_epoch;
    }
    expect_equal(got.code, wanted, "the outcome of an attach");
    if (wanted != errc::ok) return;
    state.exists = true;
    state.epoch = epoch;
    std::size_t marks = 0;
    for (const auto& [id, sent] : state.sent) {
      if (sent.empty()) continue;
      ++marks;
      expect_equal(accepted(got, id.lo & 0xffff), sent.size(), "a mark");
    }
    expect_equal(got.marks.size(), marks, "the number of marks");
  }

  void expire() {
    if (pick(6) != 0) return;
    for (const SessionId& id : rig_.expire(Nanoseconds{0}, 1 + pick(2))) {
      expect(model_.sessions[id].exists, "a session expired that did not exist");
      model_.sessions[id] = {};
    }
  }

  void change_record() {
    const ConversationId id = conversation(pick(kConversations));
    std::uint64_t& version = model_.versions[id];
    const bool right = pick(4) != 0;
    const bool remove = version != 0 && pick(5) == 0;
    Change change{{RecordKind::conversation, id.to_string()},
                  right ? version : version + 1,
                  std::nullopt,
                  {}};
    if (!remove) change.value = std::to_string(pick(1000));
    const bool applied = rig_.commit({{std::move(change)}, {}}).has_value();
    expect_equal(applied, right, "whether a change was applied");
    if (applied) version = remove ? 0 : version + 1;
  }

  void commit_entry() {
    Entry entry;
    entry.conversation = conversation(pick(kConversations));
    entry.log = pick(3) == 0 ? Log::internal : Log::public_log;
    entry.from = participant(pick(kSessions));
    entry.kind = kind::kAssigned;
    if (pick(4) == 0) entry.tags = "flagged";
    if (pick(2) == 0) entry.origin = {session(pick(kSessions)), 1 + pick(9)};
    result<Committed> committed = rig_.commit({{}, {entry}});
    expect(committed.has_value(), "a commit of an entry");
    entry.seq = model_.logs[{entry.conversation, entry.log}].size() + 1;
    if (entry.log == Log::internal)
      entry.after = model_.logs[{entry.conversation, Log::public_log}].size();
    entry.at = (*committed).entries.at(0).at;
    expect((*committed).entries.at(0) == entry, "the entry of a commit");
    model_.put(std::move(entry));
  }

  void append() {
    std::vector<Draft> drafts;
    std::vector<std::string> texts(1 + pick(12));
    for (std::string& text : texts) {
      const std::uint64_t n = pick(kSessions);
      const std::uint64_t to = pick(kConversations);
      Model::SessionState& state = model_.sessions[session(n)];
      text = pick(8) == 0 ? "other" : "usual";
      Draft each = draft(n, to, 0, text);
      each.epoch = pick(20) == 0 ? state.epoch + 1 : state.epoch;
      // Mostly the next, often a retry, sometimes one long ago or one too far; as if none of this
      // batch counted yet.
      const std::uint64_t next = state.sent[each.conversation].size() + 1 + pick(3);
      const std::uint64_t back = pick(3) == 0 ? pick(pick(4) == 0 ? 60 : 4) : 0;
      each.cseq = next > back ? next - back : pick(2);
      each.version = pick(15) == 0 ? 77 : model_.versions[each.conversation];
      each.refusal = pick(10) == 0 ? errc::denied : pick(20) == 0 ? errc::closed : errc::ok;
      each.log = pick(4) == 0 ? Log::internal : Log::public_log;
      each.role = pick(2) ? Role::agent : Role::visitor;
      each.from = pick(2) ? std::string_view("somebody") : std::string_view("participant-1");
      if (pick(4) == 0) each.tags = "rewritten,flagged";
      drafts.push_back(each);
    }
    const std::vector<Outcome> outcomes = rig_.append(drafts);
    for (std::size_t i = 0; i < drafts.size(); ++i) {
      const Outcome wanted = model_.append(drafts[i], rig_.window(), outcomes[i]);
      expect_equal(outcomes[i].code, wanted.code, "an outcome");
      expect_equal(outcomes[i].repeated, wanted.repeated, "whether an outcome is repeated");
      expect_equal(outcomes[i].seq, wanted.seq, "the seq of an outcome");
      expect_equal(outcomes[i].expected, wanted.expected, "`expected` of an outcome");
      expect_equal(outcomes[i].at, wanted.at, "the time of an outcome");
      if (!wanted.repeated) expect_equal(outcomes[i].after, wanted.after, "`after` of an outcome");
    }
  }

  void check_log() {
    const ConversationId id = conversation(pick(kConversations));
    const Log log = pick(2) ? Log::internal : Log::public_log;
    const std::vector<Entry>& entries = model_.logs[{id, log}];
    const std::uint64_t after = pick(entries.size() + 3);
    const Page page = rig_.read({id, log, after, pick(20), 1000});
    expect_equal(page.tail, entries.size(), "a tail");
    for (std::size_t i = 0; i < page.entries.size(); ++i) {
      expect(after + i < entries.size() && page.entries[i] == entries[after + i],
             "an entry is not the model's");
    }
  }

  void check_events() {
    std::uint64_t position = 0;
    std::size_t seen = 0;
    for (;;) {
      const std::vector<Event> page = rig_.events(position, 500);
      for (const Event& event : page) {
        expect(seen < model_.events.size() && event.entry == model_.events[seen],
               "an event is not the model's");
        expect(event.position > position, "positions do not rise");
        position = event.position;
        ++seen;
      }
      if (page.size() < 500) break;
    }
    expect_equal(seen, model_.events.size(), "events");
  }

  Rig& rig_;
  std::mt19937_64 random_;
  Model model_;
};

void random_calls(Rig& rig) {
  rig.restart_every(7);
  Run run(rig);
  int step = 0;
  try {
    for (; step < 1'500; ++step) run.step();
    run.check_everything();
  } catch (const Failure& failure) {
    throw Failure("seed " + std::to_string(rig.factory().seed()) + ", step " +
                  std::to_string(step) + ": " + failure.what());
  }
}

}  // namespace

void add_random_checks(std::vector<StoreCheck>& checks) {
  checks.push_back({"random: as a naive model", run_check<random_calls>});
}

}  // namespace kefu::inline v0::testing
