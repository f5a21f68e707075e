// Close codes: how a connection says over WebSocket why it ends (RFC 6455, §7.4). PROTOCOL.md has
// the table.
#pragma once

#include <cstdint>
#include <kefu/error.hpp>

namespace kefu::inline v0::wire {

/// The status code of the close frame. Other codes of kefu than those of the 4000 range mean what
/// RFC 6455 and the registry of IANA say.
[[nodiscard]] constexpr std::uint16_t close_code(errc reason) noexcept {
  switch (reason) {
    case errc::ok:
      return 1000;
    case errc::bad_frame:
    case errc::unsupported:
      return 1003;  // a binary message; a bad frame alone does not close
    case errc::denied:
      return 1008;
    case errc::too_large:
      return 1009;
    case errc::shutting_down:
      return 1012;
    case errc::rate_limited:
    case errc::overloaded:
    case errc::unavailable:
      return 1013;
    case errc::fenced:
    case errc::superseded:
      return 4001;
    case errc::slow:
      return 4002;
    case errc::session_expired:
      return 4003;
    case errc::unauthenticated:
      return 4004;
    case errc::token_expired:
      return 4005;
    case errc::timed_out:
      return 4006;
    default:
      return 1011;
  }
}

/// What a client makes of a close code: errc::unavailable, which means "reconnect", for those that
/// say no more.
[[nodiscard]] constexpr errc reason_from_close_code(std::uint16_t code) noexcept {
  switch (code) {
    case 1000:
      return errc::ok;
    case 1001:
    case 1012:
      return errc::shutting_down;
    case 1003:
      return errc::unsupported;
    case 1008:
      return errc::denied;
    case 1009:
      return errc::too_large;
    case 1013:
      return errc::overloaded;
    case 4001:
      return errc::superseded;
    case 4002:
      return errc::slow;
    case 4003:
      return errc::session_expired;
    case 4004:
      return errc::unauthenticated;
    case 4005:
      return errc::token_expired;
    case 4006:
      return errc::timed_out;
    default:
      return errc::unavailable;
  }
}

}  // namespace kefu::inline v0::wire
