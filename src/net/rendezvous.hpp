// Rendezvous: hands parts from one thread to another, of which each waits for the other: at most
// one part lies in between.
#pragma once

#include <kefu/completion.hpp>
#include <kefu/error.hpp>
#include <kefu/result.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace kefu::inline v0::net {

class Rendezvous {
 public:
  /// `more` is called with true when the part has been taken, and with false when nobody wants it.
  /// Precondition: the one before was taken.
  void write(std::string_view part, Completion<bool> more) {
    std::unique_lock lock{mutex_};
    if (abandoned_) {
      lock.unlock();
      return more(false);
    }
    if (reader_) {
      Completion<result<std::string>> reader = std::move(reader_);
      lock.unlock();
      reader(std::string{part});
      return more(true);
    }
    part_ = part;
    writer_ = std::move(more);
  }

  /// Nothing more comes: errc::ok, or why.
  void end(errc code) {
    std::unique_lock lock{mutex_};
    ended_ = code;
    if (!reader_) return;
    Completion<result<std::string>> reader = std::move(reader_);
    lock.unlock();
    reader(end_of(code));
  }

  /// The next part, "" at the end. Precondition: the one before has come.
  void read(Completion<result<std::string>> done) {
    std::unique_lock lock{mutex_};
    if (writer_) {
      Completion<bool> writer = std::move(writer_);
      std::string part = std::exchange(part_, {});
      lock.unlock();
      done(std::move(part));
      return writer(true);
    }
    if (ended_) {
      const errc code = *ended_;
      lock.unlock();
      return done(end_of(code));
    }
    reader_ = std::move(done);
  }

  /// Nobody will read.
  void abandon() {
    std::unique_lock lock{mutex_};
    abandoned_ = true;
    Completion<bool> writer = std::move(writer_);
    Completion<result<std::string>> reader = std::move(reader_);
    lock.unlock();
    if (writer) writer(false);
    if (reader) reader(errc::closed);
  }

 private:
  static result<std::string> end_of(errc code) {
    if (code != errc::ok) return code;
    return std::string{};
  }

  std::mutex mutex_;
  std::string part_;         // of the writer that waits
  Completion<bool> writer_;  // waits until that is read
  Completion<result<std::string>> reader_;
  std::optional<errc> ended_;
  bool abandoned_ = false;
};

/// The end of whoever reads: abandons it with its last copy.
class RendezvousEnd {
 public:
  explicit RendezvousEnd(std::shared_ptr<Rendezvous> meeting)
      : meeting_{meeting.get(), [meeting](Rendezvous* end) { end->abandon(); }} {}

  void read(Completion<result<std::string>> done) const { meeting_->read(std::move(done)); }

 private:
  std::shared_ptr<Rendezvous> meeting_;
};

}  // namespace kefu::inline v0::net
