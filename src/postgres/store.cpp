#include <kefu/postgres/store.hpp>

#include <utility>

#include "postgres/append.hpp"
#include "postgres/commit.hpp"
#include "postgres/engine.hpp"
#include "postgres/erase.hpp"
#include "postgres/reads.hpp"
#include "postgres/schema.hpp"
#include "postgres/sessions.hpp"
#include "scan_cursor.hpp"

namespace kefu::inline v0::postgres {

class Store::Impl {
 public:
  Impl(const std::string& conninfo, const Options& options, const limits& limits) : bounds(limits) {
    Address address(conninfo, options);
    const Link link = prepare_schema(address, options);
    look_at_clock(link.get());
    engine = std::make_unique<Engine>(std::move(address), options, clock);
  }

  const limits bounds;
  ServerClock clock;
  std::unique_ptr<Engine> engine;

 private:
  void look_at_clock(PGconn* link) {
    const Instant asked = steady_now();
    const Rows shown(
        PQexecParams(link, sql(Query::clock), 0, nullptr, nullptr, nullptr, nullptr, 1));
    if (shown.empty()) throw std::system_error(make_error_code(errc::unavailable), "PostgreSQL");
    clock.look(time_of(shown.number(0, 0)), asked, steady_now());
  }
};

Store::Store(const std::string& conninfo, Options options, limits bounds)
    : impl_(std::make_unique<Impl>(conninfo, options, bounds)) {}
Store::~Store() = default;

void Store::attach(AttachRequest request, Completion<AttachOutcome> done) {
  Engine& engine = *impl_->engine;
  engine.submit(std::make_unique<AttachJob>(std::move(request), std::move(done), engine.keys()));
}

void Store::renew(std::vector<SessionLease> leases, Completion<result<std::vector<errc>>> done) {
  Engine& engine = *impl_->engine;
  engine.submit(std::make_unique<RenewJob>(std::move(leases), std::move(done), engine.keys()));
}

void Store::expire(Nanoseconds idle, std::size_t limit,
                   Completion<result<std::vector<SessionId>>> done) {
  Engine& engine = *impl_->engine;
  engine.submit(std::make_unique<ExpireJob>(idle, limit, std::move(done), engine.keys(), now()));
}

void Store::append(std::unique_ptr<AppendBatch> batch,
                   Completion<std::unique_ptr<AppendBatch>> done) {
  if (batch->size() > kMostEntries) {
    batch->fail(errc::too_large);
    return done(std::move(batch));
  }
  Engine& engine = *impl_->engine;
  engine.submit(std::make_unique<AppendJob>(std::move(batch), std::move(done), engine.keys(),
                                            impl_->bounds.window));
}

void Store::read(ReadRequest request, Completion<result<Page>> done) {
  impl_->engine->submit(std::make_unique<PageJob>(request, std::move(done)));
}

void Store::tails(std::vector<Tail> logs, Completion<result<std::vector<Tail>>> done) {
  impl_->engine->submit(std::make_unique<TailsJob>(std::move(logs), std::move(done)));
}

void Store::commit(Commit commit, Completion<result<Committed>> done) {
  if (commit.entries.size() > kMostEntries) return done(errc::too_large);
  Engine& engine = *impl_->engine;
  engine.submit(std::make_unique<CommitJob>(std::move(commit), std::move(done), engine.keys()));
}

void Store::get(RecordKey key, Completion<result<std::optional<Record>>> done) {
  impl_->engine->submit(std::make_unique<GetJob>(std::move(key), std::move(done)));
}

void Store::scan(ScanRequest request, Completion<result<ScanPage>> done) {
  std::pair<std::string, std::string> from{request.prefix, {}};
  if (!request.after.empty()) {
    auto cursor = detail::parse_scan_cursor(request.after);
    if (!cursor) return done(errc::bad_frame);
    from = *std::move(cursor);
  }
  impl_->engine->submit(std::make_unique<ScanJob>(std::move(request), std::move(from.first),
                                                  std::move(from.second), std::move(done)));
}

void Store::events(std::uint64_t after, std::size_t limit,
                   Completion<result<std::vector<Event>>> done) {
  impl_->engine->submit(std::make_unique<EventsJob>(after, limit, std::move(done)));
}

void Store::erase(std::string participant, Completion<result<std::uint64_t>> done) {
  Engine& engine = *impl_->engine;
  engine.submit(std::make_unique<EraseJob>(std::move(participant), std::move(done), engine.keys()));
}

void Store::search(SearchRequest request, Completion<result<SearchPage>> done) {
  impl_->engine->submit(std::make_unique<SearchJob>(std::move(request), std::move(done)));
}

Timestamp Store::now() const { return impl_->clock.now(); }

}  // namespace kefu::inline v0::postgres
