#include "transcript.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <kefu/desk_keys.hpp>
#include <kefu/wire/codec.hpp>
#include <kefu/wire/records.hpp>
#include <utility>

#include "shard.hpp"

namespace kefu::inline v0::hub {
namespace {

/// What has been read of a log and was not written yet.
struct Part {
  std::deque<Entry> entries;
  std::uint64_t position = 0;
  bool whole = false;
};

struct Job {
  Shard& shard;
  Writing what;
  TakerPtr take;
  Completion<errc> done;
  std::array<Part, 2> parts{};  // by Log
  std::string lines{};
};
using JobPtr = std::shared_ptr<Job>;

void go_on(const JobPtr& job);

void read(const JobPtr& job, Log log) {
  Part& part = job->parts[static_cast<std::size_t>(log)];
  ReadRequest request;
  request.conversation = job->what.log;
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
  const Entry& entry = part.entries.front();
  const bool own = !job.what.participant.empty() && entry.from == job.what.participant;
  wire::encode(frame::of(entry, own, job.what.internal), job.lines);
  job.lines += '\n';
  part.entries.pop_front();
}

/// What the page that was read last allows; an internal entry stands behind the public one that it
/// names.
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
  if (!job->lines.empty()) {
    const std::string lines = std::exchange(job->lines, {});
    return (*job->take)(lines, job->shard.here<bool>([job](bool more) {
      more ? go_on(job) : job->done(errc::closed);
    }));
  }
  if (lacks(spoken)) return read(job, Log::public_log);
  if (lacks(noted)) return read(job, Log::internal);
  job->done(errc::ok);
}

}  // namespace

void write_entries(Shard& shard, Writing what, TakerPtr take, Completion<errc> done) {
  const JobPtr job(new Job{shard, std::move(what), std::move(take), std::move(done)});
  job->parts[static_cast<std::size_t>(Log::internal)].whole = !job->what.internal;
  job->lines = std::move(job->what.first);
  go_on(job);
}

void write_transcript(Shard& shard, ConversationId conversation, bool internal, LineTaker take,
                      Completion<errc> done) {
  shard.context().store.get(
      conversation_key(conversation),
      shard.here<result<std::optional<Record>>>(
          [&shard, internal, conversation, take = std::make_shared<LineTaker>(std::move(take)),
           done = std::move(done)](result<std::optional<Record>> record) mutable {
            if (!record) return done(record.error());
            if (!*record) return done(errc::not_found);
            const std::string& whole = (**record).value;
            result<Conversation> c = wire::decode_conversation(whole);
            if (!c) return done(c.error());
            c->attributes.clear();  // which are the staff's
            Writing what{conversation, internal};
            what.first = wire::as_line("conversation", internal ? whole : wire::encode_told(*c));
            write_entries(shard, std::move(what), std::move(take), std::move(done));
          }));
}

}  // namespace kefu::inline v0::hub
