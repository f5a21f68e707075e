// Engine: the store's thread. It waits for sockets with poll(), which serves a handful of them
// anywhere, and hands jobs to lanes.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "descriptor.hpp"
#include "postgres/lane.hpp"
#include "postgres/read_lane.hpp"
#include "postgres/server_clock.hpp"
#include "postgres/write_queue.hpp"

namespace kefu::inline v0::postgres {

class Engine {
 public:
  /// `clock` must outlive it.
  Engine(Address address, const Options& options, ServerClock& clock);
  /// Ends what is under way.
  ~Engine();

  [[nodiscard]] const Keys& keys() const { return keys_; }
  /// Any thread.
  void submit(std::unique_ptr<Write> job);
  void submit(std::unique_ptr<Read> job);

 private:
  void run();
  void take_submitted();
  void hand_out();
  void hand_out_reads();
  void give_up();
  void progress();
  void finish(Lane::Done done);
  void look_at_clock();
  void wait();
  [[nodiscard]] bool over() const;
  void wake();

  Address address_;  // the thread's own
  const Keys keys_;
  const Nanoseconds timeout_;
  ServerClock& clock_;

  std::mutex mutex_;  // of these
  std::vector<std::unique_ptr<Write>> new_writes_;
  std::vector<std::unique_ptr<Read>> new_reads_;
  bool stopping_ = false;
  bool woken_ = false;

  // The thread's own.
  Descriptor wake_in_, wake_out_;
  std::vector<Lane> lanes_;
  std::vector<ReadLane> readers_;  ///< the last one is for those that may take long
  WriteQueue writes_;
  ReadLane::Jobs reads_;
  bool stop_ = false;
  Instant now_;
  Instant clock_due_;
  std::vector<short> happened_;  ///< of lanes, then of readers

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace kefu::inline v0::postgres
