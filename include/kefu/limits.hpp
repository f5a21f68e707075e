// Every limit and bound of the library, with its unit and default. No magic number stands
// elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <kefu/model/time.hpp>

namespace kefu::inline v0 {

/// What a Hub, a client and a Store keep to. Each has a default; LIMITS.md says what is beyond.
struct limits {
  // What a client may send. Exceeding one is a typed error and costs nothing stored.
  std::size_t max_frame =
      64 * 1024;  ///< bytes of one message of the transport, arrays of frames included
  std::size_t max_frames = 64;       ///< frames in one array
  std::size_t max_body = 16 * 1024;  ///< bytes of an entry's body, UTF-8, unescaped
  std::size_t max_kind = 32;         ///< bytes of an entry's kind
  std::size_t max_id = 128;          ///< bytes of a participant's or department's id
  std::size_t max_subject = 256;     ///< bytes of a conversation's subject
  std::size_t max_language = 35;     ///< bytes of a language's tag
  std::size_t max_attributes = 32;   ///< attributes of a conversation
  std::size_t max_attribute = 256;   ///< bytes of an attribute's name, and of its value
  std::size_t max_token = 4096;      ///< bytes of a token
  std::size_t max_ref = 64;          ///< bytes of a frame's `ref`
  std::size_t max_history = 200;     ///< entries in one answer to `history`
  std::size_t max_list = 200;        ///< conversations in one answer to `list`, and in `welcome`

  // What a server may send: a client must be ready to take as much. It follows from page_bytes,
  // max_body, max_history and max_list, and is raised with them: a Hub refuses limits that allow
  // more.
  std::size_t max_answer = 1024 * 1024;  ///< bytes of one message of the transport

