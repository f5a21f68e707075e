// ClientState as bytes: whole, or what has changed since another one. Integers are varints
// (LEB128), ids 16 bytes, texts a length and their bytes.
//
//   record       = whole / change
//   whole        = 1 header conversations
//   change       = 2 header conversations          ; only those that differ, and of these:
//   header       = session epoch submitted
//   conversations= count *conversation
//   conversation = id flags logs accepted gone renumbered added
//   flags        = open (1)
//   logs         = 2( position searched )
//   gone         = count *send-id                  ; these are settled
//   renumbered   = count *( send-id number )
//   added        = count *( send-id log kind body number )
//   number       = session cseq
#pragma once

#include <kefu/core/client_state.hpp>
#include <string>
#include <string_view>

namespace kefu::inline v0::client {

/// Appends a record that gives `state` from any other.
void encode_whole(const core::ClientState& state, std::string& out);

/// Appends a record that gives `to` from `from`; a whole one where that can't be said as a change.
void encode_change(const core::ClientState& from, const core::ClientState& to, std::string& out);

/// Steps `state` by a record. False when it is no record, or none for this state; then `state` is
/// nothing any more.
[[nodiscard]] bool apply_record(std::string_view record, core::ClientState& state);

}  // namespace kefu::inline v0::client
