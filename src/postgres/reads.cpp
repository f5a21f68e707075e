#include "postgres/reads.hpp"

#include <algorithm>
#include <kefu/core/text_match.hpp>
#include <limits>
#include <unordered_map>

#include "scan_cursor.hpp"

namespace kefu::inline v0::postgres {
namespace {

/// Any count as a bigint.
std::uint64_t bounded(std::uint64_t count) {
  return std::min(count, static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
}

/// What comes behind all texts with this prefix; nothing when none does.
std::optional<std::string> behind(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (prefix.empty()) return std::nullopt;
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

Record record_of(const RecordKey& key, std::uint64_t version, std::string_view value) {
  return {key, version, std::string(value)};
}

}  // namespace

void PageJob::send(Connection& on) {
  Array head = Array::uuids();
  head.add(request_.conversation);
  on.send(Query::heads, Params().add(head));
  if (request_.max_entries == 0) return;
  on.send(Query::page, Params()
                           .add(request_.conversation)
                           .add_small(static_cast<unsigned>(request_.log))
                           .add(bounded(request_.after))
                           .add(bounded(request_.max_entries))
                           .add(bounded(request_.max_bytes)));
}

void PageJob::receive(const Answers& answers) {
  Page page;
  const Rows& head = answers.at(0);
  if (!head.empty()) page.tail = head.number(0, request_.log == Log::public_log ? 2 : 3);
  if (request_.max_entries != 0) {
    const Rows& rows = answers.at(1);
    for (int row = 0; row < rows.size(); ++row) {
      Entry entry = event_of(rows, row).entry;
      if (entry.seq > page.tail) break;  // was stored between the two
      page.entries.push_back(std::move(entry));
    }
  }
  answer_ = std::move(page);
}

void TailsJob::send(Connection& on) {
  Array ids = Array::uuids();
  for (const Tail& tail : logs_) ids.add(tail.conversation);
  on.send(Query::heads, Params().add(ids));
}

void TailsJob::receive(const Answers& answers) {
  const Rows& rows = answers.at(0);
  std::unordered_map<ConversationId, int> places;
  for (int row = 0; row < rows.size(); ++row) places[rows.id<ConversationId>(row, 0)] = row;
  for (Tail& tail : logs_) {
    const auto found = places.find(tail.conversation);
    tail.seq =
        found == places.end() ? 0 : rows.number(found->second, tail.log == Log::public_log ? 2 : 3);
  }
  answer_ = std::move(logs_);
}

void GetJob::send(Connection& on) {
  on.send(Query::get, Params().add_small(static_cast<unsigned>(key_.kind)).add_bytes(key_.id));
}

void GetJob::receive(const Answers& answers) {
  const Rows& rows = answers.at(0);
  std::optional<Record> record;
  if (!rows.empty()) record = record_of(key_, rows.number(0, 0), rows.bytes(0, 1));
  answer_ = std::move(record);
}

void ScanJob::send(Connection& on) {
  const std::optional<std::string> end = behind(request_.prefix);
  on.send(Query::scan, Params()
                           .add_small(static_cast<unsigned>(request_.kind))
                           .add_bytes(request_.index)
                           .add_bytes(key_)
                           .add_bytes(id_)
                           .add_bool(!request_.after.empty())
                           .add_bool(end.has_value())
                           .add_bytes(end.value_or(std::string()))
                           .add(bounded(request_.limit) + 1));
}

void ScanJob::receive(const Answers& answers) {
  const Rows& rows = answers.at(0);
  ScanPage page;
  for (int row = 0; row < rows.size(); ++row) {
    if (page.records.size() == request_.limit) {
      page.next = detail::make_scan_cursor(rows.bytes(row - 1, 0), rows.bytes(row - 1, 1));
      break;
    }
    page.records.push_back(record_of({request_.kind, std::string(rows.bytes(row, 1))},
                                     rows.number(row, 2), rows.bytes(row, 3)));
  }
  answer_ = std::move(page);
}

void EventsJob::send(Connection& on) {
  on.send(Query::events, Params().add(bounded(after_)).add(bounded(limit_)));
}

void EventsJob::receive(const Answers& answers) {
  const Rows& rows = answers.at(0);
  std::vector<Event> events;
  events.reserve(static_cast<std::size_t>(rows.size()));
  for (int row = 0; row < rows.size(); ++row) events.push_back(event_of(rows, row));
  answer_ = std::move(events);
}

void SearchJob::send(Connection& on) {
  Array within = Array::uuids();
  for (const ConversationId id : request_.within) within.add(id);
  const std::uint64_t before =
      request_.before == 0 ? std::numeric_limits<std::uint64_t>::max() : request_.before;
  on.send(Query::search, Params()
                             .add(bounded(before))
                             .add(bounded(request_.max_scan))
                             .add(bounded(request_.limit))
                             .add_bytes(request_.text)
                             .add_bool(request_.internal)
                             .add_bool(request_.within.empty())
                             .add(within));
}

void SearchJob::receive(const Answers& answers) {
  const Rows& rows = answers.at(0);
  const core::TextMatch matches(request_.text);
  SearchPage page;
  std::uint64_t last = 0;
  std::size_t found = 0;
  for (int row = 0; row < rows.size() && !rows.null(row, 0); ++row, ++found) {
    Event event = event_of(rows, row);
    last = event.position;
    if (matches(event.entry.body)) page.entries.push_back(std::move(event));
  }
  if (found == request_.limit) {
    page.next = last;
  } else if (rows.number(0, 13) == request_.max_scan) {
    page.next = rows.number(0, 14);
  }
  answer_ = std::move(page);
}

}  // namespace kefu::inline v0::postgres
