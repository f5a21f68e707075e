// WordFinder: finds any of many words in a text, in one pass over it (Aho and Corasick), folded as
// folded_text.hpp says. A word that begins or ends with a letter A to Z or a digit is found only
// where no such letter stands before or behind it: "ass" is not in "class".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "folded_text.hpp"

namespace kefu::inline v0 {

/// Constant once made, so any thread may ask it; asking allocates nothing.
class WordFinder {
 public:
  static constexpr std::size_t kMaxWord = 128;         // bytes of one
  static constexpr std::size_t kMaxWords = 64 * 1024;  // bytes of all, for the memory of the table

  /// Throws std::invalid_argument, naming the word, for one that is empty, too long, not UTF-8, has
  /// a control character, or is there already (also in another case or width).
  explicit WordFinder(const std::vector<std::string>& words);

  struct Found {
    std::size_t word = 0;   ///< its number
    std::size_t begin = 0;  ///< in the text, in bytes
    std::size_t end = 0;
  };

  /// Calls `see(const Found&)` for each place where a word stands, by their ends; they may overlap.
  template <class See>
  void find(std::string_view text, See see) const {
    const std::uint8_t* const columns = columns_.data();
    const std::uint32_t* const moves = moves_.data();
    std::uint32_t state = 0;
    for (std::size_t at = 0; at < text.size();) {
      std::size_t column = columns[static_cast<unsigned char>(text[at])];
      std::size_t size = 1;
      if (column == kWide) [[unlikely]] {
        const Folded next = fold(text, at);
        column =
            next.size == 1 ? wide_column(text[at]) : columns[static_cast<unsigned char>(next.byte)];
        size = next.size;
      }
      at += size;
      state = moves[state + column];
      if ((state & kEnds) != 0) [[unlikely]] {
        state &= ~kEnds;
        tell(text, state, at, see);
      }
    }
  }

 private:
  static constexpr std::uint32_t kEnds = 1u << 31;  // of a state: some word ends there
  static constexpr std::uint8_t kWide = 0xff;       // no column: look at the three bytes
  static constexpr std::uint32_t kNone = 0xffff'ffffu;

  struct Word {
    std::size_t size = 0;  // folded
    bool begins_as_word = false;
    bool ends_as_word = false;
  };
  /// Where words end.
  struct Ending {
    std::uint32_t word = kNone;  // that one
    std::uint32_t next = 0;      // and those that end at this state; 0: no more
  };

  void add(const std::string& word, std::vector<std::vector<std::uint32_t>>& tree);
  void give_columns(const std::vector<std::string>& words);
  void link(std::vector<std::vector<std::uint32_t>>& tree);

  [[nodiscard]] std::size_t wide_column(char first) const noexcept {
    return wide_columns_[first == '\xef' ? 0 : 1];
  }

  template <class See>
  void tell(std::string_view text, std::uint32_t state, std::size_t end, See& see) const {
    for (std::uint32_t at = state / width_; at != 0; at = endings_[at].next) {
      const std::uint32_t number = endings_[at].word;
      if (number == kNone) continue;
      const Word& word = words_[number];
      const std::size_t begin = back(text, end, word.size);
      if (word.begins_as_word && begin != 0 && is_word_letter(before(text, begin))) continue;
      if (word.ends_as_word && end != text.size() && is_word_letter(fold(text, end).byte)) continue;
      see(Found{number, begin, end});
    }
  }
  static char before(std::string_view text, std::size_t at) noexcept {
    return fold(text, back(text, at, 1)).byte;
  }
  /// Where the last `count` folded bytes before `end` begin.
  static std::size_t back(std::string_view text, std::size_t end, std::size_t count) noexcept {
    for (; count > 0; --count) end -= end >= 3 && fold(text, end - 3).size == 3 ? 3 : 1;
    return end;
  }

  std::vector<Word> words_;
  std::array<std::uint8_t, 256> columns_{};  // by byte; 0: in no word
  std::array<std::uint8_t, 2> wide_columns_{};
  std::uint32_t width_ = 1;           // columns
  std::vector<std::uint32_t> moves_;  // states, each times width_, by state and column
  std::vector<Ending> endings_;       // by state
};

}  // namespace kefu::inline v0
