#include "erasure.hpp"

#include <kefu/desk_keys.hpp>
#include <kefu/wire/records.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "merging.hpp"
#include "shard.hpp"

namespace kefu::inline v0::hub {
namespace {

struct Job {
  Shard& shard;
  std::vector<std::string> participants;  // the last one is under way; the others are to come
  Completion<result<std::uint64_t>> done;
  std::uint64_t bodies = 0;
  RecordKind kind = RecordKind::conversation;  // what is being blanked
  std::vector<core::Retained> left{};          // of the page that was read last
  std::string next{};
};
using JobPtr = std::shared_ptr<Job>;

void scan(const JobPtr& job);

/// In the end: then a Store that leaves no copies leaves none of the records either.
void erase_bodies(const JobPtr& job) {
  job->shard.context().store.erase(
      job->participants.back(),
      job->shard.here<result<std::uint64_t>>([job](result<std::uint64_t> bodies) {
        if (!bodies) return job->done(bodies.error());
        job->bodies += *bodies;
        job->participants.pop_back();
        job->kind = RecordKind::conversation;
        job->participants.empty() ? job->done(job->bodies) : scan(job);
      }));
}

/// One after the other: what was said about them is personal too.
void go_on(const JobPtr& job) {
  if (job->left.empty()) {
    if (job->next.empty() && job->kind == RecordKind::ticket) return erase_bodies(job);
    if (job->next.empty()) job->kind = RecordKind::ticket;
    return scan(job);
  }
  const core::Blank blank{job->left.back()};
  job->left.pop_back();
  job->shard.desk().run(blank,
                        [job](const core::transaction_effect::Ended& ended, core::WorkingSet&) {
                          ended.code == errc::ok ? go_on(job) : job->done(ended.code);
                        });
}

void scan(const JobPtr& job) {
  const bool tickets = job->kind == RecordKind::ticket;
  ScanRequest request{job->kind, std::string(tickets ? index::kRequester : index::kAllOf),
                      index::of(job->participants.back()), std::exchange(job->next, {}), 0};
  request.limit = job->shard.bounds().max_list;
  job->shard.context().store.scan(
      std::move(request), job->shard.here<result<ScanPage>>([job](result<ScanPage> page) {
        if (!page) return job->done(page.error());
        for (const Record& record : page->records) {
          const result<DeskRecord> one = wire::decode_record(record.key, record.value);
          const auto* const c = one ? std::get_if<Conversation>(&*one) : nullptr;
          if (c && c->visitor == job->participants.back()) job->left.emplace_back(c->id);
          if (const auto* const ticket = one ? std::get_if<Ticket>(&*one) : nullptr)
            job->left.emplace_back(ticket->id);
        }
        job->next = std::move(page->next);
        go_on(job);
      }));
}

}  // namespace

void erase(Shard& shard, std::string participant, Completion<result<std::uint64_t>> done) {
  find_ids(shard, std::move(participant),
           [&shard, done = std::move(done)](result<std::vector<std::string>> ids) mutable {
             if (!ids) return done(ids.error());
             scan(JobPtr(new Job{shard, *std::move(ids), std::move(done)}));
           });
}

}  // namespace kefu::inline v0::hub
