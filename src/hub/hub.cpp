#include <kefu/hub.hpp>

#include <algorithm>
#include <atomic>
#include <kefu/core/desk_command.hpp>
#include <stdexcept>
#include <utility>

#include "bans.hpp"
#include "erasure.hpp"
#include "export.hpp"
#include "hints.hpp"
#include "merging.hpp"
#include "recall.hpp"
#include "search.hpp"
#include "shard.hpp"
#include "transcript.hpp"

namespace kefu::inline v0 {
namespace {

void require(bool holds, const char* what) {
  if (!holds) throw std::invalid_argument(what);
}

/// At least the bytes of the largest message that pages of such limits make. JSON writes a byte as
/// six at worst.
std::size_t largest_answer(const limits& bounds) {
  constexpr std::size_t kEscape = 6;
  constexpr std::size_t kMembers = 512;  // names, numbers, ids and times of an entry or a view
  const std::size_t envelope = kMembers + kEscape * bounds.max_ref;
  const std::size_t entry =
      kMembers + kEscape * (bounds.max_id + bounds.max_kind) + bounds.max_tags;
  const std::size_t view = kMembers + kEscape * (2 * bounds.max_id + bounds.max_subject);
  // A page is never without an entry, however large that is.
  const std::size_t bodies = kEscape * std::max(bounds.page_bytes, bounds.max_body);
  return envelope + std::max(bounds.max_history * entry + bodies, bounds.max_list * view);
}

void check(const limits& bounds) {
  require(bounds.window > 0, "limits::window must be at least 1");
  require(bounds.max_body < bounds.max_frame, "limits::max_body must be below limits::max_frame");
  require(bounds.page_entries > 0, "limits::page_entries must be at least 1");
  require(bounds.batch_drafts > 0, "limits::batch_drafts must be at least 1");
  require(largest_answer(bounds) <= bounds.max_answer,
          "limits::max_answer must hold what page_bytes, max_body, max_history and max_list allow");
  require(bounds.send_queue > 0, "limits::send_queue must be at least 1");
  require(bounds.tail_heartbeat.count() > 0, "limits::tail_heartbeat must be above 0");
  require(bounds.tail_check.count() > 0, "limits::tail_check must be above 0");
  require(bounds.tail_batch > 0, "limits::tail_batch must be at least 1");
  require(bounds.session_ttl > bounds.fence_check,
          "limits::session_ttl must be above limits::fence_check");
}

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

bool fits(const Hub::OpenRequest& request, const limits& bounds) {
  const auto too_long = [&](const std::string& id) { return id.size() > bounds.max_id; };
  return !too_long(request.visitor) && !too_long(request.department) &&
         request.subject.size() <= bounds.max_subject &&
         std::ranges::none_of(request.agents, too_long);
}

Conversation proposed_by(Hub::OpenRequest request) {
  Conversation c;
  c.id = request.id;
  c.visitor = std::move(request.visitor);
  c.department = std::move(request.department);
  c.subject = std::move(request.subject);
  c.agents = std::move(request.agents);
  c.priority = request.priority;
  c.language = std::move(request.language);
  c.skills = std::move(request.skills);
  c.tags = as_tags(std::move(request.tags));
  c.attributes = std::move(request.attributes);
  c.state = c.agents.empty() ? ConversationState::queued : ConversationState::active;
  return c;
}

}  // namespace

struct Hub::Impl {
  hub::Context context;
  hub::FrameHints frame_hints{context.limits};
  std::unique_ptr<Bus::Subscription> tails{}, frames{}, members{};

  void listen();

  // On a thread of the bus: hand each shard what is about the conversations whose home it is.
  static void on_tails(void* impl, std::string_view topic, std::string_view bytes);
  static void on_frames(void* impl, std::string_view topic, std::string_view bytes);
  static void on_members(void* impl, std::string_view topic, std::string_view bytes);
  template <class Item>
  void hand_on(std::vector<Item> items, void (hub::Home::*take)(const std::vector<Item>&));

