// Kills a process that appends as fast as it can, again and again, and checks after each kill that
// everything it had acknowledged is stored, exactly once and in its place.
//
//   kefu-store-kill-loop [rounds] [seed]
//
// A round: a child opens the store, resumes its sessions and sends in many chains; for each
// acknowledgement it writes a line to a pipe. After a random number of them the parent kills it
// with SIGKILL, opens the store itself, compares, and sends again what was not acknowledged.
#include <kefu/sqlite/store.hpp>

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <future>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace kefu;

constexpr std::uint64_t kSessions = 6;
constexpr std::uint64_t kConversations = 4;

SessionId session(std::uint64_t n) { return {1, n + 1}; }
ConversationId conversation(std::uint64_t n) { return {2, n + 1}; }

/// What the child writes to the pipe; shorter than PIPE_BUF, so always whole.
struct Acknowledged {
  std::uint64_t session;
  std::uint64_t conversation;
  std::uint64_t cseq;
  std::uint64_t seq;  ///< 0: a refusal
};

/// One session in one conversation.
using Chain = std::pair<std::uint64_t, std::uint64_t>;

/// What the parent knows of a chain.
struct Known {
  std::uint64_t accepted = 0;                   ///< cseq 1 … accepted have an outcome
  std::map<std::uint64_t, std::uint64_t> seqs;  ///< by cseq
};
using Book = std::map<Chain, Known>;

void require(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

sqlite::Options small_steps() {
  sqlite::Options options;
  options.checkpoint_entries = 400;  // so that kills meet folds and WAL checkpoints, too
  options.wal_bytes = 256 * 1024;
  return options;
}

Draft make_draft(Chain chain, std::uint64_t cseq, std::uint64_t epoch) {
  Draft out;
  out.session = session(chain.first);
  out.epoch = epoch;
  out.conversation = conversation(chain.second);
  out.cseq = cseq;
  out.digest = cseq * 0x9e37'79b9'7f4a'7c15u;
  out.log = chain.second % 2 ? Log::internal : Log::public_log;
  if (cseq % 11 == 0) out.refusal = errc::denied;
  out.from = "somebody";
  out.kind = kind::kText;
  out.body = "a message of an ordinary length, as people write them";
  return out;
}

template <class T, class Call>
T ask(Call call) {
  std::promise<T> promise;
  std::future<T> future = promise.get_future();
  call(Completion<T>([&promise](T value) { promise.set_value(std::move(value)); }));
  return future.get();
}

AttachOutcome attach(Store& store, std::uint64_t n, std::uint64_t epoch) {
  const auto attempt = [&](bool create) {
    return ask<AttachOutcome>([&](auto done) {
      store.attach({session(n), {"participant-" + std::to_string(n), Role::visitor}, epoch, create},
                   std::move(done));
    });
  };
  AttachOutcome outcome = attempt(false);
  if (outcome.code == errc::session_expired) outcome = attempt(true);
  require(outcome.code == errc::ok, "attach: " + std::string(name(outcome.code)));
  return outcome;
}

// ---- the child

/// Sends one chain's messages for ever, a few at a time; runs on the store's thread.
class Sender {
 public:
  Sender(Store& store, int pipe, Chain chain, std::uint64_t accepted, std::uint64_t epoch)
      : store_(store), pipe_(pipe), chain_(chain), sent_(accepted), epoch_(epoch) {}

  void send() {
    auto batch = std::make_unique<AppendBatch>();
    const std::uint64_t count = 1 + (sent_ + chain_.first) % 5;
    for (std::uint64_t i = 0; i < count; ++i) batch->add(make_draft(chain_, ++sent_, epoch_));
    store_.append(std::move(batch), [this](std::unique_ptr<AppendBatch> back) {
      for (std::size_t i = 0; i < back->size(); ++i) {
        const Outcome& outcome = back->outcomes()[i];
        if (outcome.code != errc::ok && outcome.code != errc::denied) _exit(3);
        const Acknowledged line{chain_.first, chain_.second, back->drafts()[i].cseq, outcome.seq};
        if (write(pipe_, &line, sizeof line) != sizeof line) _exit(4);
      }
      send();
    });
  }

 private:
  Store& store_;
  int pipe_;
  Chain chain_;
  std::uint64_t sent_;
  std::uint64_t epoch_;
};

[[noreturn]] void run_child(const std::string& path, int pipe, const Book& book,
                            std::uint64_t epoch) {
  try {
    sqlite::Store store(path, small_steps());
    std::vector<Sender> senders;
    for (std::uint64_t n = 0; n < kSessions; ++n) attach(store, n, epoch);
    for (std::uint64_t n = 0; n < kSessions; ++n) {
      for (std::uint64_t to = 0; to < kConversations; ++to) {
        const auto known = book.find({n, to});
        senders.emplace_back(store, pipe, Chain{n, to},
                             known == book.end() ? 0 : known->second.accepted, epoch);
      }
    }
    for (Sender& sender : senders) sender.send();
    for (;;) pause();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "child: %s\n", error.what());
    _exit(2);
  }
}

