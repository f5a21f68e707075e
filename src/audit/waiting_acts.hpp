// WaitingActs: acts on their way to an audit log, as the fields of their lines. Threading: any.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <kefu/audit/folder_sink.hpp>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace kefu::inline v0::audit {

class WaitingActs {
 public:
  struct Taken {
    std::vector<std::string> fields;
    std::uint64_t lost = 0;  // behind them
  };

  /// True: somebody must come and take it. What there is no room for is lost.
  [[nodiscard]] bool add(std::string fields) {
    const std::lock_guard lock{mutex_};
    if (waiting_.fields.size() >= FolderSink::kWaiting) {
      ++waiting_.lost;
    } else {
      waiting_.fields.push_back(std::move(fields));
    }
    return !std::exchange(called_, true);
  }
  void lose() {
    const std::lock_guard lock{mutex_};
    ++waiting_.lost;
  }
  /// Nobody could be called.
  void stay() {
    const std::lock_guard lock{mutex_};
    called_ = false;
  }

  [[nodiscard]] Taken take() {
    const std::lock_guard lock{mutex_};
    called_ = false;
    return std::exchange(waiting_, {});
  }
  /// They could not be written, and stand before what has come since.
  void put_back(Taken taken) {
    const std::lock_guard lock{mutex_};
    const std::size_t room = FolderSink::kWaiting - taken.fields.size();
    const std::size_t kept = std::min(room, waiting_.fields.size());
    waiting_.lost += taken.lost + (waiting_.fields.size() - kept);
    std::move(waiting_.fields.begin(), waiting_.fields.begin() + static_cast<std::ptrdiff_t>(kept),
              std::back_inserter(taken.fields));
    waiting_.fields = std::move(taken.fields);
  }

 private:
  std::mutex mutex_;
  Taken waiting_;        // guarded by the mutex
  bool called_ = false;  // the same
};

}  // namespace kefu::inline v0::audit
