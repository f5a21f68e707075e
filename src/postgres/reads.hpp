// Reads: one step each.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "postgres/entries.hpp"
#include "postgres/job.hpp"

namespace kefu::inline v0::postgres {

class PageJob final : public Answered<Page, Read> {
 public:
  PageJob(ReadRequest request, Completion<result<Page>> done)
      : Answered(std::move(done)), request_(request) {}
  void send(Connection& on) override;
  void receive(const Answers& answers) override;

 private:
  ReadRequest request_;
};

class TailsJob final : public Answered<std::vector<Tail>, Read> {
 public:
  TailsJob(std::vector<Tail> logs, Completion<result<std::vector<Tail>>> done)
      : Answered(std::move(done)), logs_(std::move(logs)) {}
  void send(Connection& on) override;
  void receive(const Answers& answers) override;

 private:
  std::vector<Tail> logs_;
};

class GetJob final : public Answered<std::optional<Record>, Read> {
 public:
  GetJob(RecordKey key, Completion<result<std::optional<Record>>> done)
      : Answered(std::move(done)), key_(std::move(key)) {}
  void send(Connection& on) override;
  void receive(const Answers& answers) override;

 private:
  RecordKey key_;
};

class ScanJob final : public Answered<ScanPage, Read> {
 public:
  /// Throws nothing for a strange cursor: the store has looked at it (ScanRequest::after).
  ScanJob(ScanRequest request, std::string key, std::string id, Completion<result<ScanPage>> done)
      : Answered(std::move(done)),
        request_(std::move(request)),
        key_(std::move(key)),
        id_(std::move(id)) {}
  void send(Connection& on) override;
  void receive(const Answers& answers) override;

 private:
  ScanRequest request_;
  std::string key_, id_;  ///< where it goes on, or begins
};

class EventsJob final : public Answered<std::vector<Event>, Read> {
 public:
  EventsJob(std::uint64_t after, std::size_t limit, Completion<result<std::vector<Event>>> done)
      : Answered(std::move(done)), after_(after), limit_(limit) {}
  void send(Connection& on) override;
  void receive(const Answers& answers) override;
  [[nodiscard]] bool heavy() const override { return true; }

 private:
  std::uint64_t after_;
  std::size_t limit_;
};

class SearchJob final : public Answered<SearchPage, Read> {
 public:
  SearchJob(SearchRequest request, Completion<result<SearchPage>> done)
      : Answered(std::move(done)), request_(std::move(request)) {}
  void send(Connection& on) override;
  void receive(const Answers& answers) override;
  [[nodiscard]] bool heavy() const override { return true; }

 private:
  SearchRequest request_;
};

}  // namespace kefu::inline v0::postgres
