// Home: what readers are told: entries, how far logs reach, who types and has read, and their place
// in the queue.
#include <algorithm>
#include <utility>

#include "home.hpp"
#include "shard.hpp"

namespace kefu::inline v0::hub {

void Home::place(const mail::Place& place) {
  const auto at = live_.find(place.conversation);
  if (at == live_.end()) return;
  const auto [known, fresh] = places_.try_emplace(place.conversation, place);
  if (!fresh && known->second.place == place.place && known->second.opens_at == place.opens_at)
    return;
  known->second = place;
  frame::Queue frame;
  frame.conversation = place.conversation;
  frame.position = place.place.position;
  if (place.place.eta)
    frame.eta = static_cast<std::uint64_t>(*place.place.eta / std::chrono::seconds(1));
  frame.opens_at = place.opens_at;
  const SharedFrame encoded = shard_.encode({{}, frame});
  for (const Reader& reader : at->second.readers) {
    if (reader.staff()) continue;
    Delivery& delivery = deliver(reader.who);
    delivery.what = Delivery::What::signal;
    delivery.conversation = place.conversation;
    delivery.frame = encoded;
  }
  flush();
}

void Home::on_tails(const std::vector<Tail>& tails) {
  for (const Tail& tail : tails) {
    const auto at = live_.find(tail.conversation);
    if (at != live_.end()) hint(at->second, tail);
  }
  flush();
}

void Home::on_entries(const std::vector<Entry>& entries) {
  for (const Entry& entry : entries) {
    const auto at = live_.find(entry.conversation);
    if (at == live_.end()) continue;
    publish(at->second, frame::of(entry, true, true), SessionRef{});
    if (is_reserved_kind(entry.kind)) recheck(entry.conversation);
  }
  flush();
}

void Home::on_members(const std::vector<Member>& members) {
  for (const Member& member : members)
    shard_.tell_all(mail::Expect{member.participant, member.conversation});
}

void Home::hint(const Live& live, const Tail& tail) {
  for (const Reader& reader : live.readers) {
    if (tail.log == Log::internal && !reader.staff()) continue;
    Delivery& delivery = deliver(reader.who);
    delivery.what = Delivery::What::hint;
    delivery.conversation = tail.conversation;
    delivery.log = tail.log;
    delivery.seq = tail.seq;
  }
}

void Home::signal(const mail::Signal& signal) {
  const auto at = live_.find(signal.conversation);
  if (at == live_.end()) return;
  this->signal(at->second, signal);
  flush();
}

void Home::signal(const Live& live, const mail::Signal& signal) {
  const bool told = hints_.carry_texts();
  SharedFrame for_staff = signal.frame;
  if (!signal.preview.empty() && (told || std::ranges::any_of(live.readers, &Reader::staff)))
    for_staff = encode_preview(live, signal);
  hints_.signalled((told ? for_staff : signal.frame).text());
  pass_on(live, signal, for_staff);
}

void Home::on_signals(const std::vector<Signalled>& signals) {
  for (const Signalled& signal : signals) {
    const auto at = live_.find(signal.conversation);
    if (at == live_.end()) continue;
    const mail::Signal here{{}, signal.conversation, shard_.copy(signal.frame)};
    pass_on(at->second, here,
            signal.for_staff.empty() ? here.frame : shard_.copy(signal.for_staff));
  }
  flush();
}

void Home::pass_on(const Live& live, const mail::Signal& signal, const SharedFrame& for_staff) {
  for (const Reader& reader : live.readers) {
    if (reader.who == signal.from) continue;
    Delivery& delivery = deliver(reader.who);
    delivery.what = Delivery::What::signal;
    delivery.conversation = signal.conversation;
    delivery.frame = reader.staff() ? for_staff : signal.frame;
  }
}

SharedFrame Home::encode_preview(const Live& live, const mail::Signal& signal) {
  const auto own = std::ranges::find(live.readers, signal.from, &Reader::who);
  if (own == live.readers.end()) return signal.frame;  // who has gone types no more
  frame::TypingState state{signal.conversation, own->person.id(), true};
  state.preview = signal.preview;
  return shard_.encode({{}, state});
}

/// Only forwards: what another device of the participant has said counts too.
void Home::cursor(const mail::Cursor& cursor) {
  const auto at = live_.find(cursor.conversation);
  if (at == live_.end()) return;
  Live& live = at->second;
  const auto own = std::ranges::find(live.readers, cursor.from, &Reader::who);
  if (own == live.readers.end()) return;
  Position Reader::*const which =
      cursor.what == mail::Cursor::What::read ? &Reader::read : &Reader::delivered;
  for (const Reader& reader : live.readers) {
    if (reader.person.id() == own->person.id() && (reader.*which).seq >= cursor.seq) return;
  }
  ((*own).*which).move_to(cursor.seq);
  if (live.cursors_moved) return;
  const Instant now = shard_.executor().now();
  if (now - live.cursors_told >= shard_.bounds().receipt_interval) {
    tell_cursors(cursor.conversation, live, now);
    return flush();
  }
  live.cursors_moved = true;
  moved_.push_back(cursor.conversation);
}

void Home::tell_cursors(ConversationId id, Live& live, Instant now) {
  live.cursors_moved = false;
  live.cursors_told = now;
  for (Reader& reader : live.readers) {
    const frame::Receipt receipt{id, reader.person.id(), reader.delivered.take_move(),
                                 reader.read.take_move()};
    if (!receipt.delivered && !receipt.read) continue;
    signal(live, {reader.who, id, shard_.encode({{}, receipt})});
  }
}

/// Without a bus there is nobody else who stores.
void Home::watch_tails(Instant now) {
  if (!shard_.context().bus) return;
  if (watch_.due(now)) {
    std::vector<ConversationId> read;
    for (const auto& [id, live] : live_) {
      if (!live.readers.empty()) read.push_back(id);
    }
    watch_.begin(std::move(read), now);
  }
  ask_tails();
}

void Home::ask_tails() {
  std::vector<Tail> logs;
  for (const ConversationId id : watch_.ask()) {
    const auto at = live_.find(id);
    logs.push_back({id, Log::public_log, 0});
    if (at != live_.end() && std::ranges::any_of(at->second.readers, &Reader::staff))
      logs.push_back({id, Log::internal, 0});
  }
  if (logs.empty()) return;
  shard_.context().store.tails(std::move(logs), shard_.here<result<std::vector<Tail>>>(
                                                    [this](result<std::vector<Tail>> known) {
                                                      watch_.on_answer(known.has_value());
                                                      if (!known)
                                                        return;  // the next tick asks again
                                                      on_tails(*known);
                                                      ask_tails();
                                                    }));
}

/// Encodes the entry for whoever wrote it (with its origin) and for everyone else, and where it has
/// tags for staff and for visitors. The last reader of a frame gets it without a copy of the
/// handle.
void Home::publish(const Live& live, const frame::EntryFrame& entry, SessionRef except) {
  struct Told {
    SharedFrame frame;
    SessionRef last;
  } told[4];
  const auto tell = [&](SessionRef who, SharedFrame frame) {
    Delivery& delivery = deliver(who);
    delivery.what = Delivery::What::entry;
    delivery.conversation = entry.conversation;
    delivery.log = entry.log;
    delivery.seq = entry.seq;
    delivery.frame = std::move(frame);
  };
  for (const Reader& reader : live.readers) {
    if (reader.who == except || (entry.log == Log::internal && !reader.staff())) continue;
    const bool wrote =
        entry.origin && reader.staff() == is_staff(entry.role) && reader.person.id() == entry.from;
    const bool staff = reader.staff() && !entry.tags.empty();
    Told& same = told[(wrote ? 1 : 0) + (staff ? 2 : 0)];
    if (same.frame) {
      tell(same.last, same.frame);
    } else {
      frame::EntryFrame encoded = entry;
      if (!wrote) encoded.origin.reset();
      encoded.tags = tags::told(entry.tags, wrote, staff);
      same.frame = shard_.encode_body(encoded);
    }
    same.last = reader.who;
  }
  for (Told& same : told) {
    if (same.frame) tell(same.last, std::move(same.frame));
  }
}

}  // namespace kefu::inline v0::hub
