#include <kefu/disk/files.hpp>

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <kefu/testing/files_conformance.hpp>
#include <kefu/testing/manual_clock.hpp>
#include <stdexcept>
#include <string>

#include "unit/sqlite/scratch.hpp"

namespace fs = std::filesystem;
using namespace kefu;
using kefu::disk::DigestWhen;
using kefu::test::ask;
using kefu::test::Scratch;

namespace {

constexpr const char* kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

class Factory final : public kefu::testing::FilesFactory {
 public:
  explicit Factory(DigestWhen digest) : digest_{digest} {}

  std::unique_ptr<Files> open(const limits& bounds) override {
    fs::remove_all(folder_.file("files"));
    return reopen(bounds);
  }
  [[nodiscard]] bool durable() const override { return true; }
  std::unique_ptr<Files> reopen(const limits& bounds) override {
    return std::make_unique<disk::Files>(folder_.file("files"),
                                         disk::FilesOptions{bounds, digest_, &clock_});
  }
  void advance(Nanoseconds by) override { clock_.advance(by); }

 private:
  Scratch folder_;
  // What is found again has the age that the disk says, by the machine's clock.
  kefu::testing::ManualClock clock_{SystemClock{}.now()};
  DigestWhen digest_;
};

FileInfo abc(std::uint64_t n = 1) {
  FileInfo info;
  info.id = {1, n};
  info.conversation = {2, 1};
  info.owner = "ann";
  info.name = "abc.txt";
  info.size = 3;
  return info;
}

result<FileStatus> create(Files& files, FileInfo info) {
  return ask<result<FileStatus>>([&](auto done) { files.create(info, std::move(done)); });
}
result<FileStatus> status(Files& files, FileId id) {
  return ask<result<FileStatus>>([&](auto done) { files.status(id, std::move(done)); });
}
result<std::unique_ptr<FileSink>> resume(Files& files, FileId id) {
  return ask<result<std::unique_ptr<FileSink>>>(
      [&](auto done) { files.resume(id, std::move(done)); });
}
result<FileInfo> commit(Files& files, FileId id) {
  return ask<result<FileInfo>>([&](auto done) { files.commit(id, std::move(done)); });
}
void write(Files& files, FileId id, std::string_view text) {
  auto sink = resume(files, id);
  REQUIRE(sink);
  REQUIRE((*sink)->write(std::as_bytes(std::span{text})));
}
FileInfo put(Files& files, FileInfo info = abc()) {
  REQUIRE(create(files, info));
  write(files, info.id, "abc");
  const auto committed = commit(files, info.id);
  REQUIRE(committed);
  return *committed;
}
std::size_t count_in(const fs::path& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator{folder}, fs::directory_iterator{}));
}
std::size_t open_descriptors() { return count_in("/proc/self/fd"); }

}  // namespace

TEST_CASE("files on the disk keep every promise of the port, also over restarts") {
  for (const DigestWhen digest :
       {DigestWhen::never, DigestWhen::on_commit, DigestWhen::streaming}) {
    for (const kefu::testing::FilesCheck& check : kefu::testing::files_checks()) {
      Factory factory{digest};
      const std::string failure = check.run(factory);
      CHECK_MESSAGE(failure.empty(), std::string(check.name), ": ", failure);
    }
  }
}

TEST_CASE("a folder of files belongs to one process at a time") {
  const Scratch folder;
  const disk::Files files{folder.file("files")};
  CHECK_THROWS_AS(disk::Files{folder.file("files")}, std::runtime_error);
}

TEST_CASE("what can't be read is not taken for absent") {
  const Scratch folder;
  const FileInfo info = abc();
  const std::string about = folder.file("files") + "/about/" + info.id.to_string();
  {
    disk::Files files{folder.file("files"), {.digest = DigestWhen::never}};
    put(files);
    REQUIRE(ask<result<FileInfo>>([&](auto done) { files.keep(info.id, std::move(done)); }));
    std::ofstream{about} << "kefu file 2\n";
    CHECK(create(files, info).error() == errc::store_failed);
    CHECK(status(files, info.id).error() == errc::store_failed);
    CHECK(count_in(folder.file("files") + "/kept") == 1);
  }
  CHECK_THROWS_AS(disk::Files{folder.file("files")}, std::system_error);
  CHECK(fs::exists(about));
  CHECK(count_in(folder.file("files") + "/kept") == 1);
}

