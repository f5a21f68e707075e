// How records are kept in a Store: JSON, readable by a host's own tools. Fields that are empty are
// left out.
#pragma once

#include <kefu/desk_keys.hpp>
#include <kefu/model/conversation.hpp>
#include <kefu/record.hpp>
#include <kefu/result.hpp>
#include <string>
#include <string_view>

namespace kefu::inline v0::wire {

/// A record as it is stored.
[[nodiscard]] std::string encode_record(const Conversation& conversation);
[[nodiscard]] std::string encode_record(const DeskRecord& record);

/// The record that stands under `key`. errc::corrupt when the text is not what encode_record()
/// wrote for such a key. Unknown fields are ignored: a newer version may have written them.
[[nodiscard]] result<DeskRecord> decode_record(const RecordKey& key, std::string_view record);
/// The same for a conversation.
[[nodiscard]] result<Conversation> decode_conversation(std::string_view record);

/// What the participant may know whom it is about: neither tags nor skills nor who was asked.
[[nodiscard]] std::string encode_told(const Conversation& conversation);
[[nodiscard]] std::string encode_told(const Ticket& ticket);

/// {"type":"<name>","<name>":<record>} and a line feed.
[[nodiscard]] std::string as_line(std::string_view name, std::string_view record);

}  // namespace kefu::inline v0::wire
