#include <kefu/audit/folder_sink.hpp>

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <kefu/audit/folder.hpp>
#include <stdexcept>
#include <utility>

#include "unit/audit/chains.hpp"
#include "unit/hub/host.hpp"
#include "unit/sqlite/scratch.hpp"

namespace fs = std::filesystem;
using namespace kefu;
using namespace kefu::audit;
using namespace std::chrono_literals;
using kefu::test::ask;
using kefu::test::batch;
using kefu::test::event;
using kefu::test::refused;
using kefu::test::Scratch;

namespace {

/// A folder, the anchors of what is written to it, and how the next of them end.
struct Rig {
  [[nodiscard]] FolderSinkOptions options(std::uint64_t file_bytes = 1 << 20) {
    FolderSinkOptions out;
    out.writer = "desk-1";
    out.salt = test::kSalt;
    out.file_bytes = file_bytes;
    out.anchor = [this](const Head& head) {
      if (anchoring != errc::ok) return anchoring;
      std::ofstream(anchors, std::ios::app) << to_line(head) << "\n";
      return errc::ok;
    };
    return out;
  }
  [[nodiscard]] Report verify() const { return verify_folder(folder, {anchors, 1}); }
  [[nodiscard]] std::vector<fs::path> files() const {
    std::vector<fs::path> out{fs::directory_iterator(folder), {}};
    std::ranges::sort(out);
    return out;
  }

