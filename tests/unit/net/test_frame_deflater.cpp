#include "net/frame_deflater.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace kefu;
using namespace kefu::net;
using websocket::DeflateWindow;

namespace {

std::string unpacked(const SharedFrame& frame) {
  websocket::Inflater inflater{1 << 20};
  const auto inflated = inflater.inflate(frame.bytes());
  REQUIRE(inflated.error == websocket::Error::none);
  return {reinterpret_cast<const char*>(inflated.payload.data()), inflated.payload.size()};
}

}  // namespace

TEST_CASE("a frame is compressed once for all its receivers") {
  FramePool pool;
  FrameDeflater deflater{{}};
  const std::string text(1000, 'x');
  const SharedFrame frame = pool.copy(text);
  std::vector<SharedFrame> forms;
  for (int i = 0; i < 1000; ++i)
    forms.push_back(deflater.deflate(frame, DeflateWindow::wide, pool));
  CHECK(deflater.runs() == 1);
  CHECK(forms.front().bytes().data() == forms.back().bytes().data());
  CHECK(unpacked(forms.front()) == text);
  CHECK(unpacked(deflater.deflate(frame, DeflateWindow::narrow, pool)) == text);
  CHECK(deflater.runs() == 2);
}

TEST_CASE("a frame that isn't worth it is left alone, and tried once") {
  FramePool pool;
  FrameDeflater deflater{{.min_size = 3}};
  CHECK(!deflater.deflate(pool.copy("xx"), DeflateWindow::wide, pool));
  CHECK(!deflater.deflate(pool.copy(std::string(1000, 'x')), DeflateWindow::none, pool));
  CHECK(deflater.runs() == 0);
  const SharedFrame frame = pool.copy("abc");
  for (int i = 0; i < 10; ++i) CHECK(!deflater.deflate(frame, DeflateWindow::wide, pool));
  CHECK(deflater.runs() == 1);
}

TEST_CASE("frames of reused memory are told apart, and none is held after a turn") {
  FramePool pool;
  FrameDeflater deflater{{}};
  for (char c = 'a'; c <= 'z'; ++c) {
    const std::string text(500, c);
    CHECK(unpacked(deflater.deflate(pool.copy(text), DeflateWindow::wide, pool)) == text);
    if (c % 3 == 0) deflater.forget();
  }
  CHECK(deflater.runs() == 26);
}