TEST_CASE("a digest comes with the commit when it streams, and behind it otherwise") {
  const Scratch folder;
  {
    disk::Files files{folder.file("files"), {.digest = DigestWhen::streaming}};
    CHECK(put(files).sha256 == kAbc);
    // In two parts it streams too, and after a rewind it is made from the disk.
    REQUIRE(create(files, abc(2)));
    write(files, abc(2).id, "a");
    write(files, abc(2).id, "bc");
    CHECK(commit(files, abc(2).id)->sha256 == kAbc);
  }
  for (const bool restarted : {false, true}) {
    const Scratch other;
    {
      disk::Files files{other.file("files"),
                        {.digest = restarted ? DigestWhen::never : DigestWhen::on_commit}};
      CHECK_FALSE(put(files).sha256);
    }
    // What was not made by then is made after a restart; the end waits for what has begun.
    for (int i = 0; i < 100; ++i) {
      disk::Files files{other.file("files")};
      if (status(files, abc().id)->info.sha256) break;
    }
    disk::Files files{other.file("files")};
    for (int i = 0; i < 1'000'000 && !status(files, abc().id)->info.sha256; ++i) continue;
    CHECK(status(files, abc().id)->info.sha256 == kAbc);
  }
}

TEST_CASE("an upload has its room on the disk from the start, and its length only as it comes") {
  const Scratch folder;
  disk::Files files{folder.file("files")};
  FileInfo info = abc();
  info.size = 1 << 20;
  REQUIRE(create(files, info));
  struct stat found {};
  const std::string path = folder.file("files/growing/") + info.id.to_string();
  REQUIRE(::stat(path.c_str(), &found) == 0);
  CHECK(found.st_size == 0);
  CHECK(found.st_blocks * 512 >= 1 << 20);
}

TEST_CASE("after the machine has started anew, uploads begin anew and files are what they were") {
  const Scratch folder;
  {
    disk::Files files{folder.file("files")};
    put(files);
    REQUIRE(create(files, abc(2)));
    write(files, abc(2).id, "ab");
  }
  std::ofstream{folder.file("files/boot")} << "another";
  disk::Files files{folder.file("files")};
  CHECK(status(files, abc(2).id)->offset == 0);
  CHECK(status(files, abc().id)->state == FileState::committed);
}

TEST_CASE("what a crash leaves of a beginning or a removal is cleared away") {
  const Scratch folder;
  {
    disk::Files files{folder.file("files"), {.digest = DigestWhen::never}};
    put(files);
    REQUIRE(create(files, abc(2)));
  }
  // Between the lines and the bytes, and in the middle of the lines.
  fs::remove(folder.file("files/growing/") + abc(2).id.to_string());
  std::ofstream{folder.file("files/about/") + abc(3).id.to_string() + ".new"} << "kefu";
  {
    disk::Files files{folder.file("files"), {.digest = DigestWhen::never}};
    CHECK(status(files, abc(2).id).error() == errc::not_found);
    CHECK(create(files, abc(2)));
  }
  CHECK(count_in(folder.file("files/about")) == 2);
}

TEST_CASE("nothing keeps a descriptor") {
  const Scratch folder;
  disk::Files files{folder.file("files"), {.digest = DigestWhen::never}};
  put(files);
  const std::size_t before = open_descriptors();
  for (std::uint64_t n = 2; n != 50; ++n) {
    put(files, abc(n));
    CHECK(ask<result<std::unique_ptr<FileSource>>>(
        [&](auto done) { files.open(abc(n).id, std::move(done)); }));
    CHECK(resume(files, abc(n).id).error() == errc::not_found);
    CHECK(create(files, FileInfo{}).error() == errc::bad_frame);
    CHECK(ask<errc>([&](auto done) { files.remove(abc(n).id, std::move(done)); }) == errc::ok);
  }
  CHECK(open_descriptors() == before);
  CHECK(count_in(folder.file("files/about")) == 1);
}
