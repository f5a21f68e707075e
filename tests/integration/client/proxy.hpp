// Proxy: a port in front of another one, whose connections can be made to fail.
#pragma once

#include <cstdint>
#include <memory>

namespace kefu::test {

class Proxy {
 public:
  /// `slow`: what comes from there is passed on at about 4 MB a second, and waits there.
  explicit Proxy(std::uint16_t to, bool slow = false);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept;

  /// Breaks every connection off with a reset, on both sides, whatever is under way.
  void reset_all();
  /// Every connection that there is now carries nothing any more, and does not end.
  void stall_all();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kefu::test
