// Device: one client: the machine that the C++ client has too, with a socket, the codec, and a
// disk.
#pragma once

#include <functional>
#include <kefu/core/client_session.hpp>
#include <kefu/testing/manual_executor.hpp>
#include <kefu/testing/sim_network.hpp>
#include <kefu/wire/codec.hpp>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "checker.hpp"
#include "plan.hpp"

namespace kefu::sim {

/// What devices find around them.
struct Surroundings {
  const Plan& plan;
  Mutant mutant;
  testing::ManualExecutor& loop;
  testing::SimNetwork& network;
  Checker& checker;
  std::function<testing::SimServer*()> server;    ///< where to connect now; null: nowhere
  std::function<void(const std::string&)> trace;  ///< empty: nobody listens
  bool at_work = true;                            ///< people act
};

class Device final : testing::SimSocket::Events, wire::Decoder::ServerHandler {
 public:
  Device(Surroundings& around, std::size_t number, Participant who, testing::Random random);
  ~Device();

  // ---- the person

  void submit(ConversationId conversation, Log log, std::string kind, std::string text);
  void open(std::string department);
  void close(ConversationId conversation);

  // ---- what befalls it

  void power_on();
  /// From now on nothing is left but what was saved.
  void power_off();
  void cut(Nanoseconds late) { socket_.cut(late); }
  void pause_reading() { socket_.pause(); }
  void resume_reading() { socket_.resume(); }
  /// Sends again something that was acknowledged, as a broken proxy would.
  void send_stale();
  /// The link is closed in good order, and opened again.
  void reconnect();
  /// Starts with what another one saved, but for its sends, which stay with it.
  void copy_from(const Device& other);

  [[nodiscard]] bool on() const noexcept { return machine_.has_value(); }
  [[nodiscard]] bool attached() const {
    return machine_ && machine_->state() == core::ClientSession::State::attached;
  }
  /// Attached over a link that is whole, with nothing on its way.
  [[nodiscard]] bool quiet() const { return attached() && socket_.quiet(); }
  /// Everything is settled and asked.
  [[nodiscard]] bool idle() const { return attached() && machine_->pending() == 0 && !opening_; }
  /// Why it is not at rest with what the store holds; empty when it is.
  [[nodiscard]] std::string unread() const;
  [[nodiscard]] std::string describe() const;

  /// Where it has connected to last; null: nowhere, or that is gone.
  [[nodiscard]] const testing::SimServer* server() const noexcept { return server_; }
  void server_is_gone() noexcept { server_ = nullptr; }
  [[nodiscard]] const Participant& who() const noexcept { return who_; }
  [[nodiscard]] std::size_t number() const noexcept { return number_; }
  [[nodiscard]] const std::set<ConversationId>& known() const noexcept { return known_; }

 private:
  void on_opened() override;
  void on_message(std::string_view message) override;
  void on_closed(errc reason) override;
  void on_frame(const ServerFrame& frame) override;
  void on_error(const wire::DecodeError& error) override;

  template <class Call>
  void step(Call call);
  void carry_out(const core::ClientEffects& effects);
  void carry_out(const core::client_effect::Persist&);
  void carry_out(const core::client_effect::Connect&);
  void carry_out(const core::client_effect::Disconnect&);
  void carry_out(const core::client_effect::Transmit& effect);
  void carry_out(const core::client_effect::Deliver& effect);
  void carry_out(const core::client_effect::Settled& effect);
  void carry_out(const core::client_effect::Reset& effect);
  void carry_out(const core::client_effect::Attached&);
  void carry_out(const core::client_effect::Refused& effect);

  void transmit(const ClientFrame& frame);
  void flush();
  void arm();
  void heard(const ServerFrame& frame);
  void ask_to_open();
  void trace(const std::string& what) const;
  [[nodiscard]] core::ClientState broken(core::ClientState saved) const;
  void forge_acks();
  void save() { disk_ = machine_->snapshot(); }

  Surroundings& around_;
  const std::size_t number_;
  const Participant who_;
  testing::Random random_;
  wire::Decoder decoder_;
  testing::SimSocket socket_;

  const testing::SimServer* server_ = nullptr;
  core::ClientState disk_;
  std::optional<core::ClientSession> machine_;  // none: it is off
  std::uint64_t starts_ = 0;                    // timers of an earlier start mean nothing
  std::optional<Instant> armed_;
  std::vector<std::string> outgoing_;        // frames of this step
  std::map<std::string, std::string> sent_;  // sends of this connection, by their body
  std::vector<std::string> stale_;           // … those that were acknowledged
  std::set<ConversationId> known_;

  struct Opening {
    ConversationId id;
    std::string department;
  };
  std::optional<Opening> opening_;
  std::uint64_t opened_ = 0;
};

}  // namespace kefu::sim
