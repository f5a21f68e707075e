#include <kefu/testing/files_conformance.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <kefu/memory/files.hpp>
#include <kefu/testing/manual_clock.hpp>
#include <string>
#include <utility>

// Files that break one promise each: the suite must notice.
namespace {

using namespace kefu;

class Broken : public Files {
 public:
  Broken(const Clock& clock, const limits& bounds) : inner_{clock, bounds} {}

  void create(FileInfo info, Completion<result<FileStatus>> done) override {
    inner_.create(std::move(info), std::move(done));
  }
  void status(FileId id, Completion<result<FileStatus>> done) override {
    inner_.status(id, std::move(done));
  }
  void resume(FileId id, Completion<result<std::unique_ptr<FileSink>>> done) override {
    inner_.resume(id, std::move(done));
  }
  void commit(FileId id, Completion<result<FileInfo>> done) override {
    inner_.commit(id, std::move(done));
  }
  void open(FileId id, Completion<result<std::unique_ptr<FileSource>>> done) override {
    inner_.open(id, std::move(done));
  }
  void keep(FileId id, Completion<result<FileInfo>> done) override {
    inner_.keep(id, std::move(done));
  }
  void judged(FileId id, FileVerdict verdict, Completion<result<FileInfo>> done) override {
    inner_.judged(id, verdict, std::move(done));
  }
  void remove(FileId id, Completion<errc> done) override { inner_.remove(id, std::move(done)); }
  void collect(Completion<result<std::size_t>> done) override { inner_.collect(std::move(done)); }

 protected:
  memory::Files inner_;
};

/// The message is stored, and its file is collected.
struct KeepsNothing final : Broken {
  using Broken::Broken;
  void keep(FileId id, Completion<result<FileInfo>> done) override {
    inner_.status(id, [done = std::move(done)](result<FileStatus> status) mutable {
      if (!status || status->state == FileState::growing) return done(errc::not_found);
      done(std::move(status->info));
    });
  }
};

struct CollectsWhatIsOpen final : Broken {
  using Broken::Broken;
  void resume(FileId id, Completion<result<std::unique_ptr<FileSink>>> done) override {
    opened_ = id;
    Broken::resume(id, std::move(done));
  }
  void collect(Completion<result<std::size_t>> done) override {
    inner_.remove(opened_, [](errc) {});
    done(std::size_t{1});
  }
  FileId opened_;
};

struct ForgetsTheConflict final : Broken {
  using Broken::Broken;
  void create(FileInfo info, Completion<result<FileStatus>> done) override {
    inner_.status(info.id, [this, info, done = std::move(done)](auto known) mutable {
      if (known) return done(*std::move(known));
      inner_.create(info, std::move(done));
    });
  }
};

struct SaysItHasAll final : Broken {
  using Broken::Broken;
  void status(FileId id, Completion<result<FileStatus>> done) override {
    inner_.status(id, [done = std::move(done)](result<FileStatus> status) mutable {
      if (status) status->offset = status->info.size;
      done(std::move(status));
    });
  }
};

/// A scanner could change its mind about what people have read.
struct TakesTheLastVerdict final : Broken {
  using Broken::Broken;
  void judged(FileId id, FileVerdict verdict, Completion<result<FileInfo>> done) override {
    inner_.judged(id, verdict, [verdict, done = std::move(done)](result<FileInfo> info) mutable {
      if (info) info->verdict = verdict;
      done(std::move(info));
    });
  }
};

template <class Kind>
class Factory final : public kefu::testing::FilesFactory {
 public:
  std::unique_ptr<Files> open(const limits& bounds) override {
    return std::make_unique<Kind>(clock_, bounds);
  }
  void advance(Nanoseconds by) override { clock_.advance(by); }

 private:
  kefu::testing::ManualClock clock_;
};

template <class Kind>
std::size_t failures() {
  const auto checks = kefu::testing::files_checks();
  return static_cast<std::size_t>(
      std::count_if(checks.begin(), checks.end(), [](const kefu::testing::FilesCheck& check) {
        Factory<Kind> factory;
        return !check.run(factory).empty();
      }));
}

}  // namespace

TEST_CASE("the suite finds what is broken in files") {
  CHECK(failures<Broken>() == 0);
  CHECK(failures<KeepsNothing>() != 0);
  CHECK(failures<CollectsWhatIsOpen>() != 0);
  CHECK(failures<ForgetsTheConflict>() != 0);
  CHECK(failures<SaysItHasAll>() != 0);
  CHECK(failures<TakesTheLastVerdict>() != 0);
}
