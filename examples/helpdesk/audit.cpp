#include "audit.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <kefu/audit/folder.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "secret.hpp"

namespace helpdesk {
namespace {

namespace fs = std::filesystem;
using kefu::audit::Head;

constexpr std::chrono::minutes kLogEvery{1};
constexpr mode_t kPrivate = 0600;

/// A file that only grows, so it may be on another machine, or a device, or `chattr +a`.
class AnchorFile {
 public:
  explicit AnchorFile(const fs::path& path)
      : file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kPrivate)) {
    if (file_ < 0) throw std::system_error(errno, std::system_category(), path.string());
    if (!fs::is_regular_file(path)) return;
    std::ifstream in(path, std::ios::binary);
    in.seekg(-1, std::ios::end);
    torn_ = in && in.get() != '\n';
  }
  ~AnchorFile() { ::close(file_); }
  AnchorFile(const AnchorFile&) = delete;
  AnchorFile& operator=(const AnchorFile&) = delete;

  /// A line that was torn earlier is ended by the '\n' before the next.
  [[nodiscard]] kefu::errc add(const std::string& line) {
    const std::string text = (torn_ ? "\n" : "") + line + "\n";
    const auto size = static_cast<ssize_t>(text.size());
    torn_ = ::write(file_, text.data(), text.size()) != size;
    if (torn_) return errno == ENOSPC ? kefu::errc::store_full : kefu::errc::unavailable;
    if (::fdatasync(file_) == 0 || errno == EINVAL)
      return kefu::errc::ok;  // a pipe has nothing to sync
    return kefu::errc::store_failed;
  }

 private:
  int file_;
  bool torn_ = false;  // its last line, by whoever wrote before or by a disk that was full
};

/// Every head goes to the file, and one a minute to the log, which others may collect.
class Anchors {
 public:
  Anchors(const fs::path& path, kefu::Logger& log) : log_(log) {
    if (!path.empty()) file_ = std::make_unique<AnchorFile>(path);
  }
  ~Anchors() { tell(); }
  Anchors(const Anchors&) = delete;
  Anchors& operator=(const Anchors&) = delete;

  [[nodiscard]] kefu::errc add(const Head& head) {
    std::string line = to_line(head);
    if (file_) {
      if (const kefu::errc code = file_->add(line); code != kefu::errc::ok) return code;
    }
    untold_ = std::move(line);
    const auto now = std::chrono::steady_clock::now();
    if (now >= next_) {
      next_ = now + kLogEvery;
      tell();
    }
    return kefu::errc::ok;
  }

 private:
  void tell() {
    if (!untold_.empty()) log_.log(kefu::LogLevel::info, "audit " + std::exchange(untold_, {}));
  }

  kefu::Logger& log_;
  std::unique_ptr<AnchorFile> file_;
  std::string untold_;
  std::chrono::steady_clock::time_point next_{};
};

/// What a name of a writer can't have is left out.
std::string machine_name() {
  std::array<char, 65> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) name.front() = '\0';
  std::string out = name.data();
  std::erase_if(out, [](char c) { return !kefu::audit::is_writer_name({&c, 1}); });
  return out.empty() ? "helpdesk" : out;
}

std::string place_of(const kefu::audit::Finding& finding) {
  if (finding.file.empty()) return "the log";
  return finding.line == 0 ? finding.file + ", at its end"
                           : fmt::format("{}:{}", finding.file, finding.line);
}

int report(const kefu::audit::Report& report) {
  for (const kefu::audit::Finding& finding : report.findings)
    fmt::print("{}: {}: {}\n", place_of(finding), name(finding.fault), finding.what);
  for (const Head& other : report.others)
    fmt::print("also anchored, elsewhere: {} up to entry {}\n", other.writer, other.n);
  if (report.faults != 0) {
    fmt::print("{} fault(s) in {} lines\n", report.faults, report.lines);
    return 1;
  }
  if (report.lines == 0) {
    fmt::print(stderr, "there is no audit log\n");
    return 2;
  }
  fmt::print("ok: {} lines in {} file(s), {} anchored\n{}\n", report.lines, report.files,
             report.anchored, to_line(report.head));
  return 0;
}

}  // namespace

std::unique_ptr<kefu::audit::FolderSink> open_audit(const Options& options, kefu::Logger& log) {
  if (options.audit.empty()) return nullptr;
  kefu::audit::FolderSinkOptions audit;
  audit.writer = options.audit_writer.empty() ? machine_name() : options.audit_writer;
  audit.salt = read_or_make_secret(options.data / "audit-salt");
  audit.logger = &log;
  audit.anchor = [anchors = std::make_shared<Anchors>(options.audit_anchors, log)](
                     const Head& head) { return anchors->add(head); };
  return std::make_unique<kefu::audit::FolderSink>(options.audit, std::move(audit));
}

bool is_audit_command(int argc, char** argv) {
  return argc > 1 && std::string_view(argv[1]) == "audit";
}

int run_audit_command(int argc, char** argv) {
  std::string folder;
  kefu::audit::VerifyOptions options;
  CLI::App app{"Audit logs that helpdesk --audit has written.", "helpdesk audit"};
  app.require_subcommand(1);
  CLI::App& verify = *app.add_subcommand(
      "verify", "Tell what was changed, removed or cut off. Ends with 0: nothing; 1: something");
  verify.add_option("folder", folder, "Folder of the log")->required();
  verify.add_option("--anchors", options.anchors,
                    "File of its heads: else nobody knows what is missing at its end");
  verify.add_option("--since", options.since, "First entry to expect: older files are elsewhere")
      ->check(CLI::PositiveNumber);
  try {
    app.parse(argc - 1, argv + 1);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    return report(kefu::audit::verify_folder(folder, options));
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  }
}

}  // namespace helpdesk
