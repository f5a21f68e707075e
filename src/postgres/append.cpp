#include "postgres/append.hpp"

#include "postgres/marks.hpp"

namespace kefu::inline v0::postgres {
namespace {

// Drafts in one transaction: more are better split among connections.
constexpr std::size_t kTogether = 1024;

void merge(std::vector<LockKey>& into, const std::vector<LockKey>& from) {
  into.insert(into.end(), from.begin(), from.end());
}

}  // namespace

AppendJob::AppendJob(std::unique_ptr<AppendBatch> batch,
                     Completion<std::unique_ptr<AppendBatch>> done, const Keys& keys,
                     std::uint32_t window)
    : drafts_(batch->size()), window_(window) {
  for (const Draft& draft : batch->drafts()) {
    locks_.exclusive.push_back(keys.of(draft.conversation));
    locks_.shared.push_back(keys.of(draft.session));
  }
  locks_.sort();
  order_ = locks_.exclusive;
  parts_.push_back({std::move(batch), std::move(done)});
}

bool AppendJob::absorb(Write& other) {
  auto* const more = dynamic_cast<AppendJob*>(&other);
  if (!more || drafts_ + more->drafts_ > kTogether) return false;
  drafts_ += more->drafts_;
  for (Part& part : more->parts_) parts_.push_back(std::move(part));
  merge(locks_.exclusive, more->locks_.exclusive);
  merge(locks_.shared, more->locks_.shared);
  locks_.sort();
  order_ = locks_.exclusive;
  return true;
}

void AppendJob::look(Connection& on) {
  std::set<ConversationId> conversations;
  std::set<SessionId> sessions;
  std::set<MarkKey> marks;
  for (const Part& part : parts_) {
    for (const Draft& draft : part.batch->drafts()) {
      conversations.insert(draft.conversation);
      sessions.insert(draft.session);
      marks.insert({draft.session, draft.conversation});
    }
  }
  Array heads = Array::uuids(), epochs = Array::uuids(), mark_sessions = Array::uuids(),
        mark_conversations = Array::uuids();
  for (const ConversationId id : conversations) heads.add(id);
  for (const SessionId id : sessions) epochs.add(id);
  for (const auto& [session, conversation] : marks) {
    mark_sessions.add(session);
    mark_conversations.add(conversation);
  }
  on.send(Query::heads, Params().add(heads));
  on.send(Query::epochs, Params().add(epochs));
  on.send(Query::marks, Params().add(mark_sessions).add(mark_conversations));
}

void AppendJob::load(const Answers& answers) {
  heads_.clear();
  sessions_.clear();
  written_marks_.clear();
  entries_ = {};
  heads_.load(answers.at(0));
  const Rows& epochs = answers.at(1);
  for (int row = 0; row < epochs.size(); ++row)
    sessions_[epochs.id<SessionId>(row, 0)].epoch = epochs.number(row, 1);
  const Rows& marks = answers.at(2);
  for (int row = 0; row < marks.size(); ++row) {
    const auto session = sessions_.find(marks.id<SessionId>(row, 0));
    if (session == sessions_.end()) continue;
    session->second.mark(marks.id<ConversationId>(row, 1)) =
        decode_mark(marks.number(row, 2), marks.bytes(row, 3));
  }
}

Write::Next AppendJob::judge(const Answers& answers, Timestamp now) {
  load(answers);
  for (Part& part : parts_) {
    AppendBatch& batch = *part.batch;
    batch.outcomes().assign(batch.size(), Outcome{});
    for (std::size_t i = 0; i < batch.size(); ++i)
      judge(std::as_const(batch).drafts()[i], batch.outcomes()[i], now);
  }
  return written_marks_.empty() ? Next::nothing : Next::write;
}

void AppendJob::judge(const Draft& draft, Outcome& outcome, Timestamp now) {
  const auto found = sessions_.find(draft.session);
  core::SessionLedger* const ledger = found == sessions_.end() ? nullptr : &found->second;
  if (!core::judge(draft, ledger, heads_[draft.conversation], window_, now, outcome)) return;
  written_marks_.insert({draft.session, draft.conversation});
  if (outcome.code != errc::ok) return;
  heads_.changed(draft.conversation);
  entries_.add({draft.conversation,
                draft.log,
                outcome.seq,
                outcome.after,
                draft.from,
                draft.role,
                {draft.session, draft.cseq},
                draft.kind,
                draft.body,
                draft.tags,
                now});
}

void AppendJob::write(Connection& on) {
  entries_.send(on);
  heads_.send(on);
  Array sessions = Array::uuids(), conversations = Array::uuids(), accepted = Array::bigints(),
        kept = Array::byteas();
  for (const auto& [session, conversation] : written_marks_) {
    const core::DedupMark& mark = sessions_[session].mark(conversation);
    sessions.add(session);
    conversations.add(conversation);
    accepted.add(mark.accepted());
    kept.add(encode_kept(mark));
  }
  on.send(Query::put_marks, Params().add(sessions).add(conversations).add(accepted).add(kept));
}

void AppendJob::finish(errc code) {
  for (Part& part : parts_) {
    if (code != errc::ok) part.batch->fail(code);
    part.done(std::move(part.batch));
  }
}

}  // namespace kefu::inline v0::postgres
