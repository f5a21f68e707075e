// Export: writes all that is kept of what a participant said and was told, as JSON Lines.
#pragma once

#include <kefu/completion.hpp>
#include <kefu/error.hpp>
#include <kefu/hub.hpp>
#include <string>

namespace kefu::inline v0::hub {

class Shard;

/// See Hub::export_participant(). Calls `take` and `done` on the shard.
void export_participant(Shard& shard, std::string participant, LineTaker take,
                        Completion<errc> done);

}  // namespace kefu::inline v0::hub
