#include "sla_watch.hpp"

#include <kefu/desk_keys.hpp>
#include <kefu/wire/records.hpp>
#include <utility>

#include "shard.hpp"

namespace kefu::inline v0::hub {

void SlaWatch::on_tick(Instant now) {
  if (shard_.context().desk.options().sla.empty() || looking_ || now < next_) return;
  next_ = now + shard_.bounds().sla_check;
  looking_ = true;
  look({});
}

void SlaWatch::recover() {
  looking_ = false;
  busy_.clear();
}

void SlaWatch::look(std::string after) {
  ScanRequest request{RecordKind::timer, std::string(index::kRunning), {}, std::move(after), 0};
  request.limit = shard_.bounds().tail_batch;
  shard_.context().store.scan(
      std::move(request), shard_.here<result<ScanPage>>([this](result<ScanPage> page) {
        if (!page) {
          looking_ = false;
          return;
        }
        std::vector<SlaClock> clocks;
        for (const Record& record : page->records) {
          result<DeskRecord> one = wire::decode_record(record.key, record.value);
          SlaClock* const clock = one ? std::get_if<SlaClock>(&*one) : nullptr;
          if (clock) clocks.push_back(std::move(*clock));
        }
        compare(std::move(clocks), std::move(page->next));
      }));
}

void SlaWatch::compare(std::vector<SlaClock> clocks, std::string next) {
  std::vector<Tail> logs;
  logs.reserve(clocks.size());
  for (const SlaClock& clock : clocks) logs.push_back({clock.conversation, Log::public_log, 0});
  shard_.context().store.tails(
      std::move(logs),
      shard_.here<result<std::vector<Tail>>>(
          [this, clocks = std::move(clocks), next = std::move(next)](auto tails) mutable {
            for (std::size_t i = 0; tails && i < clocks.size(); ++i) {
              if ((*tails)[i].seq > clocks[i].seq && busy_.insert(clocks[i].conversation).second)
                wind(clocks[i]);
            }
            looking_ = !next.empty();
            if (looking_) look(std::move(next));
          }));
}

void SlaWatch::judge(ConversationId conversation) {
  if (!busy_.insert(conversation).second) return;
  shard_.context().store.get(
      sla_key(conversation),
      shard_.here<result<std::optional<Record>>>([this, conversation](auto record) {
        const result<DeskRecord> found =
            record && *record ? wire::decode_record(sla_key(conversation), (*record)->value)
                              : result<DeskRecord>(errc::not_found);
        if (!found) {
          busy_.erase(conversation);
          return;
        }
        wind(std::get<SlaClock>(*found));
      }));
}

void SlaWatch::wind(const SlaClock& clock) {
  ReadRequest request;
  request.conversation = clock.conversation;
  request.after = clock.seq;
  request.max_entries = shard_.bounds().page_entries;
  request.max_bytes = shard_.bounds().page_bytes;
  const Timestamp as_of = shard_.context().store.now();
  shard_.context().store.read(request,
                              shard_.here<result<Page>>([this, clock, as_of](result<Page> page) {
                                if (!page) {
                                  busy_.erase(clock.conversation);
                                  return;
                                }
                                fold(clock, *std::move(page), as_of);
                              }));
}

/// The answer to what is due may stand in a page behind this one: then it is judged only up to
/// here.
void SlaWatch::fold(const SlaClock& clock, Page page, Timestamp as_of) {
  const bool whole = page.entries.empty() || page.entries.back().seq >= page.tail;
  if (!whole) as_of = page.entries.back().at;
  core::FoldSla command{clock.conversation, std::move(page.entries),
                        &shard_.context().desk.calendar_named(clock.calendar), as_of};
  shard_.desk().run(std::move(command),
                    [this, id = clock.conversation, whole](
                        const core::transaction_effect::Ended& ended, core::WorkingSet&) {
                      busy_.erase(id);
                      if (ended.code == errc::ok && !whole) judge(id);
                    });
}

}  // namespace kefu::inline v0::hub
