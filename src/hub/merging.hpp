// Merging: what belonged to a visitor becomes that of whom they turned out to be.
#pragma once

#include <kefu/completion.hpp>
#include <kefu/desk.hpp>
#include <string>

namespace kefu::hub {

class Shard;

/// See Hub::merge(). Completes on the shard.
void merge(Shard& shard, std::string visitor, std::string contact, Completion<DeskOutcome> done);

}  // namespace kefu::hub
