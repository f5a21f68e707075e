// plugins <keeper.so> <reader.so>: loads two shared objects that know nothing of each other's
// symbols, and lets them talk in kefu's types.
#include "plugin.hpp"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace {

void* load(const char* file) {
  void* const object = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (object == nullptr) {
    std::printf("%s\n", dlerror());
    std::exit(1);
  }
  return object;
}

template <class F>
F* find(void* object, const char* name) {
  void* const symbol = dlsym(object, name);
  if (symbol == nullptr) {
    std::printf("%s\n", dlerror());
    std::exit(1);
  }
  return reinterpret_cast<F*>(symbol);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  void* const keeper = load(argv[1]);
  void* const reader = load(argv[2]);
  const kefu::SystemClock clock;
  auto* const fail = find<decltype(keeper_throw)>(keeper, "keeper_throw");
  const char* const wrong = find<decltype(reader_check)>(reader, "reader_check")(
      *find<decltype(keeper_store)>(keeper, "keeper_store")(clock), clock, fail,
      find<decltype(keeper_throw_from_kefu)>(keeper, "keeper_throw_from_kefu"));
  if (wrong != nullptr) {
    std::printf("%s\n", wrong);
    return 1;
  }
  try {
    fail(kefu::errc::store_locked);
  } catch (const std::system_error& error) {
    if (error.code() == kefu::errc::store_locked) return 0;
  }
  std::printf("an error code did not cross into the program\n");
  return 1;
}
