#include <kefu/net/proxy.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

using namespace kefu::net;

namespace {

const TrustedProxies kTrusted{{"127.0.0.1", "10.0.0.0/8", "2001:db8::/33", "::1"}};

std::string client(std::string_view fields, ForwardedField field,
                   std::string_view peer = "127.0.0.1") {
  http::HeadParser parser{http::HeadKind::request};
  const std::string text = "GET / HTTP/1.1\r\nHost: h\r\n" + std::string{fields} + "\r\n";
  std::string_view bytes = text;
  REQUIRE(parser.feed(bytes) == http::HeadParser::Status::complete);
  return client_address(parser.head(), peer, kTrusted, field);
}

std::string x(std::string_view value) {
  return client("X-Forwarded-For: " + std::string{value} + "\r\n", ForwardedField::x_forwarded_for);
}

std::string forwarded(std::string_view value) {
  return client("Forwarded: " + std::string{value} + "\r\n", ForwardedField::forwarded);
}

std::string version2(std::string_view rest, char command = '\x21', char family = '\x11') {
  std::string bytes{"\r\n\r\n\0\r\nQUIT\n", 12};
  bytes += command;
  bytes += family;
  bytes += static_cast<char>(rest.size() >> 8);
  bytes += static_cast<char>(rest.size() & 0xff);
  return bytes.append(rest);
}

using Status = ProxyHeader::Status;

}  // namespace

TEST_CASE("proxy: networks") {
  CHECK(kTrusted.contains("127.0.0.1"));
  CHECK(!kTrusted.contains("127.0.0.2"));
  CHECK(kTrusted.contains("10.255.0.1"));
  CHECK(kTrusted.contains("::ffff:10.1.2.3"));
  CHECK(!kTrusted.contains("11.0.0.1"));
  CHECK(kTrusted.contains("2001:db8:7fff::1"));
  CHECK(!kTrusted.contains("2001:db8:8000::1"));
  CHECK(!kTrusted.contains("nonsense"));
  CHECK(!TrustedProxies{}.contains("127.0.0.1"));
  CHECK(TrustedProxies{{"0.0.0.0/0"}}.contains("192.0.2.1"));
  CHECK(!TrustedProxies{{"0.0.0.0/0"}}.contains("2001:db8::1"));
  for (const char* bad : {"", "localhost", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "::/129"}) {
    CHECK_THROWS_AS(TrustedProxies{{bad}}, std::invalid_argument);
  }
}

TEST_CASE("proxy: the client is the last that isn't trusted") {
  CHECK(x("192.0.2.1") == "192.0.2.1");
  CHECK(x("192.0.2.1, 10.0.0.1") == "192.0.2.1");
  CHECK(x("6.6.6.6, 192.0.2.1") == "192.0.2.1");
  CHECK(x("6.6.6.6, 192.0.2.1, 10.0.0.1, 10.0.0.2") == "192.0.2.1");
  CHECK(x("10.0.0.9, 10.0.0.1") == "10.0.0.9");
  CHECK(x("192.0.2.1:4711") == "192.0.2.1");
  CHECK(x("[2001:db8:ffff::1]:4711") == "2001:db8:ffff::1");
  CHECK(x("2001:DB8:FFFF::1") == "2001:db8:ffff::1");
  CHECK(x("6.6.6.6, unknown, 10.0.0.1") == "10.0.0.1");
  CHECK(x("") == "127.0.0.1");
  CHECK(client("X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 192.0.2.1\r\n",
               ForwardedField::x_forwarded_for) == "192.0.2.1");
}

TEST_CASE("proxy: Forwarded, as RFC 7239 writes it") {
  CHECK(forwarded("for=192.0.2.43") == "192.0.2.43");
  CHECK(forwarded("For=\"[2001:db8:cafe::17]:4711\"") == "2001:db8:cafe::17");
  CHECK(forwarded("for=192.0.2.60;proto=http;by=203.0.113.43") == "192.0.2.60");
  CHECK(forwarded("proto=https; for=192.0.2.60, for=10.0.0.1") == "192.0.2.60");
  CHECK(forwarded("for=192.0.2.1, for=_hidden") == "127.0.0.1");
  CHECK(forwarded("proto=https") == "127.0.0.1");
}

