// Desk: the changes of the service desk on one shard. Each is a decision of core/ that a
// core::Transaction runs; here it meets the Store, and what it changed is told to everybody whom it
// concerns.
#pragma once

#include <kefu/completion.hpp>
#include <kefu/core/desk_command.hpp>
#include <kefu/core/transaction.hpp>
#include <kefu/desk.hpp>
#include <kefu/model/participant.hpp>
#include <kefu/result.hpp>
#include <kefu/store.hpp>
#include <memory>
#include <set>
#include <vector>

#include "mail.hpp"

namespace kefu::inline v0::hub {

class Shard;

/// How a change ended. The conversation is the one that it was about, as it is now.
struct DeskAnswer {
  errc code = errc::ok;
  Rule rule = Rule::none;
  bool changed = false;
  VersionedConversation conversation = {};
};

class Desk {
 public:
  explicit Desk(Shard& shard) : shard_(shard) {}

  // Completions are called on the shard.

  using Done = Completion<const core::transaction_effect::Ended&, core::WorkingSet&>;
  void run(core::DeskCommand command, Done done);

  /// The same for a change of one conversation.
  void run(ConversationId id, core::DeskCommand command, Completion<DeskAnswer> done);

  /// The same for a host, and for changes of tickets.
  void change(core::DeskCommand command, Completion<DeskOutcome> done);

  /// Finds the open conversation of (visitor, department), or creates the proposed one.
  void open(Conversation proposed, Completion<DeskAnswer> done);

  /// Those that an agent serves; none: all.
  void find_departments(const std::string& agent,
                        Completion<result<std::vector<std::string>>> done);

  /// The record; errc::not_found when there is none or it is not the participant's.
  void look_up(ConversationId id, Participant who, Completion<result<VersionedConversation>> done);

  void on_tick();

 private:
  struct Job;

  [[nodiscard]] core::Transaction transaction_of(core::DeskCommand command) const;
  void carry_out(const std::shared_ptr<Job>& job, core::TransactionEffects& effects);
  void read(const std::shared_ptr<Job>& job, const std::vector<RecordKey>& keys);
  void commit(const std::shared_ptr<Job>& job);
  void on_committed(const std::shared_ptr<Job>& job, result<Committed> committed);
  void publish(const core::WorkingSet& records, std::vector<Entry> entries);
  void tell(const core::WorkingSet& records);
  void tell(const std::shared_ptr<const AgentNews>& agent);
  void catch_up(const RecordKey& key);
  void tell_again(const Record& record);
  void enlist(const VersionedConversation& conversation);

  Shard& shard_;
  std::set<RecordKey> unsure_;  // as a Job's, and could not be read yet
};

}  // namespace kefu::inline v0::hub
