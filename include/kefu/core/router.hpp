// Router: gives the waiting conversations of one department to agents who could take them. It is
// level-triggered: whatever woke it, it looks at the whole queue and at all agents as the records
// say, and never at what has happened. So a wake-up may be lost, late or doubled; the sweep, which
// wakes it twice a second, is the net (promise 8).
//
//   idle ──wake──▶ agents ──▶ queue (page by page, while a slot is free) ──▶ settling ──▶ idle
//
// Every node may route every department: proposals are decided in commits, and a proposal that
// lost is forgotten, for somebody else has changed what it was made on.
#pragma once

#include <algorithm>
#include <cstdint>
#include <kefu/core/desk_command.hpp>
#include <kefu/core/routing.hpp>
#include <kefu/model/department.hpp>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace kefu::inline v0::core {

namespace router_effect {

/// Read the agents who could take something in the department (index kRoutable: its members, and
/// those who serve all), and call on_agents().
struct ReadAgents {};
/// Read a page of the department's queue (index kQueue), and call on_queue(). `after` is the
/// `next` of the page before.
struct ReadQueue {
  std::string after;
};
/// Carry this out in a transaction, and call on_settled() when it has ended.
struct Run {
  DeskCommand command;
};
}  // namespace router_effect

/// One thing to do.
using RouterEffect =
    std::variant<router_effect::ReadAgents, router_effect::ReadQueue, router_effect::Run>;
/// What to do, in this order.
using RouterEffects = std::vector<RouterEffect>;

class Router {
 public:
  /// What it waits for.
  enum class State : std::uint8_t { idle, agents, queue, settling };

  Router(Department department, RoutingStrategy strategy)
      : department_(std::move(department)), strategy_(std::move(strategy)) {}

  /// What it waits for.
  [[nodiscard]] State state() const noexcept { return state_; }

  /// Something may have changed. A wake-up while it is at work makes it begin again at the end.
  void wake(RouterEffects& out) {
    again_ = true;
    if (state_ == State::idle) begin(out);
  }

  /// The answer to ReadAgents.
  void on_agents(std::vector<Agent> agents, Timestamp now, RouterEffects& out) {
    snapshot_ = {department_.id, now, std::move(agents)};
    state_ = State::queue;
    if (!wants_more()) return settle(out);
    out.push_back(router_effect::ReadQueue{});
  }

  /// The answer to ReadQueue.
  void on_queue(const std::vector<Conversation>& page, const std::string& next,
                RouterEffects& out) {
    for (const Conversation& c : page) consider(c, out);
    if (!next.empty() && wants_more()) {
      out.push_back(router_effect::ReadQueue{next});
    } else {
      settle(out);
    }
  }

  /// A Run has ended, however it did.
  void on_settled(RouterEffects& out) {
    --running_;
    if (state_ == State::settling) settle(out);
  }

  /// A read failed. The sweep will wake it again.
  void on_failed(RouterEffects& out) { settle(out); }

 private:
  void begin(RouterEffects& out) {
    again_ = false;
    state_ = State::agents;
    out.push_back(router_effect::ReadAgents{});
  }

  void settle(RouterEffects& out) {
    state_ = State::settling;
    if (running_ > 0) return;
    state_ = State::idle;
    if (again_) begin(out);
  }

  /// Could a conversation further back be served? Or does one wait too long here?
  [[nodiscard]] bool wants_more() const {
    if (!department_.overflow_to.empty()) return true;
    return std::ranges::any_of(snapshot_.agents, [this](const Agent& agent) {
      return may_be_offered(agent, department_.id) == Rule::none;
    });
  }

  void consider(const Conversation& c, RouterEffects& out) {
    const Timestamp now = snapshot_.now;
    const Proposal proposal = strategy_(c, snapshot_);
    if (proposal.what == Proposal::What::agent) {
      const auto agent = std::ranges::find(snapshot_.agents, proposal.agent, &Agent::id);
      if (agent != snapshot_.agents.end()) {
        fill_slot(*agent, c, SlotUse::offered, now);
        agent->last_offered_at = now;
      }
      run(MakeOffer{c.id, c.assignment.epoch, proposal.agent, now + department_.offer_timeout},
          out);
    } else if (proposal.what == Proposal::What::ask_host) {
      run(AskHost{c.id, c.assignment.epoch, now + proposal.deadline}, out);
    } else if (!department_.overflow_to.empty() &&
               now - c.assignment.waiting_since >= department_.overflow_after) {
      run(Overflow{c.id, c.assignment.epoch, department_.overflow_to}, out);
    }
  }

  void run(DeskCommand command, RouterEffects& out) {
    ++running_;
    out.push_back(router_effect::Run{std::move(command)});
  }

  Department department_;
  RoutingStrategy strategy_;
  State state_ = State::idle;
  bool again_ = false;
  std::uint64_t running_ = 0;
  RoutingSnapshot snapshot_;
};

}  // namespace kefu::inline v0::core
