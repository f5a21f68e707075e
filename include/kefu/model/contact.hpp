// Contact: a verified person, as far as identities were merged into one. A record stands under each
// id that takes part: that of the person, and those that they had before.
#pragma once

#include <cstddef>
#include <kefu/model/time.hpp>
#include <optional>
#include <string>
#include <vector>

namespace kefu::inline v0 {

struct Contact {
  std::string id;                      ///< a visitor's participant id
  std::vector<std::string> former;     ///< under which they wrote before, each once
  std::string into;                    ///< whose former id this one is; empty: nobody's
  std::optional<Timestamp> resume_at;  ///< with `into`: not all is moved; a sweep goes on then

  static constexpr std::size_t kFormer = 64;  ///< that one person may have had

  friend bool operator==(const Contact&, const Contact&) = default;
};

}  // namespace kefu::inline v0
