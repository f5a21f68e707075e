// What the parts of the HTTP API share: a call, where it is carried out, and the table of calls.
#pragma once

#include <kefu/completion.hpp>
#include <kefu/core/desk_command.hpp>
#include <kefu/hub.hpp>
#include <kefu/net/http.hpp>
#include <kefu/store.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api.hpp"
#include "api_json.hpp"
#include "speaker.hpp"

namespace helpdesk {

struct ApiCall {
  kefu::Participant by;  ///< whose token it is
  std::string id;        ///< what stands in the path for {id}
  std::string query;
  std::string body;

  /// "" where it is not there.
  [[nodiscard]] std::string parameter(std::string_view name) const {
    return kefu::net::http::query_parameter(query, name).value_or("");
  }
};

struct ApiContext {
  kefu::Hub& hub;
  kefu::Store& store;
  const ApiOptions& options;
  Speaker& speaker;
};

using ApiDone = kefu::Completion<kefu::net::http::Response>;

/// It may be called on any loop, and answers from any thread; after an error of the hub or the
/// store it touches neither. The context outlives the loops' work.
struct ApiRoute {
  std::string_view method;
  std::string_view pattern;
  void (*handler)(const ApiContext& api, const ApiCall& call, ApiDone done);
};

[[nodiscard]] std::span<const ApiRoute> conversation_routes();
[[nodiscard]] std::span<const ApiRoute> ticket_routes();
[[nodiscard]] std::span<const ApiRoute> desk_routes();

// ---- what several of them do

/// `limit` of the query: 1 to kMaxPage, kPage where it is not there.
inline constexpr std::size_t kMaxPage = 200;
inline constexpr std::size_t kPage = 50;
[[nodiscard]] std::optional<std::size_t> limit_of(const ApiCall& call);

/// Public where nothing is said; nothing for what is no log.
[[nodiscard]] std::optional<kefu::Log> log_named(std::string_view name);
/// The same of a body.
[[nodiscard]] kefu::Log log_in(ApiFields& fields);

/// Answers the record under the key.
void answer_record(const ApiContext& api, kefu::RecordKey key, ApiDone done);
/// Answers a page of records; `after` and `limit` are the query's.
void answer_scan(const ApiContext& api, const ApiCall& call, std::string_view name,
                 kefu::ScanRequest request, ApiDone done);
/// Answers a page of the log of what stands under the key: `log`, `after` and `limit` are the
/// query's.
void answer_log(const ApiContext& api, const ApiCall& call, kefu::RecordKey key,
                kefu::ConversationId log, ApiDone done);
/// Does it, and answers the record as it is then.
void answer_change(const ApiContext& api, kefu::core::DeskCommand command, int status,
                   ApiDone done);
/// Whether the desk has it; one of which nothing is said has any.
[[nodiscard]] bool has_department(const ApiContext& api, std::string_view id);

}  // namespace helpdesk
