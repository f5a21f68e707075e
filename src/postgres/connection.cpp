#include "postgres/connection.hpp"

#include <poll.h>

#include <utility>

namespace kefu::inline v0::postgres {

void Connection::open() {
  close();
  host_ = std::exchange(tried_, true) ? address_->next(host_) : address_->found();
  link_ = address_->start(host_);
  if (!link_ || PQstatus(link_.get()) == CONNECTION_BAD) return close();
  phase_ = Phase::connecting;
  polling_ = PGRES_POLLING_WRITING;
}

void Connection::close() {
  link_.reset();
  phase_ = Phase::closed;
  flushing_ = false;
  steps_ = 0;
  coming_ = {};
  answered_.clear();
}

short Connection::wanted() const {
  if (phase_ == Phase::connecting) return polling_ == PGRES_POLLING_READING ? POLLIN : POLLOUT;
  return static_cast<short>(flushing_ ? POLLIN | POLLOUT : POLLIN);
}

void Connection::progress(short happened) {
  if (happened == 0 || closed()) return;
  if (phase_ == Phase::connecting) return connect();
  if (happened & (POLLIN | POLLHUP | POLLERR)) {
    const bool alive = PQconsumeInput(link_.get()) == 1;
    collect();  // also what came before the end
    if (!closed() && (!alive || PQstatus(link_.get()) == CONNECTION_BAD)) {
      // Steps that were answered whole are still worth taking; the rest is lost.
      link_.reset();
      phase_ = Phase::closed;
    }
  }
  if (!closed() && flushing_) flush();
}

void Connection::connect() {
  polling_ = PQconnectPoll(link_.get());
  if (polling_ == PGRES_POLLING_FAILED) return close();
  if (polling_ == PGRES_POLLING_OK) prepare();
}

void Connection::prepare() {
  phase_ = Phase::preparing;
  PGconn* const link = link_.get();
  if (PQsetnonblocking(link, 1) != 0 || PQenterPipelineMode(link) != 1) return close();
  for (std::string_view rest = settings_; !rest.empty();) {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    const std::string one(rest.substr(0, end));
    if (PQsendQueryParams(link, one.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 1) != 1)
      return close();
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  for (std::size_t i = 0; i < kQueries; ++i) {
    const auto query = static_cast<Query>(i);
    if (!serves(query, use_)) continue;
    if (PQsendPrepare(link, name(query), sql(query), 0, nullptr) != 1) return close();
  }
  end_step();
}

void Connection::send(Query query, const Params& params) {
  if (closed()) return;
  const std::size_t count = params.values().size();
  std::vector<const char*> values;
  std::vector<int> sizes;
  values.reserve(count);
  sizes.reserve(count);
  for (const std::string& value : params.values()) {
    values.push_back(value.data());
    sizes.push_back(static_cast<int>(value.size()));
  }
  const std::vector<int> formats(count, 1);
  if (PQsendQueryPrepared(link_.get(), name(query), static_cast<int>(count), values.data(),
                          sizes.data(), formats.data(), 1) != 1)
    close();
}

void Connection::end_step() {
  if (closed()) return;
  if (PQpipelineSync(link_.get()) != 1) return close();
  ++steps_;
  flush();
}

void Connection::flush() {
  const int left = PQflush(link_.get());
  if (left < 0) {
    // What the server said last may still be there to be read.
    flushing_ = false;
    return;
  }
  flushing_ = left == 1;
}

void Connection::collect() {
  while (steps_ != 0 && PQisBusy(link_.get()) == 0) {
    PGresult* const result = PQgetResult(link_.get());
    if (!result) {
      if (PQstatus(link_.get()) == CONNECTION_BAD) return;
      continue;  // the end of a statement
    }
    collect(Rows(result), PQresultStatus(result), PQresultErrorField(result, PG_DIAG_SQLSTATE));
  }
}

void Connection::collect(Rows rows, ExecStatusType status, const char* state) {
  switch (status) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
      coming_.answers.push_back(std::move(rows));
      return;
    case PGRES_PIPELINE_ABORTED:
      return;
    case PGRES_PIPELINE_SYNC:
      break;
    default:
      if (coming_.state.empty()) coming_.state = state ? state : "08006";
      return;
  }
  --steps_;
  if (phase_ == Phase::preparing) {
    if (!coming_.state.empty()) return close();
    phase_ = Phase::ready;
    coming_ = {};
    address_->serves(host_);
    tried_ = false;
    return;
  }
  answered_.push_back(std::exchange(coming_, {}));
}

bool Connection::take(Step& step) {
  if (answered_.empty()) return false;
  step = std::move(answered_.front());
  answered_.pop_front();
  return true;
}

}  // namespace kefu::inline v0::postgres
