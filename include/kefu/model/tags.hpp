// The tags of conversations and tickets.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

namespace kefu::inline v0 {

/// Sorted, each once.
[[nodiscard]] inline std::vector<std::string> as_tags(std::vector<std::string> texts) {
  std::ranges::sort(texts);
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  return texts;
}

}  // namespace kefu::inline v0
