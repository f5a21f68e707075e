// Erasure: takes everything personal of a participant out of the Store.
#pragma once

#include <cstdint>
#include <kefu/completion.hpp>
#include <kefu/result.hpp>
#include <string>

namespace kefu::inline v0::hub {

class Shard;

/// See Hub::erase(). `done` is called on the shard.
void erase(Shard& shard, std::string participant, Completion<result<std::uint64_t>> done);

}  // namespace kefu::inline v0::hub
