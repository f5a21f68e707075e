// HttpClient: sends requests to one URL, over connections that it keeps. Bounded in everything: how
// many are under way, how long each takes, how much of an answer is read. It follows no redirect,
// and connects to nothing but the addresses that it has checked.
//
// Threading: constructed and destroyed in any thread, the rest on the loop of `context`, which
// outlives it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <kefu/completion.hpp>
#include <kefu/error.hpp>
#include <kefu/model/time.hpp>
#include <kefu/net/http.hpp>
#include <kefu/result.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/asio.hpp"
#include "net/url.hpp"

namespace kefu::inline v0::net {

struct HttpClientOptions {
  bool allow_private = false;        // else only addresses of the public internet
  std::filesystem::path roots = {};  // of https; empty: the system's
  Nanoseconds timeout{};             // of a request, with all that it needs
  std::size_t max_response = 0;      // bytes of an answer's body
  std::size_t connections = 0;       // requests under way; more wait
};

struct HttpReply {
  int status = 0;
  std::string body;    // when it is whole
  bool whole = false;  // else the body was too long, broke off, or ended with the connection
};

/// A whole request that posts `body`, as JSON, to `url`; `fields` beside those that it needs.
[[nodiscard]] std::string post_request(const Url& url, std::vector<http::Response::Field> fields,
                                       std::string_view body);

class HttpClient {
 public:
  /// Throws std::runtime_error for roots that can't be read.
  HttpClient(asio::io_context& context, Url url, HttpClientOptions options);
  /// What is under way or waits ends with errc::shutting_down.
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// `request` is a whole one, safe to repeat. Answers errc::denied when the name stands for no
  /// address that may be connected to, errc::timed_out, or errc::unavailable; with a reply once its
  /// head is there, whatever becomes of the rest.
  void send(std::string request, Completion<result<HttpReply>> done);

  struct Pool;

 private:
  asio::io_context& context_;
  std::shared_ptr<Pool> pool_;
};

}  // namespace kefu::inline v0::net
