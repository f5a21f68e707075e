#include <kefu/audit/verifier.hpp>

#include <fmt/format.h>

namespace kefu::inline v0::audit {
namespace {

std::string lines_from_to(std::uint64_t first, std::uint64_t last) {
  if (first == last) return fmt::format("entry {}", first);
  return fmt::format("entries {} to {}", first, last);
}

}  // namespace

std::string_view name(Fault fault) noexcept {
  switch (fault) {
    case Fault::unreadable:
      return "unreadable";
    case Fault::changed:
      return "changed";
    case Fault::unlinked:
      return "unlinked";
    case Fault::missing:
      return "missing";
    case Fault::misplaced:
      return "misplaced";
    case Fault::other_writer:
      return "other_writer";
    case Fault::torn:
      return "torn";
    case Fault::cut_off:
      return "cut_off";
    case Fault::not_as_anchored:
      return "not_as_anchored";
    case Fault::not_anchored:
      return "not_anchored";
  }
  return "unknown";
}

Verifier::Verifier(std::uint64_t since) : since_(since), expected_(since) {
  if (since == 1) last_hash_ = kNoHash;
}

void Verifier::anchor(const Head& head) {
  anchors_wanted_ = true;
  anchors_[head.writer].emplace(head.n, head.hash);
}

void Verifier::begin_file(std::string name) {
  file_ = std::move(name);
  line_ = 0;
  ++report_.files;
}

void Verifier::line(std::string_view text) {
  ++line_;
  ++report_.lines;
  const auto line = line_from(text);
  if (!line) {
    ++unread_;
    return found(Fault::unreadable, "this is not a line of an audit log");
  }
  if (!line->whole) return changed(line->head.n);
  if (report_.head.writer.empty()) report_.head.writer = line->head.writer;
  if (line->head.writer != report_.head.writer)
    return found(Fault::other_writer, fmt::format("this is of the chain of {}", line->head.writer));
  place(*line);
}

/// Of what it says nothing is believed, but it fills a place in the chain.
void Verifier::changed(std::uint64_t n) {
  ++unread_;
  found(Fault::changed, fmt::format("this is not what was written as entry {}", n));
}

/// A line that says of itself that it is before the expected one stands there a second time, or too
/// late; the chain goes on without it.
void Verifier::place(const Line& line) {
  const std::uint64_t n = line.head.n;
  if (n < since_) return;
  if (n < expected_) return found(Fault::misplaced, fmt::format("entry {} is out of place", n));
  if (n > expected_ + unread_)
    found(Fault::missing, lines_from_to(expected_ + unread_, n - 1) + " missing before this line");
  if (n == expected_) check_link(line);
  check_anchors(line);
  expected_ = n + 1;
  unread_ = 0;
  last_hash_ = line.head.hash;
  report_.head = line.head;
}

void Verifier::check_link(const Line& line) {
  if (last_hash_.empty() || line.prev == last_hash_) return;
  found(Fault::unlinked,
        fmt::format("entry {} was written behind another entry {}", line.head.n, line.head.n - 1));
}

void Verifier::check_anchors(const Line& line) {
  const auto own = anchors_.find(line.head.writer);
  if (own == anchors_.end()) return;
  const auto [first, last] = own->second.equal_range(line.head.n);
  if (first == last) return;
  for (auto at = first; at != last; ++at) {
    if (at->second != line.head.hash)
      return found(Fault::not_as_anchored,
                   fmt::format("entry {} is not the one that was anchored", line.head.n));
  }
  ++report_.anchored;
}

void Verifier::torn() {
  ++line_;
  found(Fault::torn, "the line has no end: a crash leaves that until the next start");
}

void Verifier::look_behind_the_end() {
  line_ = 0;
  const std::string& writer = report_.head.writer;
  for (const auto& [name, anchors] : anchors_) {
    const auto& [n, hash] = *anchors.rbegin();
    if (name != writer) {
      report_.others.push_back({name, n, hash});
    } else if (n >= expected_) {
      found(Fault::cut_off, lines_from_to(expected_, n) + " anchored, but not there");
    }
  }
  if (writer.empty()) {
    for (const Head& other : report_.others)
      found(Fault::cut_off,
            fmt::format("the chain of {} is anchored up to entry {}, but nothing is there",
                        other.writer, other.n));
  } else if (anchors_wanted_ && !anchors_.contains(writer)) {
    found(Fault::not_anchored, fmt::format("no anchor is of the chain of {}", writer));
  }
}

Report Verifier::finish() {
  look_behind_the_end();
  return std::move(report_);
}

void Verifier::found(Fault fault, std::string what) {
  ++report_.faults;
  if (report_.findings.size() < Report::kMaxFindings)
    report_.findings.push_back({fault, file_, line_, std::move(what)});
}

}  // namespace kefu::inline v0::audit
