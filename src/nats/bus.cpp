#include <kefu/nats/bus.hpp>

#include <optional>
#include <stdexcept>
#include <utility>

#include "nats/address.hpp"
#include "nats/engine.hpp"
#include "nats/listener.hpp"

namespace kefu::inline v0::nats {

class Bus::Impl {
 public:
  Impl(const std::string& urls, const Options& options)
      : engine(std::make_shared<Engine>(urls, options)) {}
  ~Impl() { engine->stop(); }  // listeners may keep it

  const std::shared_ptr<Engine> engine;
};

Bus::Bus(const std::string& urls, Options options) : impl_(std::make_unique<Impl>(urls, options)) {}
Bus::~Bus() = default;

void Bus::publish(std::string_view topic, std::string_view bytes) {
  Engine& engine = *impl_->engine;
  std::optional<std::string> subject = subject_of(engine.options().prefix, topic);
  if (!subject) return engine.count_dropped(1);
  engine.send({*std::move(subject), std::string(bytes)});
}

std::unique_ptr<kefu::Bus::Subscription> Bus::subscribe(std::string topic, Handler handler,
                                                        void* context) {
  const std::shared_ptr<Engine>& engine = impl_->engine;
  std::optional<std::string> subject = subject_of(engine->options().prefix, topic);
  if (!subject) throw std::invalid_argument("NATS: the topic is too long");
  return std::make_unique<Listener>(engine, std::move(topic), *std::move(subject), handler,
                                    context);
}

Stats Bus::stats() const { return impl_->engine->stats(); }

}  // namespace kefu::inline v0::nats
