// Acts: what the hub tells its Auditor (kefu/auditor.hpp). Without one it costs a look at a null
// pointer. Threading: any.
#pragma once

#include <kefu/append_batch.hpp>
#include <kefu/auth.hpp>
#include <kefu/completion.hpp>
#include <kefu/core/desk_command.hpp>
#include <kefu/core/login_tally.hpp>
#include <kefu/desk.hpp>
#include <kefu/store.hpp>
#include <memory>
#include <mutex>
#include <string_view>

namespace kefu::inline v0 {
class Auditor;
}

namespace kefu::inline v0::hub {

class Acts {
 public:
  Acts(Auditor* auditor, Store& store) : auditor_(auditor), store_(store) {}

  /// The store has kept its refusal.
  void refused(const Draft& draft);
  void refused_login(const Caller& caller, errc code, Rule rule = Rule::none,
                     std::string_view participant = {});

  /// The same authenticator, of which each refusal is counted.
  [[nodiscard]] std::unique_ptr<Authenticator> watched(std::unique_ptr<Authenticator> inner);
  /// The same completion; where the command was about a ban and has changed something, that is
  /// told.
  [[nodiscard]] Completion<DeskOutcome> watched(const core::DeskCommand& command,
                                                Completion<DeskOutcome> done);

  void on_tick(Instant now);
  /// What was counted and not told yet.
  void flush();

 private:
  Auditor* const auditor_;  // null: nobody wants to know
  Store& store_;
  Instant next_;  // of the ticking shard
  std::mutex mutex_;
  core::LoginTally logins_;  // guarded by the mutex
};

}  // namespace kefu::inline v0::hub
