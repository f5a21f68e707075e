#include "export.hpp"

#include <algorithm>
#include <kefu/desk_keys.hpp>
#include <kefu/wire/records.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "merging.hpp"
#include "shard.hpp"
#include "transcript.hpp"

namespace kefu::inline v0::hub {
namespace {

struct Job {
  Shard& shard;
  std::vector<std::string> participants;  // the last one is under way; the others are to come
  TakerPtr take;
  Completion<errc> done;
  RecordKind kind = RecordKind::conversation;  // what is being written
  std::vector<Writing> left{};                 // of the page that was read last, the next one last
  std::string next{};
};
using JobPtr = std::shared_ptr<Job>;

void scan(const JobPtr& job);

void go_on(const JobPtr& job) {
  if (job->left.empty()) {
    if (!job->next.empty()) return scan(job);
    const bool ended = job->kind == RecordKind::ticket;
    job->kind = ended ? RecordKind::conversation : RecordKind::ticket;
    if (ended) job->participants.pop_back();
    return job->participants.empty() ? job->done(errc::ok) : scan(job);
  }
  Writing what = std::move(job->left.back());
  job->left.pop_back();
  what.participant = job->participants.back();
  write_entries(job->shard, std::move(what), job->take,
                [job](errc code) { code == errc::ok ? go_on(job) : job->done(code); });
}

/// Where the participant is the one whom it is about; nothing for all else.
struct Told {
  const std::string& participant;

  std::optional<Writing> operator()(const Conversation& c) const {
    if (c.visitor != participant) return std::nullopt;
    return Writing{c.id, false, {}, wire::as_line("conversation", wire::encode_told(c))};
  }
  std::optional<Writing> operator()(const Ticket& ticket) const {
    return Writing{
        log_of(ticket.id), false, {}, wire::as_line("ticket", wire::encode_told(ticket))};
  }
  template <class Other>
  std::optional<Writing> operator()(const Other&) const {
    return std::nullopt;
  }
};

void scan(const JobPtr& job) {
  const bool tickets = job->kind == RecordKind::ticket;
  ScanRequest request{job->kind, std::string(tickets ? index::kRequester : index::kAllOf),
                      index::of(job->participants.back()), std::exchange(job->next, {}), 0};
  request.limit = job->shard.bounds().max_list;
  job->shard.context().store.scan(
      std::move(request), job->shard.here<result<ScanPage>>([job](result<ScanPage> page) {
        if (!page) return job->done(page.error());
        for (auto at = page->records.rbegin(); at != page->records.rend(); ++at) {
          const result<DeskRecord> one = wire::decode_record(at->key, at->value);
          if (!one) return job->done(one.error());
          if (auto what = std::visit(Told{job->participants.back()}, *one))
            job->left.push_back(*std::move(what));
        }
        job->next = std::move(page->next);
        go_on(job);
      }));
}

}  // namespace

void export_participant(Shard& shard, std::string participant, LineTaker take,
                        Completion<errc> done) {
  find_ids(shard, std::move(participant),
           [&shard, take = std::make_shared<LineTaker>(std::move(take)),
            done = std::move(done)](result<std::vector<std::string>> ids) mutable {
             if (!ids) return done(ids.error());
             std::ranges::reverse(*ids);  // what is theirs now comes first
             scan(JobPtr(new Job{shard, *std::move(ids), std::move(take), std::move(done)}));
           });
}

}  // namespace kefu::inline v0::hub
