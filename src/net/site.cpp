#include "net/site.hpp"

#include <utility>
#include "network_of.hpp"

namespace kefu::inline v0::net {
namespace {

std::optional<StaticFiles> files_of(const ServerOptions& options) {
  if (options.static_root.empty()) return std::nullopt;
  StaticFilesOptions files;
  files.root = options.static_root;
  files.max_file_size = options.max_static_file;
  files.content_security_policy = options.content_security_policy;
  return StaticFiles{std::move(files)};
}

/// The mount point without the '/' at its end: the prefix that a path below it has before a '/'.
std::string prefix_of(std::string mount) {
  while (mount.ends_with('/')) mount.pop_back();
  return mount;
}

}  // namespace

http::Response come_later(int status) {
  constexpr const char* kSeconds = "10";
  http::Response response = http::text_response(status);
  response.set("Retry-After", kSeconds);
  return response;
}

Site::Site(ServerOptions from)
    : options{std::move(from)}, proxies{options.trusted_proxies}, files{files_of(options)} {
  options.static_mount = prefix_of(std::move(options.static_mount));
  upgrade.subprotocol = options.subprotocol;
  upgrade.allowed_origins = options.allowed_origins;
  upgrade.deflate = options.deflate.enabled;
}

bool Site::take_place(std::string_view address, AddressHold& place) {
  const std::string network = network_of(address);
  if (network.empty()) return true;
  place = addresses.hold(network, options.max_connections_per_address);
  return static_cast<bool>(place);
}

http::Response Site::answer(Request request) const {
  const http::Head& head = request.head;
  const std::string_view path = head.path();
  if (auto answered = router.answer(std::move(request))) return *std::move(answered);
  if (!files || !path.starts_with(options.static_mount)) return http::text_response(404);
  const std::string_view below = path.substr(options.static_mount.size());
  if (below.starts_with('/')) return files->serve(head, below);
  if (!below.empty()) return http::text_response(404);
  // The directory itself, without the '/' that makes the links in it work.
  return http::text_response(308).set("Location", options.static_mount + "/");
}

}  // namespace kefu::inline v0::net
