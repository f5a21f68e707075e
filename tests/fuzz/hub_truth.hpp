// Truth: what the store holds, against which everything is compared that the Hub says to anybody.
#pragma once

#include <kefu/memory/store.hpp>
#include <kefu/wire/records.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace kefu::fuzz {

inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "fuzz_hub: violated: %s\n", what);
  std::abort();
}

/// Of what a client sent under a cseq: nothing else may stand in the log for it.
struct Content {
  Log log = Log::public_log;
  std::string kind;
  std::string body;

  friend auto operator<=>(const Content&, const Content&) = default;
};
using SendKey = std::tuple<SessionId, ConversationId, std::uint64_t>;

class Truth {
 public:
  explicit Truth(memory::Store& store) : store_(store) {}

  /// A client has sent this, as somebody.
  void on_sent(const SendKey& key, const Participant& who, Content content) {
    Sent& sent = sent_[key];
    sent.who = who;
    sent.contents.insert(std::move(content));
  }

  /// … and this before it knew its session; `who` it may have been.
  void on_sent_early(ConversationId conversation, std::uint64_t cseq, const Participant& who,
                     Content content) {
    early_.insert({conversation, cseq, who.id, std::move(content)});
  }

  /// After each step: logs are dense, and every entry of a client is one that it sent, once.
  void look() {
    store_.events(position_, SIZE_MAX, [this](result<std::vector<Event>> events) {
      for (const Event& event : *events) {
        position_ = event.position;
        check(event.entry);
      }
    });
  }

  [[nodiscard]] std::uint64_t tail(ConversationId conversation, Log log) {
    std::uint64_t out = 0;
    store_.read({conversation, log, 0, 0, 0}, [&](result<Page> page) { out = page->tail; });
    return out;
  }
  [[nodiscard]] std::optional<Entry> entry(ConversationId conversation, Log log,
                                           std::uint64_t seq) {
    if (seq == 0) return std::nullopt;
    std::optional<Entry> out;
    store_.read({conversation, log, seq - 1, 1, SIZE_MAX}, [&](result<Page> page) {
      if (!page->entries.empty()) out = page->entries[0];
    });
    return out;
  }

  /// Whether somebody may see a conversation, or could at any time before.
  [[nodiscard]] bool admits(ConversationId conversation, const Participant& who) {
    if (admitted_.contains({conversation, who.id})) return true;
    bool out = false;
    store_.get({RecordKind::conversation, conversation.to_string()},
               [&](result<std::optional<Record>> record) {
                 if (!*record) return;
                 const result<Conversation> decoded = wire::decode_conversation((*record)->value);
                 require(decoded.has_value(), "a stored conversation can be read");
                 out = decoded->admits(who.role, who.id);
               });
    if (out) admitted_.insert({conversation, who.id});
    return out;
  }

  // ---- promise 6, seen at the port

  void on_attached(SessionId session, std::uint64_t epoch) {
    std::uint64_t& current = epochs_[session];
    require(epoch > current, "epochs rise");
    current = epoch;
  }
  [[nodiscard]] std::uint64_t epoch_of(SessionId session) const {
    const auto at = epochs_.find(session);
    return at == epochs_.end() ? 0 : at->second;
  }

 private:
  struct Sent {
    Participant who;
    std::set<Content> contents;
  };

  void check(const Entry& entry) {
    std::uint64_t& last = tails_[{entry.conversation, entry.log}];
    require(entry.seq == last + 1, "a log is dense");
    last = entry.seq;
    if (entry.origin.session.is_nil()) return;
    const SendKey key{entry.origin.session, entry.conversation, entry.origin.cseq};
    require(stored_.insert(key).second, "a send is stored once");
    const Participant who{entry.from, entry.role};
    const Content content{entry.log, entry.kind, entry.body};
    const auto sent = sent_.find(key);
    const bool known =
        sent != sent_.end() && sent->second.who == who && sent->second.contents.contains(content);
    require(known || early_.contains({entry.conversation, entry.origin.cseq, who.id, content}),
            "what is stored was sent so, by whom it says");
    require(admits(entry.conversation, who), "by somebody of the conversation");
    require(entry.log == Log::public_log || is_staff(entry.role), "notes are the staff's");
    require(!is_reserved_kind(entry.kind), "kefu's kinds are kefu's");
  }

  memory::Store& store_;
  std::uint64_t position_ = 0;
  std::map<std::pair<ConversationId, Log>, std::uint64_t> tails_;
  std::map<SendKey, Sent> sent_;
  std::set<std::tuple<ConversationId, std::uint64_t, std::string, Content>> early_;
  std::set<SendKey> stored_;
  std::set<std::pair<ConversationId, std::string>> admitted_;
  std::map<SessionId, std::uint64_t> epochs_;
};

/// In front of the Hub's store: an older connection stores nothing once a newer one is attached.
class WatchedStore final : public StoreWrapper {
 public:
  WatchedStore(Store& inner, Truth& truth) : StoreWrapper(inner), truth_(truth) {}

  void attach(AttachRequest request, Completion<AttachOutcome> done) override {
    const SessionId session = request.session;
    inner().attach(std::move(request), [&truth = truth_, session,
                                        done = std::move(done)](AttachOutcome outcome) mutable {
      if (outcome.code == errc::ok) truth.on_attached(session, outcome.epoch);
      done(std::move(outcome));
    });
  }

  void append(std::unique_ptr<AppendBatch> batch,
              Completion<std::unique_ptr<AppendBatch>> done) override {
    std::vector<bool> fenced;
    fenced.reserve(batch->size());
    for (const Draft& draft : batch->drafts())
      fenced.push_back(draft.epoch < truth_.epoch_of(draft.session));
    inner().append(std::move(batch), [fenced = std::move(fenced), done = std::move(done)](
                                         std::unique_ptr<AppendBatch> back) mutable {
      for (std::size_t i = 0; i < fenced.size(); ++i) {
        const Outcome& outcome = back->outcomes()[i];
        require(!fenced[i] || outcome.code != errc::ok || outcome.repeated,
                "an older connection stores nothing");
      }
      done(std::move(back));
    });
  }

 private:
  Truth& truth_;
};

}  // namespace kefu::fuzz
