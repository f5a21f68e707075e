#include <kefu/error.hpp>
#include <kefu/version.hpp>

#include <cstdio>

int main() {
  const std::error_code code = kefu::errc::session_gone;
  std::printf("kefu %d.%d.%d, %s: %s\n", kefu::kVersionMajor, kefu::kVersionMinor,
              kefu::kVersionPatch, code.category().name(), code.message().c_str());
  return code ? 0 : 1;
}
