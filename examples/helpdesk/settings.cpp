#include "settings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <type_traits>

namespace helpdesk {
namespace {

namespace fs = std::filesystem;
using Texts = std::vector<std::string>;

template <class T>
constexpr bool kIsNumber = std::is_arithmetic_v<T> && !std::is_same_v<T, bool>;

template <class T>
const T& as(const Value& value, const std::string& what) {
  if (const T* const held = std::get_if<T>(&value)) return *held;
  throw std::runtime_error("must be " + what);
}

double number(const Setting& setting, const Value& value, bool whole) {
  const std::string what =
      fmt::format("a {}number from {} to {}", whole ? "whole " : "", setting.least, setting.most);
  const auto given = as<double>(value, what);
  const bool inside = given >= setting.least && given <= setting.most;
  if (!inside || (whole && given != std::floor(given))) as<double>(std::string(), what);
  return given;
}

void put(const Setting& setting, const Value& value, std::string& to) {
  const std::string what = setting.choices.empty()
                               ? "a text"
                               : fmt::format("one of {}", fmt::join(setting.choices, ", "));
  const auto& given = as<std::string>(value, what);
  const bool known = setting.choices.empty() || std::ranges::count(setting.choices, given) != 0;
  if (!known) throw std::runtime_error("must be " + what);
  to = given;
}
void put(const Setting&, const Value& value, fs::path& to) {
  to = as<std::string>(value, "the name of a file or folder");
}
void put(const Setting&, const Value& value, Texts& to) {
  to = as<Texts>(value, "a list of texts");
}
void put(const Setting&, const Value& value, bool& to) { to = as<bool>(value, "true or false"); }
void put(const Setting& setting, const Value& value, double& to) {
  to = number(setting, value, false);
}
void put(const Setting& setting, const Value& value, kefu::Nanoseconds& to) {
  to = std::chrono::seconds(static_cast<std::int64_t>(number(setting, value, true)));
}
template <class Whole>
void put(const Setting& setting, const Value& value, Whole& to) {
  to = static_cast<Whole>(number(setting, value, true));
}

/// The text itself where it isn't one: then set() says what it must be.
Value number_or_text(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return text;
  return value;
}

Value switch_or_text(const std::string& text) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return text;
}

Value list(const std::string& text) {
  Texts items;
  std::istringstream in(text);
  for (std::string item; std::getline(in, item, ',');) items.push_back(item);
  return items;
}

void add_server(std::vector<Setting>& out, Options& o) {
  out.push_back({"address", &o.address, "Numeric address to listen on"});
  out.push_back({"port", &o.port, "Port to listen on; 0: any free one", 0, 65535});
  out.push_back({"threads", &o.threads, "Event loops", 1, 64});
  out.push_back({"data", &o.data, "Folder of the database and the files; made when missing"});
  out.push_back({"web", &o.web, "Folder of the pages; by default the one beside the program"});
  out.push_back(
      {"secret_file", &o.secret_file,
       "File of the secrets of the tokens, 32 or more bytes, one a line, \"kid=NAME secret\" where "
       "they have names: the first signs, all are good. Read again on SIGHUP"});
  out.push_back({"allowed_origins", &o.allowed_origins,
                 "Origins whose pages may connect, https://shop.example say; none: all"});
  out.push_back(
      {"trusted_proxies", &o.trusted_proxies,
       "Addresses or networks of the proxies in front, which are believed whom they speak "
       "for"});
  out.push_back({"proxy_header",
                 &o.proxy_header,
                 "How they say that: one field, or the PROXY protocol, without which nobody gets "
                 "in then",
                 0,
                 0,
                 {"none", "forwarded", "x_forwarded_for", "proxy_protocol"}});
  out.push_back({"login_failures", &o.login_failures,
                 "Wrong tokens of an address in a minute before its connections are refused; "
                 "loopback isn't counted",
                 1, 1e6});
  out.push_back({"tls_chain", &o.tls_chain,
                 "PEM file with the certificate and those that lead to its root: serve TLS. Read "
                 "again on SIGHUP"});
  out.push_back({"tls_key", &o.tls_key, "PEM file with its key"});
  out.push_back({"ping_interval", &o.ping_interval,
                 "Seconds after which a silent client is pinged; after two of them it is given up",
                 0.05, 3600});
  out.push_back(
      {"metrics", &o.metrics, "Serve figures for Prometheus at /metrics, to whoever asks"});
  out.push_back(
      {"drain_delay", &o.drain_delay,
       "Seconds after SIGTERM for which it goes on while /readyz says 503, so that a load "
       "balancer turns away first",
       0, 3600});
  out.push_back({"log_level",
                 &o.log_level,
                 "How much is logged",
                 0,
                 0,
                 {"debug", "info", "warning", "error"}});
  out.push_back({"log_format",
                 &o.log_format,
                 "Lines of text, or an object of JSON a line",
                 0,
                 0,
                 {"text", "json"}});
  out.push_back({"demo", &o.demo,
                 "Give a token to whoever asks; on loopback only. The default where nothing is "
                 "said, with files"});
}

void add_store(std::vector<Setting>& out, Options& o) {
  out.push_back({"synchronous",
                 &o.synchronous,
                 "What SQLite's commits survive: full: power loss; normal: only kill -9",
                 0,
                 0,
                 {"full", "normal"}});
  out.push_back({"wal_mb", &o.wal_mb,
                 "Megabytes of SQLite's log above which it is copied into the database", 1, 1024});
  out.push_back({"postgres", &o.postgres,
                 "Conninfo of libpq, \"host=db dbname=support\" say: keep conversations there, and "
                 "not in a file below data. Any number of nodes may"});
  out.push_back({"schema", &o.schema, "Schema of its tables there"});
  out.push_back({"nats", &o.nats,
                 "URLs of NATS servers, with commas between them, through which the nodes on one "
                 "PostgreSQL tell each other what is new"});
  out.push_back({"nats_prefix", &o.nats_prefix,
                 "Stands before the subjects there: the same for all nodes on one database"});
  out.push_back({"nats_credentials", &o.nats_credentials, "File of credentials for them"});
  out.push_back({"nats_ca", &o.nats_ca,
                 "PEM file of those that their certificates are signed by: speak TLS to them"});
}

void add_desk(std::vector<Setting>& out, Options& o) {
  out.push_back({"routing",
                 &o.desk.strategy,
                 "Who is offered what waits; pick: everybody, and the first takes it",
                 0,
                 0,
                 {"least_loaded", "round_robin", "longest_idle", "pick"}});
  out.push_back({"capacity", &o.capacity, "Conversations of an agent at once", 1, 1000});
  out.push_back(
      {"grace", &o.grace, "Seconds before the conversations of an absent agent wait again"});
  out.push_back({"typing_preview", &o.desk.typing_preview,
                 "Agents see what visitors are typing, who are told so"});
  out.push_back({"retain_for", &o.desk.retain_for,
                 "Seconds after which what was said is forgotten; 0: never", 0, 1e9});
}

void add_files(std::vector<Setting>& out, Options& o) {
  out.push_back({"files", &o.files, "Let people send files, kept in files_folder"});
  out.push_back({"files_folder", &o.files_folder,
                 "Folder of the files, on a disk of their own where uploads hold messages up; "
                 "empty: files, below data"});
  out.push_back(
      {"file_digest",
       &o.file_digest,
       "When the SHA-256 of a file is made: on_commit, which nobody waits for; streaming, "
       "from what comes; or never",
       0,
       0,
       {"never", "on_commit", "streaming"}});
  out.push_back({"scan", &o.scan,
                 "Program that judges each file, which it reads from its standard input, before "
                 "anybody gets it: it ends with 0 for clean and 1 for refused"});
}

void add_webhook(std::vector<Setting>& out, Options& o) {
  out.push_back({"webhook", &o.webhook, "URL to which every entry is posted"});
  out.push_back({"webhook_secret_file", &o.webhook_secret_file,
                 "File with the secrets that sign these posts, one a line"});
  out.push_back({"webhook_attempts", &o.webhook_attempts,
                 "After so many failures an entry becomes a dead letter", 1, 1e6});
  out.push_back(
      {"webhook_timeout", &o.webhook_timeout, "Seconds that the URL has for an answer", 0.05, 600});
  out.push_back({"webhook_roots", &o.webhook_roots,
                 "PEM file with who may have signed its certificate, in place of the system's"});
  out.push_back({"webhook_allow_private", &o.webhook_allow_private,
                 "The URL may lead to this machine or a private network"});
  out.push_back(
      {"webhook_replay", &o.webhook_replay, "Post the dead letters again, once, at the start"});
}

void add_audit(std::vector<Setting>& out, Options& o) {
  out.push_back(
      {"audit", &o.audit,
       "Folder of the audit log, which `helpdesk audit verify` reads; made when missing"});
  out.push_back(
      {"audit_anchors", &o.audit_anchors,
       "File to which the heads of the audit log are added: where nobody can remove them"});
  out.push_back(
      {"audit_writer", &o.audit_writer,
       "Name of this node in its audit log, when it begins; by default that of the machine"});
}

void add_api(std::vector<Setting>& out, Options& o) {
  out.push_back({"api", &o.api, "Serve the HTTP API for backends below /api"});
  out.push_back({"api_failures", &o.api_failures,
                 "Wrong tokens of an address in a minute before its calls are refused there", 1,
                 1e6});
}

void add_policies(std::vector<Setting>& out, PolicyOptions& o) {
  out.push_back({"keywords", &o.keywords,
                 "File of words that are flagged, masked or denied, one a line: \"deny word\""});
  out.push_back({"links", &o.links, "Domains to which links of visitors may lead; by default any"});
  out.push_back({"message_rate", &o.message_rate,
                 "Messages that a visitor may send a minute; 0: any number"});
  out.push_back({"risk_control", &o.risk_control,
                 "URL that judges every message, see kefu/net/risk_control.hpp"});
  out.push_back({"risk_fail",
                 &o.risk_fail,
                 "What stands when it gives no verdict in time: open, the message is stored with "
                 "the tag \"unjudged\"; or closed, it is denied",
                 0,
                 0,
                 {"open", "closed"}});
  out.push_back({"risk_deadline", &o.risk_deadline, "Milliseconds that it has", 1, 400});
}

}  // namespace

