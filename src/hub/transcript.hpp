// Transcript: writes a conversation as JSON Lines, page by page.
#pragma once

#include <functional>
#include <kefu/completion.hpp>
#include <kefu/error.hpp>
#include <kefu/model/id.hpp>
#include <string_view>

namespace kefu::hub {

class Shard;

/// Calls `take` with whole lines, then `done`; both on the shard. See Hub::transcript().
void write_transcript(Shard& shard, ConversationId conversation, bool internal,
                      std::function<void(std::string_view lines)> take, Completion<errc> done);

}  // namespace kefu::hub
