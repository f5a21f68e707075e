#include <kefu/files.hpp>

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <functional>
#include <future>
#include <kefu/disk/files.hpp>
#include <string>
#include <string_view>
#include <thread>

#include "unit/sqlite/scratch.hpp"

using namespace kefu;

namespace {

// What FILES.md shows to a host that has its own HTTP. Here its requests are strings.

struct Answer {
  int status = 500;
  std::uint64_t offset = 0;
};

/// Appends a part of an upload; when it was the last one the file is there.
void take_part(kefu::Files& files, const kefu::FileInfo& info, std::uint64_t offset,
               std::string_view part, std::function<void(Answer)> answer) {
  files.resume(info.id, [&files, info, offset, part = std::string{part},
                         answer](kefu::result<std::unique_ptr<kefu::FileSink>> sink) {
    if (!sink) return answer({sink.error() == kefu::errc::conflict ? 423 : 404, 0});
    if ((*sink)->offset() != offset) return answer({409, (*sink)->offset()});
    const auto written = (*sink)->write(std::as_bytes(std::span{part}));
    if (!written) return answer({written.error() == kefu::errc::store_full ? 507 : 500, offset});
    sink->reset();  // a commit waits for no sink
    if (*written != info.size) return answer({204, *written});
    files.commit(info.id, [answer, written = *written](kefu::result<kefu::FileInfo> committed) {
      answer({committed ? 204 : 500, written});
    });
  });
}

/// Hands out a file in parts that fit into `buffer`; false: it can't be read.
bool send_file(kefu::FileSource& source, std::span<std::byte> buffer,
               const std::function<void(std::span<const std::byte>)>& send) {
  for (std::uint64_t at = 0; at != source.size();) {
    const auto read = source.read_at(at, buffer);
    if (!read) return false;
    send(buffer.first(*read));
    at += *read;
  }
  return true;
}

Answer put(Files& files, const FileInfo& info, std::uint64_t offset, std::string_view part) {
  std::promise<Answer> answer;
  take_part(files, info, offset, part, [&](Answer given) { answer.set_value(given); });
  return answer.get_future().get();
}

}  // namespace

TEST_CASE("in process: a file goes up in parts and comes down whole") {
  const test::Scratch folder;
  disk::Files files{folder.file("files")};
  FileInfo info;
  info.id = {1, 1};
  info.conversation = {2, 1};
  info.owner = "ann";
  info.name = "letter.txt";
  std::string letter;
  for (int i = 0; i != 20'000; ++i) letter += std::to_string(i) + "\n";
  info.size = letter.size();
  REQUIRE(test::ask<result<FileStatus>>([&](auto done) { files.create(info, std::move(done)); }));

  const std::string_view all{letter};
  CHECK(put(files, info, 0, all.substr(0, 50'000)).status == 204);
  const Answer wrong = put(files, info, 1, "x");
  CHECK(wrong.status == 409);
  CHECK(wrong.offset == 50'000);
  CHECK(put(files, info, 50'000, all.substr(50'000)).status == 204);
  CHECK(put(files, info, all.size(), "x").status == 404);  // it is a file

  const auto source = test::ask<result<std::unique_ptr<FileSource>>>(
      [&](auto done) { files.open(info.id, std::move(done)); });
  REQUIRE(source);
  std::array<std::byte, 4096> buffer;
  std::string got;
  CHECK(send_file(**source, buffer, [&](std::span<const std::byte> part) {
    got.append(reinterpret_cast<const char*>(part.data()), part.size());
  }));
  CHECK((got == letter));
}
