#include <kefu/core/contact.hpp>

#include <doctest/doctest.h>

#include <kefu/core/offer.hpp>

#include "desk_rig.hpp"

namespace {

using namespace kefu;
using namespace kefu::core;
using namespace std::chrono_literals;
using S = ConversationState;
constexpr auto kFirst = Desk::kFirst;
constexpr auto kSecond = Desk::kSecond;

std::vector<std::string> said(const DeskRig& desk, ConversationId id) {
  std::vector<std::string> out;
  for (const Entry& entry : desk.entries) {
    if (entry.conversation == id) out.push_back(entry.kind + ' ' + entry.body);
  }
  return out;
}

TEST_CASE("who is merged is stored first, and who ends it says so") {
  Desk desk;
  CHECK(desk.run(BeginMerge{"vera", "contact", 30s}) == Rule::none);
  CHECK(desk.get<Contact>(contact_key("contact")).former == std::vector<std::string>{"vera"});
  Contact vera = desk.get<Contact>(contact_key("vera"));
  CHECK(vera.into == "contact");
  CHECK(vera.resume_at == desk.now + 30s);
  CHECK(desk.run(EndMerge{"vera", "contact"}) == Rule::none);
  CHECK(!desk.get<Contact>(contact_key("vera")).resume_at);
  CHECK(desk.run(EndMerge{"vera", "contact"}) == Rule::none);
  CHECK(!desk.changed);
  CHECK(desk.run(BeginMerge{"vera", "contact", 30s}) == Rule::none);  // again, for what came since
  CHECK(desk.get<Contact>(contact_key("contact")).former.size() == 1);
}

TEST_CASE("a former identity is one person's, and brings those that it had") {
  Desk desk;
  CHECK(desk.run(BeginMerge{"a", "a", 30s}) == Rule::itself);
  CHECK(desk.run(BeginMerge{"a", "b", 30s}) == Rule::none);
  CHECK(desk.run(BeginMerge{"a", "c", 30s}) == Rule::taken);
  CHECK(desk.run(BeginMerge{"c", "a", 30s}) == Rule::taken);
  CHECK(desk.run(BeginMerge{"b", "c", 30s}) == Rule::none);
  CHECK(desk.get<Contact>(contact_key("c")).former == std::vector<std::string>{"b", "a"});
  CHECK(desk.run(BeginMerge{"a", "c", 30s}) == Rule::none);  // theirs by now
  CHECK(desk.get<Contact>(contact_key("a")).into == "c");
  for (std::size_t i = 2; i < Contact::kFormer; ++i)
    CHECK(desk.run(BeginMerge{"x" + std::to_string(i), "c", 30s}) == Rule::none);
  CHECK(desk.run(BeginMerge{"one more", "c", 30s}) == Rule::capacity);
}

TEST_CASE("an open conversation is the contact's, and only theirs") {
  Desk desk;
  CHECK(desk.run(Accept{kFirst, "ann", std::nullopt}) == Rule::none);
  CHECK(desk.run(MoveConversation{kFirst, "vera", "contact"}) == Rule::none);
  CHECK(desk.first().visitor == "contact");
  CHECK(desk.first().owner() == "ann");
  CHECK(!desk.has(open_key("vera", "billing")));
  CHECK(desk.get<OpenConversation>(open_key("contact", "billing")).conversation == kFirst);
  CHECK(said(desk, kFirst).back() == "merged vera");
  CHECK(desk.run(MoveConversation{kFirst, "vera", "contact"}) == Rule::none);
  CHECK(!desk.changed);
  CHECK(desk.run(MoveConversation{kSecond, "vera", "contact"}) == Rule::exists);
}

TEST_CASE("of two that wait the older stays open, whosever it was") {
  Desk desk;
  desk.now = desk.now + 1s;
  desk.open(kSecond, "contact");
  CHECK(desk.run(MoveConversation{kFirst, "vera", "contact"}) == Rule::none);
  CHECK(desk.first().state == S::queued);
  CHECK(desk.conversation(kSecond).state == S::closed);
  CHECK(desk.get<OpenConversation>(open_key("contact", "billing")).conversation == kFirst);
  CHECK(said(desk, kSecond) ==
        std::vector<std::string>{"continued " + kFirst.to_string(), "closed "});

  Desk other;
  other.now = Timestamp{1};
  other.open(kSecond, "contact");
  CHECK(other.run(MoveConversation{kFirst, "vera", "contact"}) == Rule::none);
  CHECK(other.first().state == S::closed);
  CHECK(other.first().visitor == "contact");
  CHECK(!other.has(open_key("vera", "billing")));
  CHECK(other.get<OpenConversation>(open_key("contact", "billing")).conversation == kSecond);
  CHECK(said(other, kFirst) ==
        std::vector<std::string>{"merged vera", "continued " + kSecond.to_string(), "closed "});
}

TEST_CASE("where somebody answers stays open, though it is younger, and slots are freed") {
  Desk desk;
  CHECK(desk.run(MakeOffer{kFirst, 0, "ann", desk.now + 5s}) == Rule::none);
  desk.now = desk.now + 1s;
  desk.open(kSecond, "contact");
  CHECK(desk.run(Accept{kSecond, "bob", std::nullopt}) == Rule::none);
  CHECK(desk.run(MoveConversation{kFirst, "vera", "contact"}) == Rule::none);
  CHECK(desk.conversation(kSecond).owner() == "bob");
  CHECK(desk.first().state == S::closed);
  CHECK(desk.agent("ann").slots.empty());
  CHECK(desk.agent("bob").slots.size() == 1);
}

TEST_CASE("what is closed moves as it is") {
  Desk desk;
  CHECK(desk.run(Close{kFirst, by("vera", Role::visitor), {}}) == Rule::none);
  desk.open(kSecond, "contact");
  CHECK(desk.run(MoveConversation{kFirst, "vera", "contact"}) == Rule::none);
  CHECK(desk.first().visitor == "contact");
  CHECK(desk.first().state == S::closed);
  CHECK(desk.conversation(kSecond).state == S::queued);
}

}  // namespace
