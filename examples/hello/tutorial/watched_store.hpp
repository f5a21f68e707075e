// WatchedStore: a Store that says how long its appends take.
#pragma once

#include <kefu/store.hpp>

#include <chrono>
#include <iostream>
#include <memory>
#include <utility>

namespace tutorial {

/// Everything else is forwarded. The completion comes from a thread of the inner store.
class WatchedStore final : public kefu::StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;

  void append(std::unique_ptr<kefu::AppendBatch> batch,
              kefu::Completion<std::unique_ptr<kefu::AppendBatch>> done) override {
    using Clock = std::chrono::steady_clock;
    inner().append(std::move(batch), [begun = Clock::now(), done = std::move(done)](
                                         std::unique_ptr<kefu::AppendBatch> back) mutable {
      const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begun);
      std::cout << "store: " << back->size() << " stored after " << took.count() << " us"
                << std::endl;
      done(std::move(back));
    });
  }
};

}  // namespace tutorial
