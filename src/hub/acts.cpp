#include "acts.hpp"

#include <kefu/auditor.hpp>

#include <string>
#include <utility>
#include <variant>

#include "network_of.hpp"

namespace kefu::inline v0::hub {
namespace {

constexpr Nanoseconds kTellLogins{10'000'000'000};

class WatchedAuthenticator final : public Authenticator {
 public:
  WatchedAuthenticator(std::unique_ptr<Authenticator> inner, Acts& acts)
      : inner_(std::move(inner)), acts_(acts) {}

  void authenticate(std::string_view token, const Caller& caller,
                    Completion<result<Identity>> done) override {
    inner_->authenticate(
        token, caller,
        [this, address = std::string(caller.address), subject = std::string(caller.subject),
         done = std::move(done)](result<Identity> who) mutable {
          if (!who) acts_.refused_login({address, subject}, who.error());
          done(std::move(who));
        });
  }
  [[nodiscard]] Nanoseconds wait(const Caller& caller) const override {
    return inner_->wait(caller);
  }

 private:
  const std::unique_ptr<Authenticator> inner_;
  Acts& acts_;
};

}  // namespace

void Acts::refused(const Draft& draft) {
  if (!auditor_) return;
  auditor_->note({store_.now(), act::SendRefused{draft.conversation,
                                                 draft.log,
                                                 draft.from,
                                                 draft.role,
                                                 {draft.session, draft.cseq},
                                                 draft.reason,
                                                 draft.body}});
}

void Acts::refused_login(const Caller& caller, errc code, Rule rule, std::string_view participant) {
  if (!auditor_) return;
  std::string network = network_of(caller.address);
  if (network.empty()) network = "loopback";
  const std::lock_guard lock{mutex_};
  logins_.count(
      {code, rule, std::string(participant), std::move(network), std::string(caller.subject)});
}

std::unique_ptr<Authenticator> Acts::watched(std::unique_ptr<Authenticator> inner) {
  if (!auditor_ || !inner) return inner;
  return std::make_unique<WatchedAuthenticator>(std::move(inner), *this);
}

Completion<DeskOutcome> Acts::watched(const core::DeskCommand& command,
                                      Completion<DeskOutcome> done) {
  if (!auditor_) return done;
  if (const auto* const add = std::get_if<core::AddBan>(&command)) {
    return [this, ban = add->ban, done = std::move(done)](DeskOutcome outcome) mutable {
      if (outcome.changed) auditor_->note({store_.now(), act::Banned{ban}});
      done(std::move(outcome));
    };
  }
  if (const auto* const lift = std::get_if<core::LiftBan>(&command)) {
    return [this, ask = *lift, done = std::move(done)](DeskOutcome outcome) mutable {
      if (outcome.changed)
        auditor_->note({store_.now(), act::Lifted{ask.participant, ask.address, ask.by}});
      done(std::move(outcome));
    };
  }
  return done;
}

void Acts::on_tick(Instant now) {
  if (!auditor_ || now < next_) return;
  next_ = now + kTellLogins;
  flush();
}

void Acts::flush() {
  if (!auditor_) return;
  core::LoginTally::Counts counts;
  {
    const std::lock_guard lock{mutex_};
    counts = logins_.take();
  }
  for (const auto& [kind, count] : counts) {
    auditor_->note({store_.now(), act::LoginsRefused{kind.code, kind.rule, kind.participant,
                                                     kind.network, kind.subject, count}});
  }
}

}  // namespace kefu::inline v0::hub
