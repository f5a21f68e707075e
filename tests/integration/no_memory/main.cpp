// The server with an allocation that fails: the first of those that one client causes, then the
// second, and so on, until none is left that could. First those of its loop, then those of the
// store's thread, then SQLite's own. Whatever fails, the process goes on, another client's
// conversation does not notice, and the client itself gets its message stored exactly once when it
// comes again. In the end the file is sound, and opened anew it holds every message once. And
// agents come and go, with an allocation of the loop failing on the way: in the end they have gone.
#include <sqlite3.h>

#include <kefu/auth.hpp>
#include <kefu/hub.hpp>
#include <kefu/net/server.hpp>
#include <kefu/sqlite/store.hpp>
#include <kefu/wire/records.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <new>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>

#include "integration/net/client.hpp"

namespace {

/// Who allocates. Threads that nobody has named are the store's.
enum class Where : std::uint8_t { store, loop, client, sqlite };

thread_local Where thread = Where::store;
std::atomic<Where> counted{Where::client};  // whose allocations fail
std::atomic<long> left_until_failure{-1};   // below zero: none fails
std::atomic<bool> failed{false};

bool is_to_fail(Where where) {
  if (where != counted.load(std::memory_order_relaxed) ||
      left_until_failure.load(std::memory_order_relaxed) < 0 ||
      left_until_failure.fetch_sub(1, std::memory_order_relaxed) != 0) {
    return false;
  }
  failed.store(true, std::memory_order_relaxed);
  return true;
}

void* allocate(std::size_t size, std::size_t alignment) {
  if (is_to_fail(thread)) throw std::bad_alloc{};
  void* const memory =
      alignment == 0
          ? std::malloc(size)
          : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (!memory) throw std::bad_alloc{};
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size, 0); }
void* operator new[](std::size_t size) { return allocate(size, 0); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  try {
    return allocate(size, 0);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }

namespace {

using namespace kefu;
using net::testing::Received;
using net::testing::WsClient;

constexpr std::string_view kSecret = "a secret of thirty-two bytes, or more";

void require(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

sqlite3_mem_methods given;  // SQLite's own allocator

void* sqlite_allocate(int size) {
  return is_to_fail(Where::sqlite) ? nullptr : given.xMalloc(size);
}
void* sqlite_reallocate(void* memory, int size) {
  return is_to_fail(Where::sqlite) ? nullptr : given.xRealloc(memory, size);
}

/// Before anything else is asked of SQLite.
void take_over_allocator() {
  require(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &given) == SQLITE_OK, "SQLite's allocator");
  sqlite3_mem_methods methods = given;
  methods.xMalloc = sqlite_allocate;
  methods.xRealloc = sqlite_reallocate;
  require(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) == SQLITE_OK, "SQLite's allocator");
}

std::string token_of(const Participant& who) {
  return sign_jwt_hs256(kSecret, {who, SystemClock().now() + std::chrono::hours{1}});
}

/// The value of a text member, somewhere in a frame.
std::string member(const std::string& frame, const std::string& name) {
  const std::size_t at = frame.find("\"" + name + "\":\"");
  if (at == std::string::npos) return {};
  const std::size_t from = at + name.size() + 4;
  return frame.substr(from, frame.find('"', from) - from);
}

/// A visitor or an agent. Each function fails when its connection does.
class Person {
 public:
  Person(std::uint16_t port, std::string id, Role role = Role::visitor)
      : who_{std::move(id), role}, client_{port} {}

  bool hello(const std::string& session, std::uint64_t epoch) {
    const std::string resumed = session.empty() ? "" : R"(,"session":")" + session + '"';
    client_.send(R"({"type":"hello","token":")" + token_of(who_) + '"' + resumed + R"(,"epoch":)" +
                 std::to_string(epoch) + "}");
    const std::string welcome = await("\"type\":\"welcome\"");
    session_ = member(welcome, "session");
    return !welcome.empty();
  }
  bool open(const std::string& proposed) {
    client_.send(R"({"type":"open","id":")" + proposed + R"("})");
    const std::string joined = await("\"type\":\"joined\"");
    conversation_ = member(joined, "id");
    return !joined.empty();
  }
  bool say(std::uint64_t cseq, const std::string& body) {
    client_.send(R"({"type":"send","conversation":")" + conversation_ + R"(","cseq":)" +
                 std::to_string(cseq) + R"(,"body":")" + body + R"("})");
    return !await("\"type\":\"ack\"").empty();
  }
  /// How often a text stands in the log.
  std::size_t stored(const std::string& body) {
    client_.send(R"({"type":"history","conversation":")" + conversation_ +
                 R"(","after":0,"limit":200})");
    const std::string page = await("\"type\":\"history\"");
    const std::string wanted = '"' + body + '"';
    std::size_t count = 0;
    for (std::size_t at = page.find(wanted); at != std::string::npos;
         at = page.find(wanted, at + 1))
      ++count;
    return count;
  }
  [[nodiscard]] const std::string& session() const { return session_; }
  /// The last frame that came.
  [[nodiscard]] const std::string& last() const { return last_; }

 private:
  /// The first frame that holds `wanted`; "" when the connection ends before, or an error comes.
  std::string await(const std::string& wanted) {
    for (;;) {
      const Received received = client_.receive();
      last_ = received.text;
      if (received.kind != net::websocket::EventKind::text) return {};
      if (received.text.find(wanted) != std::string::npos) return received.text;
      if (received.text.find("\"type\":\"error\"") != std::string::npos) return {};
    }
  }

  Participant who_;
  std::string last_;
  WsClient client_;
  std::string session_;
  std::string conversation_;
};

