#include <kefu/file_policy.hpp>

#include <string>
#include <utility>

namespace kefu::inline v0 {
namespace {

class FilePolicy final : public Policy {
 public:
  explicit FilePolicy(Files& files) noexcept : files_{files} {}

  void decide(const PolicyContext& context, Instant, Completion<Verdict> done) override {
    if (context.kind != kind::kFile) return done(Allow{});
    const auto id = FileId::parse(context.body);
    if (!id) return done(Deny{"not a file's id"});
    files_.status(*id, [&files = files_, id = *id, conversation = context.conversation.id,
                        from = std::string{context.from},
                        done = std::move(done)](result<FileStatus> known) mutable {
      if (!known || known->state == FileState::growing ||
          known->info.conversation != conversation || known->info.owner != from) {
        return done(Deny{"no such file"});
      }
      if (known->info.verdict == FileVerdict::refused) return done(Deny{"the file was refused"});
      files.keep(id, [done = std::move(done)](result<FileInfo> kept) mutable {
        if (!kept) return done(Deny{"no such file"});
        done(Allow{});
      });
    });
  }
  [[nodiscard]] OnTimeout on_timeout() const override { return OnTimeout::deny; }

 private:
  Files& files_;
};

}  // namespace

std::unique_ptr<Policy> file_policy(Files& files) { return std::make_unique<FilePolicy>(files); }

}  // namespace kefu::inline v0
