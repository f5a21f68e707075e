#include "backup.hpp"

#include "options.hpp"
#include "store.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace helpdesk {
namespace {

namespace fs = std::filesystem;

constexpr time_t kPatience = 5;  // seconds for a client to say what it wants
constexpr std::size_t kMaxPath = 4096;

class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  [[nodiscard]] int get() const { return descriptor_; }
  [[nodiscard]] int release() { return std::exchange(descriptor_, -1); }

  /// The other end may be gone; then nobody wants it.
  void say(std::string_view text) const {
    static_cast<void>(::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL));
  }
  /// All up to the end, or to a byte 0.
  [[nodiscard]] std::string hear() const {
    std::string text;
    char part[256];
    while (text.size() <= kMaxPath && text.find('\0') == std::string::npos) {
      const ssize_t got = ::recv(descriptor_, part, sizeof part, 0);
      if (got <= 0) break;
      text.append(part, static_cast<std::size_t>(got));
    }
    return text.substr(0, text.find('\0'));
  }

 private:
  int descriptor_;
};

int new_socket() {
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "socket");
  return descriptor;
}

fs::path door_of(const fs::path& data) { return data / "backup.sock"; }

sockaddr_un address_of(const fs::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.string().size() >= sizeof address.sun_path)
    throw std::system_error(ENAMETOOLONG, std::generic_category(), path.string());
  std::strcpy(address.sun_path, path.c_str());
  return address;
}

/// Of a helpdesk that runs on this data; none where none does.
std::optional<Socket> knock(const fs::path& data) {
  const sockaddr_un address = address_of(door_of(data));
  Socket socket(new_socket());
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return socket;
  if (errno == ENOENT || errno == ECONNREFUSED) return std::nullopt;
  throw std::system_error(errno, std::generic_category(), door_of(data).string());
}

std::string copy_here(const Options& options, std::string file) {
  if (!fs::exists(database_of(options)))
    throw std::runtime_error(database_of(options).string() + " is not there");
  kefu::sqlite::Store store(database_of(options).string());
  std::promise<kefu::errc> copied;
  store.backup(std::move(file), [&](kefu::errc code) { copied.set_value(code); });
  return std::string(name(copied.get_future().get()));
}

std::string copy(const Options& options, const std::string& file) {
  if (!options.postgres.empty())
    throw std::runtime_error("what is in PostgreSQL is backed up by its own tools");
  const std::optional<Socket> door = knock(options.data);
  if (!door) return copy_here(options, file);
  door->say(file + '\0');
  const std::string answer = door->hear();
  return answer.empty() ? "helpdesk ended meanwhile" : answer;
}

}  // namespace

BackupDoor::BackupDoor(const fs::path& data, kefu::sqlite::Store& store)
    : path_(door_of(data)), store_(store), listener_(-1) {
  Socket listener(new_socket());
  const sockaddr_un address = address_of(path_);
  // The store is open, so whoever left a socket here is gone.
  fs::remove(path_);
  const bool listens =
      ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::chmod(path_.c_str(), S_IRUSR | S_IWUSR) == 0 && ::listen(listener.get(), 1) == 0;
  if (!listens) throw std::system_error(errno, std::generic_category(), path_.string());
  listener_ = listener.release();
  thread_ = std::thread([this] { serve(); });
}

BackupDoor::~BackupDoor() {
  ::shutdown(listener_, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
  std::error_code ignored;
  fs::remove(path_, ignored);
}

void BackupDoor::serve() {
  for (;;) {
    const int accepted = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (accepted < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (accepted < 0) return;
    Socket client(accepted);
    const timeval patience{kPatience, 0};
    ::setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    std::string file = client.hear();
    if (!file.starts_with('/')) continue;
    store_.backup(std::move(file),
                  [client = std::move(client)](kefu::errc code) { client.say(name(code)); });
  }
}

int backup(int argc, char** argv) try {
  constexpr int kUsage = 2;
  if (argc < 2 || argv[1][0] == '-') {
    fmt::print(stderr, "usage: helpdesk backup FILE [--config CONFIG | --data FOLDER]\n");
    return kUsage;
  }
  const std::string file = fs::absolute(argv[1]).string();
  std::vector<char*> rest{argv[0]};
  rest.insert(rest.end(), argv + 2, argv + argc);
  const std::string outcome = copy(read_options(static_cast<int>(rest.size()), rest.data()), file);
  if (outcome == name(kefu::errc::ok)) {
    fmt::print("{}: backed up\n", file);
    return 0;
  }
  fmt::print(stderr, "{}: {}\n", file,
             outcome == name(kefu::errc::conflict) ? "is there already" : outcome);
  return 1;
} catch (const std::exception& error) {
  fmt::print(stderr, "{}\n", error.what());
  return 1;
}

}  // namespace helpdesk
