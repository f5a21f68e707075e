// What people send each other beside text: a folder beside the database, served below /files.
#pragma once

#include <kefu/disk/files.hpp>
#include <kefu/executor.hpp>
#include <kefu/files.hpp>
#include <kefu/hub.hpp>
#include <kefu/jwt_keys.hpp>
#include <kefu/net/file_service.hpp>
#include <string>

namespace helpdesk {

/// Participants of a conversation may send files to it and read those in it. `hub` and `keys`
/// outlive the server.
[[nodiscard]] kefu::net::FileServiceOptions file_service(kefu::Hub& hub, const kefu::JwtKeys& keys);

/// As the command line has it.
[[nodiscard]] kefu::disk::DigestWhen digest_when(const std::string& name);

/// Lets what has expired go, now and every few minutes. `files` outlives the executor's work.
void collect_now_and_then(kefu::Executor& executor, kefu::Files& files);

}  // namespace helpdesk
