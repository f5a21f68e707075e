// AppendBatch: the drafts of one turn on their way to the Store, and their outcomes on the way
// back. Batches are reused: a batch that has reached its working size costs no heap allocation.
#pragma once

#include <cstdint>
#include <kefu/error.hpp>
#include <kefu/model/entry.hpp>
#include <memory>
#include <string_view>
#include <vector>

namespace kefu::inline v0 {

/// A message that a session wants stored. Exactly one of these holds: it becomes an entry; it is a
/// refusal that the hub has decided (`refusal`), which is stored so that a retry meets it again; it
/// was seen before; it fails.
struct Draft {
  SessionId session;
  std::uint64_t epoch = 0;
  ConversationId conversation;
  std::uint64_t version =
      0;                     ///< of the conversation's record, under which the draft was authorised
  std::uint64_t cseq = 0;    ///< 1, 2, 3 … per (session, conversation)
  std::uint64_t digest = 0;  ///< of log, kind and body as the client sent them
  Log log = Log::public_log;
  Role role = Role::visitor;
  errc refusal = errc::ok;  ///< errc::denied or errc::closed: store the refusal, no entry
  std::string_view from;    ///< the participant's id
  std::string_view kind;
  std::string_view body;
  std::string_view tags;  ///< of the entry

  // The submitter's own: a Store neither reads nor keeps them.
  /// What policies have said of it.
  enum class Judged : std::uint8_t { not_yet, passed, denied };
  Judged judged = Judged::not_yet;  ///< by policies
  std::uint64_t tag = 0;
  std::uint32_t weight = 0;  ///< bytes of the body as it came
  Instant received;          ///< set where there are policies
  std::string_view peer;     ///< the same
  std::string_view reason;   ///< of a denial
};

/// What became of a draft.
struct Outcome {
  /// ok: stored as `seq`. denied, closed: the stored refusal. conflict, duplicate, gap: see
  /// error.hpp. session_expired, fenced: the session is not in charge. stale: `version` is not
  /// current (checked only for drafts that would be stored as entries). store_full, store_failed,
  /// unavailable, timed_out: the whole batch failed.
  errc code = errc::unavailable;
  bool repeated = false;  ///< this outcome is the original one of an earlier draft
  std::uint64_t seq = 0;  ///< ok: the entry's number in its log
  std::uint64_t after =
      0;  ///< ok, internal log, not repeated: the public seq behind which it stands
  std::uint64_t expected =
      0;         ///< gap: the next cseq; fenced: the current epoch; stale: the current version
  Timestamp at;  ///< ok: when it was stored, by the Store's clock; one instant for a batch
};

/// The order in which a Store judges a draft; the first that applies is its outcome:
/// session_expired, fenced, (duplicate, conflict, the repeated outcome, gap), the draft's own
/// refusal, stale, ok.
class AppendBatch {
 public:
  /// Copies the draft's texts into the batch.
  void add(const Draft& draft);

  /// Copies a text into the batch, where it stays as long as the drafts do.
  std::string_view keep(std::string_view text);

  [[nodiscard]] const std::vector<Draft>& drafts() const noexcept { return drafts_; }
  /// For the submitter, which fills in what it learns between add() and Store::append().
  [[nodiscard]] std::vector<Draft>& drafts() noexcept { return drafts_; }
  [[nodiscard]] std::size_t size() const noexcept { return drafts_.size(); }
  [[nodiscard]] bool empty() const noexcept { return drafts_.empty(); }

  /// One outcome for each draft, in their order; the Store sizes and fills it.
  [[nodiscard]] std::vector<Outcome>& outcomes() noexcept { return outcomes_; }

  /// Sets every outcome to `code`: for a batch that fails as a whole.
  void fail(errc code);

  /// Empties the batch and keeps its memory, but for what an unusually large batch took.
  void clear() noexcept;

 private:
  struct Chunk {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
  };

  std::vector<Draft> drafts_;
  std::vector<Outcome> outcomes_;
  std::vector<Chunk> chunks_;
  std::size_t chunk_ = 0;
  std::size_t used_ = 0;
};

}  // namespace kefu::inline v0
