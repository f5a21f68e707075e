// examples/embed/agent: an agent at a terminal, who talks with a visitor over the real server.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "integration/client/talk.hpp"
#include "unit/sqlite/scratch.hpp"

namespace {

using namespace kefu;
using namespace kefu::test;

/// The program at its terminal.
class Terminal {
 public:
  Terminal(const Helpdesk& desk, const std::string& name, const std::string& folder)
      : fifo_(folder + "/terminal"), process_(command(desk, name, folder)), lines_(fifo_) {}

  void type(const std::string& line) { lines_ << line << '\n' << std::flush; }
  /// Waits until it says a line with that in it.
  void await(const std::string& text) {
    std::optional<std::string> line;
    while ((line = process_.line()) && line->find(text) == std::string::npos) {
    }
    REQUIRE_MESSAGE(line, "not said: " << text);
  }
  int wait() { return process_.wait(); }

 private:
  std::vector<std::string> command(const Helpdesk& desk, const std::string& name,
                                   const std::string& folder) const {
    REQUIRE_EQ(::mkfifo(fifo_.c_str(), 0600), 0);
    std::ifstream secret(desk.file("secret"));
    return {"/bin/sh", "-c",
            "cd '" + folder + "' && KEFU_SECRET='" +
                std::string(std::istreambuf_iterator<char>(secret), {}) + "' exec " KEFU_AGENT " " +
                url_of(desk.port()) + " " + name + " <terminal"};
  }

  const std::string fifo_;
  Process process_;
  std::ofstream lines_;  // opened when the program opens its end
};

}  // namespace

TEST_CASE("an agent at a terminal accepts, talks and resolves") {
  Random random;
  CAPTURE(random.seed);
  const Scratch folder;
  Helpdesk desk;
  desk.start();
  Terminal agent(desk, "ada", folder.file(""));
  agent.await("connected");

  Stage stage;
  auto visitor = std::make_unique<Person>(stage, url_of(desk.port()), desk.token("v1", "visitor"),
                                          fresh_chat(random), "v1", 1, true);
  visitor->start();
  agent.await("1 v1 asks: help");
  agent.type("accept 2");
  agent.await("? list");
  agent.type("accept 1");
  agent.await("1 v1: v1/1");
  agent.type("say 1 hello from a terminal");
  agent.await("1 me: hello from a terminal");
  const auto heard = [&](const std::string& kind, const std::string& body) {
    stage.await([&] {
      return std::ranges::any_of(visitor->log, [&](const Entry& entry) {
        return entry.kind == kind && (body.empty() || entry.body == body);
      });
    });
  };
  heard("text", "hello from a terminal");
  agent.type("list");
  agent.await("1 v1 mine");
  agent.type("resolve 1");
  agent.await("[resolved]");
  heard("resolved", "");
  agent.type("quit");
  CHECK_EQ(agent.wait(), 0);
  Person::leave(stage, std::move(visitor));
}
