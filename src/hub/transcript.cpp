#include "transcript.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <kefu/desk_record.hpp>
#include <kefu/wire/codec.hpp>
#include <memory>
#include <string>
#include <utility>

#include "shard.hpp"

namespace kefu::hub {
namespace {

/// What has been read of a log and was not written yet.
struct Part {
  std::deque<Entry> entries;
  std::uint64_t position = 0;
  bool whole = false;
};

struct Job {
  Shard& shard;
  ConversationId conversation;
  std::function<void(std::string_view)> take;
  Completion<errc> done;
  std::array<Part, 2> parts{};  // by Log
  std::string lines{};
};
using JobPtr = std::shared_ptr<Job>;

void go_on(const JobPtr& job);

void read(const JobPtr& job, Log log) {
  Part& part = job->parts[static_cast<std::size_t>(log)];
  ReadRequest request;
  request.conversation = job->conversation;
  request.log = log;
  request.after = part.position;
  request.max_entries = job->shard.bounds().page_entries;
  request.max_bytes = job->shard.bounds().page_bytes;
  job->shard.context().store.read(
      request, job->shard.here<result<Page>>([job, &part](result<Page> page) {
        if (!page) return job->done(page.error());
        std::ranges::move(page->entries, std::back_inserter(part.entries));
        if (!part.entries.empty()) part.position = part.entries.back().seq;
        part.whole = page->entries.empty() || part.position >= page->tail;
        go_on(job);
      }));
}

void write(Job& job, Part& part) {
  wire::encode(frame::of(part.entries.front(), false, true), job.lines);
  job.lines += '\n';
  part.entries.pop_front();
}

/// An internal entry stands behind the public one that it names.
void go_on(const JobPtr& job) {
  Part& spoken = job->parts[static_cast<std::size_t>(Log::public_log)];
  Part& noted = job->parts[static_cast<std::size_t>(Log::internal)];
  const auto lacks = [](const Part& part) { return part.entries.empty() && !part.whole; };
  while (!lacks(spoken) && !lacks(noted) && !(spoken.entries.empty() && noted.entries.empty())) {
    const bool note =
        !noted.entries.empty() &&
        (spoken.entries.empty() || noted.entries.front().after < spoken.entries.front().seq);
    write(*job, note ? noted : spoken);
  }
  if (!job->lines.empty()) job->take(std::exchange(job->lines, {}));
  if (lacks(spoken)) return read(job, Log::public_log);
  if (lacks(noted)) return read(job, Log::internal);
  job->done(errc::ok);
}

}  // namespace

void write_transcript(Shard& shard, ConversationId conversation, bool internal,
                      std::function<void(std::string_view lines)> take, Completion<errc> done) {
  const JobPtr job(new Job{shard, conversation, std::move(take), std::move(done)});
  job->parts[static_cast<std::size_t>(Log::internal)].whole = !internal;
  shard.context().store.get(
      conversation_key(conversation),
      shard.here<result<std::optional<Record>>>([job](result<std::optional<Record>> record) {
        if (!record) return job->done(record.error());
        if (!*record) return job->done(errc::not_found);
        job->lines = (**record).value + '\n';
        go_on(job);
      }));
}

}  // namespace kefu::hub
