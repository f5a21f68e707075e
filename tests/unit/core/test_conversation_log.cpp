#include <kefu/core/conversation_log.hpp>

#include <doctest/doctest.h>

namespace {

using namespace kefu;
using core::ConversationLog;

TEST_CASE("each log counts for itself, without gaps, and a note knows the public entry before it") {
  ConversationLog log;
  CHECK(log.tail(Log::public_log) == 0);
  CHECK(log.append(Log::internal).after == 0);
  CHECK(log.append(Log::public_log).seq == 1);
  CHECK(log.append(Log::public_log).seq == 2);
  const auto note = log.append(Log::internal);
  CHECK(note.seq == 2);
  CHECK(note.after == 2);
  CHECK(log.append(Log::public_log).after == 0);
  CHECK(log.tail(Log::public_log) == 3);
  CHECK(log.tail(Log::internal) == 2);
}

TEST_CASE("a log goes on from the tails that were stored") {
  ConversationLog log(41, 7);
  CHECK(log.append(Log::public_log).seq == 42);
  const auto note = log.append(Log::internal);
  CHECK(note.seq == 8);
  CHECK(note.after == 42);
}

}  // namespace
