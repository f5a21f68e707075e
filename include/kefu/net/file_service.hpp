// Files over HTTP: uploads by tus 1.0 (https://tus.io), downloads by signed addresses. See FILES.md
// beside this file for what a client says.
#pragma once

#include <kefu/auth.hpp>
#include <kefu/clock.hpp>
#include <kefu/completion.hpp>
#include <kefu/files.hpp>
#include <kefu/jwt_keys.hpp>
#include <kefu/limits.hpp>
#include <kefu/result.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace kefu::inline v0::net {

/// How files are served over HTTP.
struct FileServiceOptions {
  std::string path = "/files";  ///< where uploads are created, and below which files are
  std::string secret = {};      ///< signs addresses; at least 32 bytes
  /// In place of the secret, where it changes: the first one signs, and what any of them has signed
  /// is good. Outlives the server.
  const JwtKeys* keys = nullptr;
  Nanoseconds url_life{900'000'000'000};  ///< an address is good for so long (15 min)
  kefu::limits limits = {};               ///< as those of the Files
  const Clock* clock = nullptr;           ///< null: the machine's. Outlives the server
  std::size_t threads = 1;  ///< loops of their own for transfers: they may wait for a disk

  /// Media types that browsers may show in place. All others are offered for saving, as bytes.
  std::vector<std::string> shown_types = {"image/png", "image/jpeg", "image/gif", "image/webp"};

  /// Who may send files to a conversation and read those in it: whoever the token's is, or
  /// errc::unauthenticated, token_expired, not_found (also: not theirs). `token` is valid during
  /// the call. Called on transfer loops and threads of the Files: it is quick, and throws nothing.
  /// Hub::admit() is meant for it.
  std::function<void(std::string_view token, const Caller& caller, ConversationId conversation,
                     Completion<result<Identity>> done)>
      admit = {};
};

}  // namespace kefu::inline v0::net
