// Judges the ShopStore by the suite that comes with kefu, on a database that holds mails already.
#include <sqlite3.h>
#include <stdlib.h>

#include <filesystem>
#include <iostream>
#include <kefu/testing/manual_clock.hpp>
#include <kefu/testing/store_conformance.hpp>
#include <stdexcept>

#include "schema.hpp"
#include "shop_store.hpp"

namespace {

void execute(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  if (sqlite3_open(path.c_str(), &db) != SQLITE_OK ||
      sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    throw std::runtime_error(sqlite3_errmsg(db));
  sqlite3_close(db);
}

class Factory final : public kefu::testing::StoreFactory {
 public:
  explicit Factory(std::filesystem::path folder) : folder_(std::move(folder)) {}

  std::unique_ptr<kefu::Store> open() override {
    path_ = (folder_ / ("shop" + std::to_string(++opened_) + ".db")).string();
    execute(path_,
            std::string("PRAGMA journal_mode = WAL;") + shop::kSchema +
                "INSERT INTO message(channel, thread, author, words, written) VALUES"
                "('mail', 'order 17', 'participant-1', 'where is it?', '2019-03-05T08:00:00Z')");
    return reopen();
  }
  bool durable() const override { return true; }
  std::unique_ptr<kefu::Store> reopen() override {
    return std::make_unique<shop::ShopStore>(path_, clock_);
  }
  bool advance(kefu::Nanoseconds by) override {
    clock_.advance(by);
    return true;
  }

 private:
  kefu::testing::ManualClock clock_;
  const std::filesystem::path folder_;
  std::string path_;
  int opened_ = 0;
};

}  // namespace

int main() try {
  // In memory where there is such a place: that it waits for the disk is not what is judged.
  const bool shm = std::filesystem::is_directory("/dev/shm");
  std::string folder = std::string(shm ? "/dev/shm" : "/tmp") + "/kefu-shop-XXXXXX";
  if (!mkdtemp(folder.data())) throw std::runtime_error("no temporary folder");
  Factory factory(folder);
  int failed = 0;
  for (const kefu::testing::StoreCheck& check : kefu::testing::store_checks()) {
    const std::string failure = check.run(factory);
    std::cout << (failure.empty() ? "ok      " : "FAILED  ") << check.name << '\n';
    if (failure.empty()) continue;
    std::cout << "        " << failure << '\n';
    ++failed;
  }
  std::filesystem::remove_all(folder);
  std::cout << failed << " failed\n";
  return failed == 0 ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
