// Calls into the compiled library through a port.
#include <kefu/clock.hpp>
#include <kefu/memory/store.hpp>
#include <kefu/version.hpp>

#include <cstdio>

int main() {
  const kefu::SystemClock clock;
  const kefu::memory::Store store{clock};
  const bool told = store.now() > kefu::Timestamp{};
  std::printf("kefu %d.%d.%d, its store %s the time\n", kefu::kVersionMajor, kefu::kVersionMinor,
              kefu::kVersionPatch, told ? "tells" : "does not tell");
  return told ? 0 : 1;
}