  /// Not inside the caller's call.
  void refuse(errc code, Completion<DeskOutcome> done) const {
    context.shards.front()->executor().post(
        [code, done = std::move(done)]() mutable { done(DeskOutcome{code}); });
  }
};

void Hub::Impl::listen() {
  tails = context.bus->subscribe(std::string(hub::kTailsTopic), on_tails, this);
  frames = context.bus->subscribe(std::string(hub::kFramesTopic), on_frames, this);
  members = context.bus->subscribe(std::string(hub::kMembersTopic), on_members, this);
}

void Hub::Impl::on_tails(void* impl, std::string_view /*topic*/, std::string_view bytes) {
  static_cast<Impl*>(impl)->hand_on(hub::decode_tails(bytes), &hub::Home::on_tails);
}

void Hub::Impl::on_frames(void* impl, std::string_view /*topic*/, std::string_view bytes) {
  Impl& self = *static_cast<Impl*>(impl);
  hub::FrameHints::Frames frames = self.frame_hints.decode(bytes);
  self.hand_on(std::move(frames.signals), &hub::Home::on_signals);
  self.hand_on(std::move(frames.entries), &hub::Home::on_entries);
}

void Hub::Impl::on_members(void* impl, std::string_view /*topic*/, std::string_view bytes) {
  static_cast<Impl*>(impl)->hand_on(hub::decode_members(bytes), &hub::Home::on_members);
}

template <class Item>
void Hub::Impl::hand_on(std::vector<Item> items,
                        void (hub::Home::*take)(const std::vector<Item>&)) {
  std::vector<std::vector<Item>> parts(context.shards.size());
  for (Item& item : items) parts[context.home_of(item.conversation)].push_back(std::move(item));
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].empty()) continue;
    hub::Shard& shard = *context.shards[i];
    shard.executor().post([&shard, take, alive = context.alive, part = std::move(parts[i])] {
      if (*alive) (shard.home().*take)(part);
    });
  }
}

Hub::Hub(std::vector<Executor*> executors, Store& store, HubOptions options) {
  require(!executors.empty() && executors.size() <= 256, "a hub has 1 to 256 executors");
  check(options.limits);
  impl_.reset(new Impl{{store,
                        options.limits,
                        options.clock ? *options.clock : system_clock(),
                        options.logger,
                        options.bus,
                        std::move(options.random),
                        hub::Acts(options.auditor, store),
                        hub::DeskRules(std::move(options.desk)),
                        {},
                        nullptr,
                        {},
                        {},
                        {},
                        {}}});
  hub::Context& context = impl_->context;
  for (Executor* executor : executors) {
    const auto index = static_cast<std::uint8_t>(context.shards.size());
    context.shards.push_back(std::make_unique<hub::Shard>(context, index, *executor));
  }
  context.node = "node-" + context.shards.front()->mint_session().to_string();
  for (const auto& shard : context.shards) shard->start();
  if (context.bus) impl_->listen();
}

Hub::~Hub() {
  impl_->context.acts.flush();
  impl_->tails.reset();
  impl_->frames.reset();
  impl_->members.reset();
  *impl_->context.alive = false;
}

void Hub::authenticate(std::unique_ptr<Authenticator> authenticator) {
  impl_->context.authenticator = impl_->context.acts.watched(std::move(authenticator));
}

void Hub::judge(std::unique_ptr<Policy> policy) {
  impl_->context.policies.push_back(std::move(policy));
  for (const auto& shard : impl_->context.shards) shard->home().begin_judging();
}

Inbound& Hub::accepted(Connection& connection) {
  for (const auto& shard : impl_->context.shards) {
    if (&shard->executor() == &connection.executor()) return shard->accept(connection);
  }
  throw std::logic_error("a connection's executor must be one of the hub's");
}

void Hub::open(OpenRequest request, Completion<result<Conversation>> done) {
  hub::Shard& shard = *impl_->context.shards.front();
  shard.executor().post([&shard, alive = impl_->context.alive, request = std::move(request),
                         done = std::move(done)]() mutable {
    if (!*alive) return done(errc::shutting_down);
    if (!fits(request, shard.bounds())) return done(errc::too_large);
    shard.desk().open(proposed_by(std::move(request)),
                      [done = std::move(done)](hub::DeskAnswer verdict) mutable {
                        if (verdict.code != errc::ok) return done(verdict.code);
                        done(std::move(verdict.conversation.record));
                      });
  });
}

