#include "merging.hpp"

#include <kefu/wire/records.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "shard.hpp"

namespace kefu::inline v0::hub {
namespace {

using core::transaction_effect::Ended;

struct Job {
  Shard& shard;
  std::string visitor;
  std::string contact;
  Completion<DeskOutcome> done;
  bool changed = false;
  std::vector<ConversationId> conversations{};  // of the page that was read last
  std::string next{};

  void end(const Ended& ended) {
    done(DeskOutcome{ended.code, ended.rule, changed && ended.code == errc::ok});
  }
};
using JobPtr = std::shared_ptr<Job>;

void scan(const JobPtr& job);

void finish(const JobPtr& job) {
  job->shard.desk().run(core::EndMerge{job->visitor, job->contact},
                        [job](const Ended& ended, core::WorkingSet&) { job->end(ended); });
}

void go_on(const JobPtr& job) {
  if (job->conversations.empty()) return job->next.empty() ? finish(job) : scan(job);
  core::MoveConversation move{job->conversations.back(), job->visitor, job->contact};
  job->conversations.pop_back();
  job->shard.desk().run(std::move(move), [job](const Ended& ended, core::WorkingSet&) {
    job->changed = job->changed || ended.changed;
    ended.code == errc::ok ? go_on(job) : job->end(ended);
  });
}

void scan(const JobPtr& job) {
  ScanRequest request{RecordKind::conversation, std::string(index::kAllOf), index::of(job->visitor),
                      job->next, job->shard.bounds().max_list};
  job->shard.context().store.scan(
      std::move(request), job->shard.here<result<ScanPage>>([job](result<ScanPage> page) {
        if (!page) return job->end(Ended{page.error()});
        for (const Record& record : page->records) {
          const result<Conversation> one = wire::decode_conversation(record.value);
          if (one && one->visitor == job->visitor) job->conversations.push_back(one->id);
        }
        job->next = std::move(page->next);
        go_on(job);
      }));
}

}  // namespace

void merge(Shard& shard, std::string visitor, std::string contact, Completion<DeskOutcome> done) {
  const JobPtr job(new Job{shard, std::move(visitor), std::move(contact), std::move(done)});
  core::BeginMerge begin{job->visitor, job->contact, shard.bounds().merge_resume};
  shard.desk().run(std::move(begin), [job](const Ended& ended, core::WorkingSet&) {
    ended.code == errc::ok ? scan(job) : job->end(ended);
  });
}

void find_ids(Shard& shard, std::string participant,
              Completion<result<std::vector<std::string>>> done) {
  const RecordKey key = contact_key(participant);
  shard.context().store.get(
      key, shard.here<result<std::optional<Record>>>(
               [key, ids = std::vector{std::move(participant)},
                done = std::move(done)](result<std::optional<Record>> record) mutable {
                 if (!record) return done(record.error());
                 if (!*record) return done(std::move(ids));
                 const result<DeskRecord> contact = wire::decode_record(key, (*record)->value);
                 if (!contact) return done(contact.error());
                 for (const std::string& former : std::get<Contact>(*contact).former)
                   ids.push_back(former);
                 done(std::move(ids));
               }));
}

}  // namespace kefu::inline v0::hub
