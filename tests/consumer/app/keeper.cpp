// The shared object that makes things and fails.
#include "plugin.hpp"

#include <kefu/auth.hpp>
#include <kefu/memory/store.hpp>

#include <system_error>

#define SHOWN __attribute__((visibility("default")))

extern "C" {

SHOWN kefu::Store* keeper_store(const kefu::Clock& clock) {
  static kefu::memory::Store store{clock};
  return &store;
}

SHOWN void keeper_throw(kefu::errc code) { throw std::system_error(make_error_code(code)); }

SHOWN void keeper_throw_from_kefu() {
  const auto none = kefu::jwt_hs256("a secret that is too short");
}
}
