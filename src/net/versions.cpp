// Refuses libraries that are too old, with a word that a reader of the build's output understands.
#include <asio/version.hpp>

#if KEFU_NET_LLHTTP
#include <llhttp.h>
#if LLHTTP_VERSION_MAJOR < 6
#error "kefu needs llhttp 6 or newer"
#endif
#endif

#if ASIO_VERSION < 102200
#error "kefu needs Asio 1.22 or newer"
#endif
