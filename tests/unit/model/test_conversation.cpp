#include <kefu/model/conversation.hpp>
#include <kefu/model/tags.hpp>

#include <doctest/doctest.h>

namespace {

using namespace kefu;

TEST_CASE("a conversation admits those in it") {
  Conversation conversation;
  conversation.visitor = "v";
  conversation.agents = {"a", "b"};
  CHECK(conversation.admits(Role::visitor, "v"));
  CHECK(!conversation.admits(Role::visitor, "w"));
  CHECK(!conversation.admits(Role::visitor, "a"));  // an agent's id in a visitor's token
  CHECK(conversation.admits(Role::agent, "b"));
  CHECK(conversation.admits(Role::bot, "a"));
  CHECK(!conversation.admits(Role::agent, "v"));
  CHECK(!conversation.admits(Role::agent, ""));
  CHECK(conversation.admits(Role::supervisor, "s"));
}

TEST_CASE("the first agent owns it, but only in the states that have an owner") {
  Conversation conversation;
  conversation.agents = {"a", "b"};
  conversation.state = ConversationState::queued;
  CHECK(conversation.owner() == "");
  CHECK(conversation.holder() == "");
  conversation.state = ConversationState::offered;
  conversation.assignment.offer = Offer{"c", {}};
  CHECK(conversation.owner() == "");
  CHECK(conversation.holder() == "c");
  conversation.state = ConversationState::on_hold;
  CHECK(conversation.owner() == "a");
  CHECK(conversation.holder() == "a");
}

TEST_CASE("tags are sorted, each once") {
  CHECK(as_tags({"b", "a", "b"}) == std::vector<std::string>{"a", "b"});
  CHECK(as_tags({}).empty());
}

}  // namespace
