#include <kefu/net/bearer.hpp>
#include <kefu/net/transcript.hpp>

#include <memory>
#include <string>
#include <utility>

#include "net/rendezvous.hpp"
#include "net/site.hpp"

namespace kefu::inline v0::net {
namespace {

/// What a request asks for, kept until it is answered.
struct Ask {
  std::string token;
  std::string peer;
  std::string subject;
  ConversationId conversation;
  bool internal = false;
};

http::Response refusal(errc why) {
  if (why == errc::not_found) return http::text_response(404);
  if (why == errc::unauthenticated || why == errc::token_expired)
    return http::text_response(401, name(why)).set("WWW-Authenticate", "Bearer");
  if (why == errc::denied) return http::text_response(403);
  return come_later(why == errc::rate_limited ? 429 : 503);
}

http::Response transcript(Hub& hub, const Ask& ask) {
  return lines_response(
      ask.conversation.to_string() + ".jsonl", [&hub, &ask](LineTaker take, Completion<errc> done) {
        hub.transcript(ask.conversation, ask.internal, std::move(take), std::move(done));
      });
}

void answer(Hub& hub, const Ask& ask, Completion<http::Response> done) {
  if (ask.token.empty()) return done(refusal(errc::unauthenticated));
  if (ask.conversation.is_nil()) return done(refusal(errc::not_found));
  hub.admit(ask.token, {ask.peer, ask.subject}, ask.conversation,
            [&hub, ask, done = std::move(done)](result<Identity> who) mutable {
              if (!who) return done(refusal(who.error()));
              if (ask.internal && !is_staff(who->participant.role))
                return done(refusal(errc::denied));
              done(transcript(hub, ask));
            });
}

}  // namespace

http::Response lines_response(std::string_view file_name, const LineSource& write) {
  const auto meeting = std::make_shared<Rendezvous>();
  http::Response response;
  response.set("Content-Type", "application/jsonl").set("Cache-Control", "no-store");
  response.set("Content-Disposition", "attachment; filename=\"" + std::string{file_name} + "\"");
  response.more_later = [end = RendezvousEnd{meeting}](Completion<result<std::string>> part) {
    end.read(std::move(part));
  };
  write([meeting](std::string_view lines,
                  Completion<bool> more) { meeting->write(lines, std::move(more)); },
        [meeting](errc code) { meeting->end(code); });
  return response;
}

void serve_transcripts(Server& server, Hub& hub, std::string_view pattern) {
  server.get(pattern, [&hub](const Request& request) {
    Ask ask;
    ask.token = bearer_of(request.head);
    ask.peer = request.peer;
    ask.subject = request.subject;
    ask.conversation = ConversationId::parse(request.parameter("id")).value_or(ConversationId{});
    ask.internal = http::query_parameter(request.head.query(), "log") == "internal";
    http::Response response;
    response.later = [&hub, ask = std::move(ask)](Completion<http::Response> done) {
      answer(hub, ask, std::move(done));
    };
    return response;
  });
}

}  // namespace kefu::inline v0::net
