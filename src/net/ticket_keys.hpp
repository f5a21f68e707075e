// TicketKeys: what seals and opens the session tickets of TLS, where a host brings the keys.
#pragma once

#include <openssl/types.h>

#include <filesystem>
#include <vector>

namespace kefu::inline v0::net {

/// Has `context` seal tickets with the key of the first file, and open those of all. Throws
/// std::runtime_error when a file has not the right size.
void use_ticket_keys(SSL_CTX* context, const std::vector<std::filesystem::path>& files);

}  // namespace kefu::inline v0::net
