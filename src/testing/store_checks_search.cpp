// Search: what a store finds, if it searches at all.
#include "testing/store_rig.hpp"

namespace kefu::inline v0::testing {
namespace {

/// The bodies of a whole search, page by page; nothing when the store does not search.
std::optional<std::vector<std::string>> bodies(Rig& rig, SearchRequest request) {
  std::vector<std::string> out;
  std::uint64_t last = 0;
  for (int pages = 0;; ++pages) {
    expect(pages < 1'000, "a search has no end");
    std::optional<SearchPage> page = rig.search(request);
    if (!page) return std::nullopt;
    expect(page->entries.size() <= request.limit, "a page holds more than was asked for");
    for (const Event& event : page->entries) {
      expect(last == 0 || event.position < last, "a search is not from the newest on");
      last = event.position;
      out.push_back(event.entry.body);
    }
    if (page->next == 0) return out;
    expect(request.before == 0 || page->next < request.before, "a search does not go on");
    request.before = page->next;
  }
}

void expect_found(Rig& rig, SearchRequest request, const std::vector<std::string>& wanted,
                  const std::string& what, int line = __builtin_LINE()) {
  const auto got = bodies(rig, std::move(request));
  if (!got) return;
  std::string all = "searching for " + what + " found:";
  for (const std::string& body : *got) all += " [" + body + "]";
  expect(*got == wanted, all, line);
}

SearchRequest text(std::string text) {
  SearchRequest request;
  request.text = std::move(text);
  return request;
}

void search_finds_texts(Rig& rig) {
  rig.create_session(1);
  std::uint64_t cseq = 0;
  for (const char* body : {"Where is my Refund?", "我想退款，请尽快处理", "refunded", "fund",
                           "a\"b OR *", "100%", "退"})
    rig.stored(draft(1, 1, ++cseq, body));
  expect_found(rig, text("refund"), {"refunded", "Where is my Refund?"}, "a word");
  expect_found(rig, text("退款"), {"我想退款，请尽快处理"}, "two characters");
  expect_found(rig, text("退"), {"退", "我想退款，请尽快处理"}, "one character");
  expect_found(rig, text("请尽快处"), {"我想退款，请尽快处理"}, "four characters");
  expect_found(rig, text("\"b OR *"), {"a\"b OR *"}, "what could be syntax");
  expect_found(rig, text("0%"), {"100%"}, "a wildcard");
  expect_found(rig, text("is MY"), {"Where is my Refund?"}, "two words in other letters");
  expect_found(rig, text("funded refund"), {}, "what nobody said");
}

void search_keeps_to_logs(Rig& rig) {
  rig.create_session(1);
  rig.stored(draft(1, 1, 1, "needle one"));
  Draft note = draft(1, 1, 2, "needle note");
  note.log = Log::internal;
  rig.stored(note);
  rig.stored(draft(1, 2, 1, "needle two"));
  Entry told;
  told.conversation = conversation(1);
  told.kind = kind::kAssigned;
  told.body = "needle";
  expect(rig.commit({{}, {told}, {}}).has_value(), "a commit of an entry");
  expect_found(rig, text("needle"), {"needle two", "needle one"}, "what is public");
  SearchRequest request = text("needle");
  request.internal = true;
  expect_found(rig, request, {"needle two", "needle note", "needle one"}, "all logs");
  request.within = {conversation(1), conversation(9)};
  expect_found(rig, request, {"needle note", "needle one"}, "one conversation");
}

void search_in_pages(Rig& rig) {
  rig.create_session(1);
  std::vector<std::string> wanted;
  for (std::uint64_t i = 1; i <= 20; ++i) {
    const std::string body = (i % 3 == 0 ? "needle " : "straw ") + std::to_string(i);
    rig.stored(draft(1, 1, i, body));
    if (i % 3 == 0) wanted.insert(wanted.begin(), body);
  }
  for (const std::size_t limit : {1u, 2u, 50u}) {
    for (const std::size_t scan : {1u, 4u, 1'000u}) {
      SearchRequest request = text("needle");
      request.limit = limit;
      request.max_scan = scan;
      expect_found(rig, request, wanted, "pages");
      request.text = "ee";
      expect_found(rig, request, wanted, "pages of a short text");
    }
  }
}

void search_forgets(Rig& rig) {
  rig.attach(1, 1, "ann", true);
  for (std::uint64_t cseq = 1; cseq <= 3; ++cseq) {
    Draft each = draft(1, 1, cseq,
                       cseq == 1   ? "secret one"
                       : cseq == 2 ? "secret two"
                                   : "harmless");
    each.from = cseq == 3 ? "bob" : "ann";
    rig.stored(each);
  }
  expect_found(rig, text("secret"), {"secret two", "secret one"}, "what is there");
  Commit commit;
  commit.redactions.push_back({conversation(1), Log::public_log, 1, "gone"});
  expect(rig.commit(std::move(commit)).has_value(), "a redaction");
  expect_found(rig, text("secret"), {"secret two"}, "what was redacted");
  rig.erase("ann");
  expect_found(rig, text("secret"), {}, "what was erased");
  expect_found(rig, text("se"), {}, "a part of what was erased");
  expect_found(rig, text("harm"), {"harmless"}, "what was not");
}

}  // namespace

void add_search_checks(std::vector<StoreCheck>& checks) {
  checks.insert(checks.end(),
                {{"search: finds texts", run_check<search_finds_texts>},
                 {"search: in the logs that are meant", run_check<search_keeps_to_logs>},
                 {"search: in pages", run_check<search_in_pages>},
                 {"search: not what is gone", run_check<search_forgets>}});
}

}  // namespace kefu::inline v0::testing
