// Rows of the shop's table `message` as entries of kefu's logs.
#pragma once

#include <kefu/model/entry.hpp>
#include <string>

#include "query.hpp"

namespace shop {

[[nodiscard]] constexpr const char* channel_of(kefu::Log log) {
  return log == kefu::Log::public_log ? "chat" : "notes";
}

/// A query whose rows entry_of() reads; `no` is what it begins with.
[[nodiscard]] inline std::string messages_where(const char* condition) {
  return std::string(
             "SELECT no, channel, thread, place, behind, author, role, device, device_no, format, "
             "words, written, tags FROM message WHERE ") +
         condition;
}

[[nodiscard]] inline kefu::Entry entry_of(const Query& row) {
  kefu::Entry out;
  out.log = row.text(1) == "chat" ? kefu::Log::public_log : kefu::Log::internal;
  out.conversation = kefu::ConversationId::parse(row.text(2)).value();
  out.seq = row.number(3);
  out.after = row.number(4);
  out.from = row.text(5);
  out.role = kefu::role_from_name(row.text(6)).value();
  if (const auto device = kefu::SessionId::parse(row.text(7)))
    out.origin = {*device, row.number(8)};
  out.kind = row.text(9);
  out.body = row.text(10);
  out.at = kefu::Timestamp::parse(row.text(11)).value();
  out.tags = row.text(12);
  return out;
}

}  // namespace shop
