#include <kefu/net/static_files.hpp>

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace fs = std::filesystem;
namespace net = kefu::net;
namespace http = kefu::net::http;

namespace {

/// A directory with a tree inside and a secret beside it.
class Tree {
 public:
  Tree() {
    std::string name = (fs::temp_directory_path() / "kefu-static-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    base_ = name;
    write("secret.txt", "secret");
    write("root/index.html", "<p>home");
    write("root/app.js", "js");
    write("root/.env", "hidden");
    write("root/.git/config", "hidden");
    write("root/sub/index.html", "<p>sub");
    write("root/sub/a b.txt", "space");
    write("root/empty", "");
    fs::create_symlink("../secret.txt", root() / "link.txt");
    fs::create_symlink("..", root() / "up");
    fs::create_symlink("app.js", root() / "inside.js");
    REQUIRE(::mkfifo((root() / "fifo.txt").c_str(), 0600) == 0);
  }
  ~Tree() {
    std::error_code ignored;
    fs::remove_all(base_, ignored);
  }

  fs::path base() const { return base_; }
  fs::path root() const { return base_ / "root"; }
  void write(const fs::path& name, std::string_view text) const {
    fs::create_directories((base_ / name).parent_path());
    std::ofstream{base_ / name, std::ios::binary} << text;
  }

 private:
  fs::path base_;
};

http::Head request(const std::string& method = "GET", const std::string& fields = "") {
  const std::string bytes = method + " / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
  std::string_view input = bytes;
  http::HeadParser parser{http::HeadKind::request};
  REQUIRE(parser.feed(input) == http::HeadParser::Status::complete);
  return std::move(parser).take_head();
}

net::StaticFiles files(const Tree& tree) {
  net::StaticFilesOptions options;
  options.root = tree.root();
  return net::StaticFiles{options};
}

}  // namespace

TEST_CASE("static files: what is there") {
  const Tree tree;
  const net::StaticFiles served = files(tree);
  const http::Response home = served.serve(request(), "/");
  CHECK(home.status == 200);
  CHECK(home.body == "<p>home");
  CHECK(home.field("Content-Type") == "text/html; charset=utf-8");
  CHECK(home.field("X-Content-Type-Options") == "nosniff");
  CHECK(home.field("Cache-Control") == "no-cache");
  CHECK(home.field("Content-Security-Policy").empty());
  CHECK(served.serve(request(), "/app.js").body == "js");
  CHECK(served.serve(request(), "/%61pp.js").body == "js");
  CHECK(served.serve(request(), "/sub/").body == "<p>sub");
  CHECK(served.serve(request(), "/sub/a%20b.txt").body == "space");
  const http::Response empty = served.serve(request(), "/empty");
  CHECK(empty.status == 200);
  CHECK(empty.body.empty());
  CHECK(empty.field("Content-Type") == "application/octet-stream");
}

TEST_CASE("static files: what must not be reached") {
  const Tree tree;
  const net::StaticFiles served = files(tree);
  for (const char* path : {"",
                           "secret.txt",
                           "/none",
                           "/../secret.txt",
                           "/%2e%2e/secret.txt",
                           "/sub/../../secret.txt",
                           "/sub/../app.js",
                           "/./app.js",
                           "//app.js",
                           "/sub//index.html",
                           "/..%2fsecret.txt",
                           "/sub%2findex.html",
                           "/sub%5cindex.html",
                           "/.env",
                           "/%2eenv",
                           "/.git/config",
                           "/link.txt",
                           "/up/secret.txt",
                           "/up/root/app.js",
                           "/inside.js",
                           "/app.js%00.html",
                           "/app.js%",
                           "/%zz",
                           "/sub",
                           "/app.js/",
                           "/app.js/x",
                           "/fifo.txt",
                           "/..",
                           "/sub/.."}) {
    CAPTURE(path);
    const http::Response response = served.serve(request(), path);
    CHECK(response.status == 404);
    CHECK(response.body == "Not Found\n");
  }
}

TEST_CASE("static files: methods") {
  const Tree tree;
  const net::StaticFiles served = files(tree);
  CHECK(served.serve(request("HEAD"), "/app.js").status == 200);
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
    const http::Response response = served.serve(request(method), "/app.js");
    CHECK(response.status == 405);
    CHECK(response.field("Allow") == "GET, HEAD");
  }
}

TEST_CASE("static files: a client that has the file is not sent it again") {
  const Tree tree;
  const net::StaticFiles served = files(tree);
  const std::string tag{served.serve(request(), "/app.js").field("ETag")};
  CHECK(tag.size() > 2);
  for (const std::string& known : {tag, "W/" + tag, "\"other\", " + tag, std::string{"*"}}) {
    const http::Response response =
        served.serve(request("GET", "If-None-Match: " + known + "\r\n"), "/app.js");
    CHECK(response.status == 304);
    CHECK(response.body.empty());
    CHECK(response.field("ETag") == tag);
  }
  CHECK(served.serve(request("GET", "If-None-Match: \"other\"\r\n"), "/app.js").status == 200);
  tree.write("root/app.js", "longer");
  CHECK(served.serve(request("GET", "If-None-Match: " + tag + "\r\n"), "/app.js").body == "longer");
}

TEST_CASE("static files: options") {
  const Tree tree;
  net::StaticFilesOptions options;
  options.root = tree.root();
  options.index = "app.js";
  options.max_file_size = 6;
  options.content_security_policy = "default-src 'self'";
  const net::StaticFiles served{options};
  CHECK(served.serve(request(), "/").body == "js");
  CHECK(served.serve(request(), "/").field("Content-Security-Policy") == "default-src 'self'");
  CHECK(served.serve(request(), "/index.html").status == 500);
  options.root = tree.base() / "none";
  CHECK_THROWS_AS(net::StaticFiles{options}, std::invalid_argument);
  fs::create_symlink("root", tree.base() / "current");  // how a deployment switches trees
  options.root = tree.base() / "current";
  CHECK(net::StaticFiles{options}.serve(request(), "/app.js").body == "js");
}

TEST_CASE("static files: content types") {
  CHECK(net::content_type_for("a.html") == "text/html; charset=utf-8");
  CHECK(net::content_type_for("a.css") == "text/css; charset=utf-8");
  CHECK(net::content_type_for("a.min.js") == "text/javascript; charset=utf-8");
  CHECK(net::content_type_for("a.mjs") == "text/javascript; charset=utf-8");
  CHECK(net::content_type_for("a.json") == "application/json");
  CHECK(net::content_type_for("a.SVG") == "image/svg+xml");
  CHECK(net::content_type_for("a.png") == "image/png");
  CHECK(net::content_type_for("favicon.ico") == "image/x-icon");
  CHECK(net::content_type_for("a.woff2") == "font/woff2");
  CHECK(net::content_type_for("a.txt") == "text/plain; charset=utf-8");
  CHECK(net::content_type_for("a.webmanifest") == "application/manifest+json");
  CHECK(net::content_type_for("html") == "application/octet-stream");
  CHECK(net::content_type_for("a.exe") == "application/octet-stream");
}
