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
#include <kefu/result.hpp>
#include <memory>
#include <string>

#include "net/asio.hpp"
#include "net/url.hpp"

namespace kefu::net {

struct HttpClientOptions {
  bool allow_private = false;        // else only addresses of the public internet
  std::filesystem::path roots = {};  // of https; empty: the system's
  Nanoseconds timeout{};             // of a request, with all that it needs
  std::size_t max_response = 0;      // bytes of an answer's body
  std::size_t connections = 0;       // requests under way; more wait
};

class HttpClient {
 public:
  /// Throws std::runtime_error for roots that can't be read.
  HttpClient(asio::io_context& context, Url url, HttpClientOptions options);
  /// What is under way or waits ends with errc::shutting_down.
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// `request` is a whole one, safe to repeat. Answers its status; errc::denied when the name
  /// stands for no address that may be connected to, errc::timed_out, or errc::unavailable.
  void send(std::string request, Completion<result<int>> done);

  struct Pool;

 private:
  asio::io_context& context_;
  std::shared_ptr<Pool> pool_;
};

}  // namespace kefu::net
