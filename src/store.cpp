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

}  // namespace kefu::inline v0
