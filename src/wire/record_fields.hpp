// record_fields: the fields of each record, once for writing and for reading. An archive takes
// (name, value) pairs; `T` is const when it writes.
#pragma once

#include <concepts>
#include <kefu/desk_record.hpp>
#include <type_traits>

namespace kefu::inline v0::wire {

template <class T, class As>
concept Is = std::same_as<std::remove_const_t<T>, As>;

template <class Archive, Is<Offer> T>
void fields(Archive& ar, T& r) {
  ar("agent", r.agent);
  ar("expires_at", r.expires_at);
}

template <class Archive, Is<Declined> T>
void fields(Archive& ar, T& r) {
  ar("agent", r.agent);
  ar("until", r.until);
}

template <class Archive, Is<AssignmentEvent> T>
void fields(Archive& ar, T& r) {
  ar("epoch", r.epoch);
  ar("step", r.step);
  ar("agent", r.agent);
  ar("by", r.by);
  ar("at", r.at);
}

template <class Archive, Is<Assignment> T>
void fields(Archive& ar, T& r) {
  ar("epoch", r.epoch);
  ar("offer", r.offer);
  ar("declined", r.declined);
  ar("waiting_since", r.waiting_since);
  ar("returned", r.returned);
  ar("preferred", r.preferred);
  ar("asked_until", r.asked_until);
  ar("history", r.history);
}

template <class Archive, Is<Conversation> T>
void fields(Archive& ar, T& r) {
  ar("id", r.id);
  ar("state", r.state);
  ar("visitor", r.visitor);
  ar("department", r.department);
  ar("subject", r.subject);
  ar("agents", r.agents);
  ar("opened_at", r.opened_at);
  ar("priority", r.priority);
  ar("language", r.language);
  ar("skills", r.skills);
  ar("tags", r.tags);
  ar("attributes", r.attributes);
  ar("snooze_until", r.snooze_until);
  ar("ends_at", r.ends_at);
  ar("expires_at", r.expires_at);
  ar("expired_at", r.expired_at);
  ar("gone_until", r.gone_until);
  ar("assignment", r.assignment);
}

template <class Archive, Is<OpenConversation> T>
void fields(Archive& ar, T& r) {
  ar("visitor", r.visitor);
  ar("department", r.department);
  ar("conversation", r.conversation);
}

template <class Archive, Is<AgentSlot> T>
void fields(Archive& ar, T& r) {
  ar("conversation", r.conversation);
  ar("department", r.department);
  ar("use", r.use);
  ar("since", r.since);
  ar("until", r.until);
}

template <class Archive, Is<Skill> T>
void fields(Archive& ar, T& r) {
  ar("name", r.name);
  ar("level", r.level);
}

template <class Archive, Is<Membership> T>
void fields(Archive& ar, T& r) {
  ar("department", r.department);
  ar("capacity", r.capacity);
}

template <class Archive, Is<Device> T>
void fields(Archive& ar, T& r) {
  ar("session", r.session);
  ar("epoch", r.epoch);
  ar("node", r.node);
}

template <class Archive, Is<Agent> T>
void fields(Archive& ar, T& r) {
  ar("id", r.id);
  ar("capacity", r.capacity);
  ar("departments", r.departments);
  ar("skills", r.skills);
  ar("languages", r.languages);
  ar("intent", r.intent);
  ar("said", r.said);
  ar("slots", r.slots);
  ar("devices", r.devices);
  ar("last_seen", r.last_seen);
  ar("absent_since", r.absent_since);
  ar("last_offered_at", r.last_offered_at);
  ar("idle_since", r.idle_since);
  ar("handling_ns", r.handling);
}

template <class Archive, Is<Department> T>
void fields(Archive& ar, T& r) {
  ar("id", r.id);
  ar("name", r.name);
  ar("strategy", r.strategy);
  ar("offer_timeout_ns", r.offer_timeout);
  ar("decline_pause_ns", r.decline_pause);
  ar("wrap_up_ns", r.wrap_up);
  ar("overflow_to", r.overflow_to);
  ar("overflow_after_ns", r.overflow_after);
  ar("abandon_after_ns", r.abandon_after);
  ar("abandon_gone_after_ns", r.abandon_gone_after);
  ar("close_after_ns", r.close_after);
  ar("retain_for_ns", r.retain_for);
  ar("calendar", r.calendar);
  ar("offline", r.offline);
  ar("sla", r.sla);
}

template <class Archive, Is<Ticket> T>
void fields(Archive& ar, T& r) {
  ar("id", r.id);
  ar("state", r.state);
  ar("subject", r.subject);
  ar("requester", r.requester);
  ar("department", r.department);
  ar("assignee", r.assignee);
  ar("priority", r.priority);
  ar("tags", r.tags);
  ar("fields", r.fields);
  ar("conversations", r.conversations);
  ar("pending_until", r.pending_until);
  ar("merged_into", r.merged_into);
  ar("comments", r.comments);
  ar("expires_at", r.expires_at);
  ar("expired_at", r.expired_at);
  ar("created_at", r.created_at);
  ar("updated_at", r.updated_at);
}

template <class Archive, Is<NodeLease> T>
void fields(Archive& ar, T& r) {
  ar("id", r.id);
  ar("since", r.since);
  ar("until", r.until);
}

template <class Archive, Is<HeldLane> T>
void fields(Archive& ar, T& r) {
  ar("conversation", r.conversation);
  ar("from", r.from);
}

template <class Archive, Is<DeadLetter> T>
void fields(Archive& ar, T& r) {
  ar("sink", r.sink);
  ar("position", r.position);
  ar("conversation", r.conversation);
  ar("internal", r.internal);
  ar("seq", r.seq);
  ar("attempts", r.attempts);
  ar("at", r.at);
}

template <class Archive, Is<SinkCursor> T>
void fields(Archive& ar, T& r) {
  ar("sink", r.sink);
  ar("position", r.position);
  ar("node", r.node);
  ar("until", r.until);
  ar("ahead", r.ahead);
  ar("held", r.held);
}

template <class Archive, Is<Ban> T>
void fields(Archive& ar, T& r) {
  ar("participant", r.participant);
  ar("address", r.address);
  ar("until", r.until);
  ar("reason", r.reason);
  ar("by", r.by);
  ar("at", r.at);
}

template <class Archive, Is<BanList> T>
void fields(Archive& ar, T& r) {
  ar("bans", r.bans);
}

template <class Archive, Is<Contact> T>
void fields(Archive& ar, T& r) {
  ar("id", r.id);
  ar("former", r.former);
  ar("into", r.into);
  ar("resume_at", r.resume_at);
}

template <class Archive, Is<SlaPolicy> T>
void fields(Archive& ar, T& r) {
  ar("first_response_ns", r.first_response);
  ar("next_response_ns", r.next_response);
  ar("resolution_ns", r.resolution);
  ar("warn_before_ns", r.warn_before);
}

template <class Archive, Is<SlaTimer> T>
void fields(Archive& ar, T& r) {
  ar("target", r.target);
  ar("due", r.due);
  ar("warn_at", r.warn_at);
  ar("left_ns", r.left);
  ar("warned", r.warned);
  ar("breached", r.breached);
}

template <class Archive, Is<SlaClock> T>
void fields(Archive& ar, T& r) {
  ar("conversation", r.conversation);
  ar("policy", r.policy);
  ar("calendar", r.calendar);
  ar("seq", r.seq);
  ar("paused", r.paused);
  ar("responded", r.responded);
  ar("over", r.over);
  ar("timers", r.timers);
}

}  // namespace kefu::inline v0::wire
