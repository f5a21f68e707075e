#include <kefu/testing/store_conformance.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <kefu/memory/store.hpp>
#include <kefu/testing/manual_clock.hpp>
#include <string>
#include <vector>

// Stores that break one promise each: the suite must notice.
namespace {

using namespace kefu;

/// Passes on everything; owns the store behind it.
class Broken : public StoreWrapper {
 public:
  explicit Broken(std::unique_ptr<Store> owned) : StoreWrapper(*owned), owned_(std::move(owned)) {}

 protected:
  /// Appends, and lets `change` have a look at the outcomes.
  template <class Change>
  void append_and(std::unique_ptr<AppendBatch> batch, Completion<std::unique_ptr<AppendBatch>> done,
                  Change change) {
    inner().append(std::move(batch),
                   [done = std::move(done), change](std::unique_ptr<AppendBatch> back) mutable {
                     for (std::size_t i = 0; i < back->size(); ++i)
                       change(back->drafts()[i], back->outcomes()[i]);
                     done(std::move(back));
                   });
  }

 private:
  std::unique_ptr<Store> owned_;
};

struct ForgetsSeqOfRetries final : Broken {
  using Broken::Broken;
  void append(std::unique_ptr<AppendBatch> batch,
              Completion<std::unique_ptr<AppendBatch>> done) override {
    append_and(std::move(batch), std::move(done), [](const Draft&, Outcome& outcome) {
      if (outcome.repeated) outcome.seq = 0;
    });
  }
};

struct FailsTheWholeBatch final : Broken {
  using Broken::Broken;
  void append(std::unique_ptr<AppendBatch> batch,
              Completion<std::unique_ptr<AppendBatch>> done) override {
    inner().append(
        std::move(batch), [done = std::move(done)](std::unique_ptr<AppendBatch> back) mutable {
          const auto failed = [](const Outcome& outcome) { return outcome.code == errc::gap; };
          if (std::any_of(back->outcomes().begin(), back->outcomes().end(), failed))
            back->fail(errc::gap);
          done(std::move(back));
        });
  }
};

struct LosesTheInternalLog final : Broken {
  using Broken::Broken;
  void read(ReadRequest request, Completion<result<Page>> done) override {
    request.log = Log::public_log;
    inner().read(request, std::move(done));
  }
};

struct IgnoresByteBounds final : Broken {
  using Broken::Broken;
  void read(ReadRequest request, Completion<result<Page>> done) override {
    request.max_bytes = std::size_t{1} << 40;
    inner().read(request, std::move(done));
  }
};

struct IgnoresVersions final : Broken {
  using Broken::Broken;
  void commit(Commit commit, Completion<result<Committed>> done) override {
    if (commit.changes.size() == 1 && commit.changes[0].expected > 1)
      commit.changes[0].expected = 1;
    inner().commit(std::move(commit), std::move(done));
  }
};

struct RedactsNothing final : Broken {
  using Broken::Broken;
  void commit(Commit commit, Completion<result<Committed>> done) override {
    commit.redactions.clear();
    inner().commit(std::move(commit), std::move(done));
  }
};

struct RedactsTwice final : Broken {
  using Broken::Broken;
  void commit(Commit commit, Completion<result<Committed>> done) override {
    for (Redaction& one : commit.redactions) one.tags += std::string(++times, ',');
    inner().commit(std::move(commit), std::move(done));
  }
  std::size_t times = 0;
};

struct FindsTheErased final : Broken {
  using Broken::Broken;
  void commit(Commit commit, Completion<result<Committed>> done) override {
    if (commit.redactions.empty()) return inner().commit(std::move(commit), std::move(done));
    const Redaction gone = commit.redactions.front();
    inner().read({gone.conversation, gone.log, gone.seq - 1, 1, 1 << 20},
                 [this](result<Page> page) { kept = page->entries.at(0); });
    inner().commit(std::move(commit), std::move(done));
  }
  void search(SearchRequest request, Completion<result<SearchPage>> done) override {
    inner().search(request, [&](result<SearchPage> page) {
      if (kept && kept->body.find(request.text) != std::string::npos)
        page->entries.push_back({1, *kept});
      done(std::move(page));
    });
  }
  std::optional<Entry> kept;
};

struct FindsInAllLogs final : Broken {
  using Broken::Broken;
  void search(SearchRequest request, Completion<result<SearchPage>> done) override {
    request.internal = true;
    inner().search(std::move(request), std::move(done));
  }
};

struct SearchesNoFurther final : Broken {
  using Broken::Broken;
  void search(SearchRequest request, Completion<result<SearchPage>> done) override {
    inner().search(std::move(request), [done = std::move(done)](result<SearchPage> page) mutable {
      page->next = 0;
      done(std::move(page));
    });
  }
};

struct SkipsEvents final : Broken {
  using Broken::Broken;
  void events(std::uint64_t after, std::size_t limit,
              Completion<result<std::vector<Event>>> done) override {
    inner().events(after ? after + 1 : 0, limit, std::move(done));
  }
};

struct RenewsAnything final : Broken {
  using Broken::Broken;
  void renew(std::vector<SessionLease> leases,
             Completion<result<std::vector<errc>>> done) override {
    done(std::vector<errc>(leases.size(), errc::ok));
  }
};

struct HidesMarks final : Broken {
  using Broken::Broken;
  void attach(AttachRequest request, Completion<AttachOutcome> done) override {
    inner().attach(std::move(request), [done = std::move(done)](AttachOutcome outcome) mutable {
      if (outcome.marks.size() > 1) outcome.marks.pop_back();
      done(std::move(outcome));
    });
  }
};

struct ExpiresEverything final : Broken {
  using Broken::Broken;
  void expire(Nanoseconds, std::size_t limit,
              Completion<result<std::vector<SessionId>>> done) override {
    inner().expire(Nanoseconds(0), limit, std::move(done));
  }
};

struct ScansFromTheStart final : Broken {
  using Broken::Broken;
  void scan(ScanRequest request, Completion<result<ScanPage>> done) override {
    request.after.clear();
    request.limit = 1'000;
    inner().scan(std::move(request), std::move(done));
  }
};

struct ErasesNothing final : Broken {
  using Broken::Broken;
  void erase(std::string, Completion<result<std::uint64_t>> done) override {
    done(std::uint64_t{3});
  }
};

template <class Made>
struct Factory final : testing::StoreFactory {
  testing::ManualClock clock;

