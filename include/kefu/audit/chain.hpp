// The chain of an audit log: a line of JSON for every entry of the desk's logs, and for every act
// that becomes none (kefu/auditor.hpp), which holds the digest of the line before it. So whoever
// changes, removes or inserts a line must write all later ones anew; and who keeps a Head somewhere
// else (an anchor) finds that, too. See verifier.hpp.
//
//   {"writer":"desk-1","n":2,"prev":"<hex>","position":31,"conversation":"<id>","log":"public",
//    "seq":3,"at":"<RFC 3339>","from":"agent-7","role":"agent","session":"<id>","cseq":1,
//    "kind":"text","tags":"flagged","content":"<hex>","hash":"<hex>"}
//
// on one line, its fields in this order. `n` counts 1, 2, 3 …; `hash` is the SHA-256 of the line up
// to the comma before it; `prev` is the `hash` of line n - 1, and of line 1 sixty-four zeros.
// `session` and `cseq`, `tags`, and `content` are left out where there is nothing to say.
//
// A line of an act has, between `prev` and `hash`, one of these, of which likewise what there is
// nothing to say of is left out:
//
//   "act":"send_refused","at":"…","conversation":"…","log":"public","by":"ann","role":"visitor",
//     "session":"…","cseq":3,"reason":"<hex>","content":"<hex>"
//   "act":"logins_refused","at":"…","code":"unauthenticated","rule":"banned","participant":"ann",
//     "network":"<hex>","subject":"<hex>","count":60
//   "act":"banned","at":"…","by":"sue","participant":"ann","address":"<hex>","until":"…",
//     "reason":"<hex>"
//   "act":"lifted","at":"…","by":"sue","participant":"ann","address":"<hex>"
//   "act":"lost","count":2         so many acts could not be written
//
// A line has ids and digests, never a body: what is erased or recalled leaves the chain as it is.
// `content` is content_digest(): whoever has the salt and a body can tell that it was this one;
// without the salt nobody can try bodies. A salt that is thrown away makes all of them meaningless.
// The other digests are text_digest(), of an act's reason, network, address or subject by that
// name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <kefu/auditor.hpp>
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

/// HMAC-SHA-256, lower-case hex, of "<what>\n" and the text, where `what` is the name of the field
/// that has it; of a refused message's `content` it is "<conversation> <log> <session> <cseq>".
/// Throws std::bad_alloc.
[[nodiscard]] std::string text_digest(std::string_view salt, std::string_view what,
                                      std::string_view text);

/// The fields of the line of an act, for Chain::append(). Throws std::bad_alloc.
[[nodiscard]] std::string fields_of(const Act& act, std::string_view salt);
/// The same of so many acts that could not be written.
[[nodiscard]] std::string fields_of_lost(std::uint64_t count);

/// The machine that writes lines. Copy it to be able to go back.
class Chain {
 public:
  /// Goes on behind `head`. Precondition: is_writer_name(head.writer).
  explicit Chain(Head head) : head_(std::move(head)) {}

  /// Adds the line of an event to `out`, with the '\n' at its end.
  void append(const Event& event, std::string_view salt, std::string& out);
  /// The same of an act, whose fields are given.
  void append(std::string_view fields, std::string& out);

  /// Where it stands: what an anchor keeps.
  [[nodiscard]] const Head& head() const noexcept { return head_; }

 private:
  template <class Write>
  void append_line(std::string& out, Write write);

  Head head_;
};

/// What a line says.
struct Line {
  Head head;
  std::string prev;
  std::string act;  ///< "banned", …; empty: it is an entry, and has the rest
  std::uint64_t position = 0;
  ConversationId conversation;
  Log log = Log::public_log;
  std::uint64_t seq = 0;
  bool whole = false;  ///< its hash is that of its content
};

/// `text` is without its '\n'. Nothing when it has not the form of a line.
[[nodiscard]] std::optional<Line> line_from(std::string_view text);

}  // namespace kefu::inline v0::audit
