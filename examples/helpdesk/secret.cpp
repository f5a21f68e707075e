#include "secret.hpp"

#include <fstream>
#include <iterator>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace helpdesk {

std::string read_secret(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string secret{std::istreambuf_iterator<char>(in), {}};
  if (!in) throw std::runtime_error("cannot read the secret in " + file.string());
  while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.pop_back();
  return secret;
}

std::string read_or_make_secret(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) {
    constexpr char kHex[] = "0123456789abcdef";
    std::random_device random;
    std::string secret;
    for (int i = 0; i < 64; ++i) secret += kHex[random() & 15u];
    std::ofstream out(file, std::ios::binary);
    std::filesystem::permissions(
        file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    out << secret << '\n';
    if (!out.flush()) throw std::runtime_error("cannot write " + file.string());
  }
  return read_secret(file);
}

std::vector<kefu::JwtKey> keys_of(const Options& options) {
  constexpr std::string_view kNamed = "kid=";
  std::istringstream lines(options.secret_file.empty()
                               ? read_or_make_secret(options.data / "demo-secret")
                               : read_secret(options.secret_file));
  std::vector<kefu::JwtKey> keys;
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty()) continue;
    kefu::JwtKey& key = keys.emplace_back();
    const std::size_t space = line.find(' ');
    if (line.starts_with(kNamed) && space != std::string::npos) {
      key.id = line.substr(kNamed.size(), space - kNamed.size());
      line.erase(0, space + 1);
    }
    key.secret = std::move(line);
  }
  return keys;
}

}  // namespace helpdesk
