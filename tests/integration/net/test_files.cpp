// Uploads by tus and downloads, on real sockets and a real folder; once more over TLS.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <future>
#include <iterator>
#include <kefu/disk/files.hpp>
#include <kefu/file_scan.hpp>
#include <kefu/memory/files.hpp>
#include <kefu/net/http_body.hpp>
#include <kefu/net/loops.hpp>
#include <kefu/net/server.hpp>
#include <mutex>
#include <random>
#include <string>
#include <thread>

#include "integration/net/client.hpp"
#include "integration/net/host.hpp"
#include "net/download.hpp"
#include "unit/sqlite/scratch.hpp"

using namespace kefu;
using namespace kefu::net;
using namespace kefu::net::testing;

namespace {

const ConversationId kTheirs{1, 1};  // of ann and bob

/// Tokens are names: ann and bob are in the conversation, eve is not.
FileServiceOptions service() {
  FileServiceOptions options;
  options.secret.assign(32, 's');
  options.admit = [](std::string_view token, const Caller&, ConversationId conversation,
                     Completion<result<Identity>> done) {
    if (token != "ann" && token != "bob" && token != "eve") return done(errc::unauthenticated);
    if (conversation != kTheirs || token == "eve") return done(errc::not_found);
    done(Identity{{std::string{token}, Role::visitor}, {}});
  };
  return options;
}

/// Has room for so many bytes more; and where `breaks`, the disk fails instead of being full.
class FullFiles final : public Files {
 public:
  explicit FullFiles(Files& stored) : stored_{stored} {}

  void create(FileInfo info, Completion<result<FileStatus>> done) override {
    stored_.create(std::move(info), std::move(done));
  }
  void status(FileId id, Completion<result<FileStatus>> done) override {
    stored_.status(id, std::move(done));
  }
  void resume(FileId id, Completion<result<std::unique_ptr<FileSink>>> done) override {
    stored_.resume(
        id, [this, done = std::move(done)](result<std::unique_ptr<FileSink>> sink) mutable {
          if (!sink) return done(sink.error());
          done(std::unique_ptr<FileSink>{std::make_unique<Sink>(*this, *std::move(sink))});
        });
  }
  void commit(FileId id, Completion<result<FileInfo>> done) override {
    stored_.commit(id, std::move(done));
  }
  void open(FileId id, Completion<result<std::unique_ptr<FileSource>>> done) override {
    stored_.open(id, std::move(done));
  }
  void keep(FileId id, Completion<result<FileInfo>> done) override {
    stored_.keep(id, std::move(done));
  }
  void judged(FileId id, FileVerdict verdict, Completion<result<FileInfo>> done) override {
    stored_.judged(id, verdict, std::move(done));
  }
  void remove(FileId id, Completion<errc> done) override { stored_.remove(id, std::move(done)); }
  void collect(Completion<result<std::size_t>> done) override { stored_.collect(std::move(done)); }

  std::atomic<std::int64_t> room{0};
  std::atomic<bool> breaks{false};

 private:
  class Sink final : public FileSink {
   public:
    Sink(FullFiles& files, std::unique_ptr<FileSink> sink)
        : files_{files}, sink_{std::move(sink)} {}
    [[nodiscard]] std::uint64_t offset() const override { return sink_->offset(); }
    result<std::uint64_t> write(std::span<const std::byte> bytes) override {
      const auto size = static_cast<std::int64_t>(bytes.size());
      if (files_.room.fetch_sub(size) < size) {
        files_.room += size;
        return files_.breaks ? errc::store_failed : errc::store_full;
      }
      return sink_->write(bytes);
    }
    errc rewind(std::uint64_t offset) override { return sink_->rewind(offset); }

   private:
    FullFiles& files_;
    std::unique_ptr<FileSink> sink_;
  };

  Files& stored_;
};

struct Site {
  explicit Site(FileServiceOptions options = service(), ServerOptions server = {},
                bool full_disk = false)
      : host{std::move(server)} {
    host.server.serve_files(full_disk ? static_cast<Files&>(full) : files, std::move(options));
    host.server.get("/ping", [](const Request&) { return http::text_response(200, "pong"); });
    host.start();
  }

  test::Scratch folder;
  disk::Files files{folder.file("files")};
  FullFiles full{files};
  Host host;
};

/// Answers when the test does.
struct HoldingScanner final : FileScanner {
  void scan(const FileInfo&, std::unique_ptr<FileSource>, Instant,
            Completion<result<FileVerdict>> done) override {
    const std::lock_guard lock{mutex};
    asked.push_back(std::move(done));
    changed.notify_one();
  }
  [[nodiscard]] OnTimeout on_timeout() const override { return OnTimeout::deny; }

