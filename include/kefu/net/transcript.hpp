// Transcripts over HTTP.
#pragma once

#include <kefu/hub.hpp>
#include <kefu/net/server.hpp>

#include <string_view>

namespace kefu::net {

/// Serves Hub::transcript() as application/jsonl to whoever takes part in the conversation, as
/// Hub::admit() says of the token in `Authorization: Bearer …`; with `?log=internal` the staff gets
/// the internal log too. It is sent as fast as it is read, and no more than some pages of it are
/// held. 401: no valid token; 404: there is no such conversation, or it is not theirs; 403: the
/// internal log is not a visitor's; 503: try again. What can't be finished is cut off.
///
/// `pattern` has a segment {id}. Before the server starts; the hub outlives it.
void serve_transcripts(Server& server, Hub& hub,
                       std::string_view pattern = "/conversations/{id}/transcript");

}  // namespace kefu::net
