#include <kefu/audit/chain.hpp>

#include <doctest/doctest.h>

#include "digest.hpp"
#include "unit/audit/chains.hpp"

using namespace kefu;
using namespace kefu::audit;
using kefu::test::event;
using kefu::test::kSalt;
using kefu::test::refused;
using kefu::test::WrittenChain;

namespace {

std::string sha256(std::string_view text) {
  Digest digest;
  digest.update(std::as_bytes(std::span{text}));
  return to_hex(digest.finish());
}

std::string line_of(const Event& of, std::string_view salt = kSalt) {
  Chain chain{Head{"desk-1"}};
  std::string line;
  chain.append(of, salt, line);
  return line;
}

TEST_CASE("a line says what the header says that it does") {
  Event said = event(7);
  said.entry.tags = "flagged";
  const std::string content =
      R"({"writer":"desk-1","n":1,"prev":")" + std::string(kNoHash) +
      R"(","position":7,"conversation":"00000000-0000-0002-0000-000000000002","log":"public","seq":7,)"
      R"("at":"2025-11-24T16:00:00.000000000Z","from":"ann","role":"visitor",)"
      R"("session":"00000000-0000-0001-0000-000000000001","cseq":7,"kind":"text","tags":"flagged",)"
      R"("content":")" +
      content_digest(kSalt, said.entry) + '"';
  CHECK(line_of(said) == content + R"(,"hash":")" + sha256(content) + "\"}\n");
}

TEST_CASE("what there is nothing to say of is left out, and what is odd is escaped") {
  Event closed = event(1, "");
  closed.entry.kind = kind::kAbandoned;
  closed.entry.origin = {};
  closed.entry.from = "a \"name\"\n";
  const std::string line = line_of(closed);
  for (const std::string_view absent : {"session", "cseq", "tags", "content"})
    CHECK(line.find(absent) == std::string::npos);
  CHECK(line.find(R"("from":"a \"name\"\n")") != std::string::npos);
  CHECK(line_from(std::string_view(line).substr(0, line.size() - 1)));
}

TEST_CASE("a line of an act says what the header says that it does, and is read back") {
  const Act act = refused(3);
  const std::string place =
      "00000000-0000-0002-0000-000000000001 public 00000000-0000-0001-0000-000000000001 3";
  const std::string fields =
      R"("act":"send_refused","at":"2025-11-24T16:00:00.000000000Z",)"
      R"("conversation":"00000000-0000-0002-0000-000000000001","log":"public","by":"ann",)"
      R"("role":"visitor","session":"00000000-0000-0001-0000-000000000001","cseq":3,"reason":")" +
      text_digest(kSalt, "reason", "a word") + R"(","content":")" +
      text_digest(kSalt, place, "a secret") + '"';
  CHECK(fields_of(act, kSalt) == fields);
  Chain chain{Head{"desk-1"}};
  std::string lines;
  chain.append(fields_of(act, kSalt), lines);
  const std::string content =
      R"({"writer":"desk-1","n":1,"prev":")" + std::string(kNoHash) + "\"," + fields;
  CHECK(lines == content + R"(,"hash":")" + sha256(content) + "\"}\n");
  lines.pop_back();
  const auto line = line_from(lines);
  REQUIRE(line);
  CHECK(line->whole);
  CHECK(line->act == "send_refused");
  CHECK(line->head == chain.head());
  for (std::size_t size = 0; size < lines.size(); ++size)
    CHECK_FALSE(line_from(std::string_view(lines).substr(0, size)));
}

TEST_CASE("no body is in a line, and nobody can try bodies without the salt") {
  const Event said = event(1);
  CHECK(line_of(said).find("secret") == std::string::npos);
  CHECK(content_digest(kSalt, said.entry) == content_digest(kSalt, event(1).entry));
  CHECK(content_digest(kSalt, said.entry) != content_digest(kSalt, event(1, "A secret").entry));
  CHECK(content_digest(kSalt, said.entry) != content_digest("another", said.entry));
  CHECK(content_digest(kSalt, said.entry) != content_digest(kSalt, event(3).entry));
}

TEST_CASE("each line is read back, and holds the hash of the one before it") {
  const WrittenChain chain(3);
  std::string before{kNoHash};
  for (std::size_t i = 0; i < chain.lines.size(); ++i) {
    const auto line = line_from(chain.lines[i]);
    REQUIRE(line);
    CHECK(line->whole);
    CHECK(line->head == chain.heads[i]);
    CHECK(line->head.n == i + 1);
    CHECK(line->prev == before);
    CHECK(line->position == i + 1);
    CHECK(line->conversation == event(i + 1).entry.conversation);
    CHECK(line->log == event(i + 1).entry.log);
    CHECK(line->seq == i + 1);
    before = line->head.hash;
  }
}

TEST_CASE("a chain goes on where another has ended") {
  const WrittenChain whole(3);
  Chain chain{whole.heads[1]};
  std::string line;
  chain.append(event(3), kSalt, line);
  CHECK(line == whole.lines[2] + "\n");
  CHECK(chain.head() == whole.heads[2]);
}

TEST_CASE("what is cut short is no line") {
  const std::string line = WrittenChain(1).lines.front();
  for (std::size_t size = 0; size < line.size(); ++size)
    CHECK_FALSE(line_from(std::string_view(line).substr(0, size)));
  CHECK_FALSE(line_from(line + " "));
}

TEST_CASE("a head is written and read back, and nothing else is taken for one") {
  const Head head = WrittenChain(2).heads.back();
  const std::string line = to_line(head);
  CHECK(head_from(line) == head);
  for (std::size_t size = 0; size < line.size(); ++size)
    CHECK_FALSE(head_from(std::string_view(line).substr(0, size)));
  CHECK_FALSE(head_from(line + "}"));
  CHECK_FALSE(head_from(R"({"writer":"a b","n":1,"hash":")" + head.hash + "\"}"));
  CHECK_FALSE(head_from(R"({"writer":"a","n":99999999999999999999,"hash":")" + head.hash + "\"}"));
}

TEST_CASE("a writer's name needs no escapes") {
  CHECK(is_writer_name("desk-1.eu_West"));
  CHECK(is_writer_name(std::string(64, 'a')));
  for (const std::string& bad : {std::string{}, std::string(65, 'a'), std::string{"a b"},
                                 std::string{"a\""}, std::string{"\xe5\xae\xa2"}})
    CHECK_FALSE(is_writer_name(bad));
}

}  // namespace
