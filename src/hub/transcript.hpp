// Transcript: writes what was said as JSON Lines, page by page.
#pragma once

#include <functional>
#include <kefu/completion.hpp>
#include <kefu/error.hpp>
#include <kefu/hub.hpp>
#include <kefu/model/id.hpp>
#include <memory>
#include <string>

namespace kefu::inline v0::hub {

class Shard;

using TakerPtr = std::shared_ptr<LineTaker>;

/// Of a conversation or a ticket.
struct Writing {
  ConversationId log;
  bool internal = false;         ///< also what only the staff may read
  std::string participant = {};  ///< whose own entries are told as theirs
  std::string first = {};        ///< lines that stand before the entries
};

/// Gives the entries to `take`, then calls `done`, on the shard.
void write_entries(Shard& shard, Writing what, TakerPtr take, Completion<errc> done);

/// See Hub::transcript(). Calls `take` and `done` on the shard.
void write_transcript(Shard& shard, ConversationId conversation, bool internal, LineTaker take,
                      Completion<errc> done);

}  // namespace kefu::inline v0::hub