  Scratch scratch;
  fs::path folder = scratch.file("logs/audit");
  fs::path anchors = scratch.file("anchors");
  errc anchoring = errc::ok;
};

errc deliver(EventSink& sink, const EventBatch& what) {
  return ask<errc>([&](auto done) { sink.deliver(what, std::move(done)); });
}

std::string content_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void write(const fs::path& file, std::string_view content) {
  std::ofstream(file, std::ios::binary) << content;
}

TEST_CASE("what is delivered is in the chain, anchored, and for nobody else to read") {
  Rig rig;
  FolderSink sink(rig.folder, rig.options());
  CHECK(deliver(sink, batch(1, 3)) == errc::ok);
  CHECK(deliver(sink, batch(4, 4)) == errc::ok);
  const Report report = rig.verify();
  CHECK(report.faults == 0);
  CHECK(report.lines == 4);
  CHECK(report.anchored == 2);
  CHECK(report.head == test::WrittenChain(4).heads.back());
  REQUIRE(rig.files().size() == 1);
  CHECK(rig.files()[0].filename() == "audit-000000000001.jsonl");
  CHECK(fs::status(rig.files()[0]).permissions() ==
        (fs::perms::owner_read | fs::perms::owner_write));
  CHECK(fs::status(rig.folder).permissions() == fs::perms::owner_all);
}

TEST_CASE("the chain goes on over files and restarts") {
  Rig rig;
  for (std::uint64_t position = 1; position <= 12; position += 3) {
    FolderSink sink(rig.folder, rig.options(1000));
    for (std::uint64_t at = position; at < position + 3; ++at)
      CHECK(deliver(sink, batch(at, at)) == errc::ok);
  }
  CHECK(rig.files().size() == 4);  // of three lines each, the last of which is above the bound
  const Report report = rig.verify();
  CHECK(report.faults == 0);
  CHECK(report.files == 4);
  CHECK(report.head == test::WrittenChain(12).heads.back());
}

TEST_CASE("a file that is removed, renamed or emptied is found") {
  Rig rig;
  {
    FolderSink sink(rig.folder, rig.options(1));
    for (std::uint64_t at = 1; at <= 3; ++at) CHECK(deliver(sink, batch(at, at)) == errc::ok);
  }
  const std::vector<fs::path> files = rig.files();
  REQUIRE(files.size() == 3);
  constexpr Fault kWhat[] = {Fault::missing, Fault::missing, Fault::cut_off};
  for (std::size_t i = 0; i < files.size(); ++i) {
    const fs::path away = rig.scratch.file("away");
    fs::rename(files[i], away);
    REQUIRE(rig.verify().faults == 1);
    CHECK(rig.verify().findings[0].fault == kWhat[i]);
    write(files[i], "");
    REQUIRE(rig.verify().faults == 1);
    CHECK(rig.verify().findings[0].fault == kWhat[i]);
    fs::rename(away, files[i]);
  }
  fs::rename(files[0], rig.folder / "audit-000000000009.jsonl");
  CHECK(rig.verify().faults > 0);
}

TEST_CASE("what is delivered again is not written again, also after a restart") {
  Rig rig;
  {
    FolderSink sink(rig.folder, rig.options());
    CHECK(deliver(sink, batch(1, 3)) == errc::ok);
    CHECK(deliver(sink, batch(1, 3)) == errc::ok);
    CHECK(deliver(sink, batch(2, 4)) == errc::ok);
  }
  EventBatch erased = batch(3, 5);
  erased.events[0].entry.body.clear();  // meanwhile
  FolderSink sink(rig.folder, rig.options());
  CHECK(deliver(sink, erased) == errc::ok);
  CHECK(rig.verify().faults == 0);
  CHECK(rig.verify().head == test::WrittenChain(5).heads.back());
}

TEST_CASE("the events of a store that was restored are written, though their positions are known") {
  Rig rig;
  FolderSink sink(rig.folder, rig.options());
  CHECK(deliver(sink, batch(1, 3)) == errc::ok);
  EventBatch others = batch(2, 3);
  for (Event& each : others.events) each.entry.conversation = {9, 9};
  CHECK(deliver(sink, others) == errc::ok);
  CHECK(deliver(sink, others) == errc::ok);
  CHECK(rig.verify().faults == 0);
  CHECK(rig.verify().lines == 5);
}

TEST_CASE("wherever a crash tears what is written, nothing is lost, doubled or unlinked") {
  Rig whole;
  {
    FolderSink sink(whole.folder, whole.options());
    CHECK(deliver(sink, batch(1, 3)) == errc::ok);
  }
  const std::string content = content_of(whole.files().at(0));
  for (std::size_t size = 0; size <= content.size(); size += 11) {
    Rig rig;
    fs::create_directories(rig.folder);
    write(rig.folder / "audit-000000000001.jsonl", std::string_view(content).substr(0, size));
    FolderSink sink(rig.folder, rig.options());
    CAPTURE(size);
    REQUIRE(deliver(sink, batch(1, 3)) == errc::ok);
    REQUIRE(content_of(rig.files().at(0)) == content);
    REQUIRE(rig.verify().faults == 0);
  }
}

TEST_CASE("a crash behind a rotation leaves an empty file, and the chain goes on in it") {
  Rig rig;
  {
    FolderSink sink(rig.folder, rig.options(1));
    CHECK(deliver(sink, batch(1, 1)) == errc::ok);
  }
  for (const std::string_view left : {"", "{\"writer\":"}) {
    write(rig.folder / "audit-000000000002.jsonl", left);
    FolderSink sink(rig.folder, rig.options());
    CHECK(deliver(sink, batch(1, 2)) == errc::ok);
    CHECK(rig.verify().faults == 0);
    CHECK(rig.verify().head == test::WrittenChain(2).heads.back());
  }
}

TEST_CASE("acts stand in the chain of the events, anchored, over restarts") {
  Rig rig;
  {
    FolderSink sink(rig.folder, rig.options());
    CHECK(deliver(sink, batch(1, 2)) == errc::ok);
    sink.note(refused(1));
    CHECK(deliver(sink, batch(3, 3)) == errc::ok);
  }
  {
    FolderSink sink(rig.folder, rig.options());
    CHECK(deliver(sink, batch(1, 3)) == errc::ok);
    sink.note(refused(2));
  }
  const Report report = rig.verify();
  CHECK(report.faults == 0);
  CHECK(report.lines == 5);
  CHECK(report.head.n == 5);
  CHECK(rig.verify().anchored >= 3);
  const std::string content = content_of(rig.files().at(0));
  CHECK(content.find(R"("act":"send_refused")") != std::string::npos);
  CHECK(content.find("secret") == std::string::npos);
}

TEST_CASE("an act that is edited, removed or cut off is found") {
  Rig rig;
  {
    FolderSink sink(rig.folder, rig.options());
    for (std::uint64_t cseq = 1; cseq <= 4; ++cseq) sink.note(refused(cseq));
  }
  const fs::path file = rig.files().at(0);
  const std::string content = content_of(file);
  REQUIRE(rig.verify().faults == 0);
  REQUIRE(rig.verify().lines == 4);

  std::string edited = content;
  edited[edited.find("ann")] = 'A';
  write(file, edited);
  CHECK(rig.verify().findings.at(0).fault == Fault::changed);

  const std::size_t first = content.find('\n') + 1;
  const std::size_t second = content.find('\n', first) + 1;
  write(file, content.substr(0, first) + content.substr(second));
  CHECK(rig.verify().findings.at(0).fault == Fault::missing);

  write(file, std::string_view(content).substr(0, content.rfind('\n', content.size() - 2) + 1));
  CHECK(rig.verify().findings.at(0).fault == Fault::cut_off);
}

TEST_CASE("a log whose end is not what was written is not gone on with") {
  Rig rig;
  {
    FolderSink sink(rig.folder, rig.options());
    CHECK(deliver(sink, batch(1, 3)) == errc::ok);
  }
  std::string content = content_of(rig.files().at(0));
  content[content.rfind("ann")] = 'A';
  write(rig.files().at(0), content);
  CHECK_THROWS_AS(FolderSink(rig.folder, rig.options()), std::runtime_error);
  CHECK(rig.verify().findings.at(0).line == 3);
}

TEST_CASE(
    "what an anchor does not take is answered with its code, and anchored when it comes again") {
  Rig rig;
  FolderSink sink(rig.folder, rig.options());
  rig.anchoring = errc::unavailable;
  CHECK(deliver(sink, batch(1, 3)) == errc::unavailable);
  rig.anchoring = errc::ok;
  CHECK(deliver(sink, batch(1, 3)) == errc::ok);
  const Report report = rig.verify();
  CHECK(report.faults == 0);
  CHECK(report.lines == 3);
  CHECK(report.anchored == 1);
}

TEST_CASE("a crash before the anchor is made good when the events come again") {
  Rig rig;
  {
    FolderSink sink(rig.folder, rig.options());
    rig.anchoring = errc::unavailable;
    CHECK(deliver(sink, batch(1, 3)) == errc::unavailable);
    rig.anchoring = errc::ok;
  }
  FolderSink sink(rig.folder, rig.options());
  CHECK(deliver(sink, batch(1, 3)) == errc::ok);
  CHECK(rig.verify().anchored == 1);
  CHECK(rig.verify().lines == 3);
}

struct Told final : Logger {
  void log(LogLevel level, std::string_view message) override { said.emplace_back(level, message); }
  std::vector<std::pair<LogLevel, std::string>> said;
};

/// No file of this process grows above so many bytes, as on a full disk.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST_CASE("acts that a full disk has no room for are kept, and those beyond are counted") {
  Rig rig;
  constexpr std::size_t kBeyond = 3;
  {
    FolderSink sink(rig.folder, rig.options());
    {
      const FullDisk full(100);
      for (std::size_t i = 0; i < FolderSink::kWaiting + kBeyond; ++i) sink.note(refused(i + 1));
      CHECK(deliver(sink, batch(1, 1)) == errc::store_full);
    }
    CHECK(deliver(sink, batch(1, 1)) == errc::ok);
  }
  const Report report = rig.verify();
  CHECK(report.faults == 0);
  CHECK(report.lines == FolderSink::kWaiting + 2);
  CHECK(content_of(rig.files().at(0)).find(R"("act":"lost","count":3,)") != std::string::npos);
}

