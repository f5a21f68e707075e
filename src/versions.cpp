// Refuses libraries that are too old, with a word that a reader of the build's output understands.
#include <fmt/format.h>
#include <openssl/opensslv.h>
#include <simdjson.h>

#if FMT_VERSION < 90100
#error "kefu needs fmt 9.1 or newer"
#endif

#if OPENSSL_VERSION_NUMBER < 0x30000000L
#error "kefu needs OpenSSL 3.0 or newer"
#endif

static_assert(simdjson::SIMDJSON_VERSION_MAJOR >= 3, "kefu needs simdjson 3.0 or newer");
