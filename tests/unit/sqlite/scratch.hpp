// What the tests of the SQLite store share: a folder of their own, and calls
// that wait.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <future>
#include <kefu/store.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace kefu::test {

/// A folder that is there for as long as this object.
class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "kefu-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// Makes a call of a store and waits for its completion.
template <class T, class Call>
T ask(Call call) {
  std::promise<T> promise;
  std::future<T> future = promise.get_future();
  call(Completion<T>([&promise](T value) { promise.set_value(std::move(value)); }));
  return future.get();
}

inline AttachOutcome attach(Store& store, SessionId session, std::uint64_t epoch, bool create,
                            std::string participant = "ann") {
  return ask<AttachOutcome>([&](auto done) {
    store.attach({session, {std::move(participant), Role::visitor}, epoch, create},
                 std::move(done));
  });
}

inline std::vector<Outcome> append(Store& store, const std::vector<Draft>& drafts) {
  auto batch = std::make_unique<AppendBatch>();
  for (const Draft& draft : drafts) batch->add(draft);
  return ask<std::unique_ptr<AppendBatch>>(
             [&](auto done) { store.append(std::move(batch), std::move(done)); })
      ->outcomes();
}

inline Page read(Store& store, ConversationId conversation, std::uint64_t after = 0,
                 std::size_t entries = 1'000'000) {
  return *ask<result<Page>>([&](auto done) {
    store.read({conversation, Log::public_log, after, entries, std::size_t{1} << 40},
               std::move(done));
  });
}

inline SessionId session(std::uint64_t n) { return {1, n + 1}; }
inline ConversationId conversation(std::uint64_t n) { return {2, n + 1}; }

inline Draft draft(std::uint64_t session_number, std::uint64_t conversation_number,
                   std::uint64_t cseq, std::string_view body = "hello") {
  Draft out;
  out.session = session(session_number);
  out.epoch = 1;
  out.conversation = conversation(conversation_number);
  out.cseq = cseq;
  out.digest = cseq * 31;
  out.from = "ann";
  out.kind = kind::kText;
  out.body = body;
  return out;
}

}  // namespace kefu::test
