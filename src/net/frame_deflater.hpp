// FrameDeflater: compresses frames, each once for all its receivers on a loop.
#pragma once

#include <array>
#include <cstddef>
#include <kefu/net/deflate.hpp>
#include <kefu/shared_frame.hpp>
#include <optional>

namespace kefu::inline v0::net {

/// The receivers of a frame get it one after the other, so it is enough to remember a few. A loop
/// has its own: to share the compressed form between loops, one would have to wait for the other.
class FrameDeflater {
 public:
  explicit FrameDeflater(const websocket::DeflateOptions& options) noexcept : options_{options} {}

  /// The compressed form, or nothing where the frame itself is to be sent.
  SharedFrame deflate(const SharedFrame& frame, websocket::DeflateWindow window, FramePool& pool);

  /// Lets go of the frames it remembers: at the end of a turn.
  void forget() noexcept;

  /// How often it compressed.
  [[nodiscard]] std::size_t runs() const noexcept { return runs_; }

 private:
  static constexpr std::size_t kRemembered = 4;

  struct Entry {
    SharedFrame frame;  // held, so that no other frame gets its address
    SharedFrame deflated;
    websocket::DeflateWindow window = websocket::DeflateWindow::none;
  };

  websocket::DeflateOptions options_;
  std::optional<websocket::Deflater> narrow_;
  std::optional<websocket::Deflater> wide_;
  std::array<Entry, kRemembered> entries_;
  std::size_t next_ = 0;
  std::size_t runs_ = 0;
};

}  // namespace kefu::inline v0::net
