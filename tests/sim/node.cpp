#include "node.hpp"

#include <limits>
#include <utility>

namespace kefu::sim {
namespace {

class SimAuthenticator final : public Authenticator {
 public:
  void authenticate(std::string_view token, const Caller&,
                    Completion<result<Identity>> done) override {
    const std::size_t space = token.find(' ');
    const auto role = role_from_name(token.substr(0, space));
    if (space == std::string_view::npos || !role) return done(errc::unauthenticated);
    done(Identity{{std::string(token.substr(space + 1)), *role},
                  Timestamp{std::numeric_limits<std::int64_t>::max()}});
  }
};

}  // namespace

std::string token_of(const Participant& who) { return std::string(name(who.role)) + ' ' + who.id; }

Node::Node(const Plan& plan, Mutant mutant, Store& root, std::unique_ptr<Bus> bus,
           const Clock& wall, Checker& checker, Court& court, testing::SimNetwork& network,
           testing::ManualExecutor& loop, testing::Random random)
    : random_(random), bus_(std::move(bus)) {
  std::vector<Executor*> executors;
  for (std::size_t i = 0; i < plan.shards; ++i) {
    executors_.push_back(std::make_unique<testing::ManualExecutor>(loop.now()));
    executors.push_back(executors_.back().get());
  }
  if (mutant == Mutant::local_fence) broken_ = std::make_unique<LocallyFencedStore>(root);
  if (mutant == Mutant::bus_trusted)
    broken_ = std::make_unique<HintTrustingStore>(root, bus_.get());
  faults_ = std::make_unique<testing::FaultStore>(broken_ ? *broken_ : root, loop, random_.next(),
                                                  plan.store);
  watched_ = std::make_unique<WatchedStore>(*faults_, checker);
  if (mutant == Mutant::verdicts_unordered)
    misjudged_ = std::make_unique<UnorderedStore>(*watched_);
  if (mutant == Mutant::late_verdict)
    misjudged_ = std::make_unique<LateVerdictStore>(*watched_, court);
  HubOptions options;
  options.limits = plan.bounds;
  if (mutant == Mutant::no_tail_check) options.limits.tail_check = Nanoseconds(3'600'000'000'000);
  options.clock = &wall;
  options.bus = bus_.get();
  options.random = [this] { return random_.next(); };
  Store& store = misjudged_ ? *misjudged_ : *watched_;
  hub_ = std::make_unique<Hub>(executors, store, std::move(options));
  hub_->authenticate(std::make_unique<SimAuthenticator>());
  for (auto& policy : court.policies()) hub_->judge(std::move(policy));
  server_ = std::make_unique<testing::SimServer>(network, executors);
  server_->start(*hub_);
}

Node::~Node() { die(); }

void Node::go_on(Instant now) {
  if (!halted_) return;
  halted_ = false;
  for (const auto& executor : executors_) executor->advance_to(now);
}

std::vector<std::unique_ptr<testing::ManualExecutor>> Node::die() {
  if (!alive()) return {};
  faults_->crash();
  hub_.reset();
  server_.reset();
  for (const auto& executor : executors_) executor->drop_all();
  misjudged_.reset();
  watched_.reset();
  faults_.reset();
  return std::exchange(executors_, {});
}

}  // namespace kefu::sim
