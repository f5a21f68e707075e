#include "net/download.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace kefu;
using namespace kefu::net;

namespace {

using Ranges = std::vector<ByteRange>;

Ranges wanted(std::string_view field) {
  const WantedRanges out = parse_ranges(field, 10);
  CHECK(out.satisfiable);
  return out.ranges;
}

}  // namespace

TEST_CASE("ranges are read as RFC 9110 says") {
  CHECK(wanted("bytes=0-4") == Ranges{{0, 5}});
  CHECK(wanted("bytes=5-") == Ranges{{5, 10}});
  CHECK(wanted("Bytes=-3") == Ranges{{7, 10}});
  CHECK(wanted("bytes=-30") == Ranges{{0, 10}});
  CHECK(wanted("bytes=8-100") == Ranges{{8, 10}});
  CHECK(wanted("bytes=0-0, 9-9 ,") == Ranges{{0, 1}, {9, 10}});
  CHECK(wanted("bytes=0-1,50-60") == Ranges{{0, 2}});
  CHECK_FALSE(parse_ranges("bytes=10-", 10).satisfiable);
  CHECK_FALSE(parse_ranges("bytes=-0", 10).satisfiable);
  CHECK_FALSE(parse_ranges("bytes=0-", 0).satisfiable);
}

TEST_CASE("what is no range is as if it weren't there") {
  for (const char* const field :
       {"", "bytes", "bytes=", "bytes=a-", "bytes=4-2", "bytes=-", "bytes=1", "lines=0-1",
        "bytes=0-1,x", "bytes=0-5,5-6", "bytes=0-99999999999999999999"}) {
    CHECK_MESSAGE(wanted(field).empty(), field);
  }
  std::string many = "bytes=0-0";
  for (int i = 1; i != 40; ++i) many += "," + std::to_string(2 * i) + "-" + std::to_string(2 * i);
  CHECK(parse_ranges(many, 1000).ranges.empty());
}

TEST_CASE("a content range counts inclusively") {
  CHECK(content_range({0, 5}, 10) == "bytes 0-4/10");
}

TEST_CASE("a name is given in both forms, and can't say more than a name") {
  CHECK(content_disposition(true, "") == "inline");
  CHECK(content_disposition(false, "a b.txt") ==
        "attachment; filename=\"a b.txt\"; filename*=UTF-8''a%20b.txt");
  CHECK(content_disposition(false, "\xe5\xbf\xab.png") ==
        "attachment; filename=\"___.png\"; filename*=UTF-8''%E5%BF%AB.png");
  CHECK(content_disposition(false, "../\"x\r\n%41;") ==
        "attachment; filename=\"..__x___41;\"; "
        "filename*=UTF-8''..%2F%22x%0D%0A%2541%3B");
}

TEST_CASE("a signed address is good for one file until its time") {
  const JwtKeys keys{{{std::string(32, 's')}}};
  const FileId id{1, 2};
  const std::string query = sign_download(keys, id, 1000);
  CHECK(check_download(keys, id, query, 999) == Signature::good);
  CHECK(check_download(keys, id, query, 1000) == Signature::expired);
  CHECK(check_download(keys, {1, 3}, query, 999) == Signature::bad);
  CHECK(check_download(JwtKeys{{{std::string(32, 't')}}}, id, query, 999) == Signature::bad);
  CHECK(check_download(keys, id, "", 0) == Signature::bad);
  std::string later = query;
  later.replace(later.find("1000"), 4, "2000");
  CHECK(check_download(keys, id, later, 999) == Signature::bad);
}

TEST_CASE("an address is signed by the newest key, and good while its own is known") {
  const JwtKey old{std::string(32, 'o'), "old"};
  const JwtKey next{std::string(32, 'n'), "next"};
  JwtKeys keys{{old}};
  const FileId id{1, 2};
  const std::string former = sign_download(keys, id, 1000);
  keys.replace({next, old});
  const std::string query = sign_download(keys, id, 1000);
  CHECK(query == sign_download(JwtKeys{{next}}, id, 1000));
  CHECK(check_download(keys, id, former, 999) == Signature::good);
  CHECK(check_download(keys, id, query, 999) == Signature::good);
  keys.replace({next});
  CHECK(check_download(keys, id, former, 999) == Signature::bad);
  CHECK(check_download(keys, id, query, 999) == Signature::good);
}
