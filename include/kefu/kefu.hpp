// Start here. This header brings everything a host needs but the adapters; read, in this order,
//   hub.hpp           what you make
//   transport.hpp     what you plug in on the side of the network, unless you use
//   kefu/net/server.hpp store.hpp         what you plug in on the side of the disk, unless you use
//   kefu/sqlite/store.hpp wire/PROTOCOL.md  what clients speak
#pragma once

#include <kefu/auth.hpp>
#include <kefu/hub.hpp>
#include <kefu/jwt_keys.hpp>
#include <kefu/limits.hpp>
#include <kefu/login_guard.hpp>
#include <kefu/store.hpp>
#include <kefu/transport.hpp>
#include <kefu/version.hpp>
