#include "nats/dialer.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>

namespace kefu::inline v0::nats {
namespace {

void require(bool holds, const std::string& what) {
  if (!holds) throw std::invalid_argument("NATS: " + what);
}

void require(natsStatus status, const std::string& what) {
  if (status == NATS_NO_MEMORY) throw std::bad_alloc();
  require(status == NATS_OK, what + ": " + natsStatus_GetText(status));
}

std::int64_t milliseconds(Nanoseconds time) {
  return std::max<std::int64_t>(1, time.count() / 1'000'000);
}

void require_readable(const std::string& file) {
  require(file.empty() || std::ifstream(file).is_open(), "can't read " + file);
}

/// Takes the place of cnats's own, which writes to stderr.
void ignore(natsConnection*, natsSubscription*, natsStatus, void*) {}

void set_tls(natsOptions* to, const Address& address, const Options& options) {
  require(natsOptions_SetSecure(to, true), "TLS");
  require(natsOptions_SetExpectedHostname(to, address.host.c_str()), "TLS");
  if (!options.ca_file.empty())
    require(natsOptions_LoadCATrustedCertificates(to, options.ca_file.c_str()), options.ca_file);
  if (!options.certificate_file.empty())
    require(natsOptions_LoadCertificatesChain(to, options.certificate_file.c_str(),
                                              options.key_file.c_str()),
            options.certificate_file);
}

void check(const Options& options) {
  constexpr std::size_t kLeast = 64 * 1024, kMost = std::size_t{1} << 30;
  require(is_prefix(options.prefix), "not a prefix of subjects: " + options.prefix);
  require(options.buffer >= kLeast && options.buffer <= kMost, "buffer is 64 KiB to 1 GiB");
  require(options.timeout.count() > 0 && options.ping.count() > 0 && options.redial.count() > 0,
          "times are above 0");
  require(options.certificate_file.empty() == options.key_file.empty(),
          "a certificate needs its key");
  for (const std::string& file :
       {options.credentials_file, options.ca_file, options.certificate_file, options.key_file})
    require_readable(file);
}

}  // namespace

Dialer::Settings Dialer::settings_for(const Address& address, const Options& options) {
  natsOptions* made = nullptr;
  require(natsOptions_Create(&made), "options");
  Settings settings(made);
  require(natsOptions_SetURL(made, address.url.c_str()), address.name);
  require(natsOptions_SetName(made, options.name.c_str()), "name");
  require(natsOptions_SetTimeout(made, milliseconds(options.timeout)), "timeout");
  require(natsOptions_SetWriteDeadline(made, milliseconds(options.timeout)), "timeout");
  require(natsOptions_SetPingInterval(made, milliseconds(options.ping)), "ping");
  require(natsOptions_SetMaxPingsOut(made, 2), "ping");
  require(natsOptions_SetAllowReconnect(made, false), "options");
  require(natsOptions_SetIgnoreDiscoveredServers(made, true), "options");
  require(natsOptions_SetNoEcho(made, true), "options");
  // Else a thread of cnats would send up to a millisecond later. Hubs gather what they tell.
  require(natsOptions_SetSendAsap(made, true), "options");
  require(natsOptions_SetErrorHandler(made, ignore, nullptr), "options");
  if (!options.credentials_file.empty())
    require(
        natsOptions_SetUserCredentialsFromFiles(made, options.credentials_file.c_str(), nullptr),
        options.credentials_file);
  if (address.tls || !options.ca_file.empty() || !options.certificate_file.empty())
    set_tls(made, address, options);
  return settings;
}

Dialer::Dialer(const std::string& urls, const Options& options) {
  check(options);
  for (const Address& address : addresses_of(urls))
    servers_.push_back({address.name, settings_for(address, options)});
  at_ = servers_.size() - 1;
}

Link Dialer::dial() {
  at_ = (at_ + 1) % servers_.size();
  natsConnection* made = nullptr;
  status_ = natsConnection_Connect(&made, servers_[at_].settings.get());
  return status_ == NATS_OK ? std::make_shared<Connection>(made) : nullptr;
}

}  // namespace kefu::inline v0::nats
