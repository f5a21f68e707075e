// Home: the conversations whose home is one shard. Here drafts are authorised and go to the store,
// and from here what was stored goes to every reader. A conversation is in memory while it has
// readers or drafts.
#pragma once

#include <algorithm>
#include <cstdint>
#include <kefu/append_batch.hpp>
#include <kefu/core/tail_watch.hpp>
#include <kefu/model/conversation.hpp>
#include <kefu/model/frame.hpp>
#include <kefu/result.hpp>
#include <kefu/store.hpp>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "departures.hpp"
#include "few.hpp"
#include "hints.hpp"
#include "judges.hpp"
#include "mail.hpp"
#include "person.hpp"

namespace kefu::inline v0::hub {

class Shard;

class Home {
 public:
  explicit Home(Shard& shard);

  void join(mail::Join join);
  void leave(const mail::Leave& leave);
  void changed(mail::Changed changed);
  /// Reads the record again: another node may have changed it.
  void recheck(ConversationId id);
  /// Tells the visitor, unless they know.
  void place(const mail::Place& place);
  void signal(const mail::Signal& signal);

  /// Tells the other readers, soon: at once when nothing of the kind was told of late, else
  /// together with what comes until then.
  void cursor(const mail::Cursor& cursor);

  /// These logs may reach so far, as another node says, or the store: readers here fetch what they
  /// lack.
  void on_tails(const std::vector<Tail>& tails);
  /// Another node stored these.
  void on_entries(const std::vector<Entry>& entries);
  /// Somebody on another node types, or has read.
  void on_signals(const std::vector<Signalled>& signals);
  /// They take part, as another node says.
  void on_members(const std::vector<Member>& members);

  /// Tells of the cursors and tails whose time has come.
  void on_tick(Instant now);

  /// Authorises the drafts, has them judged, and appends them.
  void submit(std::unique_ptr<AppendBatch> batch);
  /// The same for those that policies have decided meanwhile.
  void submit_released();

  // From the judges, of a draft that they hold: it comes back, or never.
  void on_judged(ConversationId conversation);
  void on_unjudged(const Draft& draft, errc code);
  /// Null where no draft of the conversation is under judgement.
  [[nodiscard]] const Conversation* record(ConversationId conversation) const;

  /// Policies are there; before the first connection.
  void begin_judging();

  /// After a loss of something under way, see Shard::recover().
  void recover();

  /// Hands the deliveries of this turn to the shards of their sessions, and tails to other nodes.
  void flush();

  [[nodiscard]] std::size_t live() const noexcept { return live_.size(); }

 private:
  /// How far a reader says that it, or its person, has got.
  struct Position {
    std::uint64_t seq : 63 = 0;
    std::uint64_t moved : 1 = 0;  // since the others were told

    void move_to(std::uint64_t to) {
      constexpr std::uint64_t kMask = ~std::uint64_t{0} >> 1;
      seq = to & kMask;
      moved = 1;
    }
    /// The new one, once.
    std::optional<std::uint64_t> take_move() {
      if (!moved) return std::nullopt;
      moved = 0;
      return std::uint64_t{seq};
    }
  };
  struct Reader {
    SessionRef who;
    Person person;
    Position delivered, read;

    [[nodiscard]] bool staff() const { return person.staff(); }
  };
  /// What of a conversation's record decides who may send: the rest need not stay in memory.
  struct Guard {
    std::uint64_t version = 0;  // 0: not read yet
    Person visitor;
    Few<Person> agents;
    std::unique_ptr<Conversation> whole;  // for policies; null when there are none
    ConversationState state = ConversationState::queued;

    /// Somebody that it names is the same as `reader`.
    void share(const Person& reader);
    [[nodiscard]] bool admits(Role role, std::string_view who) const;
    [[nodiscard]] bool admits(const Draft& draft) const { return admits(draft.role, draft.from); }
    /// What a participant of the conversation may not send; it consumes the cseq.
    [[nodiscard]] errc refusal_for(const Draft& draft) const;
  };
  struct Live {
    [[no_unique_address]] Guard guard;
    bool refreshing = false;     // the record is being read again …
    bool outdated = false;       // … and may have changed after that
    bool cursors_moved = false;  // it is in moved_
    std::uint32_t judging = 0;   // drafts under judgement
    Few<Reader> readers;
    std::unique_ptr<AppendBatch> held;  // drafts that wait for the record
    Instant cursors_told;

    /// Fetches what telling its readers uses.
    void warm() const noexcept {
      for (const Reader& reader : readers) reader.person.warm();
    }
    [[nodiscard]] bool has_visitor() const {
      return std::ranges::any_of(readers, [](const Reader& one) { return !one.staff(); });
    }
  };

  void learn(Live& live, VersionedConversation conversation);
  void authorise(AppendBatch& batch);
  /// False: policies still have it.
  [[nodiscard]] bool judged(AppendBatch& batch, Draft& draft, Live& live, bool admitted);
  void pass(std::unique_ptr<AppendBatch> batch);
  void append(std::unique_ptr<AppendBatch> batch);
  void on_appended(std::unique_ptr<AppendBatch> batch);
  /// Fills looked_up_.
  void look_up(const std::vector<Draft>& drafts);
  /// `live`: its conversation's; null when that is not in memory.
  void on_stored(const Draft& draft, const Outcome& outcome, const Live* live);
  /// Lets go of readers who are no longer in the conversation.
  void dismiss(ConversationId id, Live& live);
  void hold(Live& live, const Draft& draft);
  void refresh(ConversationId id, Live& live);
  void on_refreshed(ConversationId id, result<std::optional<Record>> record);
  void tell_cursors(ConversationId id, Live& live, Instant now);
  void watch_tails(Instant now);
  void ask_tails();
  /// Tells the readers that the log may reach so far; those that lack something fetch it.
  void hint(const Live& live, const Tail& tail);
  /// `entry` has its origin.
  void publish(const Live& live, const frame::EntryFrame& entry, SessionRef except);
  void signal(const Live& live, const mail::Signal& signal);
  void pass_on(const Live& live, const mail::Signal& signal, const SharedFrame& for_staff);
  [[nodiscard]] SharedFrame encode_preview(const Live& live, const mail::Signal& signal);
  /// Adds a delivery, to be filled in before the next.
  Delivery& deliver(SessionRef to);
  /// `reason`: of a policy, for people.
  void fail(const Draft& draft, errc code, std::uint64_t expected = 0,
            std::string_view reason = {});
  void forget_if_idle(ConversationId id);

  Shard& shard_;
  HintTeller hints_;
  core::TailWatch watch_;
  Departures departures_;
  std::unique_ptr<Judges> judges_;  // null: there are no policies
  std::unordered_map<ConversationId, Live> live_;
  std::vector<ConversationId> moved_;  // whose cursors are still to be told
  std::vector<ConversationId> telling_;
  std::unordered_map<ConversationId, mail::Place> places_;  // as told to those who wait
  std::vector<std::vector<Delivery>> outgoing_;             // one for each shard
  std::vector<Live*> looked_up_;                            // of a batch that came back
};

}  // namespace kefu::inline v0::hub