std::string conversation_id(long round) {
  char text[64];
  std::snprintf(text, sizeof text, "0199c1d2-0000-7000-8000-%012lx",
                static_cast<unsigned long>(round + 1));
  return text;
}

/// One client's whole visit; false when its connection ended on the way.
bool visit(std::uint16_t port, long round, std::string& session) try {
  Person person{port, "visitor-" + std::to_string(round)};
  if (!person.hello("", 1)) return false;
  session = person.session();
  return person.open(conversation_id(round)) && person.say(1, "hello");
} catch (const std::exception&) {  // refused, or cut in the handshake
  return false;
}

/// The same client comes back, as the protocol tells it to.
void come_again(std::uint16_t port, long round, const std::string& session) {
  Person person{port, "visitor-" + std::to_string(round)};
  require(person.hello(session, 2), "hello after a failure: " + person.last());
  require(person.open(conversation_id(round)), "open after a failure: " + person.last());
  require(person.say(1, "hello"), "send after a failure: " + person.last());
  require(person.stored("hello") == 1, "stored once");
}

class Host {
 public:
  explicit Host(const std::filesystem::path& folder)
      : store_{(folder / "kefu.db").string()},
        hub_{loops_.executors(), store_, hub_options()},
        server_{loops_, options()} {
    hub_.authenticate(jwt_hs256(std::string{kSecret}));
    server_.serve(hub_);
    thread_ = std::thread{[this] {
      thread = Where::loop;
      loops_.run();
    }};
  }
  ~Host() {
    loops_.stop();
    thread_.join();
  }
  [[nodiscard]] std::uint16_t port() const { return server_.port(); }
  [[nodiscard]] std::size_t connections() const { return server_.connections(); }

  /// Waits until nobody is connected but `others`.
  void await_connections(std::size_t others) {
    while (server_.connections() > others) {
      std::promise<void> turned;
      loops_.executors().front()->post([&] { turned.set_value(); });
      turned.get_future().wait();
    }
  }
  /// Whoever comes before that may be sent away once more.
  void await_mending() {
    while (stats().unmended != 0) {
    }
  }
  /// What the store says of an agent.
  bool is_present(const std::string& agent) {
    std::promise<bool> present;
    store_.get(agent_key(agent), [&](result<std::optional<Record>> record) {
      const bool known = record && *record;
      present.set_value(
          known &&
          !std::get<Agent>(*wire::decode_record((**record).key, (**record).value)).devices.empty());
    });
    return present.get_future().get();
  }
  HubStats stats() {
    std::promise<HubStats> stats;
    hub_.stats([&](HubStats now) { stats.set_value(now); });
    return stats.get_future().get();
  }

 private:
  static HubOptions hub_options() {
    HubOptions out;
    out.limits.departure_delay = std::chrono::milliseconds{1};
    return out;
  }
  static net::ServerOptions options() {
    net::ServerOptions out;
    out.port = 0;
    return out;
  }

  net::Loops loops_;
  sqlite::Store store_;
  Hub hub_;
  net::Server server_;
  std::thread thread_;
};