TEST_CASE("proxy: nobody else is believed, and only the agreed field is read") {
  const auto field = ForwardedField::x_forwarded_for;
  CHECK(client("X-Forwarded-For: 6.6.6.6\r\n", field, "192.0.2.9") == "192.0.2.9");
  CHECK(client("Forwarded: for=6.6.6.6\r\n", field) == "127.0.0.1");
  CHECK(client("X-Forwarded-For: 6.6.6.6\r\n", ForwardedField::none) == "127.0.0.1");
}

TEST_CASE("proxy: PROXY protocol version 1") {
  const std::string line = "PROXY TCP4 192.0.2.1 10.0.0.1 4711 443\r\n";
  const ProxyHeader header = read_proxy_header(line + "GET /");
  CHECK(header.status == Status::complete);
  CHECK(header.size == line.size());
  CHECK(header.address == "192.0.2.1");
  for (std::size_t size = 0; size < line.size(); ++size) {
    CHECK(read_proxy_header(line.substr(0, size)).status == Status::need_more);
  }
  CHECK(read_proxy_header("PROXY TCP6 2001:db8::1 ::1 1 2\r\n").address == "2001:db8::1");
  CHECK(read_proxy_header("PROXY UNKNOWN\r\n").status == Status::complete);
  CHECK(read_proxy_header("PROXY UNKNOWN ff ff 1 2\r\n").address == "");
  for (const char* bad :
       {"GET / HTTP/1.1\r\n", "PROXY TCP5 1.1.1.1 1.1.1.1 1 2\r\n", "PROXY TCP4 1.1.1.1\r\n",
        "PROXY TCP4 ::1 ::1 1 2\r\n", "PROXY TCP4 1.1.1.1 1.1.1.1 1 65536\r\n",
        "PROXY TCP4 1.1.1.1 1.1.1.1 1 2 3\r\n", "PROXY TCP4 localhost 1.1.1.1 1 2\r\n"}) {
    CAPTURE(bad);
    CHECK(read_proxy_header(bad).status == Status::bad);
  }
  CHECK(read_proxy_header("PROXY " + std::string(200, 'x')).status == Status::bad);
}

TEST_CASE("proxy: PROXY protocol version 2") {
  using namespace std::string_literals;
  const std::string v4 = version2("\xc0\x00\x02\x01\x0a\x00\x00\x01\x12\x67\x01\xbb"s);
  const ProxyHeader header = read_proxy_header(v4 + "GET /");
  CHECK(header.status == Status::complete);
  CHECK(header.size == v4.size());
  CHECK(header.address == "192.0.2.1");
  for (std::size_t size = 0; size < v4.size(); ++size) {
    CHECK(read_proxy_header(v4.substr(0, size)).status == Status::need_more);
  }
  const std::string address = "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01";
  const std::string v6 = address + std::string(16, '\0') + "\0\1\0\2"s;
  CHECK(read_proxy_header(version2(v6, '\x21', '\x21')).address == "2001:db8::1");
  CHECK(read_proxy_header(version2(v6 + "\x03\x00\x04TLV!"s, '\x21', '\x21')).address ==
        "2001:db8::1");
  CHECK(read_proxy_header(version2("", '\x20', '\0')).address == "");  // LOCAL
  CHECK(read_proxy_header(version2("", '\x20', '\0')).status == Status::complete);
  CHECK(read_proxy_header(version2("short")).status == Status::bad);
  CHECK(read_proxy_header(version2(v6, '\x11')).status == Status::bad);
  CHECK(read_proxy_header(version2(v6, '\x22')).status == Status::bad);
  CHECK(read_proxy_header(version2(std::string(5000, 'x'))).status == Status::bad);
}
