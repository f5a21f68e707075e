#include "check_config.hpp"

#include "options.hpp"
#include "secret.hpp"

#include <fmt/format.h>
#include <kefu/kefu.hpp>
#include <kefu/memory/store.hpp>
#include <kefu/net/loops.hpp>
#include <kefu/net/tls.hpp>

#include <array>
#include <cstdio>
#include <exception>
#include <string>

namespace helpdesk {
namespace {

/// Departments that name each other are looked at by a hub, and the secrets by what uses them.
void check_names(const Options& options) {
  kefu::net::Loops loops;
  const kefu::SystemClock clock;
  kefu::memory::Store store{clock};
  kefu::HubOptions hub_options;
  hub_options.desk = options.desk;
  const kefu::Hub hub{loops.executors(), store, hub_options};
  if (!options.secret_file.empty()) const kefu::JwtKeys keys{keys_of(options)};
}

/// The files that it names are read now, and thrown away.
void check_files(const Options& options) {
  if (!options.webhook_secret_file.empty())
    static_cast<void>(read_secret(options.webhook_secret_file));
  if (!options.tls_chain.empty())
    const kefu::net::Tls tls{{.certificates = {{options.tls_chain, options.tls_key}}}};
  for (const auto& path :
       {options.web, options.webhook_roots, options.nats_credentials, options.nats_ca}) {
    if (!path.empty() && !std::filesystem::exists(path))
      throw std::runtime_error(path.string() + " is not there");
  }
}

}  // namespace

int check_config(int argc, char** argv) {
  constexpr int kUsage = 2;
  if (argc != 2) {
    fmt::print(stderr, "usage: helpdesk check-config FILE\n");
    return kUsage;
  }
  try {
    std::string program = "helpdesk";
    std::string option = "--config";
    std::array<char*, 3> arguments{program.data(), option.data(), argv[1]};
    const Options options = read_options(static_cast<int>(arguments.size()), arguments.data());
    check(options);
    check_names(options);
    check_files(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
  fmt::print("{}: in order\n", argv[1]);
  return 0;
}

}  // namespace helpdesk
