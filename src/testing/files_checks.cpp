#include <unistd.h>

#include <array>
#include <cstring>

#include "testing/files_rig.hpp"

namespace kefu::inline v0::testing {

FileInfo announced(std::uint64_t n, std::uint64_t size, std::string owner) {
  FileInfo info;
  info.id = {0x0190'0000'0000'7002u, 0x8000'0000'0000'0000u | n};
  info.conversation = conversation(1);
  info.owner = std::move(owner);
  info.name = "../a \"picture\" \xe5\xbf\xab.png";
  info.type = "image/png";
  info.size = size;
  info.metadata = "filename YSBwaWN0dXJl,mood";
  return info;
}

void FilesRig::restart() {
  if (!restarting_) return;
  files_.reset();
  files_ = factory_.reopen(bounds_);
}

result<FileStatus> FilesRig::create(FileInfo info) {
  restart();
  return ask<result<FileStatus>>(
      [&](Files& files, auto done) { files.create(std::move(info), std::move(done)); });
}

FileStatus FilesRig::status(FileId id, int line) {
  restart();
  auto known =
      ask<result<FileStatus>>([&](Files& files, auto done) { files.status(id, std::move(done)); });
  expect_equal(known.error(), errc::ok, "status", line);
  return *std::move(known);
}

errc FilesRig::status_error(FileId id) {
  restart();
  return ask<result<FileStatus>>(
             [&](Files& files, auto done) { files.status(id, std::move(done)); })
      .error();
}

result<std::unique_ptr<FileSink>> FilesRig::resume(FileId id) {
  return ask<result<std::unique_ptr<FileSink>>>(
      [&](Files& files, auto done) { files.resume(id, std::move(done)); });
}

void FilesRig::append(FileId id, std::string_view text, int line) {
  restart();
  auto sink = resume(id);
  expect_equal(sink.error(), errc::ok, "resume", line);
  const std::uint64_t before = (*sink)->offset();
  const auto written = (*sink)->write(std::as_bytes(std::span{text}));
  expect_equal(written.error(), errc::ok, "write", line);
  expect_equal(*written, before + text.size(), "the offset after a write", line);
  expect_equal((*sink)->offset(), before + text.size(), "offset()", line);
}

result<FileInfo> FilesRig::commit(FileId id) {
  restart();
  return ask<result<FileInfo>>([&](Files& files, auto done) { files.commit(id, std::move(done)); });
}

result<FileInfo> FilesRig::keep(FileId id) {
  restart();
  return ask<result<FileInfo>>([&](Files& files, auto done) { files.keep(id, std::move(done)); });
}

result<FileInfo> FilesRig::judged(FileId id, FileVerdict verdict) {
  restart();
  return ask<result<FileInfo>>(
      [&](Files& files, auto done) { files.judged(id, verdict, std::move(done)); });
}

errc FilesRig::remove(FileId id) {
  restart();
  return ask<errc>([&](Files& files, auto done) { files.remove(id, std::move(done)); });
}

std::size_t FilesRig::collect(int line) {
  restart();
  const auto count =
      ask<result<std::size_t>>([&](Files& files, auto done) { files.collect(std::move(done)); });
  expect_equal(count.error(), errc::ok, "collect", line);
  return *count;
}

result<std::unique_ptr<FileSource>> FilesRig::open(FileId id) {
  return ask<result<std::unique_ptr<FileSource>>>(
      [&](Files& files, auto done) { files.open(id, std::move(done)); });
}

std::string FilesRig::content(FileId id, int line) {
  restart();
  const auto source = open(id);
  expect_equal(source.error(), errc::ok, "open", line);
  std::string out;
  std::array<std::byte, 7> part;  // so that it takes several reads
  for (;;) {
    const auto read = (*source)->read_at(out.size(), part);
    expect_equal(read.error(), errc::ok, "read_at", line);
    out.append(reinterpret_cast<const char*>(part.data()), *read);
    if (*read != part.size()) break;
  }
  expect_equal(out.size(), (*source)->size(), "bytes up to the end", line);
  return out;
}

FileInfo FilesRig::put(std::uint64_t n, std::string_view text, int line) {
  const FileInfo info = announced(n, text.size());
  expect_equal(create(info).error(), errc::ok, "create", line);
  append(info.id, text, line);
  expect_equal(commit(info.id).error(), errc::ok, "commit", line);
  return info;
}

namespace {

constexpr Nanoseconds kMoment{1'000'000'000};

void grows_and_is_read(FilesRig& rig) {
  const FileInfo info = announced(1, 11);
  const auto created = rig.create(info);
  expect_equal(created.error(), errc::ok, "create");
  expect(created->state == FileState::growing && created->offset == 0, "it begins at 0");
  rig.append(info.id, "hello ");
  const FileStatus status = rig.status(info.id);
  expect_equal(status.offset, 6, "the offset");
  expect(status.info.announces(info), "it is what was announced");
  expect_equal(status.info.metadata, info.metadata, "what else was told");
  rig.append(info.id, "world");
  const auto committed = rig.commit(info.id);
  expect_equal(committed.error(), errc::ok, "commit");
  expect(committed->announces(info), "commit answers what was announced");
  expect_equal(committed->metadata, info.metadata, "what else was told, of a file");
  expect(rig.status(info.id).state == FileState::committed, "it is committed");
  expect_equal(rig.content(info.id), std::string{"hello world"}, "the content");
}

void empty_file(FilesRig& rig) {
  const FileInfo info = announced(1, 0);
  expect_equal(rig.create(info).error(), errc::ok, "create");
  expect_equal(rig.commit(info.id).error(), errc::ok, "commit");
  expect_equal(rig.content(info.id), std::string{}, "the content");
}

void creation_repeats(FilesRig& rig) {
  const FileInfo info = announced(1, 4);
  expect_equal(rig.create(info).error(), errc::ok, "create");
  rig.append(info.id, "ab");
  const auto again = rig.create(info);
  expect_equal(again.error(), errc::ok, "create again");
  expect_equal(again->offset, 2, "what is there");
  FileInfo other = info;
  other.size = 5;
  expect_equal(rig.create(other).error(), errc::conflict, "another size");
  other = info;
  other.owner = "bob";
  expect_equal(rig.create(other).error(), errc::conflict, "another owner");
  rig.append(info.id, "cd");
  expect_equal(rig.commit(info.id).error(), errc::ok, "commit");
  const auto late = rig.create(info);
  expect_equal(late.error(), errc::ok, "create after the commit");
  expect(late->state == FileState::committed, "it is committed");
}

void unfinished_is_unseen(FilesRig& rig) {
  const FileInfo info = announced(1, 4);
  expect_equal(rig.create(info).error(), errc::ok, "create");
  rig.append(info.id, "abc");
  expect_equal(rig.open(info.id).error(), errc::not_found, "open");
  expect_equal(rig.keep(info.id).error(), errc::not_found, "keep");
  expect_equal(rig.commit(info.id).error(), errc::gap, "commit");
  rig.append(info.id, "d");
  expect_equal(rig.commit(info.id).error(), errc::ok, "commit of the whole");
  expect_equal(rig.commit(info.id).error(), errc::ok, "commit again");
  expect_equal(rig.resume(info.id).error(), errc::not_found, "resume of a committed file");
}

void nothing_there(FilesRig& rig) {
  const FileId id = announced(9, 1).id;
  expect_equal(rig.status_error(id), errc::not_found, "status");
  expect_equal(rig.resume(id).error(), errc::not_found, "resume");
  expect_equal(rig.commit(id).error(), errc::not_found, "commit");
  expect_equal(rig.keep(id).error(), errc::not_found, "keep");
  expect_equal(rig.open(id).error(), errc::not_found, "open");
  expect_equal(rig.judged(id, FileVerdict::clean).error(), errc::not_found, "a verdict");
  expect_equal(rig.remove(id), errc::ok, "remove");
}

void sink_keeps_to_its_bounds(FilesRig& rig) {
  const FileInfo info = announced(1, 4);
  expect_equal(rig.create(info).error(), errc::ok, "create");
  const std::string_view text = "abcdef";
  {
    const Together together{rig};
    const auto sink = rig.resume(info.id);
    expect_equal(sink.error(), errc::ok, "resume");
    expect_equal((*sink)->write(std::as_bytes(std::span{text})).error(), errc::too_large,
                 "more than was announced");
    expect_equal((*sink)->offset(), 0, "nothing was written");
    expect_equal(rig.resume(info.id).error(), errc::conflict, "a second sink");
    expect((*sink)->write(std::as_bytes(std::span{text.substr(0, 3)})).has_value(), "write");
    expect_equal((*sink)->rewind(4), errc::conflict, "rewind forwards");
    expect_equal((*sink)->rewind(1), errc::ok, "rewind");
    expect_equal((*sink)->offset(), 1, "the offset after it");
  }
  expect_equal(rig.status(info.id).offset, 1, "the offset after the sink");
  rig.append(info.id, "xyz");
  expect_equal(rig.commit(info.id).error(), errc::ok, "commit");
  expect_equal(rig.content(info.id), std::string{"axyz"}, "the content");
}

/// Where there is a descriptor, bytes that went by it are as good as others.
void descriptors_reach_the_bytes(FilesRig& rig) {
  const FileInfo info = announced(1, 9);
  expect_equal(rig.create(info).error(), errc::ok, "create");
  rig.append(info.id, "abc");
  const std::string_view text = "def";
  {
    const Together together{rig};
    const auto sink = rig.resume(info.id);
    expect_equal(sink.error(), errc::ok, "resume");
    if ((*sink)->descriptor() < 0) return;
    const ssize_t written = ::pwrite((*sink)->descriptor(), text.data(), text.size(),
                                     static_cast<off_t>((*sink)->offset()));
    expect_equal(written, 3, "bytes written by the descriptor");
    (*sink)->advance(text.size());
    expect_equal((*sink)->offset(), 6, "the offset after advance()");
  }
  expect_equal(rig.status(info.id).offset, 6, "the offset of the upload");
  rig.append(info.id, "ghi");
  expect_equal(rig.commit(info.id).error(), errc::ok, "commit");
  expect_equal(rig.content(info.id), std::string{"abcdefghi"}, "the content");
  const auto source = rig.open(info.id);
  expect_equal(source.error(), errc::ok, "open");
  if ((*source)->descriptor() < 0) return;
  std::array<char, 16> read{};
  const ssize_t count = ::pread((*source)->descriptor(), read.data(), read.size(), 2);
  expect_equal(count, 7, "bytes read by the descriptor");
  expect_equal(std::string{read.data(), 7}, std::string{"cdefghi"}, "what the descriptor reads");
}

void open_sink_holds_commit_off(FilesRig& rig) {
  const FileInfo info = announced(1, 0);
  expect_equal(rig.create(info).error(), errc::ok, "create");
  const Together together{rig};
  const auto sink = rig.resume(info.id);
  expect_equal(sink.error(), errc::ok, "resume");
  expect_equal(rig.commit(info.id).error(), errc::conflict, "commit");
}

void verdicts_stand(FilesRig& rig) {
  const FileInfo info = announced(1, 1);
  expect_equal(rig.create(info).error(), errc::ok, "create");
  expect_equal(rig.judged(info.id, FileVerdict::clean).error(), errc::not_found,
               "a verdict on an upload");
  rig.append(info.id, "x");
  const auto committed = rig.commit(info.id);
  expect(committed && committed->verdict == FileVerdict::none, "nobody has judged it");
  const auto judged = rig.judged(info.id, FileVerdict::refused);
  expect(judged && judged->verdict == FileVerdict::refused, "the verdict");
  const auto other = rig.judged(info.id, FileVerdict::clean);
  expect(other && other->verdict == FileVerdict::refused, "the first verdict stands");
  expect(rig.status(info.id).info.verdict == FileVerdict::refused, "it is told");
  const FileInfo kept = rig.put(2, "abc");
  expect_equal(rig.keep(kept.id).error(), errc::ok, "keep");
  expect_equal(rig.judged(kept.id, FileVerdict::clean).error(), errc::ok, "of a kept file");
  expect(rig.status(kept.id).info.verdict == FileVerdict::clean, "it is told of a kept file");
  const auto again = rig.create(info);
  expect(again && again->info.verdict == FileVerdict::refused, "creation repeats with it");
}

void removal(FilesRig& rig) {
  const FileInfo info = rig.put(1, "abc");
  const Together together{rig};
  const auto source = rig.open(info.id);
  expect_equal(source.error(), errc::ok, "open");
  expect_equal(rig.remove(info.id), errc::ok, "remove");
  std::array<std::byte, 3> out{};
  const auto read = (*source)->read_at(0, out);
  expect(read && *read == 3 && std::memcmp(out.data(), "abc", 3) == 0,
         "an open file is read to its end");
}

void removed_is_gone(FilesRig& rig) {
  const FileInfo info = rig.put(1, "abc");
  expect_equal(rig.keep(info.id).error(), errc::ok, "keep");
  expect_equal(rig.remove(info.id), errc::ok, "remove");
  expect_equal(rig.remove(info.id), errc::ok, "remove again");
  expect_equal(rig.status_error(info.id), errc::not_found, "status");
  expect_equal(rig.create(announced(1, 5)).error(), errc::ok, "its id is free again");
  expect_equal(rig.status(info.id).offset, 0, "it begins anew");
}

void old_sink_harms_nothing(FilesRig& rig) {
  const FileInfo info = announced(1, 4);
  expect_equal(rig.create(info).error(), errc::ok, "create");
  {
    const Together together{rig};
    const auto sink = rig.resume(info.id);
    expect_equal(sink.error(), errc::ok, "resume");
    expect_equal(rig.remove(info.id), errc::ok, "remove");
    expect_equal(rig.create(info).error(), errc::ok, "create again");
    const std::string_view text = "old";
    (void)(*sink)->write(std::as_bytes(std::span{text}));
  }
  expect_equal(rig.status(info.id).offset, 0, "the new one has nothing of it");
  rig.append(info.id, "new!");
  expect_equal(rig.commit(info.id).error(), errc::ok, "commit");
  expect_equal(rig.content(info.id), std::string{"new!"}, "the content");
}

void uploads_expire(FilesRig& rig) {
  const FileInfo info = announced(1, 4);
  expect_equal(rig.create(info).error(), errc::ok, "create");
  rig.advance(rig.bounds().upload_ttl - kMoment);
  expect_equal(rig.collect(), 0, "collected before the time");
  rig.append(info.id, "ab");
  rig.advance(rig.bounds().upload_ttl - kMoment);
  expect_equal(rig.collect(), 0, "collected though it was written to");
  rig.advance(2 * kMoment);
  expect_equal(rig.collect(), 1, "collected");
  expect_equal(rig.status_error(info.id), errc::not_found, "status");
}

void unkept_are_collected(FilesRig& rig) {
  const FileInfo kept = rig.put(1, "kept");
  const FileInfo unkept = rig.put(2, "unkept");
  expect_equal(rig.keep(kept.id).error(), errc::ok, "keep");
  expect_equal(rig.keep(kept.id).error(), errc::ok, "keep again");
  expect_equal(rig.collect(), 0, "collected before the time");
  rig.advance(rig.bounds().unkept_ttl + kMoment);
  expect_equal(rig.collect(), 1, "collected");
  expect_equal(rig.keep(unkept.id).error(), errc::not_found, "keep of what was collected");
  rig.advance(1000 * rig.bounds().unkept_ttl);
  expect_equal(rig.collect(), 0, "collected again");
  expect_equal(rig.content(kept.id), std::string{"kept"}, "the content");
  expect(rig.status(kept.id).state == FileState::kept, "it is kept");
}

void open_uploads_are_not_collected(FilesRig& rig) {
  const FileInfo info = announced(1, 4);
  expect_equal(rig.create(info).error(), errc::ok, "create");
  const Together together{rig};
  const auto sink = rig.resume(info.id);
  expect_equal(sink.error(), errc::ok, "resume");
  rig.advance(2 * rig.bounds().upload_ttl);
  expect_equal(rig.collect(), 0, "collected");
}

void bad_announcements(FilesRig& rig) {
  FileInfo info = announced(1, 1);
  info.id = {};
  expect_equal(rig.create(info).error(), errc::bad_frame, "a nil id");
  info = announced(1, 1);
  info.name = "a\nb";
  expect_equal(rig.create(info).error(), errc::bad_frame, "a line end in the name");
  info = announced(1, 1);
  info.name.assign(rig.bounds().max_file_name + 1, 'x');
  expect_equal(rig.create(info).error(), errc::too_large, "a long name");
  info = announced(1, 1);
  info.metadata.assign(rig.bounds().max_file_metadata + 1, 'x');
  expect_equal(rig.create(info).error(), errc::too_large, "much beside");
  expect_equal(rig.create(announced(1, rig.bounds().max_file + 1)).error(), errc::too_large,
               "a large file");
  expect_equal(rig.status_error(announced(1, 1).id), errc::not_found, "status");
}

void quotas(FilesRig& rig) {
  limits bounds;
  bounds.file_quota = 10;
  bounds.files_total = 15;
  rig.bound(bounds);
  expect_equal(rig.create(announced(1, 6)).error(), errc::ok, "6 of 10");
  expect_equal(rig.create(announced(2, 5)).error(), errc::too_large, "11 of 10");
  expect_equal(rig.create(announced(2, 4)).error(), errc::ok, "10 of 10");
  expect_equal(rig.create(announced(3, 6, "bob")).error(), errc::store_full, "16 of 15 in all");
  expect_equal(rig.create(announced(3, 5, "bob")).error(), errc::ok, "15 of 15 in all");
  expect_equal(rig.remove(announced(1, 6).id), errc::ok, "remove");
  expect_equal(rig.create(announced(4, 6)).error(), errc::ok, "what was removed counts no more");
  rig.append(announced(2, 4).id, "abcd");
  expect_equal(rig.commit(announced(2, 4).id).error(), errc::ok, "commit");
  expect_equal(rig.keep(announced(2, 4).id).error(), errc::ok, "keep");
  expect_equal(rig.create(announced(5, 1)).error(), errc::too_large, "what is kept still counts");
}

void few_uploads_at_once(FilesRig& rig) {
  limits bounds;
  bounds.uploads_of_participant = 2;
  bounds.uploads = 3;
  rig.bound(bounds);
  expect_equal(rig.create(announced(1, 1)).error(), errc::ok, "the first");
  expect_equal(rig.create(announced(2, 1)).error(), errc::ok, "the second");
  expect_equal(rig.create(announced(3, 1)).error(), errc::overloaded, "the third");
  expect_equal(rig.create(announced(1, 1)).error(), errc::ok, "the first again");
  expect_equal(rig.create(announced(4, 1, "bob")).error(), errc::ok, "somebody else's");
  expect_equal(rig.create(announced(5, 1, "eve")).error(), errc::overloaded, "too many in all");
  rig.append(announced(1, 1).id, "x");
  expect_equal(rig.commit(announced(1, 1).id).error(), errc::ok, "commit");
  expect_equal(rig.create(announced(3, 1)).error(), errc::ok, "one is finished");
}

template <void (*Body)(FilesRig&)>
std::string run_files_check(FilesFactory& factory) {
  for (const bool restarting : {false, true}) {
    if (restarting && !factory.durable()) break;
    const std::string failure = outcome_of([&] {
      FilesRig rig{factory, restarting};
      Body(rig);
    });
    if (!failure.empty()) return (restarting ? "with restarts: " : "") + failure;
  }
  return {};
}

}  // namespace

std::vector<FilesCheck> files_checks() {
  return {
      {"an upload grows, is committed and read", run_files_check<grows_and_is_read>},
      {"an empty file is a file", run_files_check<empty_file>},
      {"create: repeating it acts once", run_files_check<creation_repeats>},
      {"commit: what is not whole stays unseen", run_files_check<unfinished_is_unseen>},
      {"what is not there is not_found", run_files_check<nothing_there>},
      {"a sink keeps to its bounds", run_files_check<sink_keeps_to_its_bounds>},
      {"a descriptor reaches the same bytes", run_files_check<descriptors_reach_the_bytes>},
      {"commit: not while a sink is open", run_files_check<open_sink_holds_commit_off>},
      {"judged: the first verdict stands", run_files_check<verdicts_stand>},
      {"remove: an open file is read to its end", run_files_check<removal>},
      {"remove: it is gone", run_files_check<removed_is_gone>},
      {"remove: an old sink harms nothing", run_files_check<old_sink_harms_nothing>},
      {"collect: uploads that stand still", run_files_check<uploads_expire>},
      {"collect: what nobody keeps, and nothing else", run_files_check<unkept_are_collected>},
      {"collect: not what is being written", run_files_check<open_uploads_are_not_collected>},
      {"create: bad announcements", run_files_check<bad_announcements>},
      {"create: quotas", run_files_check<quotas>},
      {"create: few uploads at once", run_files_check<few_uploads_at_once>},
  };
}

}  // namespace kefu::inline v0::testing
