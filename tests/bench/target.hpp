// Target: what the server under test speaks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine.hpp"
#include "load.hpp"

namespace bench {

class Target {
 public:
  virtual ~Target() = default;

  /// Makes what must be there before all links are opened for good. Throws std::runtime_error.
  virtual void prepare() {}
  /// What a participant proves itself with; empty where nobody asks.
  [[nodiscard]] virtual std::string_view token(const Link&) const { return {}; }
  virtual std::string request_target(const Link& link) = 0;
  virtual void on_open(Link& link) = 0;
  virtual void on_text(Link& link, std::string_view text) = 0;

  virtual void write(Flow& flow, std::uint32_t number, std::string_view body) = 0;
  /// The agent's word for what it has received, up to flow.server_seq.
  virtual void write_delivered(Flow& flow) = 0;

  /// How many unaccepted messages a flow may have; 0: the server accepts nothing, it only relays.
  [[nodiscard]] virtual std::uint32_t window() const = 0;
};

struct Parts {
  const Options& options;
  Engine& engine;
  Load& load;
};

[[nodiscard]] std::unique_ptr<Target> make_raw(const Parts& parts);
[[nodiscard]] std::unique_ptr<Target> make_durable(const Parts& parts);
[[nodiscard]] std::unique_ptr<Target> make_kefu(const Parts& parts);

}  // namespace bench