  std::unique_ptr<Store> open() override {
    return std::make_unique<Made>(std::make_unique<memory::Store>(clock));
  }
  bool advance(Nanoseconds by) override {
    clock.advance(by);
    return true;
  }
};

/// The names of the checks that failed.
template <class Made>
std::vector<std::string> failures() {
  Factory<Made> factory;
  std::vector<std::string> names;
  for (const testing::StoreCheck& check : testing::store_checks()) {
    if (!check.run(factory).empty()) names.emplace_back(check.name);
  }
  return names;
}

/// That the suite finds the fault, and by the check that is made for it.
template <class Made>
void expect_caught(const std::string& by) {
  const std::vector<std::string> names = failures<Made>();
  std::string all;
  for (const std::string& name : names) all += name + "; ";
  CAPTURE(all);
  CHECK(std::find(names.begin(), names.end(), by) != names.end());
}

TEST_CASE("store conformance: a faithful wrapper passes") { CHECK(failures<Broken>().empty()); }

TEST_CASE("store conformance: each broken promise is found") {
  expect_caught<ForgetsSeqOfRetries>("append: a retry gets the original outcome");
  expect_caught<FailsTheWholeBatch>("append: a draft that fails fails alone");
  expect_caught<LosesTheInternalLog>("read: keeps logs and conversations apart");
  expect_caught<IgnoresByteBounds>("read: bounded by bytes");
  expect_caught<IgnoresVersions>("commit: counts versions");
  expect_caught<RedactsNothing>("commit: redacts entries");
  expect_caught<RedactsTwice>("commit: redacts alike once");
  expect_caught<FindsTheErased>("search: not what is gone");
  expect_caught<FindsInAllLogs>("search: in the logs that are meant");
  expect_caught<SearchesNoFurther>("search: in pages");
  expect_caught<SkipsEvents>("threads: events skip nothing");
  expect_caught<RenewsAnything>("renew: answers each lease");
  expect_caught<HidesMarks>("attach: tells the mark of each conversation");
  expect_caught<ExpiresEverything>("expire: spares what was attached or renewed");
  expect_caught<ScansFromTheStart>("scan: in pages");
  expect_caught<ErasesNothing>("erase: empties what a participant wrote");
}

TEST_CASE("store conformance: check names are unique") {
  std::vector<std::string_view> names;
  for (const testing::StoreCheck& check : testing::store_checks()) names.push_back(check.name);
  std::sort(names.begin(), names.end());
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
}

}  // namespace
