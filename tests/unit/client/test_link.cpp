#include <kefu/client/link.hpp>

#include <doctest/doctest.h>

#include <ostream>  // doctest writes an errc as an error_code

TEST_CASE("Link can be implemented from its header alone") {
  struct Nowhere final : kefu::client::Link {
    void open(kefu::client::LinkEvents& events) override { events_ = &events; }
    void send(std::string) override {}
    void close() override { events_ = nullptr; }
    kefu::client::LinkEvents* events_ = nullptr;
  };
  struct Ears final : kefu::client::LinkEvents {
    void on_opened() override {}
    void on_message(std::string_view, std::size_t) override {}
    void on_closed(kefu::errc reason) override { closed = reason; }
    kefu::errc closed = kefu::errc::ok;
  };
  Nowhere link;
  Ears ears;
  kefu::client::Link& port = link;
  port.open(ears);
  link.events_->on_closed(kefu::errc::unavailable);
  CHECK(ears.closed == kefu::errc::unavailable);
  port.close();
}
