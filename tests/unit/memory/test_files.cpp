#include <kefu/memory/files.hpp>

#include <doctest/doctest.h>

#include <kefu/testing/files_conformance.hpp>
#include <kefu/testing/manual_clock.hpp>
#include <string>

namespace {

using namespace kefu;

class Factory final : public kefu::testing::FilesFactory {
 public:
  std::unique_ptr<Files> open(const limits& bounds) override {
    return std::make_unique<memory::Files>(clock_, bounds);
  }
  void advance(Nanoseconds by) override { clock_.advance(by); }

 private:
  kefu::testing::ManualClock clock_;
};

}  // namespace

TEST_CASE("files in memory keep every promise of the port") {
  for (const kefu::testing::FilesCheck& check : kefu::testing::files_checks()) {
    Factory factory;
    const std::string failure = check.run(factory);
    CHECK_MESSAGE(failure.empty(), std::string(check.name), ": ", failure);
  }
}
