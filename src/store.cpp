#include <kefu/store.hpp>

#include <atomic>
#include <memory>

namespace kefu::inline v0 {

void Store::tails(std::vector<Tail> logs, Completion<result<std::vector<Tail>>> done) {
  struct Asked {
    std::vector<Tail> logs;
    Completion<result<std::vector<Tail>>> done;
    std::atomic<std::size_t> left;
    std::atomic<errc> failure{errc::ok};
  };
  if (logs.empty()) return done(std::move(logs));
  const auto asked = std::make_shared<Asked>();
  asked->logs = std::move(logs);
  asked->done = std::move(done);
  const std::size_t count = asked->logs.size();
  asked->left = count;
  for (std::size_t i = 0; i < count; ++i) {
    ReadRequest request;
    request.conversation = asked->logs[i].conversation;
    request.log = asked->logs[i].log;
    read(request, [asked, i](result<Page> page) {
      if (page) {
        asked->logs[i].seq = page->tail;
      } else {
        asked->failure = page.error();
      }
      if (asked->left.fetch_sub(1) != 1) return;
      const errc failure = asked->failure;
      failure == errc::ok ? asked->done(std::move(asked->logs)) : asked->done(failure);
    });
  }
}

void Store::search(SearchRequest, Completion<result<SearchPage>> done) { done(errc::unsupported); }

void StoreWrapper::attach(AttachRequest r, Completion<AttachOutcome> done) {
  inner_.attach(std::move(r), std::move(done));
}

void StoreWrapper::renew(std::vector<SessionLease> l, Completion<result<std::vector<errc>>> done) {
  inner_.renew(std::move(l), std::move(done));
}

void StoreWrapper::expire(Nanoseconds idle, std::size_t limit,
                          Completion<result<std::vector<SessionId>>> done) {
  inner_.expire(idle, limit, std::move(done));
}

void StoreWrapper::append(std::unique_ptr<AppendBatch> b,
                          Completion<std::unique_ptr<AppendBatch>> done) {
  inner_.append(std::move(b), std::move(done));
}

void StoreWrapper::read(ReadRequest r, Completion<result<Page>> done) {
  inner_.read(std::move(r), std::move(done));
}

void StoreWrapper::tails(std::vector<Tail> logs, Completion<result<std::vector<Tail>>> done) {
  inner_.tails(std::move(logs), std::move(done));
}

void StoreWrapper::commit(Commit c, Completion<result<Committed>> done) {
  inner_.commit(std::move(c), std::move(done));
}

void StoreWrapper::get(RecordKey k, Completion<result<std::optional<Record>>> done) {
  inner_.get(std::move(k), std::move(done));
}

void StoreWrapper::scan(ScanRequest r, Completion<result<ScanPage>> done) {
  inner_.scan(std::move(r), std::move(done));
}

void StoreWrapper::events(std::uint64_t after, std::size_t limit,
                          Completion<result<std::vector<Event>>> done) {
  inner_.events(after, limit, std::move(done));
}

void StoreWrapper::erase(std::string participant, Completion<result<std::uint64_t>> done) {
  inner_.erase(std::move(participant), std::move(done));
}

void StoreWrapper::search(SearchRequest r, Completion<result<SearchPage>> done) {
  inner_.search(std::move(r), std::move(done));
}

}  // namespace kefu::inline v0