/// Answers how many visits there were.
long let_fail(Where where, const char* whose, const std::filesystem::path& folder) {
  Host host{folder};
  counted = where;
  Person bystander{host.port(), "bystander"};
  require(bystander.hello("", 1) && bystander.open(conversation_id(-1)), "the bystander comes");
  std::uint64_t said = 0;
  long harmed = 0;
  constexpr long kWarm = 5;  // so that what is allocated once has been
  constexpr long kClean = 3;
  long clean = 0;
  long round = 0;
  for (long n = -kWarm; clean < kClean; ++n, ++round) {
    std::string session;
    failed = false;
    left_until_failure = n < 0 ? -1 : n;
    const bool whole = visit(host.port(), round, session);
    left_until_failure = -1;
    host.await_mending();
    if (!whole) {
      require(failed, "a visit failed without a reason");
      ++harmed;
      come_again(host.port(), round, session);
    }
    require(bystander.say(++said, "still here"), "the bystander was harmed");
    host.await_connections(1);
    clean = n >= 0 && !failed ? clean + 1 : 0;
  }
  const HubStats left = host.stats();
  require(left.pending_drafts == 0 && left.connections == 1, "something was left behind");
  std::printf(
      "%s: %ld allocations of a visit failed in turn; %ld of them ended the visit, none harmed "
      "anything else\n",
      whose, round - kWarm - kClean, harmed);
  return round;
}

template <class Condition>
void await(const std::string& what, Condition holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (!holds()) {
    require(std::chrono::steady_clock::now() < end, "waited in vain: " + what);
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
}

std::unique_ptr<Person> arrive(std::uint16_t port, const std::string& agent) try {
  auto person = std::make_unique<Person>(port, agent, Role::agent);
  return person->hello("", 1) ? std::move(person) : nullptr;
} catch (const std::exception&) {
  return nullptr;
}

/// Those of the loop's ticks fail, too, so there is no end to them: so many are tried.
void let_agents_go(const std::filesystem::path& folder) {
  constexpr long kTried = 120;
  Host host{folder};
  counted = Where::loop;
  long failures = 0;
  for (long n = 0; n < kTried; n += 5) {
    const std::string agent = "agent-" + std::to_string(n);
    failed = false;
    left_until_failure = n;
    if (const auto person = arrive(host.port(), agent))
      await(agent + " comes", [&] { return host.is_present(agent) || host.connections() == 0; });
    await(agent + " goes", [&] { return host.connections() == 0 && !host.is_present(agent); });
    left_until_failure = -1;
    failures += failed ? 1 : 0;
  }
  host.await_mending();
  Person last{host.port(), "last", Role::agent};
  require(last.hello("", 1), "an agent comes in the end");
  await("they are present", [&] { return host.is_present("last"); });
  std::printf("agents: %ld allocations failed as they came and went, nobody stayed\n", failures);
}

/// What is on the disk, to somebody who has just come.
void look_at(const std::filesystem::path& folder, long rounds) {
  Host host{folder};
  for (long round = 0; round < rounds; ++round) {
    Person person{host.port(), "visitor-" + std::to_string(round)};
    require(person.hello("", 1) && person.open(conversation_id(round)), "coming in the end");
    require(person.stored("hello") == 1, "stored once, in the end");
  }
}

void check_file(const std::filesystem::path& folder) {
  sqlite3* db = nullptr;
  require(sqlite3_open((folder / "kefu.db").c_str(), &db) == SQLITE_OK, "opening the file");
  std::string verdict;
  const auto take = [](void* to, int, char** values, char**) {
    *static_cast<std::string*>(to) += values[0];
    return 0;
  };
  sqlite3_exec(db, "PRAGMA integrity_check", take, &verdict, nullptr);
  sqlite3_close(db);
  require(verdict == "ok", "the file is harmed: " + verdict);
}

void run(const std::filesystem::path& folder) {
  take_over_allocator();
  std::filesystem::create_directories(folder / "agents");
  let_agents_go(folder / "agents");
  const struct {
    Where where;
    const char* whose;
  } courses[]{{Where::loop, "loop"}, {Where::store, "store"}, {Where::sqlite, "SQLite"}};
  for (const auto& course : courses) {
    const auto own = folder / course.whose;
    std::filesystem::create_directories(own);
    const long rounds = let_fail(course.where, course.whose, own);
    counted = Where::client;
    look_at(own, rounds);
    check_file(own);
  }
}

}  // namespace

int main() {
  thread = Where::client;
  const auto folder = std::filesystem::temp_directory_path() /
                      ("kefu-no-memory-" + std::to_string(std::random_device{}()));
  std::filesystem::create_directories(folder);
  int result = 1;
  try {
    run(folder);
    result = 0;
  } catch (const std::exception& error) {
    std::printf("FAILED: %s\n", error.what());
  }
  std::filesystem::remove_all(folder);
  return result;
}
