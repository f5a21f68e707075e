// What an SQLSTATE means for a call.
#pragma once

#include <kefu/error.hpp>
#include <string_view>

namespace kefu::inline v0::postgres {

enum class Remedy : std::uint8_t {
  again,      ///< it met another transaction, or a bound that may pass: begin it anew
  reconnect,  ///< this connection is of no use
  none,       ///< it will not do: code_of() says why
};

[[nodiscard]] inline Remedy remedy_of(std::string_view state) {
  if (state == "53100") return Remedy::none;  // the disk is full
  for (const std::string_view again : {"40", "53", "55P03", "57014"}) {
    if (state.starts_with(again)) return Remedy::again;
  }
  // Connections; the server stops or starts; it has become a standby.
  for (const std::string_view lost : {"08", "57P", "25006", "25P0", "26000"}) {
    if (state.starts_with(lost)) return Remedy::reconnect;
  }
  return Remedy::none;
}

[[nodiscard]] inline errc code_of(std::string_view state) {
  if (state == "53100") return errc::store_full;
  if (state.starts_with("54")) return errc::too_large;  // e.g. a key that no index can hold
  // What no node of kefu could have brought about.
  if (state.starts_with("23") || state == "XX001" || state == "XX002") return errc::corrupt;
  return errc::unavailable;
}

}  // namespace kefu::inline v0::postgres
