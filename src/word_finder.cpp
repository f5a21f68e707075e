#include "word_finder.hpp"

#include <simdjson.h>

#include <algorithm>
#include <deque>
#include <stdexcept>

namespace kefu::inline v0 {
namespace {

constexpr std::size_t kBytes = 256;

std::string checked(const std::string& word) {
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (!simdjson::validate_utf8(word.data(), word.size()) || std::ranges::any_of(word, is_control))
    throw std::invalid_argument("a word that is no text: " + word);
  std::string out = folded(word);
  if (out.empty() || std::ranges::all_of(out, [](char c) { return c == ' '; }))
    throw std::invalid_argument("an empty word");
  if (out.size() > WordFinder::kMaxWord) throw std::invalid_argument("too long a word: " + word);
  return out;
}

}  // namespace

WordFinder::WordFinder(const std::vector<std::string>& words) {
  std::vector<std::string> all;
  std::size_t bytes = 0;
  for (const std::string& word : words) {
    bytes += all.emplace_back(checked(word)).size();
    if (bytes > kMaxWords) throw std::invalid_argument("too many words, from " + word + " on");
  }
  give_columns(all);
  std::vector<std::vector<std::uint32_t>> tree(1, std::vector<std::uint32_t>(width_, 0));
  endings_.resize(1);
  for (const std::string& word : all) add(word, tree);
  link(tree);
}

void WordFinder::give_columns(const std::vector<std::string>& words) {
  std::array<bool, kBytes> used{};
  for (const std::string& word : words) {
    for (const char c : word) used[static_cast<unsigned char>(c)] = true;
  }
  for (std::size_t byte = 0; byte < kBytes; ++byte) {
    if (used[byte]) columns_[byte] = static_cast<std::uint8_t>(width_++);
  }
  for (char c = 'A'; c <= 'Z'; ++c)
    columns_[static_cast<unsigned char>(c)] = columns_[static_cast<unsigned char>(fold_letter(c))];
  wide_columns_ = {columns_[0xef], columns_[0xe3]};
  columns_[0xef] = columns_[0xe3] = kWide;
}

void WordFinder::add(const std::string& word, std::vector<std::vector<std::uint32_t>>& tree) {
  std::uint32_t state = 0;
  for (const char c : word) {
    std::size_t column = columns_[static_cast<unsigned char>(c)];
    if (column == kWide) column = wide_column(c);
    std::uint32_t next = tree[state][column];
    if (next == 0) {
      next = static_cast<std::uint32_t>(tree.size());
      tree[state][column] = next;
      tree.emplace_back(width_, 0);
      endings_.emplace_back();
    }
    state = next;
  }
  if (endings_[state].word != kNone) throw std::invalid_argument("a word twice: " + word);
  endings_[state].word = static_cast<std::uint32_t>(words_.size());
  words_.push_back({word.size(), is_word_letter(word.front()), is_word_letter(word.back())});
}

/// Gives each state the moves of the longest suffix that is a state too, where it has none.
void WordFinder::link(std::vector<std::vector<std::uint32_t>>& tree) {
  std::vector<std::uint32_t> suffix(tree.size(), 0);
  std::deque<std::uint32_t> queue;
  for (const std::uint32_t next : tree[0]) {
    if (next != 0) queue.push_back(next);
  }
  while (!queue.empty()) {
    const std::uint32_t state = queue.front();
    queue.pop_front();
    const std::uint32_t back = suffix[state];
    endings_[state].next = endings_[back].word != kNone ? back : endings_[back].next;
    for (std::size_t column = 0; column < width_; ++column) {
      const std::uint32_t next = tree[state][column];
      if (next == 0) {
        tree[state][column] = tree[back][column];
      } else {
        suffix[next] = tree[back][column];
        queue.push_back(next);
      }
    }
  }
  moves_.reserve(tree.size() * width_);
  for (const std::vector<std::uint32_t>& row : tree) {
    for (const std::uint32_t next : row) {
      const bool ends = endings_[next].word != kNone || endings_[next].next != 0;
      moves_.push_back(next * width_ | (ends ? kEnds : 0));
    }
  }
}

}  // namespace kefu::inline v0
