#include "nats/backlog.hpp"

#include <doctest/doctest.h>

namespace {

using namespace kefu::nats;

constexpr std::size_t kEach = sizeof(Message) + 10;

Message message(char c) { return {"a", std::string(9, c)}; }

TEST_CASE("nats backlog: in order, and the oldest goes for the newest") {
  Backlog backlog(3 * kEach);
  for (const char c : {'1', '2', '3'}) CHECK_EQ(backlog.add(message(c)), 0);
  CHECK_EQ(backlog.add(message('4')), 1);
  CHECK_EQ(backlog.add({"a", std::string(kEach + 9, '5')}), 2);
  CHECK_EQ(backlog.take().bytes, message('4').bytes);
  CHECK_EQ(backlog.take().bytes.front(), '5');
  CHECK(backlog.empty());
  CHECK_EQ(backlog.add(message('6')), 0);
}

TEST_CASE("nats backlog: what is larger than all of it is dropped, and nothing for it") {
  Backlog backlog(kEach);
  CHECK_EQ(backlog.add(message('1')), 0);
  CHECK_EQ(backlog.add({"a", std::string(10, '2')}), 1);
  CHECK_EQ(backlog.take().bytes, message('1').bytes);
}

}  // namespace
