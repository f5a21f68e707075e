// The peers' protocols: plain texts, addressed once, by the request's query.
#include <charconv>

#include "target.hpp"

namespace bench {
namespace {

class Plain : public Target {
 public:
  explicit Plain(const Parts& parts) : parts_(parts) {}

  std::string request_target(const Link& link) override {
    Load& load = parts_.load;
    const std::uint32_t peer = load.is_visitor(link) ? load.visitors() + load.agent_of(link.index)
                                                     : link.index - load.visitors();
    return parts_.options.path + "?id=" + load.name(link) +
           "&to=" + load.name(parts_.engine.link(peer));
  }
  void on_open(Link& link) override { parts_.engine.ready(link); }

 protected:
  Parts parts_;
};

/// Relays what it gets, and says nothing itself.
class Raw final : public Plain {
 public:
  using Plain::Plain;

  void on_text(Link& link, std::string_view text) override {
    if (!parts_.load.received(link, text, 0)) parts_.load.violation("an unknown text");
  }
  void write(Flow& flow, std::uint32_t, std::string_view body) override {
    parts_.engine.send(parts_.engine.link(flow.visitor), body);
  }
  void write_delivered(Flow&) override {}
  [[nodiscard]] std::uint32_t window() const override { return 0; }
};

/// "<cseq> <body>" to the server, "s:<seq> <body>" to the agent, "a:<cseq>" (cumulative) to the
/// visitor, "k:<flow>:<seq>" from the agent. It knows no sessions: on a new connection cseq begins
/// at 1 again.
class Durable final : public Plain {
 public:
  explicit Durable(const Parts& parts) : Plain(parts), base_(parts.load.visitors()) {}

  void on_open(Link& link) override {
    if (parts_.load.is_visitor(link)) base_[link.index] = parts_.load.flows()[link.index].written;
    Plain::on_open(link);
  }

  void on_text(Link& link, std::string_view text) override {
    std::uint64_t number = 0;
    if (text.size() < 3 || text[1] != ':') return parts_.load.violation("an unknown text");
    const auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), number);
    if (text[0] == 'a') {
      parts_.load.accepted(parts_.load.flows()[link.index],
                           base_[link.index] + static_cast<std::uint32_t>(number));
      return;
    }
    const auto at = static_cast<std::size_t>(end - text.data()) + 1;
    if (at > text.size() || !parts_.load.received(link, text.substr(at), number))
      parts_.load.violation("an unknown text");
  }

  void write(Flow& flow, std::uint32_t number, std::string_view body) override {
    text_ = std::to_string(number - base_[flow.index]);
    text_ += ' ';
    text_ += body;
    parts_.engine.send(parts_.engine.link(flow.visitor), text_);
  }
  void write_delivered(Flow& flow) override {
    text_ = "k:" + std::to_string(flow.index) + ":" + std::to_string(flow.server_seq);
    parts_.engine.send(parts_.engine.link(flow.agent), text_);
  }
  /// Larger than any window asked for: the floor has none of its own.
  [[nodiscard]] std::uint32_t window() const override { return 1u << 20; }

 private:
  std::vector<std::uint32_t> base_;  // by visitor: what was written before this connection
  std::string text_;
};

}  // namespace

std::unique_ptr<Target> make_raw(const Parts& parts) { return std::make_unique<Raw>(parts); }
std::unique_ptr<Target> make_durable(const Parts& parts) {
  return std::make_unique<Durable>(parts);
}

}  // namespace bench
