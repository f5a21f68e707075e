#include <kefu/audit/verifier.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <utility>

#include "unit/audit/chains.hpp"

using namespace kefu;
using namespace kefu::audit;
using kefu::test::event;
using kefu::test::kSalt;
using kefu::test::WrittenChain;

namespace {

using Lines = std::vector<std::string>;
using Found = std::vector<std::pair<Fault, std::uint64_t>>;  // and the line that is named

Report verify(const Lines& lines, const std::vector<Head>& anchors = {}, std::uint64_t since = 1) {
  Verifier verifier(since);
  for (const Head& head : anchors) verifier.anchor(head);
  verifier.begin_file("audit.jsonl");
  for (const std::string& line : lines) verifier.line(line);
  return verifier.finish();
}

Found found(const Report& report) {
  Found out;
  for (const Finding& finding : report.findings) out.emplace_back(finding.fault, finding.line);
  return out;
}

/// As it would be read from a file that holds these bytes.
Report verify_bytes(std::string_view bytes, const std::vector<Head>& anchors = {}) {
  Verifier verifier;
  for (const Head& head : anchors) verifier.anchor(head);
  verifier.begin_file("audit.jsonl");
  for (;;) {
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) break;
    verifier.line(bytes.substr(0, end));
    bytes.remove_prefix(end + 1);
  }
  if (!bytes.empty()) verifier.torn();
  return verifier.finish();
}

std::string bytes_of(const Lines& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

void replace(std::string& in, std::string_view what, std::string_view by) {
  const std::size_t at = in.find(what);
  REQUIRE(at != std::string::npos);
  in.replace(at, what.size(), by);
}

/// The chain as somebody would write it who changes one entry, and all behind it to fit.
WrittenChain forged(std::uint64_t count, std::uint64_t position) {
  WrittenChain out(position - 1);
  Chain chain{out.heads.empty() ? Head{"desk-1"} : out.heads.back()};
  for (std::uint64_t at = position; at <= count; ++at) {
    std::string line;
    chain.append(event(at, at == position ? "another secret" : "a secret"), kSalt, line);
    line.pop_back();
    out.lines.push_back(std::move(line));
    out.heads.push_back(chain.head());
  }
  return out;
}

TEST_CASE("in a chain as it was written nothing is found, and anchors are counted") {
  const WrittenChain chain(5);
  const Report report = verify(chain.lines, {chain.heads[1], chain.heads[4]});
  CHECK(report.faults == 0);
  CHECK(report.lines == 5);
  CHECK(report.files == 1);
  CHECK(report.anchored == 2);
  CHECK(report.head == chain.heads.back());
  CHECK(verify({}).faults == 0);
}

TEST_CASE("a changed line is named, and no other") {
  Lines lines = WrittenChain(5).lines;
  replace(lines[2], R"("from":"ann")", R"("from":"bob")");
  CHECK(found(verify(lines)) == Found{{Fault::changed, 3}});
}

TEST_CASE("a line that was changed together with its hash breaks the link of the next") {
  WrittenChain chain(5);
  const WrittenChain other = forged(5, 3);
  chain.lines[2] = other.lines[2];
  CHECK(found(verify(chain.lines)) == Found{{Fault::unlinked, 4}});
  CHECK(found(verify(chain.lines, {chain.heads[2]})) ==
        Found{{Fault::not_as_anchored, 3}, {Fault::unlinked, 4}});
}

TEST_CASE("a chain that was written anew from some line on is found by an anchor behind it") {
  const WrittenChain chain(5);
  const WrittenChain other = forged(5, 3);
  CHECK(found(verify(other.lines)).empty());
  CHECK(found(verify(other.lines, {chain.heads[1]})).empty());
  for (std::size_t at = 2; at < 5; ++at)
    CHECK(found(verify(other.lines, {chain.heads[at]})) == Found{{Fault::not_as_anchored, at + 1}});
  // Also where the forger had theirs anchored as well.
  CHECK(found(verify(other.lines, {other.heads[4], chain.heads[4]})) ==
        Found{{Fault::not_as_anchored, 5}});
}

TEST_CASE("removed lines are named where they are missing") {
  const WrittenChain chain(6);
  for (std::size_t at = 0; at < 5; ++at) {
    Lines lines = chain.lines;
    lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(at));
    const Report report = verify(lines);
    CHECK(found(report) == Found{{Fault::missing, at + 1}});
    CHECK(report.findings.front().what.starts_with("entry " + std::to_string(at + 1) + " "));
  }
  Lines lines = chain.lines;
  lines.erase(lines.begin() + 1, lines.begin() + 4);
  CHECK(verify(lines).findings.at(0).what == "entries 2 to 4 missing before this line");
}

TEST_CASE("what was cut off at the end is found by an anchor, and only so") {
  const WrittenChain chain(5);
  for (std::size_t left = 0; left < 5; ++left) {
    const Lines lines(chain.lines.begin(), chain.lines.begin() + static_cast<std::ptrdiff_t>(left));
    CHECK(verify(lines).faults == 0);
    CHECK(found(verify(lines, {chain.heads[0], chain.heads[4]})) == Found{{Fault::cut_off, 0}});
  }
}

