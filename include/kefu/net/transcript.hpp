// Transcripts over HTTP, and other JSON Lines that a Hub writes.
#pragma once

#include <kefu/hub.hpp>
#include <kefu/net/server.hpp>

#include <functional>
#include <string_view>

namespace kefu::inline v0::net {

/// Writes lines to its taker, and in the end calls the completion: errc::ok, or why it has ended.
using LineSource = std::function<void(LineTaker take, Completion<errc> done)>;

/// An answer of application/jsonl, to be kept as a file of that name: ASCII without quotes. `write`
/// is called at once, and its lines are sent as fast as they are read; no more than what it gives
/// at a time is held. What can't be finished is cut off: whether there is anything to write is to
/// be asked before.
///
///   return lines_response("ada.jsonl", [&hub](LineTaker take, Completion<errc> done) {
///     hub.export_participant("ada", std::move(take), std::move(done));
///   });
[[nodiscard]] http::Response lines_response(std::string_view file_name, const LineSource& write);

/// Serves Hub::transcript() as application/jsonl to whoever takes part in the conversation, as
/// Hub::admit() says of the token in `Authorization: Bearer …`; with `?log=internal` the staff gets
/// the internal log too. It is sent as fast as it is read, and no more than some pages of it are
/// held. 401: no valid token; 404: there is no such conversation, or it is not theirs; 403: the
/// internal log is not a visitor's; 503: try again. What can't be finished is cut off.
///
/// `pattern` has a segment {id}. Before the server starts; the hub outlives it.
void serve_transcripts(Server& server, Hub& hub,
                       std::string_view pattern = "/conversations/{id}/transcript");

}  // namespace kefu::inline v0::net
