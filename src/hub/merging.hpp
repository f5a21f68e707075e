// Merging: what belonged to a visitor becomes that of whom they turned out to be.
#pragma once

#include <kefu/completion.hpp>
#include <kefu/desk.hpp>
#include <kefu/result.hpp>
#include <string>
#include <vector>

namespace kefu::inline v0::hub {

class Shard;

/// See Hub::merge(). Completes on the shard.
void merge(Shard& shard, std::string visitor, std::string contact, Completion<DeskOutcome> done);

/// Under which ids there may be something of a participant: their own, then those that were merged
/// into it. Completes on the shard.
void find_ids(Shard& shard, std::string participant,
              Completion<result<std::vector<std::string>>> done);

}  // namespace kefu::inline v0::hub
