#include <kefu/net/bearer.hpp>

#include <string_view>

#include "net/field_text.hpp"

namespace kefu::inline v0::net {

std::string bearer_of(const http::Head& request) {
  constexpr std::string_view kScheme = "Bearer ";
  const std::string_view field = request.find("Authorization").value_or("");
  if (!http::equal_any_case(field.substr(0, kScheme.size()), kScheme)) return {};
  return std::string{http::trim(field.substr(kScheme.size()))};
}

}  // namespace kefu::inline v0::net
