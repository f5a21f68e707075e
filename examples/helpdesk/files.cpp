#include "files.hpp"

#include <spdlog/spdlog.h>

#include <utility>

namespace helpdesk {
namespace {

constexpr kefu::Nanoseconds kCollectEvery{300'000'000'000};  // 5 minutes

}  // namespace

kefu::net::FileServiceOptions file_service(kefu::Hub& hub, const kefu::JwtKeys& keys) {
  kefu::net::FileServiceOptions options;
  options.keys = &keys;
  options.admit = [&hub](std::string_view token, const kefu::Caller& caller,
                         kefu::ConversationId conversation,
                         kefu::Completion<kefu::result<kefu::Identity>> done) {
    hub.admit(token, caller, conversation, std::move(done));
  };
  return options;
}

kefu::disk::DigestWhen digest_when(const std::string& name) {
  if (name == "never") return kefu::disk::DigestWhen::never;
  if (name == "streaming") return kefu::disk::DigestWhen::streaming;
  return kefu::disk::DigestWhen::on_commit;
}

void collect_now_and_then(kefu::Executor& executor, kefu::Files& files) {
  files.collect([](kefu::result<std::size_t> count) {
    if (!count) spdlog::warn("files: collecting failed: {}", kefu::name(count.error()));
  });
  executor.post_at(executor.now() + kCollectEvery,
                   [&executor, &files] { collect_now_and_then(executor, files); });
}

}  // namespace helpdesk