// ---- the parent

bool read_line(int pipe, Acknowledged& line) {
  auto* to = reinterpret_cast<char*>(&line);
  for (std::size_t have = 0; have < sizeof line;) {
    const ssize_t got = read(pipe, to + have, sizeof line - have);
    if (got < 0 && errno == EINTR) continue;
    require(got >= 0, "reading from the child");
    if (got == 0) {
      require(have == 0, "the child's last line is not whole");
      return false;
    }
    have += static_cast<std::size_t>(got);
  }
  return true;
}

/// Notes what the child says until it is dead; kills it after `lines`. Answers how many it said.
std::uint64_t listen(int pipe, pid_t child, std::uint64_t lines, Book& acknowledged) {
  std::uint64_t heard = 0;
  if (lines == 0) kill(child, SIGKILL);
  for (Acknowledged line; read_line(pipe, line);) {
    Known& known = acknowledged[{line.session, line.conversation}];
    require(line.cseq == known.accepted + 1, "the child's acknowledgements are out of order");
    known.accepted = line.cseq;
    known.seqs[line.cseq] = line.seq;
    if (++heard == lines) kill(child, SIGKILL);
  }
  int status = 0;
  require(waitpid(child, &status, 0) == child, "waiting for the child");
  require(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the child ended by itself");
  return heard;
}

/// All of a conversation's entries, in pages; dense. By who sent them.
std::map<Chain, std::map<std::uint64_t, std::uint64_t>> read_log(Store& store, std::uint64_t to) {
  std::map<Chain, std::map<std::uint64_t, std::uint64_t>> found;
  const Log log = to % 2 ? Log::internal : Log::public_log;
  for (std::uint64_t after = 0;;) {
    const auto page = ask<result<Page>>([&](auto done) {
      store.read({conversation(to), log, after, 500, 1 << 20}, std::move(done));
    });
    require(page.has_value(), "reading a page");
    for (const Entry& entry : (*page).entries) {
      require(entry.seq == ++after, "a log is not dense");
      const Chain chain{entry.origin.session.lo - 1, to};
      require(found[chain].emplace(entry.origin.cseq, entry.seq).second,
              "a message is stored twice");
    }
    if ((*page).entries.empty()) {
      require(after == (*page).tail, "a log ends before its tail");
      return found;
    }
  }
}

/// Compares the store with what was acknowledged, sends again what was not, and completes the book.
/// Answers how many messages were stored without anybody having heard of it.
std::uint64_t check(const std::string& path, Book& book, std::uint64_t epoch) {
  sqlite::Store store(path, small_steps());
  std::map<Chain, std::uint64_t> marks;
  for (std::uint64_t n = 0; n < kSessions; ++n) {
    for (const Mark& mark : attach(store, n, epoch).marks)
      marks[{n, mark.conversation.lo - 1}] = mark.accepted;
  }
  std::uint64_t unheard = 0;
  for (std::uint64_t to = 0; to < kConversations; ++to) {
    auto stored = read_log(store, to);
    for (std::uint64_t n = 0; n < kSessions; ++n) {
      const Chain chain{n, to};
      Known& known = book[chain];
      require(marks[chain] >= known.accepted, "a mark is behind what was acknowledged");
      unheard += marks[chain] - known.accepted;
      std::map<std::uint64_t, std::uint64_t>& seqs = stored[chain];
      for (const auto& [cseq, seq] : known.seqs) {
        const auto at = seqs.find(cseq);
        require((at == seqs.end() ? 0 : at->second) == seq,
                "an acknowledged message is not in its place");
      }
      for (const auto& [cseq, seq] : seqs)
        require(cseq <= marks[chain], "a message stands above its mark");
      // What a client would do: send again from the first that was not acknowledged.
      for (std::uint64_t cseq = known.accepted + 1; cseq <= marks[chain] + 1; ++cseq) {
        auto batch = std::make_unique<AppendBatch>();
        batch->add(make_draft(chain, cseq, epoch));
        batch = ask<std::unique_ptr<AppendBatch>>(
            [&](auto done) { store.append(std::move(batch), std::move(done)); });
        const Outcome& outcome = batch->outcomes().front();
        require(outcome.code == errc::ok || outcome.code == errc::denied, "a retry is refused");
        require(outcome.repeated == (cseq <= marks[chain]),
                "a retry is taken for new, or the other way round");
        if (outcome.repeated && outcome.code == errc::ok)
          require(seqs[cseq] == outcome.seq, "a retry got another seq");
        known.seqs[cseq] = outcome.seq;
      }
      known.accepted = marks[chain] + 1;
    }
  }
  return unheard;
}

/// Everything that is in the book is in the store, and nothing else.
std::uint64_t check_all(const std::string& path, const Book& book) {
  sqlite::Store store(path, small_steps());
  std::uint64_t entries = 0;
  for (std::uint64_t to = 0; to < kConversations; ++to) {
    auto stored = read_log(store, to);
    for (std::uint64_t n = 0; n < kSessions; ++n) {
      std::map<std::uint64_t, std::uint64_t> wanted;
      for (const auto& [cseq, seq] : book.at({n, to}).seqs) {
        if (seq) wanted[cseq] = seq;
      }
      require(book.at({n, to}).seqs.size() == book.at({n, to}).accepted, "the book has a hole");
      require(wanted == stored[{n, to}], "the store does not hold exactly what was sent");
      entries += wanted.size();
    }
  }
  return entries;
}

void run(const std::string& folder, int rounds, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const std::string path = folder + "/killed.db";
  Book book;
  std::uint64_t heard = 0, unheard = 0, epoch = 0;
  for (int round = 0; round < rounds; ++round) {
    int ends[2];
    require(pipe(ends) == 0, "pipe");
    // Some rounds end before the first acknowledgement: while the store is being opened, or
    // created.
    const std::uint64_t lines = round % 8 == 0 ? 0 : 1 + random() % 1'500;
    const pid_t child = fork();
    require(child >= 0, "fork");
    ++epoch;
    if (child == 0) {
      close(ends[0]);
      run_child(path, ends[1], book, epoch);
    }
    close(ends[1]);
    heard += listen(ends[0], child, lines, book);
    close(ends[0]);
    unheard += check(path, book, ++epoch);
  }
  const std::uint64_t entries = check_all(path, book);
  std::printf("%d kills, %llu acknowledged, %llu stored without an acknowledgement, %llu entries\n",
              rounds, static_cast<unsigned long long>(heard),
              static_cast<unsigned long long>(unheard), static_cast<unsigned long long>(entries));
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 50;
  const std::uint64_t seed =
      argc > 2 ? std::strtoull(argv[2], nullptr, 10) : std::random_device{}();
  std::string folder = (std::filesystem::temp_directory_path() / "kefu-kill-XXXXXX").string();
  if (!mkdtemp(folder.data())) return 2;
  int code = 0;
  try {
    run(folder, rounds, seed);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "seed %llu: %s\n", static_cast<unsigned long long>(seed), error.what());
    code = 1;
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return code;
}
