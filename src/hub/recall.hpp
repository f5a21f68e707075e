// See Hub::recall().
#pragma once

#include <kefu/completion.hpp>
#include <kefu/desk.hpp>
#include <kefu/hub.hpp>

namespace kefu::inline v0::hub {

class Shard;

/// Completes on the shard.
void recall(Shard& shard, RecallRequest request, Completion<DeskOutcome> done);

}  // namespace kefu::inline v0::hub
