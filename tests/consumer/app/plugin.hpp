// What the two shared objects of a host say to each other in kefu's types. Each of them uses kefu,
// which is linked into both or is a shared library that both load.
#pragma once

#include <kefu/clock.hpp>
#include <kefu/error.hpp>
#include <kefu/result.hpp>
#include <kefu/store.hpp>

extern "C" {
/// The keeper's. Owned by the keeper, until it is unloaded.
kefu::Store* keeper_store(const kefu::Clock& clock);
/// Throws a std::system_error with this code.
void keeper_throw(kefu::errc code);
/// Lets kefu's compiled code throw std::invalid_argument.
void keeper_throw_from_kefu();

using Throw = void (*)(kefu::errc);
using ThrowFromKefu = void (*)();

/// The reader's. Null when all is as it should be, else what is not.
const char* reader_check(kefu::Store& store, const kefu::Clock& clock, Throw fail,
                         ThrowFromKefu fail_in_kefu);
}
