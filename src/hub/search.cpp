#include "search.hpp"

#include <algorithm>
#include <charconv>
#include <kefu/core/may_search.hpp>
#include <kefu/wire/records.hpp>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "shard.hpp"

namespace kefu::inline v0::hub {
namespace {

struct Job {
  Shard& shard;
  SearchQuery query;
  Completion<result<SearchHits>> done;
  SearchRequest request{};
  std::vector<std::string> departments{};  // of an agent; none: all
  SearchPage page{};
  std::unordered_map<ConversationId, bool> readable{};
  std::size_t missing = 0;
  errc failure = errc::ok;
};
using JobPtr = std::shared_ptr<Job>;

/// What the caller may read of the page, as much as an answer holds.
void answer(const JobPtr& job) {
  if (job->failure != errc::ok) return job->done(job->failure);
  SearchHits hits;
  std::uint64_t next = job->page.next;
  std::size_t bytes = 0;
  for (Event& event : job->page.entries) {
    if (!job->readable[event.entry.conversation]) continue;
    bytes += event.entry.body.size();
    if (!hits.entries.empty() && bytes > job->shard.bounds().page_bytes) {
      next = event.position + 1;
      break;
    }
    hits.entries.push_back(std::move(event.entry));
  }
  if (next != 0) hits.next = std::to_string(next);
  job->done(std::move(hits));
}

/// The record of each conversation says who may read it.
void judge(const JobPtr& job) {
  if (job->query.by.id.empty()) {
    for (const Event& event : job->page.entries) job->readable[event.entry.conversation] = true;
    return answer(job);
  }
  for (const Event& event : job->page.entries) job->readable[event.entry.conversation] = false;
  job->missing = job->readable.size();
  if (job->missing == 0) return answer(job);
  for (const auto& [id, known] : job->readable) {
    job->shard.context().store.get(
        conversation_key(id),
        job->shard.here<result<std::optional<Record>>>([job, id = id](auto record) {
          if (!record) job->failure = record.error();
          const auto c = record && *record ? wire::decode_conversation((*record)->value)
                                           : result<Conversation>(errc::not_found);
          if (c) job->readable[id] = core::may_search(*c, job->query.by, job->departments);
          if (--job->missing == 0) answer(job);
        }));
  }
}

void look(const JobPtr& job) {
  job->shard.context().store.search(
      job->request, job->shard.here<result<SearchPage>>([job](result<SearchPage> page) {
        if (!page) return job->done(page.error());
        job->page = *std::move(page);
        judge(job);
      }));
}

/// Visitors are searched in what is theirs alone, so that they needn't go through all the rest.
void find_own(const JobPtr& job) {
  ScanRequest scan{RecordKind::conversation,
                   std::string(index::kAllOf),
                   index::of(job->query.by.id),
                   {},
                   job->shard.bounds().max_list};
  job->shard.context().store.scan(std::move(scan),
                                  job->shard.here<result<ScanPage>>([job](result<ScanPage> page) {
                                    if (!page) return job->done(page.error());
                                    for (const Record& record : page->records) {
                                      const auto c = wire::decode_conversation(record.value);
                                      if (c && c->visitor == job->query.by.id)
                                        job->request.within.push_back(c->id);
                                    }
                                    if (job->request.within.empty()) return job->done(SearchHits{});
                                    look(job);
                                  }));
}

void find_departments(const JobPtr& job) {
  job->shard.desk().find_departments(job->query.by.id, [job](auto departments) {
    if (!departments) return job->done(departments.error());
    job->departments = *std::move(departments);
    look(job);
  });
}

/// False when it is no place that an answer has named.
bool read_place(std::string_view text, std::uint64_t& before) {
  if (text.empty()) return true;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), before);
  return error == std::errc{} && end == text.data() + text.size() && before > 1;
}

}  // namespace

void search(Shard& shard, SearchQuery query, Completion<result<SearchHits>> done) {
  const limits& bounds = shard.bounds();
  if (query.text.empty()) return done(errc::bad_frame);
  if (query.text.size() > bounds.max_search) return done(errc::too_large);
  const JobPtr job(new Job{shard, std::move(query), std::move(done)});
  SearchRequest& request = job->request;
  if (!read_place(job->query.after, request.before)) return job->done(errc::bad_frame);
  const Participant& by = job->query.by;
  request.text = job->query.text;
  request.internal = by.id.empty() || is_staff(by.role);
  request.limit = std::clamp<std::size_t>(job->query.limit, 1, bounds.max_history);
  request.max_scan = bounds.search_scan;
  if (job->query.conversation) {
    request.within = {*job->query.conversation};
  } else if (!by.id.empty() && by.role == Role::visitor) {
    return find_own(job);
  }
  by.role == Role::agent && !by.id.empty() ? find_departments(job) : look(job);
}

}  // namespace kefu::inline v0::hub
