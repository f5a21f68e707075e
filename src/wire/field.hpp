// Field: every field name of the protocol, and every type of a frame.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <kefu/model/frame.hpp>
#include <string_view>
#include <variant>

#include "wire/name_table.hpp"

namespace kefu::wire {

enum class Field : std::uint8_t {
  accepted_cseq,
  after,
  agent,
  agents,
  assignment,
  at,
  attributes,
  before,
  body,
  capacity,
  code,
  comment,
  conversation,
  conversations,
  count,
  created_at,
  cseq,
  current,
  delivered,
  department,
  detail,
  entries,
  epoch,
  eta,
  expected,
  expires_at,
  from,
  id,
  intent,
  internal,
  internal_tail,
  into,
  into_version,
  kind,
  language,
  limit,
  limits,
  load,
  log,
  max_body,
  max_frame,
  next,
  note,
  on,
  opened_at,
  opens_at,
  origin,
  position,
  positions,
  present,
  priority,
  read,
  reason,
  ref,
  requester,
  resumed,
  retry_after,
  role,
  rule,
  seq,
  session,
  skills,
  stands,
  state,
  subject,
  tags,
  tail,
  tickets,
  token,
  type,
  until,
  updated_at,
  version,
  visitor,
  window,
};

inline constexpr std::size_t kFields = static_cast<std::size_t>(Field::window) + 1;

inline constexpr NameTable<kFields> kFieldTable{
    std::array<std::string_view, kFields>{"accepted_cseq", "after",
                                          "agent",         "agents",
                                          "assignment",    "at",
                                          "attributes",    "before",
                                          "body",          "capacity",
                                          "code",          "comment",
                                          "conversation",  "conversations",
                                          "count",         "created_at",
                                          "cseq",          "current",
                                          "delivered",     "department",
                                          "detail",        "entries",
                                          "epoch",         "eta",
                                          "expected",      "expires_at",
                                          "from",          "id",
                                          "intent",        "internal",
                                          "internal_tail", "into",
                                          "into_version",  "kind",
                                          "language",      "limit",
                                          "limits",        "load",
                                          "log",           "max_body",
                                          "max_frame",     "next",
                                          "note",          "on",
                                          "opened_at",     "opens_at",
                                          "origin",        "position",
                                          "positions",     "present",
                                          "priority",      "read",
                                          "reason",        "ref",
                                          "requester",     "resumed",
                                          "retry_after",   "role",
                                          "rule",          "seq",
                                          "session",       "skills",
                                          "stands",        "state",
                                          "subject",       "tags",
                                          "tail",          "tickets",
                                          "token",         "type",
                                          "until",         "updated_at",
                                          "version",       "visitor",
                                          "window"}};

[[nodiscard]] constexpr std::string_view name(Field field) noexcept {
  return kFieldTable.name(static_cast<std::size_t>(field));
}
static_assert(name(Field::accepted_cseq) == "accepted_cseq" &&
              name(Field::internal_tail) == "internal_tail" &&
              name(Field::positions) == "positions" && name(Field::window) == "window");

/// The types a client sends. `note` is a Send into the internal log; from `accept` to `close` they
/// are Changes, in the order of Change::What.
enum class ClientType : std::uint8_t {
  hello,
  token,
  open,
  send,
  note,
  delivered,
  read,
  typing,
  history,
  list,
  presence,
  accept,
  decline,
  release,
  take_over,
  resume,
  resolve,
  reopen,
  close,
  transfer,
  hold,
  watch,
  join,
  leave,
  describe,
  ticket,
  comment,
  merge,
  tickets,
};
inline constexpr std::size_t kClientTypes = static_cast<std::size_t>(ClientType::tickets) + 1;
inline constexpr NameTable<kClientTypes> kClientTypeTable{
    std::array<std::string_view, kClientTypes>{
        "hello",    "token",  "open",     "send",     "note",    "delivered", "read",      "typing",
        "history",  "list",   "presence", "accept",   "decline", "release",   "take_over", "resume",
        "resolve",  "reopen", "close",    "transfer", "hold",    "watch",     "join",      "leave",
        "describe", "ticket", "comment",  "merge",    "tickets"}};

/// The types a server sends, in the order of ServerFrame's alternatives.
enum class ServerType : std::uint8_t {
  welcome,
  ack,
  entry,
  receipt,
  typing,
  offer,
  offer_gone,
  joined,
  history,
  list,
  reset,
  done,
  error,
  queue,
  agents,
  left,
  about,
  tickets,
};
inline constexpr std::size_t kServerTypes = static_cast<std::size_t>(ServerType::tickets) + 1;
static_assert(kServerTypes == std::variant_size_v<decltype(ServerFrame::body)>);
inline constexpr NameTable<kServerTypes> kServerTypeTable{
    std::array<std::string_view, kServerTypes>{
        "welcome", "ack", "entry", "receipt", "typing", "offer", "offer_gone", "joined", "history",
        "list", "reset", "done", "error", "queue", "agents", "left", "about", "tickets"}};

}  // namespace kefu::wire
