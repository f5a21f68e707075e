#include "disk/folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

namespace kefu::inline v0::disk {
namespace {

constexpr std::string_view kFormat = "kefu file 1";
constexpr std::string_view kUnfinished = ".new";
constexpr mode_t kPrivate = 0600;
constexpr std::int64_t kSecond = 1'000'000'000;

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::system_category(), what);
}

Descriptor open_folder(int at, const char* name) {
  if (::mkdirat(at, name, 0700) != 0 && errno != EEXIST) fail(name);
  Descriptor folder{::openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!folder) fail(name);
  return folder;
}

/// Nothing when it can't be read; errno says why.
std::optional<std::string> read_small(int at, const char* name) {
  const Descriptor file{::openat(at, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  if (!file) return std::nullopt;
  std::string out;
  std::array<char, 2048> part;
  for (;;) {
    const ssize_t n = ::read(file.get(), part.data(), part.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::nullopt;
    if (n == 0) return out;
    out.append(part.data(), static_cast<std::size_t>(n));
  }
}

constexpr std::string_view kVerdicts[] = {"", "pending", "clean", "refused"};

/// One line a field: no text in them has a control character.
std::string text_of(const FileInfo& info) {
  std::string out;
  for (const std::string& line :
       {std::string{kFormat}, info.conversation.to_string(), info.owner, info.name, info.type,
        std::to_string(info.size), info.sha256.value_or("")}) {
    out.append(line).append("\n");
  }
  if (info.verdict != FileVerdict::none || !info.metadata.empty())
    out.append(kVerdicts[static_cast<std::size_t>(info.verdict)]).append("\n");
  if (!info.metadata.empty()) out.append(info.metadata).append("\n");
  return out;
}

/// Takes the first line off; nothing when there is none.
std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

FileVerdict verdict_from(std::string_view line) {
  for (const FileVerdict verdict : {FileVerdict::clean, FileVerdict::refused}) {
    if (line == kVerdicts[static_cast<std::size_t>(verdict)]) return verdict;
  }
  return FileVerdict::none;
}

std::optional<FileInfo> info_from(FileId id, std::string_view text) {
  std::array<std::string_view, 7> lines;
  for (std::string_view& line : lines) {
    const auto next = take_line(text);
    if (!next) return std::nullopt;
    line = *next;
  }
  const auto conversation = ConversationId::parse(lines[1]);
  FileInfo info;
  const char* const end = lines[5].data() + lines[5].size();
  const auto [rest, error] = std::from_chars(lines[5].data(), end, info.size);
  if (lines[0] != kFormat || !conversation || error != std::errc{} || rest != end)
    return std::nullopt;
  info.id = id;
  info.conversation = *conversation;
  info.owner = lines[2];
  info.name = lines[3];
  info.type = lines[4];
  if (!lines[6].empty()) info.sha256 = lines[6];
  // These are not there in files of which there is nothing to say.
  info.verdict = verdict_from(take_line(text).value_or(""));
  info.metadata = take_line(text).value_or("");
  return info;
}

/// Empty where the system does not tell.
std::string this_boot() {
  std::string boot;
  std::ifstream{"/proc/sys/kernel/random/boot_id"} >> boot;
  return boot;
}

std::vector<std::string> names_in(const Descriptor& folder) {
  std::vector<std::string> names;
  const int own = ::openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const auto close = [](DIR* entries) { ::closedir(entries); };
  const std::unique_ptr<DIR, decltype(close)> entries{own < 0 ? nullptr : ::fdopendir(own), close};
  if (!entries) fail("reading the folder of files");
  while (const dirent* const entry = ::readdir(entries.get())) names.emplace_back(entry->d_name);
  return names;
}

}  // namespace

bool stamp(int file, Timestamp at) noexcept {
  const timespec time{at.ns / kSecond, at.ns % kSecond};
  const timespec times[2] = {time, time};
  return ::futimens(file, times) == 0;
}

Folder::Folder(const std::filesystem::path& path) {
  std::filesystem::create_directories(path);
  root_ = Descriptor{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!root_) fail(path.string());
  lock_ = Descriptor{::openat(root_.get(), "lock", O_RDWR | O_CREAT | O_CLOEXEC, kPrivate)};
  if (!lock_) fail(path.string());
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    throw std::runtime_error("another process has the files in " + path.string());
  }
  about_ = open_folder(root_.get(), "about");
  growing_ = open_folder(root_.get(), "growing");
  committed_ = open_folder(root_.get(), "committed");
  kept_ = open_folder(root_.get(), "kept");
  if (::fsync(root_.get()) != 0) fail(path.string());
}

const Descriptor& Folder::folder_of(FileState state) const {
  switch (state) {
    case FileState::growing:
      return growing_;
    case FileState::committed:
      return committed_;
    case FileState::kept:
      break;
  }
  return kept_;
}

bool Folder::restarted() const {
  const std::string boot = this_boot();
  return !boot.empty() && read_small(root_.get(), "boot") != boot;
}

bool Folder::note_boot() { return write_small(root_, "boot", this_boot()); }

std::vector<Folder::Found> Folder::find_all() {
  std::vector<Found> all;
  for (const std::string& name : names_in(about_)) {
    const auto id = FileId::parse(name);
    if (!id) {
      if (name.ends_with(kUnfinished)) ::unlinkat(about_.get(), name.c_str(), 0);
      continue;
    }
    auto found = find(*id);
    if (!found) throw std::system_error(make_error_code(found.error()), "about/" + name);
    if (*found) {
      all.push_back(**std::move(found));
    } else {
      ::unlinkat(about_.get(), name.c_str(), 0);  // it never began, or was being removed
    }
  }
  return all;
}

result<std::optional<Folder::Found>> Folder::find(FileId id) const {
  const std::optional<Found> absent;
  const std::string name = id.to_string();
  const auto text = read_small(about_.get(), name.c_str());
  if (!text && errno == ENOENT) return absent;
  auto info = text ? info_from(id, *text) : std::nullopt;
  if (!info) return errc::store_failed;
  for (const FileState state : {FileState::growing, FileState::committed, FileState::kept}) {
    struct stat status {};
    if (::fstatat(folder_of(state).get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno != ENOENT) return errc::store_failed;
      continue;
    }
    if (!S_ISREG(status.st_mode)) return errc::store_failed;
    return std::optional<Found>{
        Found{*std::move(info), state, static_cast<std::uint64_t>(status.st_size),
              Timestamp{status.st_mtim.tv_sec * kSecond + status.st_mtim.tv_nsec}}};
  }
  return absent;
}

bool Folder::write_small(const Descriptor& in, const std::string& name, const std::string& text) {
  const std::string fresh = name + std::string{kUnfinished};
  const Descriptor file{
      ::openat(in.get(), fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kPrivate)};
  const bool written = file && write_all(file.get(), text) && ::fsync(file.get()) == 0 &&
                       ::renameat(in.get(), fresh.c_str(), in.get(), name.c_str()) == 0;
  if (written) return ::fsync(in.get()) == 0;
  const int why = errno;
  ::unlinkat(in.get(), fresh.c_str(), 0);
  errno = why;
  return false;
}

bool Folder::write_info(const FileInfo& info) {
  return write_small(about_, info.id.to_string(), text_of(info));
}

bool Folder::make(FileId id, std::uint64_t size, Timestamp now) {
  const std::string name = id.to_string();
  const Descriptor file{::openat(growing_.get(), name.c_str(),
                                 O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, kPrivate)};
  if (!file) return false;
#ifdef FALLOC_FL_KEEP_SIZE
  if (size != 0 && ::fallocate(file.get(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size)) != 0 &&
      (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)) {
    return false;  // what else it says means that it can't, not that there is no room
  }
#endif
  return stamp(file.get(), now) && ::fsync(growing_.get()) == 0;
}

bool Folder::move(FileId id, FileState from, FileState to) {
  const std::string name = id.to_string();
  const Descriptor& source = folder_of(from);
  const Descriptor& target = folder_of(to);
  return ::renameat(source.get(), name.c_str(), target.get(), name.c_str()) == 0 &&
         ::fsync(target.get()) == 0 && ::fsync(source.get()) == 0;
}

/// The bytes first: lines without bytes are nothing, bytes without lines would be forgotten.
bool Folder::remove(FileId id) {
  const std::string name = id.to_string();
  for (const Descriptor* const folder : {&growing_, &committed_, &kept_}) {
    if (::unlinkat(folder->get(), name.c_str(), 0) == 0) {
      if (::fsync(folder->get()) != 0) return false;
    } else if (errno != ENOENT) {
      return false;
    }
  }
  return ::unlinkat(about_.get(), name.c_str(), 0) == 0 || errno == ENOENT;
}

void Folder::discard(FileId id) {
  const std::string name = id.to_string();
  ::unlinkat(growing_.get(), name.c_str(), 0);
  ::unlinkat(about_.get(), name.c_str(), 0);
}

Descriptor Folder::open(FileId id, FileState state, bool writable) const {
  const int how = (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW;
  return Descriptor{::openat(folder_of(state).get(), id.to_string().c_str(), how)};
}

}  // namespace kefu::inline v0::disk