void Hub::change(core::DeskChange change, Completion<DeskOutcome> done) {
  hub::Shard& shard = *impl_->context.shards.front();
  shard.executor().post([&shard, alive = impl_->context.alive, change = std::move(change),
                         done = std::move(done)]() mutable {
    if (!*alive) return done(DeskOutcome{errc::shutting_down});
    shard.desk().change(std::move(change.command), std::move(done));
  });
}

void Hub::ban(Ban ban, Completion<DeskOutcome> done) {
  const result<Ban> good = hub::checked(std::move(ban), impl_->context.limits);
  if (!good) return impl_->refuse(good.error(), std::move(done));
  change({core::AddBan{*good, impl_->context.limits.max_bans}}, std::move(done));
}

void Hub::lift(std::string participant, std::string address, Completion<DeskOutcome> done) {
  const result<Ban> good = hub::checked(
      {std::move(participant), std::move(address), {}, {}, {}, {}}, impl_->context.limits);
  if (!good) return impl_->refuse(good.error(), std::move(done));
  change({core::LiftBan{good->participant, good->address}}, std::move(done));
}

void Hub::bans(Completion<result<std::vector<Ban>>> done) {
  hub::Shard& shard = *impl_->context.shards.front();
  shard.executor().post([&shard, alive = impl_->context.alive, done = std::move(done)]() mutable {
    if (!*alive) return done(errc::shutting_down);
    hub::read_bans(shard, std::move(done));
  });
}

void Hub::recall(RecallRequest request, Completion<DeskOutcome> done) {
  hub::Shard& shard = *impl_->context.shards.front();
  shard.executor().post([&shard, alive = impl_->context.alive, request = std::move(request),
                         done = std::move(done)]() mutable {
    if (!*alive) return done(DeskOutcome{errc::shutting_down});
    hub::recall(shard, std::move(request), std::move(done));
  });
}

void Hub::search(SearchQuery query, Completion<result<SearchHits>> done) {
  hub::Shard& shard = *impl_->context.shards.front();
  shard.executor().post([&shard, alive = impl_->context.alive, query = std::move(query),
                         done = std::move(done)]() mutable {
    if (!*alive) return done(errc::shutting_down);
    hub::search(shard, std::move(query), std::move(done));
  });
}

void Hub::erase(std::string participant, Completion<result<std::uint64_t>> done) {
  hub::Shard& shard = *impl_->context.shards.front();
  shard.executor().post([&shard, alive = impl_->context.alive, participant = std::move(participant),
                         done = std::move(done)]() mutable {
    if (!*alive) return done(errc::shutting_down);
    hub::erase(shard, std::move(participant), std::move(done));
  });
}

void Hub::merge(std::string visitor, std::string contact, Completion<DeskOutcome> done) {
  const std::size_t most = impl_->context.limits.max_id;
  if (visitor.empty() || contact.empty()) return impl_->refuse(errc::bad_frame, std::move(done));
  if (visitor.size() > most || contact.size() > most)
    return impl_->refuse(errc::too_large, std::move(done));
  hub::Shard& shard = *impl_->context.shards.front();
  shard.executor().post([&shard, alive = impl_->context.alive, visitor = std::move(visitor),
                         contact = std::move(contact), done = std::move(done)]() mutable {
    if (!*alive) return done(DeskOutcome{errc::shutting_down});
    hub::merge(shard, std::move(visitor), std::move(contact), std::move(done));
  });
}

void Hub::admit(std::string_view token, const Caller& caller, ConversationId conversation,
                Completion<result<Identity>> done) {
  hub::Shard& shard = *impl_->context.shards.front();
  if (!impl_->context.authenticator) return done(errc::unauthenticated);
  impl_->context.authenticator->authenticate(
      token, caller,
      shard.here<result<Identity>>(
          [&shard, conversation, done = std::move(done)](result<Identity> who) mutable {
            if (!who) return done(who.error());
            if (who->expires_at <= shard.context().clock.now()) return done(errc::token_expired);
            const Participant participant = who->participant;
            shard.desk().look_up(conversation, participant,
                                 [who = *std::move(who), done = std::move(done)](
                                     result<hub::VersionedConversation> found) mutable {
                                   if (!found) return done(found.error());
                                   done(std::move(who));
                                 });
          }));
}

