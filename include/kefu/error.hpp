// Errors: one enum, one std::error_category, three conditions.
//
// Functions that can fail for reasons outside the caller's control return kefu::result<T>
// (result.hpp) holding an errc; only constructors and configuration throw. The wire names of the
// codes that a client may see are in wire/PROTOCOL.md and equal the enumerators below.
#pragma once

#include <cstdint>
#include <string_view>
#include <system_error>

#if !defined(__cpp_exceptions)
#error "kefu needs exceptions: its constructors throw; leave out -fno-exceptions"
#endif

namespace kefu::inline v0 {

/// Every error that kefu answers, on the wire too.
enum class errc : std::uint8_t {
  ok = 0,

  // The client said something wrong; sending it again unchanged will not help.
  bad_frame,    ///< not a frame of the protocol: not JSON, a field missing or of the wrong type
  unsupported,  ///< a frame type, or a combination of options, that this server does not serve
  too_large,    ///< a limit on size was exceeded
  not_found,    ///< no such conversation, file or ticket, or not one that this participant may see
  conflict,     ///< the same id, version or cseq was used before with other content
  duplicate,    ///< a retry older than the outcomes that are kept; it was accepted or refused long
                ///< ago
  gap,          ///< a cseq above the expected one; `expected` says which comes next

  // Refusals: a verdict on the content. They consume their cseq, and a retry gets the same refusal.
  denied,  ///< not allowed: by the role, by membership, or by a policy
  closed,  ///< the conversation is closed

  // The session or its connection.
  unauthenticated,  ///< no token, or one that is not valid
  token_expired,    ///< the token was valid once; renew it
  session_expired,  ///< the session record is gone; open a new session
  session_gone,     ///< a handle to a session that no longer exists in this process
  stale_epoch,  ///< the epoch is not above the session's current one; `current` says which it is
  fenced,       ///< a newer connection of the same session has taken over
  superseded,   ///< the close reason that goes with `fenced`: never resume, open a new session
  slow,         ///< nothing drained for `stall_timeout`
  stale,  ///< decided on a version of the conversation that is no longer current; read it again

  // Try again later, unchanged.
  rate_limited,   ///< too many frames or sends
  overloaded,     ///< a bounded buffer is full
  unavailable,    ///< the store or another port can't serve now; nothing was stored
  timed_out,      ///< no answer within the deadline; what happened is unknown
  shutting_down,  ///< the server drains; reconnect

  // The store.
  store_full,     ///< no space left
  store_failed,   ///< an I/O error or a failed fsync: the store refuses writes until it is opened
                  ///< again
  store_locked,   ///< another process has this store open
  store_version,  ///< written by a newer version of kefu
  corrupt,        ///< stored bytes are not what was written
};

/// Conditions that code can compare any errc with: `if (ec == errc_condition::retryable)`.
/// Their values lie outside those of errc: both share a category, in which equal values are equal.
enum class errc_condition { retryable = 256, fatal, auth };

/// The name used on the wire and in logs, e.g. "stale_epoch". Never null; static storage.
[[nodiscard]] constexpr std::string_view name(errc code) noexcept {
  switch (code) {
    case errc::ok:
      return "ok";
    case errc::bad_frame:
      return "bad_frame";
    case errc::unsupported:
      return "unsupported";
    case errc::too_large:
      return "too_large";
    case errc::not_found:
      return "not_found";
    case errc::conflict:
      return "conflict";
    case errc::duplicate:
      return "duplicate";
    case errc::gap:
      return "gap";
    case errc::denied:
      return "denied";
    case errc::closed:
      return "closed";
    case errc::unauthenticated:
      return "unauthenticated";
    case errc::token_expired:
      return "token_expired";
    case errc::session_expired:
      return "session_expired";
    case errc::session_gone:
      return "session_gone";
    case errc::stale_epoch:
      return "stale_epoch";
    case errc::fenced:
      return "fenced";
    case errc::superseded:
      return "superseded";
    case errc::slow:
      return "slow";
    case errc::stale:
      return "stale";
    case errc::rate_limited:
      return "rate_limited";
    case errc::overloaded:
      return "overloaded";
    case errc::unavailable:
      return "unavailable";
    case errc::timed_out:
      return "timed_out";
    case errc::shutting_down:
      return "shutting_down";
    case errc::store_full:
      return "store_full";
    case errc::store_failed:
      return "store_failed";
    case errc::store_locked:
      return "store_locked";
    case errc::store_version:
      return "store_version";
    case errc::corrupt:
      return "corrupt";
  }
  return "unknown";
}

/// The code with that name; errc::ok for "ok"; errc::unsupported for a name this version does not
/// know.
[[nodiscard]] constexpr errc errc_from_name(std::string_view text) noexcept {
  for (unsigned i = 0; i <= static_cast<unsigned>(errc::corrupt); ++i) {
    if (name(static_cast<errc>(i)) == text) return static_cast<errc>(i);
  }
  return errc::unsupported;
}

/// True for a refusal: a verdict that consumes its cseq and is stored like a message.
[[nodiscard]] constexpr bool is_refusal(errc code) noexcept {
  return code == errc::denied || code == errc::closed;
}

/// True when the same call, unchanged, may succeed later. Such an error never consumes a cseq.
[[nodiscard]] constexpr bool is_retryable(errc code) noexcept {
  switch (code) {
    case errc::stale:
    case errc::rate_limited:
    case errc::overloaded:
    case errc::unavailable:
    case errc::timed_out:
    case errc::shutting_down:
    case errc::store_full:
      return true;
    default:
      return false;
  }
}

namespace detail {

class ErrorCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "kefu"; }
  [[nodiscard]] std::string message(int value) const override {
    return std::string(kefu::name(static_cast<errc>(value)));
  }
  [[nodiscard]] bool equivalent(int value,
                                const std::error_condition& condition) const noexcept override {
    if (condition.category() != *this) return false;
    const auto code = static_cast<errc>(value);
    switch (static_cast<errc_condition>(condition.value())) {
      case errc_condition::retryable:
        return is_retryable(code);
      case errc_condition::fatal:
        return code == errc::store_failed || code == errc::store_version || code == errc::corrupt;
      case errc_condition::auth:
        return code == errc::unauthenticated || code == errc::token_expired || code == errc::denied;
    }
    return false;
  }
};

}  // namespace detail

/// The category of errc. Categories are compared by address, so all shared objects of a process
/// need the same one, also where a host hides its symbols.
[[nodiscard, gnu::visibility("default")]] inline const std::error_category&
error_category() noexcept {
  static const detail::ErrorCategory category;
  return category;
}

/// For std::error_code.
[[nodiscard]] inline std::error_code make_error_code(errc code) noexcept {
  return {static_cast<int>(code), error_category()};
}

/// For std::error_condition.
[[nodiscard]] inline std::error_condition make_error_condition(errc_condition condition) noexcept {
  return {static_cast<int>(condition), error_category()};
}

}  // namespace kefu::inline v0

template <>
struct std::is_error_code_enum<kefu::errc> : std::true_type {};
template <>
struct std::is_error_condition_enum<kefu::errc_condition> : std::true_type {};
