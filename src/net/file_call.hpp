// A request to a FileService, copied out of its connection, which may go before the answer is
// there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "net/file_service.hpp"

namespace kefu::inline v0::net {

struct FileService::Call {
  Completion<Begun> done;
  std::string method;
  std::string rest;  ///< of the path, behind the service's
  std::string query;
  std::string token;
  std::string client;
  std::string subject;
  std::string origin;    ///< of a page that may ask
  bool foreign = false;  ///< of one that may not
  bool tus = false;      ///< it speaks our version
  bool chunked = false;
  std::optional<std::uint64_t> body;  ///< bytes, where they are told
  std::optional<std::string> length, offset, metadata, checksum, range, if_range, if_none_match;
  std::string type;
  std::string wanted_headers;
  std::optional<FileId> id = {};
  bool asks_url = false;

  void answer(http::Response response) { done(Begun{std::move(response)}); }
  [[nodiscard]] bool has_body() const { return chunked || body.value_or(0) != 0; }
};

}  // namespace kefu::inline v0::net