TEST_CASE("lines that changed places, or stand there twice, are found") {
  const WrittenChain chain(5);
  Lines swapped = chain.lines;
  std::swap(swapped[1], swapped[2]);
  CHECK(found(verify(swapped)) == Found{{Fault::missing, 2}, {Fault::misplaced, 3}});
  Lines doubled = chain.lines;
  doubled.insert(doubled.begin() + 2, doubled[1]);
  CHECK(found(verify(doubled)) == Found{{Fault::misplaced, 3}});
}

TEST_CASE("a line that was inserted is found, whatever it is") {
  const WrittenChain chain(3);
  for (const auto& [inserted, fault] :
       {std::pair<std::string, Fault>{"", Fault::unreadable},
        {"{}", Fault::unreadable},
        {WrittenChain(1, "desk-2").lines[0], Fault::other_writer}}) {
    Lines lines = chain.lines;
    lines.insert(lines.begin() + 1, inserted);
    CHECK(found(verify(lines)) == Found{{fault, 2}});
  }
}

TEST_CASE("a line that can't be read is one fault, and what follows is read on") {
  Lines lines = WrittenChain(5).lines;
  lines[1] = "garbage";
  lines[2] = "more of it";
  CHECK(found(verify(lines)) == Found{{Fault::unreadable, 2}, {Fault::unreadable, 3}});
  lines.erase(lines.begin() + 2, lines.begin() + 4);  // now two are missing beside it
  CHECK(found(verify(lines)) == Found{{Fault::unreadable, 2}, {Fault::missing, 3}});
}

TEST_CASE("any change of any byte is found") {
  const std::string bytes = bytes_of(WrittenChain(3).lines);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    std::vector<char> others{'\n', '"', '0', ' '};
    for (int bit = 0; bit < 8; ++bit) others.push_back(static_cast<char>(bytes[at] ^ (1 << bit)));
    for (const char other : others) {
      if (other == bytes[at]) continue;
      changed[at] = other;
      CAPTURE(at);
      CAPTURE(static_cast<int>(other));
      REQUIRE(verify_bytes(changed).faults > 0);
    }
  }
}

TEST_CASE("any run of bytes that is removed is found, with the last line anchored") {
  const WrittenChain chain(3);
  const std::string bytes = bytes_of(chain.lines);
  for (std::size_t at = 0; at < bytes.size(); at += 7) {
    for (std::size_t size = 1; at + size <= bytes.size(); size += 13) {
      std::string changed = bytes;
      changed.erase(at, size);
      CAPTURE(at);
      CAPTURE(size);
      REQUIRE(verify_bytes(changed, {chain.heads.back()}).faults > 0);
    }
  }
}

TEST_CASE("a torn line is told of") {
  const std::string bytes = bytes_of(WrittenChain(2).lines);
  const Report report = verify_bytes(std::string_view(bytes).substr(0, bytes.size() - 5));
  CHECK(found(report) == Found{{Fault::torn, 2}});
}

TEST_CASE("a chain in place of another is found by its name") {
  const WrittenChain chain(3);
  const Report other = verify(WrittenChain(3, "desk-2").lines, {chain.heads[2]});
  CHECK(found(other) == Found{{Fault::not_anchored, 0}});
  CHECK(other.others == std::vector<Head>{chain.heads[2]});
  Verifier none;
  none.expect_anchors();
  none.line(chain.lines.front());
  CHECK(found(none.finish()) == Found{{Fault::not_anchored, 0}});
}

TEST_CASE("of anchors of several writers those of the chain are taken, and the others told") {
  const WrittenChain chain(3);
  const WrittenChain other(7, "desk-2");
  const Report report = verify(chain.lines, {other.heads[2], chain.heads[2], other.heads[6]});
  CHECK(report.faults == 0);
  CHECK(report.anchored == 1);
  CHECK(report.others == std::vector<Head>{other.heads[6]});
}

TEST_CASE("lines that are kept elsewhere may be left out") {
  const WrittenChain chain(5);
  const Lines rest(chain.lines.begin() + 2, chain.lines.end());
  CHECK(found(verify(rest)) == Found{{Fault::missing, 1}});
  CHECK(verify(rest, {chain.heads[0], chain.heads[4]}, 3).faults == 0);
  CHECK(found(verify(rest, {}, 2)) == Found{{Fault::missing, 1}});
}

TEST_CASE("a flood of faults is counted, and the first are kept") {
  const Report report = verify(Lines(Report::kMaxFindings + 5, "garbage"));
  CHECK(report.faults == Report::kMaxFindings + 5);
  CHECK(report.findings.size() == Report::kMaxFindings);
}

TEST_CASE("every fault has a name") {
  for (int i = 0; i <= static_cast<int>(Fault::not_anchored); ++i)
    CHECK(name(static_cast<Fault>(i)) != "unknown");
}

}  // namespace
