// A library that a test preloads into a program, to end it at a chosen system call, or to let one
// fail: the moments around a commit that no signal from outside would ever hit.
//
//   KEFU_FAULT="<where> <n>"   at the n-th time
//   KEFU_FAULT_FILE="<end>"    of the names of the files that are meant, e.g. "-wal"
//   KEFU_FAULT_NOTE="<file>"   where the offset stands, as 8 bytes, from which on nothing has been
//                              synced; -1: everything has
//
// where: receive  before bytes are taken from a socket      send  before they are given to one
//        write    before a write to the file                torn  in the middle of it
//        written  after it                                  sync, synced  before, after a sync
//        sent     after send                                eio   the sync fails, and all goes on
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <new>

namespace {

template <class Function>
Function next(Function /*like*/, const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

using Offset = std::atomic<long long>;

struct Plan {
  Plan() {
    const char* const text = getenv("KEFU_FAULT");
    if (!text || sscanf(text, "%15s %ld", where, &left_at_first) != 2) where[0] = '\0';
    left = left_at_first;
    file = getenv("KEFU_FAULT_FILE");
    if (const char* const note = getenv("KEFU_FAULT_NOTE")) unsynced = map(note);
    *unsynced = -1;
  }
  // It is the file's own memory, so that it is right at whichever instruction the process ends: the
  // other threads go on for a while when one has ended it, and may sync and acknowledge meanwhile.
  static Offset* map(const char* note) {
    const int fd = open(note, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, sizeof(Offset)) != 0) abort();
    void* const at = mmap(nullptr, sizeof(Offset), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) abort();
    close(fd);
    return new (at) Offset;
  }
  char where[16] = {};
  long left_at_first = 0;
  std::atomic<long> left{0};
  const char* file = nullptr;
  Offset unnoted{};
  Offset* unsynced = &unnoted;  // the lowest offset written since the last sync
};

Plan& plan() {
  static Plan one;
  return one;
}

/// Before there are threads.
[[gnu::constructor]] void read_plan() { plan(); }

bool is_due(const char* where) {
  Plan& p = plan();
  return strcmp(p.where, where) == 0 && --p.left == 0;
}

void die() {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

void die_at(const char* where) {
  if (is_due(where)) die();
}

bool is_meant(int fd) {
  const char* const end = plan().file;
  if (!end) return false;
  char link[64], name[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, name, sizeof name - 1);
  if (size <= 0) return false;
  name[size] = '\0';
  const size_t length = strlen(end);
  return static_cast<size_t>(size) >= length && strcmp(name + size - length, end) == 0;
}

ssize_t write_at(ssize_t (*real)(int, const void*, size_t, off_t), int fd, const void* bytes,
                 size_t size, off_t offset) {
  if (!is_meant(fd)) return real(fd, bytes, size, offset);
  die_at("write");
  Plan& p = plan();
  if (*p.unsynced < 0 || offset < *p.unsynced) *p.unsynced = offset;
  if (is_due("torn")) {
    real(fd, bytes, size / 2, offset);
    die();
  }
  const ssize_t done = real(fd, bytes, size, offset);
  die_at("written");
  return done;
}

int sync_file(int (*real)(int), int fd) {
  if (!is_meant(fd)) return real(fd);
  die_at("sync");
  if (is_due("eio")) {
    errno = EIO;
    return -1;
  }
  const int done = real(fd);
  *plan().unsynced = -1;
  die_at("synced");
  return done;
}

}  // namespace

extern "C" {

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  static const auto real = next(&pwrite, "pwrite");
  return write_at(real, fd, bytes, size, offset);
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off_t offset) {
  static const auto real = next(&pwrite, "pwrite64");
  return write_at(real, fd, bytes, size, offset);
}
int fdatasync(int fd) {
  static const auto real = next(&fdatasync, "fdatasync");
  return sync_file(real, fd);
}
int fsync(int fd) {
  static const auto real = next(&fsync, "fsync");
  return sync_file(real, fd);
}
ssize_t recv(int fd, void* into, size_t size, int flags) {
  static const auto real = next(&recv, "recv");
  die_at("receive");
  return real(fd, into, size, flags);
}
ssize_t send(int fd, const void* bytes, size_t size, int flags) {
  static const auto real = next(&send, "send");
  die_at("send");
  const ssize_t done = real(fd, bytes, size, flags);
  die_at("sent");
  return done;
}
ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  static const auto real = next(&sendmsg, "sendmsg");
  die_at("send");
  const ssize_t done = real(fd, message, flags);
  die_at("sent");
  return done;
}

}  // extern "C"
