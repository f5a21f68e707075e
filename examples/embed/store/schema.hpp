// The shop's tables, before and after.
#pragma once

namespace shop {

/// The tables as they were before kefu came.
inline constexpr const char* kSchema = R"sql(
CREATE TABLE message(
  no      INTEGER PRIMARY KEY AUTOINCREMENT,
  channel TEXT NOT NULL,   -- mail, phone …
  thread  TEXT NOT NULL,
  author  TEXT NOT NULL,   -- customer or clerk
  words   TEXT NOT NULL,
  written TEXT NOT NULL    -- RFC 3339
);
CREATE INDEX message_of_thread ON message(thread, no);
)sql";

// A chat is a thread of the channel `chat`, the clerks' notes on it are of the channel `notes`.
inline constexpr const char* kAdditions = R"sql(
BEGIN IMMEDIATE;
ALTER TABLE message ADD COLUMN place INTEGER;      -- seq
ALTER TABLE message ADD COLUMN behind INTEGER;     -- after
ALTER TABLE message ADD COLUMN role TEXT;
ALTER TABLE message ADD COLUMN format TEXT;        -- kind
ALTER TABLE message ADD COLUMN tags TEXT;
ALTER TABLE message ADD COLUMN device TEXT;        -- origin: session …
ALTER TABLE message ADD COLUMN device_no INTEGER;  -- … and cseq
CREATE UNIQUE INDEX message_place ON message(channel, thread, place) WHERE place IS NOT NULL;
CREATE INDEX message_of_author ON message(author);
CREATE TABLE device(id TEXT PRIMARY KEY, owner TEXT, epoch INTEGER, seen INTEGER) WITHOUT ROWID;
CREATE TABLE device_sent(  -- the last outcomes of each device in each thread
  device TEXT, thread TEXT, no INTEGER, digest INTEGER, place INTEGER, at INTEGER,
  PRIMARY KEY(device, thread, no)) WITHOUT ROWID;
CREATE TABLE document(kind INTEGER, id TEXT, version INTEGER, value BLOB, PRIMARY KEY(kind, id)) WITHOUT ROWID;
CREATE TABLE document_key(
  kind INTEGER, name TEXT, key BLOB, id TEXT, PRIMARY KEY(kind, name, key, id)) WITHOUT ROWID;
CREATE INDEX document_key_by_id ON document_key(kind, id);
COMMIT;
)sql";

}  // namespace shop
