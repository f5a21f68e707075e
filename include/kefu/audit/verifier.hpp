// Verifier: is told the lines of a chain, one after the other, and says what is wrong with them. A
// machine without files: verify_folder() in folder.hpp feeds it.
//
// What it finds by itself: a line that was changed, removed from the midst, inserted, moved or
// doubled. What it finds only by anchors, heads of the chain that were kept elsewhere: lines that
// were cut off at the end, and a chain that was written anew from some line on. So what a forger
// may do is bounded by the last anchor that they could not reach.
#pragma once

#include <cstddef>
#include <cstdint>
#include <kefu/audit/chain.hpp>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kefu::inline v0::audit {

/// What can be wrong with a chain.
enum class Fault : std::uint8_t {
  unreadable,       ///< not a line of an audit log
  changed,          ///< its content is not what its hash says
  unlinked,         ///< the line before it is not the one that was there when it was written
  missing,          ///< lines before this one are missing
  misplaced,        ///< stands here a second time, or too late
  other_writer,     ///< belongs to the chain of another writer
  torn,             ///< without its end: a crash leaves that, and the next start removes it
  cut_off,          ///< an anchor says that there were more lines
  not_as_anchored,  ///< an anchor says that it was another line
  not_anchored,     ///< anchors were given, and none is of this chain
};

/// For people and programs, e.g. "cut_off".
[[nodiscard]] std::string_view name(Fault fault) noexcept;

/// Something that is not as it was written.
struct Finding {
  Fault fault{};
  std::string file;        ///< as begin_file() said
  std::uint64_t line = 0;  ///< in that file, from 1 on; 0: behind its last line
  std::string what;        ///< in words
};

/// What a verification has come to.
struct Report {
  static constexpr std::size_t kMaxFindings = 1000;

  Head head;                      ///< of the chain, as far as it could be read
  std::uint64_t files = 0;        ///< that were read
  std::uint64_t lines = 0;        ///< that were read
  std::uint64_t anchored = 0;     ///< lines that are as an anchor says
  std::uint64_t faults = 0;       ///< all that were found
  std::vector<Finding> findings;  ///< the first kMaxFindings of them
  std::vector<Head> others;       ///< the last anchor of each other writer
};

/// Memory grows with the anchors, not with the lines.
class Verifier {
 public:
  /// `since`: the first line to expect; those before it are kept elsewhere.
  explicit Verifier(std::uint64_t since = 1);

  /// All of them before the first line; in any order, of any writers.
  void anchor(const Head& head);
  /// Anchors were asked for, even if there are none.
  void expect_anchors() noexcept { anchors_wanted_ = true; }

  /// Which file the next lines stand in.
  void begin_file(std::string name);
  /// `text` is without its '\n'.
  void line(std::string_view text);
  /// What stands behind the last '\n' of the file.
  void torn();

  /// Once, behind the last line.
  [[nodiscard]] Report finish();

 private:
  void found(Fault fault, std::string what);
  void changed(std::uint64_t n);
  void place(const Line& line);
  void check_link(const Line& line);
  void check_anchors(const Line& line);
  void look_behind_the_end();

  using Anchors = std::multimap<std::uint64_t, std::string>;  // of one writer: n → hash
  std::map<std::string, Anchors, std::less<>> anchors_;
  bool anchors_wanted_ = false;
  const std::uint64_t since_;
  std::uint64_t expected_;    // the next line's n …
  std::uint64_t unread_ = 0;  // … or up to so many more, as so many can't be believed
  std::string last_hash_;     // of line expected_ - 1; empty: unknown
  std::string file_;
  std::uint64_t line_ = 0;
  Report report_;
};

}  // namespace kefu::inline v0::audit
