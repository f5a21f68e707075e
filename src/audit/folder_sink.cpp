#include <kefu/audit/folder_sink.hpp>

#include <fmt/format.h>

#include <exception>
#include <stdexcept>
#include <utility>

#include "audit/log_folder.hpp"
#include "audit/recent_events.hpp"
#include "audit/waiting_acts.hpp"
#include "work_thread.hpp"

namespace kefu::inline v0::audit {
namespace {

constexpr std::size_t kMinSalt = 32;  // bytes

FolderSinkOptions checked(FolderSinkOptions options) {
  if (!is_writer_name(options.writer)) throw std::invalid_argument("a bad name of a writer");
  if (options.salt.size() < kMinSalt) throw std::invalid_argument("a salt of less than 32 bytes");
  return options;
}

KnownEvent known(const Line& line) {
  return {line.position, line.conversation, line.log, line.seq};
}
KnownEvent known(const Event& event) {
  return {event.position, event.entry.conversation, event.entry.log, event.entry.seq};
}

}  // namespace

struct FolderSink::Impl {
  Impl(const std::filesystem::path& path, FolderSinkOptions from)
      : options(checked(std::move(from))),
        folder(path, options.file_bytes,
               [this](const Line& line) {
                 if (line.act.empty()) recent.add(known(line));
               }),
        chain(folder.head().value_or(Head{options.writer})) {}

  void note(const Act& act);
  void write_acts();
  errc take(const EventBatch& batch);
  errc write(const EventBatch& batch);
  errc write_waiting();
  errc write_lines(Chain next, const std::string& lines);
  errc anchor();
  void tell(errc code);

  const FolderSinkOptions options;
  RecentEvents recent;
  LogFolder folder;
  Chain chain;                            // as it is on the disk
  std::optional<std::uint64_t> anchored;  // the line; of what was before this start nobody knows
  errc told = errc::ok;                   // how it went last
  WaitingActs acts;
  WorkThread hands;  // last: it uses all above
};

void FolderSink::Impl::note(const Act& act) {
  bool first = false;
  try {
    first = acts.add(fields_of(act, options.salt));
    if (first) hands.post([this] { write_acts(); });
  } catch (const std::bad_alloc&) {
    first ? acts.stay() : acts.lose();
  }
}

void FolderSink::Impl::write_acts() {
  errc code = errc::unavailable;
  try {
    code = write_waiting();
    if (code == errc::ok) code = anchor();
  } catch (const std::exception&) {  // for want of memory, or the anchor's own
  }
  tell(code);
}

/// What can't be written waits for the next act or batch.
errc FolderSink::Impl::write_waiting() {
  WaitingActs::Taken taken = acts.take();
  if (taken.fields.empty() && taken.lost == 0) return errc::ok;
  errc code = errc::unavailable;
  try {
    Chain next = chain;
    std::string lines;
    for (const std::string& fields : taken.fields) next.append(fields, lines);
    if (taken.lost != 0) next.append(fields_of_lost(taken.lost), lines);
    code = write_lines(std::move(next), lines);
  } catch (const std::bad_alloc&) {
  }
  if (code != errc::ok) acts.put_back(std::move(taken));
  return code;
}

errc FolderSink::Impl::write_lines(Chain next, const std::string& lines) {
  const errc code = folder.append(lines, chain.head().n + 1);
  if (code == errc::ok) chain = std::move(next);
  return code;
}

/// Batches that were written and not anchored come again, and only their head is left to do.
errc FolderSink::Impl::take(const EventBatch& batch) {
  errc code = write_waiting();
  if (code == errc::ok) code = write(batch);
  return code == errc::ok ? anchor() : code;
}

errc FolderSink::Impl::write(const EventBatch& batch) {
  Chain next = chain;
  std::string lines;
  for (const Event& event : batch.events) {
    if (!recent.contains(known(event))) next.append(event, options.salt, lines);
  }
  if (lines.empty()) return errc::ok;
  if (const errc code = write_lines(std::move(next), lines); code != errc::ok) return code;
  for (const Event& event : batch.events) {
    if (!recent.contains(known(event))) recent.add(known(event));
  }
  return errc::ok;
}

errc FolderSink::Impl::anchor() {
  if (!options.anchor || anchored == chain.head().n) return errc::ok;
  const errc code = options.anchor(chain.head());
  if (code == errc::ok) anchored = chain.head().n;
  return code;
}

void FolderSink::Impl::tell(errc code) {
  if (std::exchange(told, code) == code || !options.logger) return;
  if (code == errc::ok)
    return options.logger->log(LogLevel::info, "the audit log is written again");
  options.logger->log(LogLevel::error,
                      fmt::format("the audit log can't be written: {}", name(code)));
}

FolderSink::FolderSink(const std::filesystem::path& folder, FolderSinkOptions options)
    : impl_(std::make_unique<Impl>(folder, std::move(options))) {}

FolderSink::~FolderSink() {
  impl_->hands.post([impl = impl_.get()] { impl->write_acts(); });
  impl_->hands.end();
}

void FolderSink::note(const Act& act) { impl_->note(act); }

void FolderSink::deliver(const EventBatch& batch, Completion<errc> done) {
  impl_->hands.post([impl = impl_.get(), &batch, done = std::move(done)]() mutable {
    errc code = errc::unavailable;
    try {
      code = impl->take(batch);
    } catch (const std::exception&) {  // for want of memory, or the anchor's own
    }
    impl->tell(code);
    done(code);
  });
}

}  // namespace kefu::inline v0::audit
