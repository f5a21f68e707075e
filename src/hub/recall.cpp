#include "recall.hpp"

#include <kefu/core/recall.hpp>
#include <memory>
#include <utility>

#include "shard.hpp"

namespace kefu::inline v0::hub {
namespace {

struct Job {
  Shard& shard;
  RecallRequest ask;
  Completion<DeskOutcome> done;
  int attempts = 0;

  void refuse(Rule rule) { done(DeskOutcome{code_of(rule), rule}); }
};
using JobPtr = std::shared_ptr<Job>;

void read(const JobPtr& job);

/// Another was first, or nobody knows whether this one was: the entry says so itself.
void on_committed(const JobPtr& job, const result<Committed>& committed) {
  if (!committed) {
    const errc code = committed.error();
    if (code != errc::conflict && code != errc::timed_out) return job->done(DeskOutcome{code});
    if (++job->attempts == core::Transaction::kAttempts) return job->refuse(Rule::contention);
    return read(job);
  }
  for (const Entry& entry : committed->entries) {
    job->shard.send_home(entry.conversation,
                         mail::Unsure{{entry.conversation, entry.log, entry.seq}});
  }
  job->done(DeskOutcome{errc::ok, Rule::none, true});
}

void decide(const JobPtr& job, const Entry& entry) {
  const core::RecallTerms terms{job->shard.bounds().recall_within,
                                job->shard.context().desk.options().supervisors_recall};
  const Timestamp now = job->shard.context().store.now();
  const Rule rule = core::may_recall(entry, job->ask.by, now, terms);
  if (rule != Rule::none) return job->refuse(rule);
  if (tags::has_recalled(entry.tags)) return job->done(DeskOutcome{});  // a retry
  Commit commit;
  commit.redactions.push_back(
      {entry.conversation, entry.log, entry.seq, tags::recalled(entry.tags)});
  commit.entries.push_back(core::recall_entry(entry));
  job->shard.commit(std::move(commit),
                    [job](result<Committed> committed) { on_committed(job, committed); });
}

void read(const JobPtr& job) {
  ReadRequest request;
  request.conversation = job->ask.conversation;
  request.log = job->ask.log;
  request.after = job->ask.seq - 1;
  request.max_entries = 1;
  job->shard.context().store.read(request, job->shard.here<result<Page>>([job](result<Page> page) {
    if (!page) return job->done(DeskOutcome{page.error()});
    if (page->entries.empty()) return job->refuse(Rule::exists);
    decide(job, page->entries.front());
  }));
}

}  // namespace

void recall(Shard& shard, RecallRequest request, Completion<DeskOutcome> done) {
  const JobPtr job(new Job{shard, std::move(request), std::move(done)});
  if (job->ask.seq == 0) return job->refuse(Rule::exists);
  Participant who = job->ask.by;
  if (who.id.empty()) who.role = Role::supervisor;  // the host may look everywhere
  shard.desk().look_up(job->ask.conversation, std::move(who),
                       [job](result<VersionedConversation> found) {
                         if (found) return read(job);
                         if (found.error() == errc::not_found) return job->refuse(Rule::exists);
                         job->done(DeskOutcome{found.error()});
                       });
}

}  // namespace kefu::inline v0::hub
