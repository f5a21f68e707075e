#include <kefu/net/router.hpp>

#include <algorithm>
#include <exception>
#include <stdexcept>

namespace kefu::inline v0::net {
namespace {

constexpr std::string_view kRest = "*";

bool is_parameter(std::string_view segment) noexcept {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

/// Cuts the first segment off a path that begins with '/'.
std::string_view next_segment(std::string_view& path) noexcept {
  path.remove_prefix(1);
  const std::size_t end = std::min(path.find('/'), path.size());
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(end);
  return segment;
}

template <class Handlers>
auto find_method(Handlers& handlers, std::string_view method) {
  return std::find_if(handlers.begin(), handlers.end(),
                      [&](const auto& each) { return each.first == method; });
}

template <class Handlers>
std::string allowed(const Handlers& handlers) {
  std::string list;
  for (const auto& [method, handler] : handlers) {
    list.append(method).append(method == "GET" ? ", HEAD, " : ", ");
  }
  return list + "OPTIONS";
}

}  // namespace

std::string_view Request::parameter(std::string_view name) const noexcept {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return {};
}

void Router::add(std::string_view method, std::string_view pattern, Handler handler) {
  if (!pattern.starts_with('/')) throw std::invalid_argument{"a pattern begins with '/'"};
  Route route;
  for (std::string_view left = pattern; !left.empty();) {
    const std::string_view segment = next_segment(left);
    if (segment == kRest && !left.empty()) throw std::invalid_argument{"'*' ends a pattern"};
    route.segments.emplace_back(segment);
    route.rank += segment == kRest ? 'c' : is_parameter(segment) ? 'b' : 'a';
  }
  auto place = std::find_if(routes_.begin(), routes_.end(),
                            [&](const Route& each) { return each.segments == route.segments; });
  if (place == routes_.end()) {
    place = std::find_if(routes_.begin(), routes_.end(),
                         [&](const Route& each) { return each.rank > route.rank; });
    place = routes_.insert(place, std::move(route));
  }
  const auto same = find_method(place->handlers, method);
  if (same != place->handlers.end()) {
    same->second = std::move(handler);
  } else {
    place->handlers.emplace_back(method, std::move(handler));
  }
}

bool Router::fits(const Route& route, std::string_view path) {
  for (const std::string& segment : route.segments) {
    if (path.empty()) return false;
    if (segment == kRest) return true;
    const std::string_view given = next_segment(path);
    if (is_parameter(segment)) {
      if (given.empty()) return false;
    } else if (given != segment && http::percent_decode(given) != segment) {
      return false;
    }
  }
  return path.empty();
}

const Router::Route* Router::find(std::string_view path) const {
  if (!path.starts_with('/')) return nullptr;
  const auto found = std::find_if(routes_.begin(), routes_.end(),
                                  [&](const Route& route) { return fits(route, path); });
  return found == routes_.end() ? nullptr : &*found;
}

bool Router::takes_body(std::string_view method, std::string_view path) const {
  if (method == "GET" || method == "HEAD" || method == "OPTIONS") return false;
  const Route* const route = find(path);
  return route && find_method(route->handlers, method) != route->handlers.end();
}

std::optional<http::Response> Router::answer(Request request) const {
  const Route* const route = find(request.head.path());
  if (!route) return std::nullopt;
  const std::string_view method = request.head.method();
  const auto handler = find_method(route->handlers, method == "HEAD" ? "GET" : method);
  if (handler == route->handlers.end()) {
    http::Response response = method == "OPTIONS" ? http::Response{} : http::text_response(405);
    if (method == "OPTIONS") response.status = 204;
    response.set("Allow", allowed(route->handlers));
    return response;
  }
  std::string_view path = request.head.path();
  for (const std::string& segment : route->segments) {
    if (segment == kRest) {
      request.parameters.emplace_back(kRest, path.substr(1));
      break;
    }
    const std::string_view given = next_segment(path);
    if (!is_parameter(segment)) continue;
    auto decoded = http::percent_decode(given);
    if (!decoded) return http::text_response(400, "bad escape in the path");
    request.parameters.emplace_back(std::string_view{segment}.substr(1, segment.size() - 2),
                                    *std::move(decoded));
  }
  try {
    return handler->second(request);
  } catch (const std::exception&) {
    return http::text_response(500);
  }
}

}  // namespace kefu::inline v0::net
