// What the files of Session share beside its header.
#pragma once

#include <algorithm>
#include <utility>

#include "session.hpp"
#include "shard.hpp"

namespace kefu::inline v0::hub {

/// Participants, departments: texts that people and logs can show on a line.
[[nodiscard]] inline bool is_plain_id(std::string_view text, std::size_t max) {
  return !text.empty() && text.size() <= max && std::ranges::none_of(text, [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
}

struct Session::Gathering {
  enum class For : std::uint8_t { hello, join, list };
  struct Item {
    VersionedConversation conversation;
    std::uint64_t tails[2] = {0, 0};  // by Log
    bool joined = false;              // the home shard delivers to this session
    bool removed = false;             // the participant has left it meanwhile
  };

  std::uint32_t number = 0;
  For purpose = For::join;
  std::string ref;
  std::string next;  // list
  std::vector<Item> items;
  std::size_t missing = 0;  // items not joined
};

struct Session::Greeting {
  Instant since;
  std::string ref;
  std::optional<SessionId> session;
  std::uint64_t epoch = 0;
  std::vector<Position> positions;
  // Which began while the session's conversations were being looked up, and may have been missed.
  std::vector<VersionedConversation> enlisted;
};

struct Session::Seat {
  /// A conversation that the client has been offered.
  struct Shown {
    ConversationId id;
    std::uint64_t assignment = 0;
    bool asked = false;  // this agent alone
  };

  /// How far the list of what waits has been read.
  struct Listing {
    bool scanning = false;             // a page is on its way
    bool again = false;                // then begin anew
    std::string next;                  // of the page before
    std::vector<ConversationId> gone;  // meanwhile: the page may be older
  };

  std::uint64_t record = 0;      // the version of the agent's that was looked at last; 0: none yet
  Few<std::string> departments;  // of that; none: all
  Few<ConversationId> offered;   // of that: what the agent is asked
  Few<Shown> shown;
  Few<Position> left;                // how far those were read that this agent had, and has no more
  std::unique_ptr<Listing> listing;  // until all of it has been read

  [[nodiscard]] bool is_asked(ConversationId id) const {
    return std::ranges::find(offered, id) != offered.end();
  }
  [[nodiscard]] Shown* find(ConversationId id) {
    const auto at = std::ranges::find(shown, id, &Shown::id);
    return at == shown.end() ? nullptr : &*at;
  }
};

template <class... Args, class F>
Completion<Args...> Session::mine(F f) {
  ++asked_;
  return shard_.here<Args...>(
      [shard = &shard_, ref = ref_, f = std::move(f)](Args... args) mutable {
        Session* const session = shard->find(ref);
        if (!session) return;
        --session->asked_;
        session->attend([&] {
          f(*session, std::move(args)...);
          session->leave_if_settled();
        });
      });
}

}  // namespace kefu::inline v0::hub