void Hub::deliver(std::string name, std::unique_ptr<EventSink> sink, SinkOptions options) {
  impl_->context.shards.front()->dispatch().deliver(std::move(name), std::move(sink), options);
}

void Hub::replay(std::string_view sink, Completion<result<Replayed>> done) {
  hub::Shard& shard = *impl_->context.shards.front();
  shard.executor().post([&shard, alive = impl_->context.alive, sink = std::string(sink),
                         done = std::move(done)]() mutable {
    if (!*alive) return done(errc::shutting_down);
    shard.dispatch().replay(sink, std::move(done));
  });
}

void Hub::export_participant(std::string participant, LineTaker take, Completion<errc> done) {
  hub::Shard& shard = *impl_->context.shards.front();
  shard.executor().post([&shard, alive = impl_->context.alive, participant = std::move(participant),
                         take = std::move(take), done = std::move(done)]() mutable {
    if (!*alive) return done(errc::shutting_down);
    hub::export_participant(shard, std::move(participant), std::move(take), std::move(done));
  });
}

void Hub::transcript(ConversationId conversation, bool internal, LineTaker take,
                     Completion<errc> done) {
  hub::Shard& shard = *impl_->context.shards.front();
  shard.executor().post([&shard, alive = impl_->context.alive, conversation, internal,
                         take = std::move(take), done = std::move(done)]() mutable {
    if (!*alive) return done(errc::shutting_down);
    hub::write_transcript(shard, conversation, internal, std::move(take), std::move(done));
  });
}

namespace {

/// Asks one shard after the other, each to add its own to `sum`.
template <class Sum, class Add>
void gather(hub::Context& context, std::size_t index, Sum sum, Add add, Completion<Sum> done) {
  if (index == context.shards.size()) return done(std::move(sum));
  hub::Shard& shard = *context.shards[index];
  shard.executor().post([&context, &shard, index, sum = std::move(sum), add = std::move(add),
                         alive = context.alive, done = std::move(done)]() mutable {
    if (!*alive) return done(std::move(sum));
    add(shard, sum);
    gather(context, index + 1, std::move(sum), std::move(add), std::move(done));
  });
}

}  // namespace

void Hub::stats(Completion<HubStats> done) {
  gather(
      impl_->context, 0, HubStats{},
      [](const hub::Shard& shard, HubStats& sum) { sum += shard.stats(); }, std::move(done));
}

void Hub::session(SessionId id, Completion<result<SessionView>> done) {
  gather(
      impl_->context, 0, result<SessionView>{errc::session_gone},
      [id](hub::Shard& shard, result<SessionView>& found) {
        if (std::optional<SessionView> view = shard.view(id)) found = *std::move(view);
      },
      std::move(done));
}

void Hub::sessions_of(std::string participant, Completion<std::vector<SessionView>> done) {
  gather(
      impl_->context, 0, std::vector<SessionView>{},
      [participant = std::move(participant)](hub::Shard& shard, std::vector<SessionView>& found) {
        shard.view(participant, found);
      },
      std::move(done));
}

void Hub::drain(Instant deadline, Completion<> done) {
  struct Draining {
    std::atomic<std::size_t> left;
    Completion<> done;
  };
  const std::shared_ptr<Draining> draining{
      new Draining{{impl_->context.shards.size()}, std::move(done)}};
  for (const auto& each : impl_->context.shards) {
    hub::Shard& shard = *each;
    shard.executor().post([&shard, alive = impl_->context.alive, deadline, draining] {
      const auto one_is_empty = [draining] {
        if (draining->left.fetch_sub(1, std::memory_order_acq_rel) == 1) draining->done();
      };
      if (!*alive) return one_is_empty();
      shard.drain(deadline, one_is_empty);
    });
  }
}

}  // namespace kefu::inline v0