TEST_CASE("on a full disk nothing half is left, and it goes on when there is room") {
  Rig rig;
  Told log;
  FolderSinkOptions options = rig.options();
  options.logger = &log;
  FolderSink sink(rig.folder, options);
  CHECK(deliver(sink, batch(1, 2)) == errc::ok);
  const std::string before = content_of(rig.files().at(0));
  {
    const FullDisk full(before.size() + 100);
    CHECK(deliver(sink, batch(3, 4)) == errc::store_full);
    CHECK(deliver(sink, batch(3, 4)) == errc::store_full);
  }
  CHECK(content_of(rig.files().at(0)) == before);
  CHECK(deliver(sink, batch(3, 4)) == errc::ok);
  CHECK(rig.verify().faults == 0);
  CHECK(rig.verify().head == test::WrittenChain(4).heads.back());
  REQUIRE(log.said.size() == 2);
  CHECK(log.said[0].first == LogLevel::error);
  CHECK(log.said[1].first == LogLevel::info);
}

TEST_CASE("a folder belongs to one sink, whose chain keeps its name") {
  Rig rig;
  {
    const FolderSink sink(rig.folder, rig.options());
    CHECK_THROWS_AS(FolderSink(rig.folder, rig.options()), std::runtime_error);
  }
  {
    FolderSink sink(rig.folder, rig.options());
    CHECK(deliver(sink, batch(1, 1)) == errc::ok);
  }
  FolderSinkOptions renamed = rig.options();
  renamed.writer = "desk-2";
  FolderSink sink(rig.folder, renamed);
  CHECK(deliver(sink, batch(2, 2)) == errc::ok);
  CHECK(rig.verify().faults == 0);
  CHECK(rig.verify().head.writer == "desk-1");
}