  Completion<result<FileVerdict>> next() {
    std::unique_lock lock{mutex};
    REQUIRE(changed.wait_for(lock, kPatience, [this] { return !asked.empty(); }));
    auto first = std::move(asked.front());
    asked.pop_front();
    return first;
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Completion<result<FileVerdict>>> asked;
};

struct ScannedSite {
  ScannedSite() {
    host.server.serve_files(files, service());
    host.start();
  }
  ~ScannedSite() {
    loops.stop();
    thread.join();
  }

  Loops loops{1};
  test::Scratch folder;
  disk::Files stored{folder.file("files")};
  HoldingScanner scanner;
  ScannedFiles files{stored, scanner, *loops.executors().front()};
  std::thread thread{[this] { loops.run(); }};
  Host host;
};

std::string request(std::string_view method, std::string_view target, std::string_view fields = {},
                    std::string_view body = {}, std::string_view token = "ann") {
  std::string text{method};
  text.append(" ").append(target).append(" HTTP/1.1\r\nHost: a\r\nTus-Resumable: 1.0.0\r\n");
  if (!token.empty()) text.append("Authorization: Bearer ").append(token).append("\r\n");
  if (!body.empty()) {
    text.append("Content-Type: application/offset+octet-stream\r\nContent-Length: ");
    text.append(std::to_string(body.size())).append("\r\n");
  }
  return text.append(fields).append("\r\n").append(body);
}

HttpAnswer ask(HttpClient& client, const std::string& text) {
  client.send(text);
  return client.receive(!text.starts_with("HEAD"));
}

std::string field(const HttpAnswer& answer, std::string_view name) {
  return std::string{answer.head.find(name).value_or("")};
}

/// `conversation` and `filename` (a "快".png) in base64.
constexpr std::string_view kMetadata =
    "Upload-Metadata: conversation "
    "MDAwMDAwMDAtMDAwMC0wMDAxLTAwMDAtMDAwMDAwMDAwMDAx,filename YSAi5b+rIi5wbmc=,"
    "filetype aW1hZ2UvcG5n\r\n";

std::string create(HttpClient& client, std::size_t size) {
  const HttpAnswer answer = ask(
      client, request("POST", "/files",
                      std::string{kMetadata} + "Upload-Length: " + std::to_string(size) + "\r\n"));
  REQUIRE(answer.head.status() == 201);
  CHECK(field(answer, "Tus-Resumable") == "1.0.0");
  CHECK(field(answer, "Upload-Expires").empty() == (size == 0));
  return field(answer, "Location");
}

std::string at(std::uint64_t offset) { return "Upload-Offset: " + std::to_string(offset) + "\r\n"; }

std::uint64_t offset_of(HttpClient& client, const std::string& file) {
  const HttpAnswer answer = ask(client, request("HEAD", file));
  REQUIRE(answer.head.status() == 200);
  CHECK(field(answer, "Cache-Control") == "no-store");
  return std::stoull(field(answer, "Upload-Offset"));
}

std::string url_of(HttpClient& client, const std::string& file, std::string_view token = "bob") {
  const HttpAnswer answer = ask(client, request("GET", file + "/url", {}, {}, token));
  REQUIRE(answer.head.status() == 200);
  const std::size_t from = answer.body.find("/files/");
  return answer.body.substr(from, answer.body.find('"', from) - from);
}

std::string random_bytes(std::size_t size, unsigned seed) {
  std::mt19937_64 random{seed};
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

std::string upload(HttpClient& client, std::string_view bytes) {
  const std::string file = create(client, bytes.size());
  if (!bytes.empty())
    REQUIRE(ask(client, request("PATCH", file, at(0), bytes)).head.status() == 204);
  return file;
}

/// But for pipes: a transfer loop keeps one for the next transfer.
std::size_t open_descriptors() {
  return static_cast<std::size_t>(
      std::ranges::count_if(std::filesystem::directory_iterator{"/proc/self/fd"},
                            [](const auto& each) { return !std::filesystem::is_fifo(each); }));
}
std::size_t open_pipes() {
  return static_cast<std::size_t>(
      std::ranges::count_if(std::filesystem::directory_iterator{"/proc/self/fd"},
                            [](const auto& each) { return std::filesystem::is_fifo(each); }));
}

/// One that goes to the server in two parts, so that the body meets whatever waits for it.
void send_apart(HttpClient& client, std::string_view text) {
  const std::size_t head = text.find("\r\n\r\n") + 4;
  client.send(text.substr(0, head));
  std::this_thread::yield();
  client.send(text.substr(head));
}

std::string in_chunks(std::string_view bytes, std::mt19937_64& random) {
  std::string out;
  while (!bytes.empty()) {
    const std::size_t size = std::min<std::size_t>(bytes.size(), 1 + random() % 100'000);
    http::append_chunk(out, bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return out.append(http::kLastChunk);
}

std::string chunked_head(std::string_view method, const std::string& file,
                         std::string_view fields) {
  return std::string{method} + " " + file +
         " HTTP/1.1\r\nHost: a\r\nTus-Resumable: 1.0.0\r\nAuthorization: Bearer ann\r\n"
         "Content-Type: application/offset+octet-stream\r\nTransfer-Encoding: chunked\r\n" +
         std::string{fields} + "\r\n";
}

/// Everything that comes until there are `size` bytes, a little at a time.
std::string read_slowly(Stream& stream, std::size_t size) {
  std::string out;
  while (out.size() < size) {
    out += stream.read_some();
    std::this_thread::yield();
  }
  return out;
}

}  // namespace

TEST_CASE("a file goes up in parts and comes down whole, on one connection with all else") {
  Site site;
  HttpClient client{site.host.port()};
  const std::string bytes = random_bytes(3'000'000, 1);
  const std::string file = create(client, bytes.size());
  CHECK(offset_of(client, file) == 0);
  CHECK(client.get("/ping").body == "pong\n");
  const std::string_view all{bytes};
  CHECK(ask(client, request("PATCH", file, at(0), all.substr(0, 1'000'001))).head.status() == 204);
  CHECK(offset_of(client, file) == 1'000'001);
  CHECK(ask(client, request("GET", file + "/url")).head.status() == 404);  // not before it is whole
  const HttpAnswer rest = ask(client, request("PATCH", file, at(1'000'001), all.substr(1'000'001)));
  CHECK(rest.head.status() == 204);
  CHECK(field(rest, "Upload-Offset") == "3000000");
  CHECK(client.get("/ping").body == "pong\n");
  const HttpAnswer down = client.get(url_of(client, file));
  CHECK(down.head.status() == 200);
  CHECK((down.body == bytes));
  CHECK(field(down, "Content-Type") == "image/png");
  CHECK(field(down, "X-Content-Type-Options") == "nosniff");
  CHECK(field(down, "Content-Disposition") ==
        "inline; filename=\"a _____.png\"; filename*=UTF-8''a%20%22%E5%BF%AB%22.png");
  CHECK(client.get("/ping").body == "pong\n");
}

TEST_CASE("an upload that is cut off goes on where it stopped") {
  Site site;
  const std::string bytes = random_bytes(2'000'000, 2);
  HttpClient client{site.host.port()};
  const std::string file = create(client, bytes.size());
  std::mt19937_64 random{3};
  std::uint64_t offset = 0;
  for (int cuts = 0; cuts != 8; ++cuts) {
    const std::string text =
        request("PATCH", file, at(offset), std::string_view{bytes}.substr(offset));
    HttpClient cut{site.host.port()};
    cut.send(std::string_view{text}.substr(
        0, text.size() - bytes.size() + offset + random() % (bytes.size() - offset)));
    cut.stream().reset();
    site.host.await_connections(1);
    const std::uint64_t there = offset_of(client, file);
    CHECK(there >= offset);
    offset = there;
  }
  // The server may be about to find that the last one is gone: then it says so, and is asked again.
  int status = 423;
  while (status == 423 || status == 409) {
    offset = offset_of(client, file);
    HttpClient last{site.host.port()};
    status = ask(last, request("PATCH", file, at(offset), std::string_view{bytes}.substr(offset)))
                 .head.status();
  }
  CHECK(status == 204);
  CHECK((client.get(url_of(client, file)).body == bytes));
}

TEST_CASE("whatever way bytes go, they are the same") {
  const std::size_t pipes = open_pipes();
  {
    Site site;
    std::mt19937_64 random{7};
    HttpClient client{site.host.port()};
    std::vector<std::string> files;
    const std::string bytes = random_bytes(5'000'000 + random() % 100'000, 8);
    const std::string_view all{bytes};
    // By their length, with the next request right behind them.
    files.push_back(create(client, bytes.size()));
    send_apart(client, request("PATCH", files.back(), at(0), all) + request("HEAD", files.back()));
    CHECK(client.receive().head.status() == 204);
    CHECK(field(client.receive(false), "Upload-Offset") == std::to_string(bytes.size()));
    // In chunks.
    files.push_back(create(client, bytes.size()));
    client.send(chunked_head("PATCH", files.back(), at(0)) + in_chunks(all, random) +
                request("HEAD", files.back()));
    CHECK(client.receive().head.status() == 204);
    CHECK(field(client.receive(false), "Upload-Offset") == std::to_string(bytes.size()));
    // By turns.
    files.push_back(create(client, bytes.size()));
    for (std::size_t from = 0; from != bytes.size();) {
      const std::string_view part = all.substr(from, 1 + random() % 2'000'000);
      if (random() % 2 == 0) {
        send_apart(client, request("PATCH", files.back(), at(from), part));
      } else {
        client.send(chunked_head("PATCH", files.back(), at(from)) + in_chunks(part, random));
      }
      CHECK(client.receive().head.status() == 204);
      from += part.size();
    }
    // With the creation.
    const std::string length = "Upload-Length: " + std::to_string(bytes.size()) + "\r\n";
    send_apart(client, request("POST", "/files", std::string{kMetadata} + length, all));
    const HttpAnswer created = client.receive();
    CHECK(created.head.status() == 201);
    files.push_back(field(created, "Location"));
    for (const std::string& file : files) CHECK((client.get(url_of(client, file)).body == bytes));
    // At most one pipe was needed, and it is kept.
    CHECK(open_pipes() <= pipes + 2);

    const std::string url = url_of(client, files[0]);
    const HttpAnswer one = client.get(url, "Range: bytes=1000001-4000000\r\n");
    CHECK((one.body == all.substr(1'000'001, 3'000'000)));
    const HttpAnswer two = client.get(url, "Range: bytes=0-1999999,3000000-4999999\r\n");
    const std::string_view body{two.body};
    const std::size_t first = body.find("\r\n\r\n") + 4;
    CHECK((body.substr(first, 2'000'000) == all.substr(0, 2'000'000)));
    const std::size_t second = body.find("\r\n\r\n", first + 2'000'000) + 4;
    CHECK((body.substr(second, 2'000'000) == all.substr(3'000'000, 2'000'000)));
    CHECK(client.get("/ping").body == "pong\n");
  }
  CHECK(open_pipes() == pipes);
}

TEST_CASE("a digest that streams sees every byte") {
  test::Scratch folder;
  disk::Files files{folder.file("files"), {.digest = disk::DigestWhen::streaming}};
  Host host;
  host.server.serve_files(files, service());
  host.start();
  {
    HttpClient client{host.port()};
    const std::string file = create(client, 3'000'000);
    send_apart(client, request("PATCH", file, at(0), std::string(3'000'000, 'x')));
    CHECK(client.receive().head.status() == 204);
    std::promise<std::string> digest;
    files.status(*FileId::parse(file.substr(7)), [&](result<FileStatus> known) {
      digest.set_value(known->info.sha256.value_or("none"));
    });
    CHECK(digest.get_future().get() ==
          "e55b8bdf621ddaa8f462c74745db9680d3bb7536a9cf854f8d6668b34a287890");
  }
  host.stop_server(std::chrono::seconds{5});
}

TEST_CASE("a slow reader gets all of a download, and others get theirs meanwhile") {
  Site site;
  HttpClient client{site.host.port()};
  const std::string bytes = random_bytes(6'000'000, 9);
  const std::string url = url_of(client, upload(client, bytes));
  const std::string quick = url_of(client, upload(client, "quick"));
  HttpClient slow{site.host.port(), {.receive_buffer = 8192}};
  slow.send(request("GET", url, {}, {}, {}));
  for (int i = 0; i != 20; ++i) CHECK(client.get(quick).body == "quick");
  const std::string got = read_slowly(slow.stream(), bytes.size());
  const std::string rest = got.substr(got.find("\r\n\r\n") + 4);
  CHECK((rest + read_slowly(slow.stream(), bytes.size() - rest.size()) == bytes));
  CHECK(slow.get("/ping").body == "pong\n");
}

TEST_CASE("whoever leaves a download in the middle costs nothing") {
  Site site;
  HttpClient client{site.host.port()};
  const std::string bytes = random_bytes(4'000'000, 10);
  const std::string url = url_of(client, upload(client, bytes));
  const std::size_t before = open_descriptors();
  for (int i = 0; i != 8; ++i) {
    HttpClient leaving{site.host.port()};
    leaving.send(request("GET", url, {}, {}, {}));
    (void)leaving.stream().read_some();
    leaving.stream().reset();
  }
  site.host.await_connections(1);
  // A digest may have had one, or have one still.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (open_descriptors() > before && std::chrono::steady_clock::now() < end)
    std::this_thread::yield();
  CHECK(open_descriptors() <= before);
  CHECK((client.get(url).body == bytes));
}

TEST_CASE("what is expected of a transfer") {
  Site site;
  HttpClient client{site.host.port()};
  const std::string file = create(client, 5);
  const std::string expects = request("PATCH", file, at(0) + "Expect: 100-continue\r\n", "hello");
  client.send(expects.substr(0, expects.size() - 5));
  CHECK(client.receive(false).head.status() == 100);
  client.send("hello");
  CHECK(client.receive().head.status() == 204);
  CHECK(client.get(url_of(client, file)).body == "hello");
  // A refusal comes in place of it.
  HttpClient refused{site.host.port()};
  refused.send(request("PATCH", file, at(1) + "Expect: 100-continue\r\nContent-Length: 5\r\n"));
  CHECK(refused.receive().head.status() == 415);
  HttpClient wrong{site.host.port()};
  CHECK(
      ask(wrong, request("PATCH", file, at(0) + "Expect: a-miracle\r\n", "hello")).head.status() ==
      417);
  CHECK(wrong.stream().read_all().empty());
}

TEST_CASE("an upload is told with what its uploader said of it") {
  Site site;
  HttpClient client{site.host.port()};
  const std::string given =
      std::string{kMetadata.substr(17, kMetadata.size() - 19)} + ",mood  Z29vZA==,flag";
  const HttpAnswer created = ask(
      client, request("POST", "/files", "Upload-Metadata: " + given + "\r\nUpload-Length: 5\r\n"));
  const std::string file = field(created, "Location");
  const auto told = [&] { return field(ask(client, request("HEAD", file)), "Upload-Metadata"); };
  CHECK(told() == given);
  CHECK(ask(client, request("PATCH", file, at(0), "hello")).head.status() == 204);
  CHECK(told() == given);
}

TEST_CASE("all bytes are there but the commit is not: a creation that is repeated commits it") {
  Site site;
  HttpClient client{site.host.port()};
  const std::string id = "01900000-0000-7002-8000-000000000001";
  const std::string create_it =
      request("POST", "/files",
              std::string{kMetadata.substr(0, kMetadata.size() - 2)} +
                  ",id MDE5MDAwMDAtMDAwMC03MDAyLTgwMDAtMDAwMDAwMDAwMDAx\r\nUpload-Length: 5\r\n");
  CHECK(ask(client, create_it).head.status() == 201);
  std::promise<void> written;
  site.files.resume(*FileId::parse(id), [&](result<std::unique_ptr<FileSink>> sink) {
    REQUIRE(sink);
    CHECK((*sink)->write(std::as_bytes(std::span{std::string_view{"hello"}})));
    sink->reset();
    written.set_value();
  });
  written.get_future().wait();
  CHECK(ask(client, request("GET", "/files/" + id + "/url")).head.status() == 404);
  const HttpAnswer again = ask(client, create_it);
  CHECK(again.head.status() == 201);
  CHECK(field(again, "Upload-Offset") == "5");
  CHECK(client.get(url_of(client, "/files/" + id)).body == "hello");
}

TEST_CASE("parts of a download") {
  Site site;
  HttpClient client{site.host.port()};
  const std::string url = url_of(client, upload(client, "0123456789"));
  const auto get = [&](std::string_view fields) { return client.get(url, fields); };
  CHECK(get("").body == "0123456789");
  HttpAnswer answer = get("Range: bytes=2-4\r\n");
  CHECK(answer.head.status() == 206);
  CHECK(answer.body == "234");
  CHECK(field(answer, "Content-Range") == "bytes 2-4/10");
  const std::string tag = field(answer, "ETag");
  CHECK(get("Range: bytes=-2\r\nIf-Range: " + tag + "\r\n").body == "89");
  CHECK(get("Range: bytes=-2\r\nIf-Range: \"other\"\r\n").head.status() == 200);
  answer = get("Range: bytes=10-\r\n");
  CHECK(answer.head.status() == 416);
  CHECK(field(answer, "Content-Range") == "bytes */10");
  CHECK(get("If-None-Match: " + tag + "\r\n").head.status() == 304);
  answer = get("Range: bytes=0-1,8-\r\n");
  CHECK(answer.head.status() == 206);
  const std::string type = field(answer, "Content-Type");
  const std::string boundary = type.substr(type.find('=') + 1);
  CHECK(answer.body == "\r\n--" + boundary +
                           "\r\nContent-Type: image/png\r\nContent-Range: bytes 0-1/10\r\n\r\n01"
                           "\r\n--" +
                           boundary +
                           "\r\nContent-Type: image/png\r\nContent-Range: bytes 8-9/10\r\n\r\n89"
                           "\r\n--" +
                           boundary + "--\r\n");
  answer = ask(client, request("HEAD", url));
  CHECK(answer.head.status() == 200);
  CHECK(answer.head.content_length() == 10);
  CHECK(client.get("/ping").body == "pong\n");
}

TEST_CASE("a file is its conversation's") {
  Site site;
  HttpClient client{site.host.port()};
  const std::string file = upload(client, "mine");
  CHECK(client.get(url_of(client, file, "ann")).body == "mine");
  CHECK(client.get(url_of(client, file, "bob")).body == "mine");
  CHECK(ask(client, request("GET", file + "/url", {}, {}, "eve")).head.status() == 404);
  CHECK(ask(client, request("GET", file + "/url", {}, {}, "")).head.status() == 401);
  CHECK(ask(client, request("GET", file)).head.status() == 404);  // a token is no address
  const std::string url = url_of(client, file);
  const std::string other = url_of(client, upload(client, "other"));
  CHECK(client.get(file + url.substr(url.find('?')) + "x").head.status() == 404);
  CHECK(client.get(file + other.substr(other.find('?'))).head.status() == 404);
  // Only who uploads it may go on with it, or take it away.
  CHECK(ask(client, request("HEAD", file, {}, {}, "bob")).head.status() == 404);
  CHECK(ask(client, request("DELETE", file, {}, {}, "bob")).head.status() == 404);
  CHECK(ask(client, request("DELETE", file)).head.status() == 204);
  CHECK(client.get(url).head.status() == 404);
  CHECK(ask(client, request("DELETE", file)).head.status() == 404);
}

TEST_CASE("a file is read once it is judged clean, and people are told of it before") {
  ScannedSite site;
  HttpClient client{site.host.port()};
  const auto told = [&](const std::string& file) {
    return ask(client, request("GET", file + "/url", {}, {}, "bob")).body;
  };
  const std::string clean = upload(client, "harmless");
  const std::string pending = told(clean);
  CHECK(pending.starts_with("{\"scan\":\"pending\",\"name\":"));
  CHECK(pending.find("url") == std::string::npos);
  // Also who signs addresses himself, or had one before, has to wait.
  const auto id = FileId::parse(clean.substr(7));
  REQUIRE(id);
  const std::string address =
      clean + "?" + sign_download(JwtKeys{{{service().secret}}}, *id, 4'000'000'000);
  CHECK(client.get(address).head.status() == 503);
  site.scanner.next()(FileVerdict::clean);
  while (told(clean) == pending) std::this_thread::yield();
  CHECK(client.get(url_of(client, clean)).body == "harmless");
  CHECK(client.get(address).body == "harmless");

  const std::string refused = upload(client, "a virus");
  site.scanner.next()(FileVerdict::refused);
  std::string now;
  do now = told(refused);
  while (now.find("pending") != std::string::npos);
  CHECK(now.starts_with("{\"scan\":\"refused\",\"name\":"));
  const auto other = FileId::parse(refused.substr(7));
  REQUIRE(other);
  CHECK(
      client
          .get(refused + "?" + sign_download(JwtKeys{{{service().secret}}}, *other, 4'000'000'000))
          .head.status() == 403);
}

TEST_CASE("bodies in chunks, with a checksum, with the creation, and none at all") {
  Site site;
  HttpClient client{site.host.port()};
  const std::string chunked = create(client, 5);
  client.send("PATCH " + chunked +
              " HTTP/1.1\r\nHost: a\r\nTus-Resumable: 1.0.0\r\nAuthorization: Bearer ann\r\n"
              "Content-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\n"
              "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n");
  CHECK(client.receive().head.status() == 204);
  CHECK(client.get(url_of(client, chunked)).body == "hello");

  const std::string checked = create(client, 5);
  const std::string wrong = at(0) + "Upload-Checksum: sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=\r\n";
  CHECK(ask(client, request("PATCH", checked, wrong, "hello")).head.status() == 460);
  CHECK(offset_of(client, checked) == 0);
  const std::string right = at(0) + "Upload-Checksum: sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00=\r\n";
  CHECK(ask(client, request("PATCH", checked, right, "hello")).head.status() == 204);
  // What is refused with its body unread ends the connection.
  HttpClient refused{site.host.port()};
  const std::string again = at(0) + "Upload-Checksum: md4 aaaa\r\n";
  CHECK(ask(refused, request("PATCH", checked, again, "hello")).head.status() == 409);
  CHECK(refused.stream().read_all().empty());

  const std::string whole = std::string{kMetadata} + "Upload-Length: 5\r\n";
  const HttpAnswer created = ask(client, request("POST", "/files", whole, "hello"));
  CHECK(created.head.status() == 201);
  CHECK(field(created, "Upload-Offset") == "5");
  CHECK(client.get(url_of(client, field(created, "Location"))).body == "hello");

  CHECK(client.get(url_of(client, upload(client, ""))).body.empty());
}

TEST_CASE("what is wrong gets the right status, and nothing is left open") {
  FileServiceOptions options = service();
  options.limits.max_file = 100;
  Site site{options};
  HttpClient keeps{site.host.port()};
  const std::string file = create(keeps, 10);
  const std::string metadata{kMetadata};
  const std::size_t before = open_descriptors();
  const auto status = [&](const std::string& text) {
    HttpClient client{site.host.port()};
    return ask(client, text).head.status();
  };
  for (int round = 0; round != 5; ++round) {
    CHECK(status("POST /files HTTP/1.1\r\nHost: a\r\nTus-Resumable: 0.2.2\r\n\r\n") == 412);
    CHECK(status(request("POST", "/files", metadata)) == 400);
    CHECK(status(request("POST", "/files", metadata + "Upload-Length: -1\r\n")) == 400);
    CHECK(status(request("POST", "/files", metadata + "Upload-Defer-Length: 1\r\n")) == 400);
    CHECK(status(request("POST", "/files", metadata + "Upload-Length: 101\r\n")) == 413);
    CHECK(status(request("POST", "/files", "Upload-Length: 1\r\n")) == 400);
    CHECK(status(request("POST", "/files",
                         "Upload-Metadata: conversation !\r\nUpload-Length: 1\r\n")) == 400);
    CHECK(status(request("POST", "/files", metadata + "Upload-Length: 1\r\n", {}, "eve")) == 404);
    CHECK(status(request("POST", "/files", metadata + "Upload-Length: 1\r\n", {}, "")) == 401);
    CHECK(status(request("PATCH", file, at(1), "x")) == 409);
    CHECK(status(request("PATCH", file, "", "x")) == 400);
    CHECK(status(request("PATCH", file, at(0), "12345678901")) == 413);
    CHECK(status("PATCH " + file +
                 " HTTP/1.1\r\nHost: a\r\nTus-Resumable: 1.0.0\r\n"
                 "Authorization: Bearer ann\r\nContent-Length: 1\r\n" +
                 at(0) + "\r\nx") == 415);
    CHECK(status(request("PATCH", "/files/../../etc/passwd", at(0), "x")) == 404);
    CHECK(status(request("HEAD", "/files/01900000-0000-7002-8000-000000000001")) == 404);
    CHECK(status(request("PUT", file)) == 405);
    CHECK(status(request("GET", "/files")) == 405);
    // A body that ends too early, and one that lies about its chunks.
    HttpClient liar{site.host.port()};
    liar.send(request("PATCH", file,
                      at(0) + "Content-Length: 10\r\n"
                              "Content-Type: application/offset+octet-stream\r\n"));
    liar.stream().end_writing();
    CHECK(liar.stream().read_all().empty());
    CHECK(status("PATCH " + file +
                 " HTTP/1.1\r\nHost: a\r\nTus-Resumable: 1.0.0\r\n"
                 "Authorization: Bearer ann\r\nTransfer-Encoding: chunked\r\n"
                 "Content-Type: application/offset+octet-stream\r\n" +
                 at(0) + "\r\nzz\r\n") == 400);
  }
  site.host.await_connections(1);
  CHECK(offset_of(keeps, file) == 0);
  CHECK(open_descriptors() == before);
}

TEST_CASE("a disk that is full in the middle of a body: what came stays, and goes on later") {
  Site site{service(), {}, true};
  HttpClient client{site.host.port()};
  const std::string bytes = random_bytes(1'000'000, 5);
  const std::string file = create(client, bytes.size());
  site.full.room = 400'000;
  const std::size_t before = open_descriptors();
  std::uint64_t offset = 0;
  for (int round = 0; round != 5; ++round) {
    HttpClient other{site.host.port()};
    const HttpAnswer answer =
        ask(other, request("PATCH", file, at(offset), std::string_view{bytes}.substr(offset)));
    CHECK(answer.head.status() == 507);
    const std::uint64_t there = offset_of(client, file);
    CHECK(there >= offset);
    CHECK(there <= 400'000);
    offset = there;
  }
  CHECK(offset > 0);
  site.host.await_connections(1);
  CHECK(open_descriptors() == before);
  site.full.room = 10'000'000;
  const std::string_view rest = std::string_view{bytes}.substr(offset);
  CHECK(ask(client, request("PATCH", file, at(offset), rest)).head.status() == 204);
  CHECK((client.get(url_of(client, file)).body == bytes));
}

TEST_CASE("a disk that fails says so, and another upload is none the worse") {
  Site site{service(), {}, true};
  HttpClient client{site.host.port()};
  site.full.room = 10;
  const std::string good = upload(client, "0123456789");
  const std::string bad = create(client, 5);
  site.full.breaks = true;
  {
    HttpClient other{site.host.port()};
    CHECK(ask(other, request("PATCH", bad, at(0), "hello")).head.status() == 500);
  }
  site.host.await_connections(1);
  CHECK(offset_of(client, bad) == 0);
  CHECK(client.get(url_of(client, good)).body == "0123456789");
  CHECK(ask(client, request("DELETE", bad)).head.status() == 204);
}

TEST_CASE("a body that falls silent is given up, and what came of it stays") {
  ServerOptions options;
  options.handshake_timeout = std::chrono::seconds{1};
  Site site{service(), options};
  const std::size_t before = open_descriptors();
  std::string file;
  {
    HttpClient client{site.host.port()};
    file = create(client, 10);
    client.send("PATCH " + file +
                " HTTP/1.1\r\nHost: a\r\nTus-Resumable: 1.0.0\r\nAuthorization: Bearer ann\r\n"
                "Content-Type: application/offset+octet-stream\r\nContent-Length: 10\r\n" +
                at(0) + "\r\nhello");
    CHECK(client.stream().read_all().empty());
  }
  site.host.await_connections(0);
  CHECK(open_descriptors() == before);
  HttpClient client{site.host.port()};
  CHECK(offset_of(client, file) == 5);
  CHECK(ask(client, request("PATCH", file, at(5), "world")).head.status() == 204);
  CHECK(client.get(url_of(client, file)).body == "helloworld");
}

TEST_CASE("thousands of uploads that nobody goes on with hold nothing open") {
  constexpr std::size_t kMost = 2000;
  limits bounds;
  bounds.uploads = kMost;
  bounds.uploads_of_participant = kMost;
  SystemClock clock;
  memory::Files files{clock, bounds};
  Host host;
  host.server.serve_files(files, service());
  host.start();
  {
    HttpClient client{host.port()};
    create(client, 1'000'000);  // the connection is there
    const std::size_t before = open_descriptors();
    for (std::size_t i = 1; i != kMost; ++i) create(client, 1'000'000);
    const std::string more = std::string{kMetadata} + "Upload-Length: 1\r\n";
    const HttpAnswer answer = ask(client, request("POST", "/files", more));
    CHECK(answer.head.status() == 429);
    CHECK(field(answer, "Retry-After") == "10");
    CHECK(open_descriptors() == before);
  }
  host.stop_server(std::chrono::seconds{5});
}

TEST_CASE("pages of other origins are told what they may") {
  Host host{{.allowed_origins = {"https://shop.example"}}};
  SystemClock clock;
  memory::Files files{clock};
  host.server.serve_files(files, service());
  host.start();
  {
    HttpClient client{host.port()};
    HttpAnswer answer = ask(client, request("OPTIONS", "/files",
                                            "Origin: https://shop.example\r\n"
                                            "Access-Control-Request-Headers: tus-resumable\r\n"));
    CHECK(answer.head.status() == 204);
    CHECK(field(answer, "Access-Control-Allow-Origin") == "https://shop.example");
    CHECK(field(answer, "Access-Control-Allow-Headers") == "tus-resumable");
    CHECK(field(answer, "Tus-Extension") ==
          "creation,creation-with-upload,termination,expiration,checksum");
    CHECK(field(answer, "Tus-Max-Size") == "4294967296");
    answer = ask(client, request("OPTIONS", "/files", "Origin: https://evil.example\r\n"));
    CHECK(answer.head.status() == 403);
  }
  host.stop_server(std::chrono::seconds{5});
}
