#include "testing/store_rig.hpp"

namespace kefu::inline v0::testing {
namespace {

std::uint64_t digest_of(std::string_view body) {
  std::uint64_t digest = 0xcbf2'9ce4'8422'2325u;
  for (const char c : body) digest = (digest ^ static_cast<unsigned char>(c)) * 0x100'0000'01b3u;
  return digest;
}

template <class T>
T value_of(result<T> answer, const char* call) {
  if (!answer) throw Failure(std::string(call) + " failed: " + show(answer.error()));
  return *std::move(answer);
}

}  // namespace

std::vector<StoreCheck> store_checks() {
  std::vector<StoreCheck> checks;
  add_session_checks(checks);
  add_append_checks(checks);
  add_mark_checks(checks);
  add_read_checks(checks);
  add_commit_checks(checks);
  add_scan_checks(checks);
  add_outbox_checks(checks);
  add_search_checks(checks);
  add_thread_checks(checks);
  add_random_checks(checks);
  return checks;
}

Draft draft(std::uint64_t session_number, std::uint64_t conversation_number, std::uint64_t cseq,
            std::string_view body) {
  Draft out;
  out.session = session(session_number);
  out.epoch = 1;
  out.conversation = conversation(conversation_number);
  out.cseq = cseq;
  out.digest = digest_of(body);
  out.from = "somebody";
  out.kind = kind::kText;
  out.body = body;
  return out;
}

void Rig::restart() {
  if (!restarting_ || ++calls_ % restart_every_ != 0) return;
  store_.reset();
  store_ = factory_.reopen();
}

AttachOutcome Rig::attach(std::uint64_t session_number, std::uint64_t epoch, std::string who,
                          bool create) {
  AttachRequest request{session(session_number), {std::move(who), Role::visitor}, epoch, create};
  return ask<AttachOutcome>(
      [&](Store& store, auto done) { store.attach(std::move(request), std::move(done)); });
}

void Rig::create_session(std::uint64_t session_number) {
  expect_equal(attach(session_number, 1, participant(session_number), true).code, errc::ok,
               "creating a session");
}

std::uint64_t accepted(const AttachOutcome& outcome, std::uint64_t conversation_number) {
  std::uint64_t found = 0;
  for (const Mark& mark : outcome.marks) {
    if (mark.conversation != conversation(conversation_number)) continue;
    expect(found == 0, "a conversation has two marks");
    found = mark.accepted;
    expect(found != 0, "a mark has accepted nothing");
  }
  return found;
}

std::vector<errc> Rig::renew(std::vector<SessionLease> leases) {
  const std::size_t asked = leases.size();
  auto codes = value_of(ask<result<std::vector<errc>>>([&](Store& store, auto done) {
                          store.renew(std::move(leases), std::move(done));
                        }),
                        "renew");
  expect_equal(codes.size(), asked, "answers to leases");
  return codes;
}

std::vector<SessionId> Rig::expire(Nanoseconds idle, std::size_t limit) {
  return value_of(ask<result<std::vector<SessionId>>>(
                      [&](Store& store, auto done) { store.expire(idle, limit, std::move(done)); }),
                  "expire");
}

std::vector<Outcome> Rig::append(const std::vector<Draft>& drafts) {
  auto batch = std::make_unique<AppendBatch>();
  for (const Draft& each : drafts) batch->add(each);
  const AppendBatch* const sent = batch.get();
  auto back = ask<std::unique_ptr<AppendBatch>>(
      [&](Store& store, auto done) { store.append(std::move(batch), std::move(done)); });
  expect(back.get() == sent, "append did not give the batch back");
  expect_equal(back->size(), drafts.size(), "drafts in the batch that came back");
  expect_equal(back->outcomes().size(), drafts.size(), "outcomes of a batch");
  return back->outcomes();
}

Outcome Rig::append(const Draft& one) { return append(std::vector{one}).front(); }

Outcome Rig::stored(const Draft& one, int line) {
  const Outcome outcome = append(one);
  expect_equal(outcome.code, errc::ok, "outcome of a draft", line);
  expect(!outcome.repeated, "a new draft was taken for a repeated one", line);
  return outcome;
}

Page Rig::read(ReadRequest request) {
  return value_of(ask<result<Page>>([&](Store& store, auto done) {
                    store.read(std::move(request), std::move(done));
                  }),
                  "read");
}

std::vector<Tail> Rig::tails(std::vector<Tail> logs) {
  return value_of(ask<result<std::vector<Tail>>>([&](Store& store, auto done) {
                    store.tails(std::move(logs), std::move(done));
                  }),
                  "tails");
}

Page Rig::read_all(std::uint64_t conversation_number, Log log) {
  return read({conversation(conversation_number), log, 0, 1'000'000, std::size_t{1} << 40});
}

result<Committed> Rig::commit(Commit commit) {
  return ask<result<Committed>>(
      [&](Store& store, auto done) { store.commit(std::move(commit), std::move(done)); });
}

std::uint64_t Rig::put(RecordKey key, std::uint64_t expected, std::string value,
                       std::vector<IndexKey> index, int line) {
  Commit one;
  one.changes.push_back({std::move(key), expected, std::move(value), std::move(index)});
  const result<Committed> committed = commit(std::move(one));
  expect(committed.has_value(), "a commit was refused", line);
  expect_equal((*committed).versions.size(), std::size_t{1}, "versions of a commit", line);
  return (*committed).versions.front();
}

std::optional<Record> Rig::get(RecordKey key) {
  return value_of(ask<result<std::optional<Record>>>(
                      [&](Store& store, auto done) { store.get(std::move(key), std::move(done)); }),
                  "get");
}

std::string Rig::value(RecordKey key, int line) {
  std::optional<Record> found = get(std::move(key));
  expect(found.has_value(), "a record is missing", line);
  return std::move(found->value);
}

ScanPage Rig::scan(ScanRequest request) {
  return value_of(ask<result<ScanPage>>([&](Store& store, auto done) {
                    store.scan(std::move(request), std::move(done));
                  }),
                  "scan");
}

std::vector<std::string> Rig::scan_ids(RecordKind kind, std::string index, std::string prefix,
                                       std::size_t limit) {
  std::vector<std::string> ids;
  ScanRequest request{kind, std::move(index), std::move(prefix), {}, limit};
  do {
    ScanPage page = scan(request);
    expect(page.records.size() <= limit, "a page holds more than was asked for");
    expect(page.next.empty() || page.records.size() == limit,
           "a page is short and yet not the last");
    for (Record& record : page.records) ids.push_back(std::move(record.key.id));
    request.after = std::move(page.next);
  } while (!request.after.empty());
  return ids;
}

std::vector<Event> Rig::events(std::uint64_t after, std::size_t limit) {
  return value_of(ask<result<std::vector<Event>>>([&](Store& store, auto done) {
                    store.events(after, limit, std::move(done));
                  }),
                  "events");
}

std::uint64_t Rig::erase(std::string who) {
  return value_of(ask<result<std::uint64_t>>([&](Store& store, auto done) {
                    store.erase(std::move(who), std::move(done));
                  }),
                  "erase");
}

std::optional<SearchPage> Rig::search(SearchRequest request) {
  result<SearchPage> page = ask<result<SearchPage>>(
      [&](Store& store, auto done) { store.search(std::move(request), std::move(done)); });
  if (!page && page.error() == errc::unsupported) return std::nullopt;
  return value_of(std::move(page), "search");
}

}  // namespace kefu::inline v0::testing
