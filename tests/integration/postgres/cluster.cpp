#include "cluster.hpp"

#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace kefu::test {
namespace {

struct Finish {
  void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
};
using Link = std::unique_ptr<PGconn, Finish>;

std::string text_of(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Starts a program of the server in `folder`, its output in a file there.
pid_t spawn(const std::string& folder, const std::string& log, std::vector<std::string> arguments) {
  const passwd* const nobody = ::geteuid() == 0 ? ::getpwnam("nobody") : nullptr;
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const std::string path = folder + "/" + log;
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child != 0) return child;
  const int out = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  ::dup2(out, 1);
  ::dup2(out, 2);
  if (nobody) {
    const bool became = ::setgroups(0, nullptr) == 0 && ::setgid(nobody->pw_gid) == 0 &&
                        ::setuid(nobody->pw_uid) == 0;
    if (!became) ::_exit(126);
  }
  // A test that dies takes its server along.
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (::getppid() != parent || ::chdir(folder.c_str()) != 0) ::_exit(126);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

}  // namespace

Cluster::Cluster(std::string address) : address_(std::move(address)) {
  folder_ = (std::filesystem::temp_directory_path() / "kefu-pg-XXXXXX").string();
  if (!::mkdtemp(folder_.data())) throw std::runtime_error("no temporary folder");
  if (::geteuid() == 0) {
    const passwd* const nobody = ::getpwnam("nobody");
    if (!nobody || ::chown(folder_.c_str(), nobody->pw_uid, nobody->pw_gid) != 0)
      throw std::runtime_error("no user to run PostgreSQL as");
  }
  const pid_t child = spawn(folder_, "initdb.log",
                            {KEFU_POSTGRES_BIN "/initdb", "-D", folder_ + "/data", "-A", "trust",
                             "-N", "-U", "kefu", "-E", "UTF8", "--locale=C"});
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0) throw std::runtime_error("initdb: " + text_of(folder_ + "/initdb.log"));
  if (!address_.empty())
    std::ofstream(folder_ + "/data/pg_hba.conf", std::ios::app) << "host all all all trust\n";
  start();
}

void Cluster::start() {
  // Autovacuum's transactions would hold back events for a moment, at times of its choice.
  server_ = spawn(folder_, "server.log",
                  {KEFU_POSTGRES_BIN "/postgres", "-D", folder_ + "/data", "-F", "-c",
                   "listen_addresses=" + address_, "-c", "unix_socket_directories=" + folder_, "-c",
                   "autovacuum=off", "-c", "client_min_messages=warning", "-c",
                   "max_connections=60", "-c", "shared_buffers=32MB"});
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (PQping(conninfo().c_str()) != PQPING_OK) {
    if (::waitpid(server_, nullptr, WNOHANG) == server_ || std::chrono::steady_clock::now() > end)
      throw std::runtime_error("postgres: " + text_of(folder_ + "/server.log"));
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

void Cluster::wait_for_end() {
  if (server_ > 0) ::waitpid(server_, nullptr, 0);
  server_ = -1;
}

void Cluster::kill() {
  if (server_ > 0) ::kill(server_, SIGQUIT);
  wait_for_end();
}

void Cluster::stop() {
  if (server_ > 0) ::kill(server_, SIGINT);
  wait_for_end();
}

Cluster::~Cluster() {
  kill();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string Cluster::conninfo(const std::string& folder) {
  return "host=" + folder + " port=5432 user=kefu dbname=postgres";
}

std::string Cluster::execute(const std::string& sql) {
  const Link link(PQconnectdb(conninfo().c_str()));
  PGresult* const result = PQexec(link.get(), sql.c_str());
  const ExecStatusType status = PQresultStatus(result);
  const int last = PQntuples(result) - 1;
  const std::string value = last < 0 ? "" : PQgetvalue(result, last, 0);
  PQclear(result);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
    throw std::runtime_error(PQerrorMessage(link.get()));
  return value;
}

void Cluster::end_sessions() {
  while (execute("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                 "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()") != "0") {
  }
}

}  // namespace kefu::test
