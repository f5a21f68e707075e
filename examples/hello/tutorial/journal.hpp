// Journal: writes down everything that happens, a line each.
#pragma once

#include <kefu/event_sink.hpp>

#include <iostream>

namespace tutorial {

/// What it was given and has not answered comes again after a restart: at least once.
class Journal final : public kefu::EventSink {
 public:
  void deliver(const kefu::EventBatch& batch, kefu::Completion<kefu::errc> done) override {
    for (const kefu::Event& event : batch.events) {
      const kefu::Entry& entry = event.entry;
      std::cout << "journal: " << entry.seq << ' ' << entry.kind << ' ' << entry.body << std::endl;
    }
    done(kefu::errc::ok);
  }
};

}  // namespace tutorial
