#include <kefu/audit/chain.hpp>

#include <algorithm>
#include <charconv>
#include <kefu/wire/json_writer.hpp>
#include <new>
#include <span>
#include <utility>
#include <variant>

#include "digest.hpp"
#include "hmac.hpp"

namespace kefu::inline v0::audit {
namespace {

constexpr std::size_t kMaxWriter = 64;
constexpr std::size_t kHashSize = kNoHash.size();
constexpr std::string_view kHashField = R"(,"hash":")";
constexpr std::string_view kEnd = R"("})";
constexpr std::string_view kAct = R"("act":")";
constexpr std::size_t kTailSize = kHashField.size() + kHashSize + kEnd.size();

bool is_hash(std::string_view text) noexcept {
  return text.size() == kHashSize && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::string hash_of(std::string_view text) {
  Digest digest;
  digest.update(std::as_bytes(std::span{text}));
  return to_hex(digest.finish());
}

/// Takes the pieces of a line off its front. Once one was not there, none is.
class Scan {
 public:
  explicit Scan(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool good() const noexcept { return good_; }
  [[nodiscard]] bool at_end() const noexcept { return good_ && rest_.empty(); }
  [[nodiscard]] bool at(std::string_view literal) const noexcept {
    return good_ && rest_.starts_with(literal);
  }
  void fail() noexcept { good_ = false; }

  Scan& skip(std::string_view literal) {
    good_ = good_ && rest_.starts_with(literal);
    if (good_) rest_.remove_prefix(literal.size());
    return *this;
  }
  Scan& number(std::uint64_t& to) {
    if (!good_) return *this;
    const char* const end = rest_.data() + rest_.size();
    const auto [stop, error] = std::from_chars(rest_.data(), end, to);
    good_ = error == std::errc{};
    if (good_) rest_.remove_prefix(static_cast<std::size_t>(stop - rest_.data()));
    return *this;
  }
  /// Up to the next quote, which stays.
  std::string_view text() {
    const std::size_t size = rest_.find('"');
    if (size == std::string_view::npos) good_ = false;
    if (!good_) return {};
    const std::string_view out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }

 private:
  std::string_view rest_;
  bool good_ = true;
};

void write_origin(const Origin& origin, wire::JsonWriter& json) {
  if (origin.session.is_nil()) return;
  json.raw(R"(,"session":)");
  json.id(origin.session);
  json.raw(R"(,"cseq":)");
  json.number(origin.cseq);
}

void write_entry(const Entry& entry, std::string_view salt, wire::JsonWriter& json) {
  json.raw(R"(,"conversation":)");
  json.id(entry.conversation);
  json.raw(R"(,"log":)");
  json.text(name(entry.log));
  json.raw(R"(,"seq":)");
  json.number(entry.seq);
  json.raw(R"(,"at":)");
  json.time(entry.at);
  json.raw(R"(,"from":)");
  json.text(entry.from);
  json.raw(R"(,"role":)");
  json.text(name(entry.role));
  write_origin(entry.origin, json);
  json.raw(R"(,"kind":)");
  json.text(entry.kind);
  if (!entry.tags.empty()) {
    json.raw(R"(,"tags":)");
    json.text(entry.tags);
  }
  if (entry.body.empty()) return;
  json.raw(R"(,"content":)");
  json.text(content_digest(salt, entry));
}

std::string salted(std::string_view salt, const std::string& text) {
  const auto digest = hmac_sha256(salt, text);
  if (!digest) throw std::bad_alloc{};
  return to_hex({reinterpret_cast<const char*>(digest->data()), digest->size()});
}

/// Writes the fields of an act behind its name.
struct ActWriter {
  wire::JsonWriter& json;
  std::string_view salt;
  Timestamp at;

  void begin(std::string_view name) const {
    json.raw(R"("act":)");
    json.text(name);
    json.raw(R"(,"at":)");
    json.time(at);
  }
  void text(std::string_view name, std::string_view value) const {
    if (value.empty()) return;
    json.raw(",");
    json.text(name);
    json.raw(":");
    json.text(value);
  }
  void digest(std::string_view name, std::string_view value) const {
    if (!value.empty()) text(name, text_digest(salt, name, value));
  }

  void operator()(const act::SendRefused& send) const {
    begin("send_refused");
    json.raw(R"(,"conversation":)");
    json.id(send.conversation);
    text("log", name(send.log));
    text("by", send.by);
    text("role", name(send.role));
    write_origin(send.origin, json);
    digest("reason", send.reason);
    if (send.body.empty()) return;
    std::string place = send.conversation.to_string();
    place.append(" ").append(name(send.log)).append(" ").append(send.origin.session.to_string());
    place.append(" ").append(std::to_string(send.origin.cseq));
    text("content", text_digest(salt, place, send.body));
  }
  void operator()(const act::LoginsRefused& logins) const {
    begin("logins_refused");
    text("code", name(logins.code));
    if (logins.rule != Rule::none) text("rule", name(logins.rule));
    text("participant", logins.participant);
    digest("network", logins.network);
    digest("subject", logins.subject);
    json.raw(R"(,"count":)");
    json.number(logins.count);
  }
  void operator()(const act::Banned& banned) const {
    const Ban& ban = banned.ban;
    begin("banned");
    text("by", ban.by);
    text("participant", ban.participant);
    digest("address", ban.address);
    if (ban.until) {
      json.raw(R"(,"until":)");
      json.time(*ban.until);
    }
    digest("reason", ban.reason);
  }
  void operator()(const act::Lifted& lifted) const {
    begin("lifted");
    text("by", lifted.by);
    text("participant", lifted.participant);
    digest("address", lifted.address);
  }
};

}  // namespace

bool is_writer_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= kMaxWriter && std::ranges::all_of(name, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.';
  });
}

