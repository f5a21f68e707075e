#include "audit_log.hpp"

#include <functional>
#include <utility>

namespace kefu::sim {
namespace {

constexpr std::string_view kSalt = "thirty-two bytes that nobody has";
constexpr double kUnnoted = 0.05;

audit::KnownEvent known(const audit::Line& line) {
  return {line.position, line.conversation, line.log, line.seq};
}
audit::KnownEvent known(const Event& event) {
  return {event.position, event.entry.conversation, event.entry.log, event.entry.seq};
}

}  // namespace

AuditLog::AuditLog(std::string writer, std::uint64_t seed, Mutant mutant)
    : writer_(std::move(writer)), mutant_(mutant), random_(seed), chain_(audit::Head{writer_}) {}

void AuditLog::open() {
  disk_.erase(disk_.rfind('\n') + 1);
  recent_ = {};
  audit::Head head{writer_};
  for (const std::string& text : lines()) {
    const audit::Line line = audit::line_from(text).value();
    recent_.add(known(line));
    head = line.head;
  }
  if (mutant_ == Mutant::chain_restarted) head = audit::Head{writer_};
  chain_ = audit::Chain(head);
}

bool AuditLog::take(const EventBatch& batch) {
  for (const Event& event : batch.events) {
    if (recent_.contains(known(event))) continue;
    chain_.append(event, kSalt, disk_);
    recent_.add(known(event));
  }
  if (mutant_ != Mutant::heads_unkept) anchors_.push_back(chain_.head());
  return !random_.chance(kUnnoted);
}

void AuditLog::die() {
  const Lines whole = lines();
  if (!whole.empty() && random_.chance(0.5))
    disk_ += whole.back().substr(0, random_.between(1, whole.back().size()));
}

void AuditLog::check() {
  const Lines whole = lines();
  if (const audit::Report report = verify(whole); report.faults != 0)
    throw Violation("promise 12: an audit log does not verify: " + report.findings.front().what);
  if (whole.size() < 2) return;
  const auto forge = [&](const char* how, const std::function<void(Lines&)>& forgery) {
    Lines forged = whole;
    forgery(forged);
    if (verify(forged).faults == 0)
      throw Violation("promise 12: nobody finds an entry that was " + std::string(how));
  };
  const std::size_t at = random_.below(whole.size() - 1);
  const auto place = static_cast<std::ptrdiff_t>(at);
  forge("changed", [&](Lines& forged) {
    std::string& line = forged[at];
    line[random_.below(line.size())] ^= 1;
  });
  forge("removed", [&](Lines& forged) { forged.erase(forged.begin() + place); });
  forge("moved", [&](Lines& forged) { std::swap(forged[at], forged[at + 1]); });
  forge("doubled", [&](Lines& forged) {
    const std::string again = forged[at];
    forged.insert(forged.begin() + place, again);
  });
  forge("cut off", [&](Lines& forged) { forged.resize(at + 1); });
}

std::set<std::uint64_t> AuditLog::told() const {
  std::set<std::uint64_t> positions;
  for (const std::string& text : lines()) positions.insert(audit::line_from(text)->position);
  return positions;
}

AuditLog::Lines AuditLog::lines() const {
  Lines out;
  for (std::size_t from = 0, end = 0; (end = disk_.find('\n', from)) != disk_.npos; from = end + 1)
    out.push_back(disk_.substr(from, end - from));
  return out;
}

audit::Report AuditLog::verify(const Lines& lines) const {
  audit::Verifier verifier;
  for (const audit::Head& head : anchors_) verifier.anchor(head);
  verifier.begin_file(writer_);
  for (const std::string& line : lines) verifier.line(line);
  return verifier.finish();
}

}  // namespace kefu::sim