std::string Setting::flag() const {
  std::string out = "--" + std::string(key);
  std::ranges::replace(out, '_', '-');
  return out;
}

std::string Setting::variable() const {
  std::string out = "KEFU_" + std::string(key);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

std::vector<Setting> settings(Options& options) {
  std::vector<Setting> out;
  add_server(out, options);
  add_store(out, options);
  add_desk(out, options);
  add_files(out, options);
  add_webhook(out, options);
  add_audit(out, options);
  add_api(out, options);
  add_policies(out, options.policies);
  return out;
}

void set(const Setting& setting, const Value& value) {
  std::visit([&](auto* to) { put(setting, value, *to); }, setting.target);
}

void set_from_text(const Setting& setting, const std::string& text) {
  const Value value = std::visit(
      [&]<class T>(T*) -> Value {
        if constexpr (std::is_same_v<T, bool>) return switch_or_text(text);
        if constexpr (std::is_same_v<T, Texts>) return list(text);
        if constexpr (kIsNumber<T> || std::is_same_v<T, kefu::Nanoseconds>)
          return number_or_text(text);
        return text;
      },
      setting.target);
  set(setting, value);
}

std::string to_text(const Setting& setting) {
  return std::visit(
      []<class T>(const T* of) -> std::string {
        if constexpr (std::is_same_v<T, fs::path>) {
          return of->string();
        } else if constexpr (std::is_same_v<T, kefu::Nanoseconds>) {
          return fmt::format("{}", std::chrono::duration_cast<std::chrono::seconds>(*of).count());
        } else if constexpr (std::is_same_v<T, Texts>) {
          return fmt::format("{}", fmt::join(*of, ","));
        } else {
          return fmt::format("{}", *of);
        }
      },
      setting.target);
}

}  // namespace helpdesk
