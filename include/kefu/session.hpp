// SessionView: a session as a host sees it, for support, logs and risk control. See Hub::session().
#pragma once

#include <kefu/model/id.hpp>
#include <kefu/model/participant.hpp>
#include <kefu/transport.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace kefu::inline v0 {

/// A copy of one moment.
struct SessionView {
  SessionId id;
  std::uint64_t epoch = 0;
  Participant participant;
  std::string address;                 ///< of its connection, see Connection::peer()
  std::string subject;                 ///< of its client certificate, or ""
  std::optional<LinkQuality> quality;  ///< nullopt where transport or system don't tell
};

}  // namespace kefu::inline v0
