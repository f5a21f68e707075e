#include "api_call.hpp"

#include <kefu/model/frame.hpp>
#include <kefu/wire/codec.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace helpdesk {
namespace {

using kefu::errc;

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc{} || at != end) return std::nullopt;
  return number;
}

/// Where a page of a log begins, and how much it is.
std::optional<kefu::ReadRequest> read_request(const ApiContext& api, const ApiCall& call) {
  const auto limit = limit_of(call);
  const std::string after = call.parameter("after");
  const auto from = after.empty() ? 0 : number_of(after);
  const auto log = log_named(call.parameter("log"));
  if (!limit || !from || !log) return std::nullopt;
  kefu::ReadRequest request;
  request.log = *log;
  request.after = *from;
  request.max_entries = *limit;
  request.max_bytes = api.options.bounds.page_bytes;
  return request;
}

kefu::net::http::Response entries(const kefu::Page& read) {
  std::vector<std::string> items;
  for (const kefu::Entry& entry : read.entries)
    kefu::wire::encode(kefu::frame::of(entry, false, true), items.emplace_back());
  const bool more = !read.entries.empty() && read.entries.back().seq < read.tail;
  return json_response(200,
                       page("entries", items, more ? std::to_string(read.entries.back().seq) : ""));
}

}  // namespace

std::optional<std::size_t> limit_of(const ApiCall& call) {
  const std::string given = call.parameter("limit");
  if (given.empty()) return kPage;
  const auto limit = number_of(given);
  if (!limit || *limit == 0 || *limit > kMaxPage) return std::nullopt;
  return static_cast<std::size_t>(*limit);
}

std::optional<kefu::Log> log_named(std::string_view name) {
  if (name.empty()) return kefu::Log::public_log;
  for (const kefu::Log log : {kefu::Log::public_log, kefu::Log::internal}) {
    if (kefu::name(log) == name) return log;
  }
  return std::nullopt;
}

kefu::Log log_in(ApiFields& fields) {
  constexpr std::size_t kLongest = 16;
  const auto log = log_named(fields.text("log", kLongest).value_or(""));
  if (!log) fields.fail("log");
  return log.value_or(kefu::Log::public_log);
}

void answer_record(const ApiContext& api, kefu::RecordKey key, ApiDone done) {
  api.store.get(std::move(key), [done = std::move(done)](auto found) mutable {
    if (!found) return done(problem(found.error()));
    if (!*found) return done(problem(errc::not_found));
    const kefu::Record& record = **found;
    done(json_response(200, resource(record.value, record.version)));
  });
}

void answer_scan(const ApiContext& api, const ApiCall& call, std::string_view name,
                 kefu::ScanRequest request, ApiDone done) {
  const auto limit = limit_of(call);
  if (!limit) return done(problem(errc::bad_frame, "limit"));
  request.limit = *limit;
  request.after = call.parameter("after");
  api.store.scan(std::move(request), [name, done = std::move(done)](auto found) mutable {
    if (!found)
      return done(problem(found.error(), found.error() == errc::bad_frame ? "after" : ""));
    std::vector<std::string> items;
    for (const kefu::Record& record : found->records)
      items.push_back(resource(record.value, record.version));
    done(json_response(200, page(name, items, found->next)));
  });
}

void answer_log(const ApiContext& api, const ApiCall& call, kefu::RecordKey key,
                kefu::ConversationId log, ApiDone done) {
  auto request = read_request(api, call);
  if (!request) return done(problem(errc::bad_frame, "after, limit, log"));
  request->conversation = log;
  api.store.get(std::move(key),
                [&api, request = *request, done = std::move(done)](const auto& found) mutable {
                  if (!found) return done(problem(found.error()));
                  if (!*found) return done(problem(errc::not_found));
                  api.store.read(request, [done = std::move(done)](const auto& read) mutable {
                    done(read ? entries(*read) : problem(read.error()));
                  });
                });
}

void answer_change(const ApiContext& api, kefu::core::DeskCommand command, int status,
                   ApiDone done) {
  api.hub.change({std::move(command)},
                 [status, done = std::move(done)](const kefu::DeskOutcome& outcome) mutable {
                   done(answer_to(outcome, status));
                 });
}

bool has_department(const ApiContext& api, std::string_view id) {
  const auto& known = api.options.departments;
  return known.empty() || std::ranges::find(known, id, &kefu::Department::id) != known.end();
}

}  // namespace helpdesk