std::string to_line(const Head& head) {
  std::string out = R"({"writer":")" + head.writer;
  return out.append(R"(","n":)")
      .append(std::to_string(head.n))
      .append(kHashField)
      .append(head.hash)
      .append(kEnd);
}

std::optional<Head> head_from(std::string_view line) {
  Head head;
  Scan scan(line);
  head.writer = scan.skip(R"({"writer":")").text();
  scan.skip(R"(","n":)").number(head.n).skip(kHashField);
  head.hash = scan.text();
  if (!scan.skip(kEnd).at_end() || !is_writer_name(head.writer) || !is_hash(head.hash))
    return std::nullopt;
  return head;
}

std::string content_digest(std::string_view salt, const Entry& entry) {
  std::string text = entry.conversation.to_string();
  text.append(" ").append(name(entry.log)).append(" ").append(std::to_string(entry.seq));
  text.append("\n").append(entry.body);
  return salted(salt, text);
}

std::string text_digest(std::string_view salt, std::string_view what, std::string_view text) {
  return salted(salt, std::string(what).append("\n").append(text));
}

std::string fields_of(const Act& act, std::string_view salt) {
  std::string out;
  {
    wire::JsonWriter json(out);
    std::visit(ActWriter{json, salt, act.at}, act.what);
  }
  return out;
}

std::string fields_of_lost(std::uint64_t count) {
  return R"("act":"lost","count":)" + std::to_string(count);
}

template <class Write>
void Chain::append_line(std::string& out, Write write) {
  const std::size_t begin = out.size();
  {
    wire::JsonWriter json(out);
    json.raw(R"({"writer":)");
    json.text(head_.writer);
    json.raw(R"(,"n":)");
    json.number(head_.n + 1);
    json.raw(R"(,"prev":)");
    json.text(head_.hash);
    json.raw(",");
    write(json);
  }
  std::string hash = hash_of(std::string_view(out).substr(begin));
  out.append(kHashField).append(hash).append(kEnd).append("\n");
  head_.hash = std::move(hash);
  ++head_.n;
}

void Chain::append(const Event& event, std::string_view salt, std::string& out) {
  append_line(out, [&](wire::JsonWriter& json) {
    json.raw(R"("position":)");
    json.number(event.position);
    write_entry(event.entry, salt, json);
  });
}

void Chain::append(std::string_view fields, std::string& out) {
  append_line(out, [&](wire::JsonWriter& json) { json.raw(fields); });
}

namespace {

void read_entry(Scan& scan, Line& line) {
  scan.skip(R"("position":)").number(line.position);
  const auto conversation = ConversationId::parse(scan.skip(R"(,"conversation":")").text());
  const std::string_view log = scan.skip(R"(","log":")").text();
  scan.skip(R"(","seq":)").number(line.seq).skip(",");
  if (!conversation) return scan.fail();
  line.conversation = *conversation;
  line.log = log == name(Log::internal) ? Log::internal : Log::public_log;
}

}  // namespace

std::optional<Line> line_from(std::string_view text) {
  if (text.size() < kTailSize) return std::nullopt;
  const std::string_view content = text.substr(0, text.size() - kTailSize);
  Line line;
  Scan tail(text.substr(content.size()));
  line.head.hash = tail.skip(kHashField).text();
  Scan scan(content);
  line.head.writer = scan.skip(R"({"writer":")").text();
  scan.skip(R"(","n":)").number(line.head.n);
  line.prev = scan.skip(R"(,"prev":")").text();
  scan.skip(R"(",)");
  if (scan.at(kAct)) {
    line.act = scan.skip(kAct).text();
    scan.skip("\",");
  } else {
    read_entry(scan, line);
  }
  if (!scan.good() || !tail.skip(kEnd).at_end() || line.head.n == 0 ||
      !is_writer_name(line.head.writer) || !is_hash(line.head.hash) || !is_hash(line.prev))
    return std::nullopt;
  line.whole = hash_of(content) == line.head.hash;
  return line;
}

}  // namespace kefu::inline v0::audit
