#include "retention.hpp"

#include <kefu/core/desk_command.hpp>
#include <utility>

#include "shard.hpp"

namespace kefu::inline v0::hub {

struct Retention::Job {
  std::vector<core::Retained> left;  // the next one last
  Log log = Log::public_log;
  std::uint64_t after = 0;  // in the log
  Page page = {};
  std::vector<FileId> files = {};  // of the page
};

void Retention::take(std::vector<core::Retained> found) {
  if (found.empty() || !job_.expired()) return;
  const JobPtr job(new Job{std::move(found)});
  job_ = job;
  begin(job);
}

void Retention::begin(const JobPtr& job) {
  if (job->left.empty()) return;
  job->log = Log::public_log;
  job->after = 0;
  shard_.desk().run(core::Expire{job->left.back()},
                    [this, job](const core::transaction_effect::Ended& ended, core::WorkingSet&) {
                      if (ended.code == errc::ok) return read(job);
                      if (ended.rule == Rule::none) return;  // the Store's error
                      job->left.pop_back();  // another node has done it, or it was reopened
                      begin(job);
                    });
}

void Retention::read(const JobPtr& job) {
  ReadRequest request;
  request.conversation = core::log_of(job->left.back());
  request.log = job->log;
  request.after = job->after;
  request.max_entries = shard_.bounds().page_entries;
  request.max_bytes = shard_.bounds().page_bytes;
  shard_.context().store.read(request, shard_.here<result<Page>>([this, job](result<Page> page) {
    if (!page) return;
    job->page = *std::move(page);
    std::erase_if(job->page.entries, [&](const Entry& entry) {
      job->after = entry.seq;
      return !core::must_expire(entry);
    });
    for (const Entry& entry : job->page.entries) {
      if (const auto file = core::file_of(entry)) job->files.push_back(*file);
    }
    forget_files(job);
  }));
}

/// Before the entries that name them, for afterwards nobody knows of them.
void Retention::forget_files(const JobPtr& job) {
  const auto& forget = shard_.context().desk.options().forget_file;
  if (!forget) job->files.clear();
  if (job->files.empty()) return redact(job);
  const FileId file = job->files.back();
  job->files.pop_back();
  forget(file, shard_.here<errc>([this, job](errc code) {
    if (code == errc::ok) return forget_files(job);
    job->files.clear();
    end(job, shard_.context().store.now() + shard_.bounds().retention_retry);
  }));
}

void Retention::redact(const JobPtr& job) {
  if (job->page.entries.empty()) return go_on(job);
  Commit commit;
  for (const Entry& entry : job->page.entries) {
    commit.redactions.push_back(
        {entry.conversation, entry.log, entry.seq, tags::expired(entry.tags)});
  }
  const std::uint64_t before = job->page.entries.front().seq - 1;
  shard_.commit(std::move(commit), [this, job, before](result<Committed> committed) {
    if (committed) return go_on(job);
    if (committed.error() != errc::conflict) return;
    job->after = before;  // another node was faster, or a writer with a recall
    read(job);
  });
}

void Retention::go_on(const JobPtr& job) {
  if (job->after < job->page.tail) return read(job);
  if (job->log == Log::internal) return end(job, std::nullopt);
  job->log = Log::internal;
  job->after = 0;
  read(job);
}

void Retention::end(const JobPtr& job, std::optional<Timestamp> again) {
  shard_.desk().run(core::EndExpiry{job->left.back(), again},
                    [this, job](const core::transaction_effect::Ended& ended, core::WorkingSet&) {
                      if (ended.code != errc::ok && ended.rule == Rule::none) return;
                      job->left.pop_back();
                      begin(job);
                    });
}

}  // namespace kefu::inline v0::hub
