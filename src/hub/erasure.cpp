#include "erasure.hpp"

#include <kefu/desk_record.hpp>
#include <kefu/wire/records.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "shard.hpp"

namespace kefu::hub {
namespace {

struct Job {
  Shard& shard;
  std::string participant;
  Completion<result<std::uint64_t>> done;
  std::uint64_t bodies = 0;
  std::vector<ConversationId> conversations{};  // of the page that was read last
  std::string next{};
};
using JobPtr = std::shared_ptr<Job>;

void scan(const JobPtr& job);

/// One after the other: what was said about them is personal too.
void go_on(const JobPtr& job) {
  if (job->conversations.empty()) return job->next.empty() ? job->done(job->bodies) : scan(job);
  core::Describe blank;
  blank.conversation = job->conversations.back();
  blank.subject.emplace();
  blank.attributes.emplace();
  job->conversations.pop_back();
  job->shard.desk().run(std::move(blank),
                        [job](const core::transaction_effect::Ended& ended, core::WorkingSet&) {
                          ended.code == errc::ok ? go_on(job) : job->done(ended.code);
                        });
}

void scan(const JobPtr& job) {
  ScanRequest request{RecordKind::conversation, std::string(index::kAllOf),
                      index::of(job->participant), job->next, 0};
  request.limit = job->shard.bounds().max_list;
  job->shard.context().store.scan(
      std::move(request), job->shard.here<result<ScanPage>>([job](result<ScanPage> page) {
        if (!page) return job->done(page.error());
        for (const Record& record : page->records) {
          const result<Conversation> one = wire::decode_conversation(record.value);
          if (one && one->visitor == job->participant) job->conversations.push_back(one->id);
        }
        job->next = std::move(page->next);
        go_on(job);
      }));
}

}  // namespace

void erase(Shard& shard, std::string participant, Completion<result<std::uint64_t>> done) {
  const JobPtr job(new Job{shard, std::move(participant), std::move(done)});
  shard.context().store.erase(
      job->participant, shard.here<result<std::uint64_t>>([job](result<std::uint64_t> bodies) {
        if (!bodies) return job->done(bodies.error());
        job->bodies = *bodies;
        scan(job);
      }));
}

}  // namespace kefu::hub
