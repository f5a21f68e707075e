// What the tests of audit logs share: events, and the chain of them.
#pragma once

#include <kefu/audit/chain.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace kefu::test {

inline constexpr std::string_view kSalt = "0123456789abcdef0123456789abcdef";

inline Event event(std::uint64_t position, std::string body = "a secret") {
  Event out;
  out.position = position;
  out.entry.conversation = {2, 1 + position % 2};
  out.entry.log = position % 3 == 0 ? Log::internal : Log::public_log;
  out.entry.seq = position;
  out.entry.from = "ann";
  out.entry.role = Role::visitor;
  out.entry.origin = {{1, 1}, position};
  out.entry.kind = kind::kText;
  out.entry.body = std::move(body);
  out.entry.at = {1'764'000'000'000'000'000};
  return out;
}

inline EventBatch batch(std::uint64_t first, std::uint64_t last) {
  EventBatch out;
  for (std::uint64_t position = first; position <= last; ++position)
    out.events.push_back(event(position));
  return out;
}

/// A message that was refused.
inline Act refused(std::uint64_t cseq, std::string_view reason = "a word") {
  return {{1'764'000'000'000'000'000},
          act::SendRefused{
              {2, 1}, Log::public_log, "ann", Role::visitor, {{1, 1}, cseq}, reason, "a secret"}};
}

/// The lines of so many events, each without its '\n', and the head behind each.
struct WrittenChain {
  explicit WrittenChain(std::uint64_t count, std::string writer = "desk-1") {
    audit::Chain chain{audit::Head{std::move(writer)}};
    for (std::uint64_t position = 1; position <= count; ++position) {
      std::string line;
      chain.append(event(position), kSalt, line);
      line.pop_back();
      lines.push_back(std::move(line));
      heads.push_back(chain.head());
    }
  }

  std::vector<std::string> lines;
  std::vector<audit::Head> heads;
};

}  // namespace kefu::test
