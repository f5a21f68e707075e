// Router: which handler answers a request. Pure; what it calls need not be.
#pragma once

#include <kefu/net/http.hpp>
#include <kefu/net/http_head.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kefu::inline v0::net {

/// What a handler gets. Valid during the call.
struct Request {
  const http::Head& head;
  std::string_view peer;          ///< the client's address, without a port
  std::string_view subject = {};  ///< of the client's certificate, see Connection::subject()
  std::string_view body = {};
  std::vector<std::pair<std::string_view, std::string>> parameters = {};  ///< see parameter()

  /// What stands in the path for `{name}`, decoded; "" where the pattern has none of that name.
  [[nodiscard]] std::string_view parameter(std::string_view name) const noexcept;
};

/// A pattern is a path, of whose segments some are `{name}` and match any one, and the last may be
/// `*`, which matches the rest, also an empty one; the rest is the parameter "*", not decoded. A
/// fixed segment goes before `{name}`, and that before `*`.
///
/// Threading: add() before the first answer(); answer() in any threads.
class Router {
 public:
  /// Called on any of the loops, so on several threads at once. Must not block. An exception is
  /// answered 500.
  using Handler = std::function<http::Response(const Request&)>;

  /// Throws std::invalid_argument for a pattern without '/' in front or with '*' in between. The
  /// same method and pattern again replaces the handler.
  void add(std::string_view method, std::string_view pattern, Handler handler);

  /// nullopt where no pattern fits the path. HEAD goes to the handler of GET (leave the body out
  /// when writing), OPTIONS is answered here; another method gets 405.
  [[nodiscard]] std::optional<http::Response> answer(Request request) const;

  /// Whether a request with this method and path has a handler of its own that may want its body.
  [[nodiscard]] bool takes_body(std::string_view method, std::string_view path) const;

 private:
  struct Route {
    std::vector<std::string> segments;
    std::string rank;  // smaller goes first
    std::vector<std::pair<std::string, Handler>> handlers;
  };

  [[nodiscard]] const Route* find(std::string_view path) const;
  static bool fits(const Route& route, std::string_view path);

  std::vector<Route> routes_;
};

}  // namespace kefu::inline v0::net
