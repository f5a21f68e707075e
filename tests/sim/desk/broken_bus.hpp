// A Bus that loses all of a topic.
#pragma once

#include <kefu/bus.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace kefu::sim {

class BrokenBus final : public Bus {
 public:
  BrokenBus(Bus& inner, std::string lost) : inner_(inner), lost_(std::move(lost)) {}

  void publish(std::string_view topic, std::string_view bytes) override {
    if (topic != lost_) inner_.publish(topic, bytes);
  }
  [[nodiscard]] std::unique_ptr<Subscription> subscribe(std::string topic, Handler handler,
                                                        void* context) override {
    return inner_.subscribe(std::move(topic), handler, context);
  }

 private:
  Bus& inner_;
  const std::string lost_;
};

}  // namespace kefu::sim
