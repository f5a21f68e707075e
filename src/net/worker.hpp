// Worker: the part of a server that lives on one loop.
#pragma once

#include <atomic>
#include <kefu/completion.hpp>
#include <kefu/net/http.hpp>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/frame_deflater.hpp"
#include "net/link.hpp"
#include "net/loop.hpp"
#include "net/pipe_pool.hpp"
#include "net/send_queue.hpp"
#include "net/site.hpp"

namespace kefu::inline v0::net {

class EventStream;
class HttpConnection;
struct Removal;
class StreamConnection;

/// Threading: the loop's thread, or any while the loop doesn't run.
/// Tasks of the loop share it with the server, so it may outlive the server; it is empty then.
class Worker final : public TurnEnd {
 public:
  /// `most_held`: bytes, its share of ServerOptions::max_buffered.
  /// `index`: its place in Site::workers.
  Worker(Loop& loop, std::shared_ptr<Site> site, std::size_t index, std::size_t most_held);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Takes over a new connection, which the site has counted, as has `address` where it counts.
  void adopt(Socket socket, std::string peer, AddressHold address);
  /// Takes over one that has lived on another worker, in the middle of a request. The site has
  /// counted it anew.
  void adopt(Removal removal);
  /// Owns `to` in place of `from`, whose socket has been handed on.
  void replace(Link& from, std::unique_ptr<Link> to);
  /// Forgets a link whose socket is closed; it is destroyed once nobody can be using it.
  void retire(Link& link);

  /// At the end of the turn.
  void write_later(StreamConnection& connection);
  void read_later(Link& link);

  // ---- messages that come in requests of their own, see event_stream.hpp

  /// The streams of this worker, by key.
  [[nodiscard]] std::unordered_map<std::string, EventStream*>& streams() noexcept {
    return streams_;
  }
  /// Numbers a request that waits for an answer from elsewhere, until forget_answer().
  [[nodiscard]] std::uint64_t await_answer(HttpConnection& request);
  void forget_answer(std::uint64_t request) noexcept { waiting_.erase(request); }
  /// Any thread. Nothing happens when the request has gone.
  static void answer_later(const std::shared_ptr<Worker>& worker, std::uint64_t request,
                           http::Response response);
  static void go_on_later(const std::shared_ptr<Worker>& worker, std::uint64_t request,
                          Completion<HttpConnection&> go_on);
  [[nodiscard]] std::size_t index() const noexcept { return index_; }

  /// Ends all links in good order, and calls `done` when there are none.
  void shut_down(Completion<> done);
  /// The same for those that are still busy.
  void close_all();
  void cut_all();

  /// Lets the clock of timeouts go, until all is over.
  static void keep_ticking(std::shared_ptr<Worker> worker);

  [[nodiscard]] std::uint32_t tick() const noexcept { return tick_; }
  /// The tick by which at least `span` will have passed.
  [[nodiscard]] std::uint32_t tick_after(Nanoseconds span) const noexcept;
  [[nodiscard]] bool has_come(std::uint32_t tick) const noexcept {
    return static_cast<std::int32_t>(tick_ - tick) >= 0;  // it wraps around
  }

  /// Whether the links hold back so much that no more should be taken on: half of the bound, for
  /// each may still add a frame or a page.
  [[nodiscard]] bool is_full() const noexcept { return held() > most_held_ / 2; }
  /// Any thread.
  [[nodiscard]] std::size_t held() const noexcept { return held_.load(std::memory_order_relaxed); }

  [[nodiscard]] Loop& loop() noexcept { return loop_; }
  [[nodiscard]] Site& site() noexcept { return *site_; }
  [[nodiscard]] bool stopping() const noexcept { return stopping_; }
  [[nodiscard]] SendChunkPool& chunks() noexcept { return chunks_; }
  [[nodiscard]] WriteBatch& batch() noexcept { return batch_; }
  [[nodiscard]] PipePool& pipes() noexcept { return pipes_; }
  [[nodiscard]] FrameDeflater& deflater() noexcept { return deflater_; }
  [[nodiscard]] websocket::Inflater& inflater();

  void end_turn() override;

 private:
  friend class Link;

  void add(std::unique_ptr<HttpConnection> link, void (HttpConnection::*begin)());
  void advance();
  void shed();

  Loop& loop_;
  std::shared_ptr<Site> site_;
  Nanoseconds tick_length_;
  const std::size_t most_held_;
  std::atomic<std::size_t> held_{0};  // written by the loop's thread alone
  std::uint32_t tick_ = 0;
  bool stopping_ = false;
  bool over_ = false;
  bool ended_ = false;  // the loop has no more use for it
  Completion<> on_empty_;

  const std::size_t index_;
  std::unordered_map<std::string, EventStream*> streams_;
  std::unordered_map<std::uint64_t, HttpConnection*> waiting_;
  std::uint64_t last_waiting_ = 0;
  PipePool pipes_;  // before the links, which give some back
  std::vector<std::unique_ptr<Link>> links_;
  LinkChain retired_;
  LinkChain doomed_;
  std::vector<StreamConnection*> to_write_;
  std::vector<StreamConnection*> writing_;
  std::vector<Link*> to_read_;
  std::vector<Link*> reading_;
  SendChunkPool chunks_;
  WriteBatch batch_;
  FrameDeflater deflater_;
  std::optional<websocket::Inflater> inflater_;  // from the first compressed message on
};

}  // namespace kefu::inline v0::net