  // A session.
  std::uint32_t window = 32;  ///< W: sends without an outcome, and outcomes kept, per conversation
  std::uint64_t replay_limit =
      10'000;  ///< entries behind the tail beyond which a reader gets `reset`
  Nanoseconds session_ttl{86'400'000'000'000};  ///< a detached session expires after this (1 day)
  Nanoseconds hello_timeout{
      10'000'000'000};  ///< a connection without `hello` is closed after this (10 s)
  Nanoseconds fence_check{
      2'000'000'000};  ///< an older connection of a session ends within this (2 s)
  Nanoseconds receipt_interval{
      1'000'000'000};  ///< a conversation's receipts are relayed at most so often (1 s)

  // Policies.
  Nanoseconds policy_deadline{
      500'000'000};  ///< after the receipt of a send what policies declared stands (0.5 s)
  std::size_t max_tags = 128;  ///< bytes of an entry's tags; further ones are dropped

  Nanoseconds recall_within{
      120'000'000'000};  ///< who wrote a message may recall it for so long (2 min); 0: never

  // Several nodes on one store.
  Nanoseconds tail_heartbeat{1'000'000'000};  ///< how far logs have got is told again every so
                                              ///< often, for ten times as long (1 s)
  std::size_t hint_entry = 4096;  ///< bytes of what the Bus carries of an entry; readers on other
                                  ///< nodes fetch larger ones from the Store. 0: all of them
  Nanoseconds tail_check{5'000'000'000};  ///< the tails of all logs that somebody reads are asked
                                          ///< of the Store so often: what another node stored is
                                          ///< read within this, whatever the Bus has lost (5 s)
  std::size_t tail_batch = 256;           ///< conversations in one such question

  // A connection's way out.
  std::size_t send_queue = 64 * 1024;  ///< bytes above which a reader pauses and pages from the log
  Nanoseconds stall_timeout{
      30'000'000'000};                 ///< a connection from which nothing drains is closed (30 s)
  std::size_t page_entries = 128;      ///< entries read from the Store at a time
  std::size_t page_bytes = 64 * 1024;  ///< bytes of bodies read from the Store at a time

  // A hub that drains tells each client when to come back: after reconnect_after and a random part
  // of reconnect_spread, so that they don't all come at once, and not before it is up again.
  Nanoseconds reconnect_after{1'000'000'000};   ///< (1 s)
  Nanoseconds reconnect_spread{4'000'000'000};  ///< (4 s)

  // The desk.
  std::uint32_t agent_capacity =
      16;  ///< conversations of an agent for whom neither host nor agent has said how many
  std::uint32_t max_capacity = 1000;  ///< that an agent may ask for
  Nanoseconds presence_grace{
      30'000'000'000};  ///< an agent who is gone for longer loses their conversations (30 s)
  Nanoseconds departure_delay{
      1'000'000'000};  ///< the end of an agent's connection is stored after this, unless they are
                       ///< back: that spares a commit, and on the same io thread two (1 s)
  Nanoseconds node_lease{
      10'000'000'000};  ///< how long a node that died counts as alive; renewed every third (10 s)
  Nanoseconds presence_check{
      1'000'000'000};  ///< what other nodes did to an agent is noticed within this (1 s)
  std::size_t agents_told =
      200;  ///< the staff is told of so many who are there, the first by their ids
  Nanoseconds routing_sweep{
      500'000'000};  ///< every queue, and all that may be due, is looked at so often (0.5 s)
  Nanoseconds sla_check{
      5'000'000'000};  ///< what was said in conversations with an SLA is looked at so often (5 s)
  Nanoseconds merge_resume{30'000'000'000};  ///< a merge of visitors that was not ended is gone on
                                             ///< with after this (30 s)
  Nanoseconds queue_interval{
      1'000'000'000};  ///< visitors hear of a new place in the queue at most so often (1 s)

  Nanoseconds retention_retry{
      600'000'000'000};  ///< after a file that a message refers to could not be removed, that
                         ///< conversation expires no further for so long (10 min)

  // Bans.
  std::size_t max_bans = 1000;   ///< that stand at once
  std::size_t max_reason = 256;  ///< bytes of a ban's reason
  Nanoseconds ban_check{
      2'000'000'000};  ///< what another node has banned or lifted is heard of within this (2 s)

  // Search.
  std::size_t max_search = 256;      ///< bytes of what is searched for
  std::size_t search_scan = 10'000;  ///< messages looked at for one answer

  // Sinks of events.
  std::size_t sink_batch = 100;           ///< events delivered at a time
  Nanoseconds sink_retry{1'000'000'000};  ///< after a failure it is tried again within this (1 s) …
  Nanoseconds sink_retry_limit{
      60'000'000'000};            ///< … and, doubling each time, within this at last (60 s)
  std::size_t sink_window = 256;  ///< events that one which goes by conversation holds, and so the
                                  ///< conversations of which it may wait for; any of them holds
                                  ///< an eighth at most, and one that fails only its batch
  std::size_t sink_dead_marks = 10'000;  ///< conversations with dead letters that are known by
                                         ///< name; beyond them all are marked

  // Files. What is announced counts at once, whether or not it has come.
  std::uint64_t max_file = std::uint64_t{4} << 30;     ///< bytes of a file (4 GiB)
  std::uint64_t file_quota = std::uint64_t{32} << 30;  ///< bytes of a participant's files (32 GiB)
  std::uint64_t files_total = std::uint64_t{1} << 40;  ///< bytes of all files (1 TiB)
  std::size_t uploads_of_participant = 64;             ///< unfinished ones
  std::size_t uploads = 10'000;                        ///< unfinished ones of all together
  std::size_t max_file_name = 255;                     ///< bytes
  std::size_t max_file_type = 127;                     ///< bytes of a media type
  std::size_t max_file_metadata = 2048;                ///< bytes of FileInfo::metadata
  Nanoseconds upload_ttl{86'400'000'000'000};  ///< an upload that stands still expires (1 day)
  Nanoseconds unkept_ttl{
      3'600'000'000'000};  ///< a file that no message refers to is collected (1 hour)
  Nanoseconds scan_deadline{60'000'000'000};  ///< a file's scanner judges it within this (1 min)
  std::size_t scans = 8;                      ///< files that it is asked about at once

  // A node.
  std::size_t batch_drafts =
      1024;  ///< drafts in one append, beyond which only the last session's go on
  std::size_t pending_drafts =
      65'536;  ///< drafts in a shard without an outcome; from half of it on whoever sends is not
               ///< read, and more than all of it get `overloaded`
  std::size_t pending_bytes = 64 * 1024 * 1024;  ///< the same for the bytes of their bodies
  std::size_t frames_per_second =
      1000;  ///< per connection, with a burst of as many; more get `rate_limited`
  std::size_t frames_per_second_of_participant =
      2000;  ///< the same over all connections of a participant to this node; 0: no bound
  std::size_t frames_per_second_of_address =
      20'000;  ///< the same for an address (of IPv6 its /64; not loopback); 0: no bound
};

}  // namespace kefu::inline v0
