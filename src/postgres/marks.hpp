// The column `kept`: the outcomes that a mark keeps, the oldest first, each a digest, a seq and the
// time of its entry; or, for a refusal, 0 and its number.
#pragma once

#include <cstdint>
#include <kefu/core/dedup_mark.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "postgres/binary.hpp"

namespace kefu::inline v0::postgres {

inline constexpr std::size_t kSentSize = 24;

[[nodiscard]] inline std::string encode_kept(const core::DedupMark& mark) {
  std::string out;
  for (const core::DedupMark::Sent& sent : mark.kept()) {
    put_number(out, sent.digest);
    put_number(out, sent.seq);
    // The numbers of refusals are stored, so they don't follow the enum.
    put_number(out, sent.seq ? static_cast<std::uint64_t>(sent.at.ns)
                             : std::uint64_t{sent.code() == errc::denied ? 1u : 2u});
  }
  return out;
}

[[nodiscard]] inline core::DedupMark decode_mark(std::uint64_t accepted, std::string_view kept) {
  std::vector<core::DedupMark::Sent> sent;
  sent.reserve(kept.size() / kSentSize);
  for (; kept.size() >= kSentSize; kept.remove_prefix(kSentSize)) {
    const auto digest = take_number<std::uint64_t>(kept.data());
    const auto seq = take_number<std::uint64_t>(kept.data() + 8);
    const auto rest = take_number<std::uint64_t>(kept.data() + 16);
    using Sent = core::DedupMark::Sent;
    sent.push_back(seq ? Sent::entry(digest, seq, Timestamp{static_cast<std::int64_t>(rest)})
                       : Sent::refused(digest, rest == 1 ? errc::denied : errc::closed));
  }
  return core::DedupMark::restore(accepted, std::move(sent));
}

}  // namespace kefu::inline v0::postgres
