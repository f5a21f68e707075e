// NoPasswords: keeps visitors from writing a password where others can read it.
#pragma once

#include <kefu/policy.hpp>

#include <string_view>

namespace tutorial {

/// Answers inside the call, so it costs a message no more than this. Were there no answer in time
/// (another policy took it all) the message would pass.
class NoPasswords final : public kefu::Policy {
 public:
  void decide(const kefu::PolicyContext& draft, kefu::Instant /*deadline*/,
              kefu::Completion<kefu::Verdict> done) override {
    const bool tells = draft.body.find("my password is") != std::string_view::npos;
    if (draft.role == kefu::Role::visitor && tells)
      return done(kefu::Deny{"please never tell anybody a password"});
    done(kefu::Allow{});
  }
  [[nodiscard]] kefu::OnTimeout on_timeout() const override { return kefu::OnTimeout::allow; }
};

}  // namespace tutorial
