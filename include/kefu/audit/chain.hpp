// The chain of an audit log: a line of JSON for every entry of the desk's logs, which holds the
// digest of the line before it. So whoever changes, removes or inserts a line must write all later
// ones anew; and who keeps a Head somewhere else (an anchor) finds that, too. See verifier.hpp.
//
//   {"writer":"desk-1","n":2,"prev":"<hex>","position":31,"conversation":"<id>","log":"public",
//    "seq":3,"at":"<RFC 3339>","from":"agent-7","role":"agent","session":"<id>","cseq":1,
//    "kind":"text","tags":"flagged","content":"<hex>","hash":"<hex>"}
//
// on one line, its fields in this order. `n` counts 1, 2, 3 …; `hash` is the SHA-256 of the line up
// to the comma before it; `prev` is the `hash` of line n - 1, and of line 1 sixty-four zeros.
// `session` and `cseq`, `tags`, and `content` are left out where there is nothing to say.
//
// A line has ids and digests, never a body: what is erased or recalled leaves the chain as it is.
// `content` is content_digest(): whoever has the salt and a body can tell that it was this one;
// without the salt nobody can try bodies. A salt that is thrown away makes all of them meaningless.
#pragma once

#include <cstddef>
#include <cstdint>
#include <kefu/model/event.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace kefu::inline v0::audit {

/// What stands for the hash before the first line.
inline constexpr std::string_view kNoHash =
    "0000000000000000000000000000000000000000000000000000000000000000";

/// Letters, digits and "-_." only, from 1 to 64 of them.
[[nodiscard]] bool is_writer_name(std::string_view name) noexcept;

/// How far a chain has got.
struct Head {
  std::string writer;         ///< whose chain it is
  std::uint64_t n = 0;        ///< its last line; 0: it has none
  std::string hash{kNoHash};  ///< of that line, lower-case hex

  friend bool operator==(const Head&, const Head&) = default;
};

/// {"writer":"desk-1","n":2,"hash":"<hex>"}, and the way back; nothing for anything else.
[[nodiscard]] std::string to_line(const Head& head);
/// Reads what to_line() wrote; nothing for anything else.
[[nodiscard]] std::optional<Head> head_from(std::string_view line);

/// HMAC-SHA-256, lower-case hex, of "<conversation> <log> <seq>\n" and the body. Equal bodies of
/// different entries have different ones. Throws std::bad_alloc.
[[nodiscard]] std::string content_digest(std::string_view salt, const Entry& entry);

/// The machine that writes lines. Copy it to be able to go back.
class Chain {
 public:
  /// Goes on behind `head`. Precondition: is_writer_name(head.writer).
  explicit Chain(Head head) : head_(std::move(head)) {}

  /// Adds the line of an event to `out`, with the '\n' at its end.
  void append(const Event& event, std::string_view salt, std::string& out);

  /// Where it stands: what an anchor keeps.
  [[nodiscard]] const Head& head() const noexcept { return head_; }

 private:
  Head head_;
};

/// What a line says.
struct Line {
  Head head;
  std::string prev;
  std::uint64_t position = 0;
  ConversationId conversation;
  Log log = Log::public_log;
  std::uint64_t seq = 0;
  bool whole = false;  ///< its hash is that of its content
};

/// `text` is without its '\n'. Nothing when it has not the form of a line.
[[nodiscard]] std::optional<Line> line_from(std::string_view text);

}  // namespace kefu::inline v0::audit