TEST_CASE("bad options are refused") {
  Rig rig;
  FolderSinkOptions options = rig.options();
  options.writer = "a b";
  CHECK_THROWS_AS(FolderSink(rig.folder, options), std::invalid_argument);
  options = rig.options();
  options.salt = "short";
  CHECK_THROWS_AS(FolderSink(rig.folder, options), std::invalid_argument);
  CHECK_THROWS_AS((void)verify_folder(rig.scratch.file("nowhere")), std::system_error);
}

/// Answers before deliver() returns, so that simulated time does not run ahead of the disk.
class AtOnce final : public EventSink {
 public:
  explicit AtOnce(std::unique_ptr<EventSink> inner) : inner_(std::move(inner)) {}
  void deliver(const EventBatch& what, Completion<errc> done) override {
    done(::deliver(*inner_, what));
  }

 private:
  std::unique_ptr<EventSink> inner_;
};

TEST_CASE("a whole desk's log holds no body, and stays valid over recall and erasure") {
  using namespace kefu::testing;
  Rig rig;
  Host host;
  host.hub.deliver("audit", std::make_unique<AtOnce>(
                                std::make_unique<FolderSink>(rig.folder, rig.options(2000))));
  Peer visitor(host);
  visitor.asks(hello("visitor v"));
  visitor.asks(open());
  for (int i = 1; i <= 10; ++i) {
    visitor.asks(R"({"type":"send",)" + in_conversation() + R"(,"cseq":)" + std::to_string(i) +
                 R"(,"body":"my password"})");
  }
  host.pass(2s);
  visitor.asks(R"({"type":"recall",)" + in_conversation() + R"(,"seq":3})");
  host.hub.erase("v", [](result<std::uint64_t> count) { CHECK(count); });
  host.pass(2s);
  const Report report = rig.verify();
  CHECK(report.faults == 0);
  CHECK(report.lines == 12);  // opened, said and recalled
  CHECK(report.files > 1);
  for (const fs::path& file : rig.files())
    CHECK(content_of(file).find("password") == std::string::npos);
}

}  // namespace
