// How records are kept in a Store: JSON, readable by a host's own tools.
#pragma once

#include <kefu/model/conversation.hpp>
#include <kefu/result.hpp>
#include <string>
#include <string_view>

namespace kefu::wire {

[[nodiscard]] std::string encode_record(const Conversation& conversation);

/// errc::corrupt when the text is not what encode_record() wrote. Unknown fields are ignored: a
/// newer version may have written them.
[[nodiscard]] result<Conversation> decode_conversation(std::string_view record);

}  // namespace kefu::wire
