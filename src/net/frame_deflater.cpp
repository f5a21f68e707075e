#include "net/frame_deflater.hpp"

#include <string_view>

namespace kefu::inline v0::net {

using websocket::DeflateWindow;

SharedFrame FrameDeflater::deflate(const SharedFrame& frame, DeflateWindow window,
                                   FramePool& pool) {
  if (window == DeflateWindow::none || frame.size() < options_.min_size) return {};
  for (const Entry& entry : entries_) {
    if (entry.window == window && entry.frame.bytes().data() == frame.bytes().data()) {
      return entry.deflated;
    }
  }
  auto& deflater = window == DeflateWindow::narrow ? narrow_ : wide_;
  if (!deflater) deflater.emplace(window, options_.level);
  const auto bytes = deflater->deflate(frame.bytes());
  ++runs_;
  Entry& entry = entries_[next_++ % kRemembered];
  entry = {frame, {}, window};
  if (!bytes.empty()) {
    entry.deflated = pool.copy({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  return entry.deflated;
}

void FrameDeflater::forget() noexcept {
  for (Entry& entry : entries_) entry = {};
}

}  // namespace kefu::inline v0::net
