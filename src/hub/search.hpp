// See Hub::search().
#pragma once

#include <kefu/completion.hpp>
#include <kefu/hub.hpp>
#include <kefu/result.hpp>

namespace kefu::inline v0::hub {

class Shard;

/// Completes on the shard.
void search(Shard& shard, SearchQuery query, Completion<result<SearchHits>> done);

}  // namespace kefu::inline v0::hub
