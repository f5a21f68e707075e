// The shared object that uses what the other one made, and catches what it throws.
#include "plugin.hpp"

#include <kefu/memory/store.hpp>

#include <optional>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace {

// Asks the other object for a record: the answer comes into a completion of this one.
bool answers(kefu::Store& store) {
  kefu::RecordKey key;
  key.id = "nobody";
  bool absent = false;
  store.get(key, [&](kefu::result<std::optional<kefu::Record>> found) {
    absent = found.has_value() && !*found;
  });
  return absent;
}

bool catches_code(Throw fail) {
  try {
    fail(kefu::errc::unavailable);
  } catch (const std::system_error& error) {
    // Categories are told apart by their address: there must be one of them in the process.
    return error.code() == kefu::errc::unavailable && error.code() != kefu::errc::corrupt &&
           error.code() == kefu::errc_condition::retryable &&
           std::string_view(error.code().category().name()) == "kefu";
  }
  return false;
}

bool catches_from_kefu(ThrowFromKefu fail) {
  try {
    fail();
  } catch (const std::invalid_argument&) {
    return true;
  }
  return false;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const char* reader_check(
    kefu::Store& store, const kefu::Clock& clock, Throw fail, ThrowFromKefu fail_in_kefu) {
  const kefu::memory::Store own{clock};
  if (own.now() <= kefu::Timestamp{}) return "the reader's own kefu does not work";
  if (!answers(store)) return "a result did not cross";
  if (dynamic_cast<kefu::memory::Store*>(&store) == nullptr) return "a type did not cross";
  if (!catches_code(fail)) return "an error code did not cross";
  if (!catches_from_kefu(fail_in_kefu)) return "an exception of kefu did not cross";
  return nullptr;
}
