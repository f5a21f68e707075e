#include "sqlite/new_rows.hpp"

#include <new>

#include "sqlite/statement.hpp"

namespace kefu::inline v0::sqlite {
namespace {

// What sqlite3 calls back: it knows these by their bases.

struct Table : sqlite3_vtab {
  const NewRows* rows = nullptr;
};

struct Cursor : sqlite3_vtab_cursor {
  const NewRows* rows = nullptr;
  std::size_t at = 0;
};

int connect(sqlite3* db, void* rows, int, const char* const*, sqlite3_vtab** out, char**) {
  const int code = sqlite3_declare_vtab(
      db,
      "CREATE TABLE new_rows(conversation, flags, seq, after, session, cseq, digest, at, sender, "
      "kind, body, tags)");
  if (code != SQLITE_OK) return code;
  auto* const table = new (std::nothrow) Table{};
  if (!table) return SQLITE_NOMEM;
  table->rows = static_cast<const NewRows*>(rows);
  *out = table;
  return SQLITE_OK;
}

int disconnect(sqlite3_vtab* table) {
  delete static_cast<Table*>(table);
  return SQLITE_OK;
}

/// There is one way to read it: all of it, in order.
int plan(sqlite3_vtab*, sqlite3_index_info*) { return SQLITE_OK; }

int open(sqlite3_vtab* table, sqlite3_vtab_cursor** out) {
  auto* const cursor = new (std::nothrow) Cursor{};
  if (!cursor) return SQLITE_NOMEM;
  cursor->rows = static_cast<Table*>(table)->rows;
  *out = cursor;
  return SQLITE_OK;
}

int close(sqlite3_vtab_cursor* cursor) {
  delete static_cast<Cursor*>(cursor);
  return SQLITE_OK;
}

int rewind(sqlite3_vtab_cursor* cursor, int, const char*, int, sqlite3_value**) {
  static_cast<Cursor*>(cursor)->at = 0;
  return SQLITE_OK;
}

int next(sqlite3_vtab_cursor* cursor) {
  ++static_cast<Cursor*>(cursor)->at;
  return SQLITE_OK;
}

int at_end(sqlite3_vtab_cursor* base) {
  const auto* const cursor = static_cast<Cursor*>(base);
  return cursor->at == cursor->rows->size() ? 1 : 0;
}

void say(sqlite3_context* out, std::int64_t value) { sqlite3_result_int64(out, value); }
void say(sqlite3_context* out, std::uint64_t value) { say(out, static_cast<std::int64_t>(value)); }
void say(sqlite3_context* out, std::string_view text) {
  // A null pointer would be NULL, and an empty view may hold one.
  sqlite3_result_text64(out, text.empty() ? "" : text.data(), text.size(), SQLITE_STATIC,
                        SQLITE_UTF8);
}
template <class T>
void say(sqlite3_context* out, const std::optional<T>& value) {
  if (value) say(out, *value);  // else it stays NULL
}

int column(sqlite3_vtab_cursor* base, sqlite3_context* out, int which) {
  const auto* const cursor = static_cast<Cursor*>(base);
  const NewRow& row = (*cursor->rows)[cursor->at];
  switch (which) {
    case 0:
      say(out, row.conversation);
      break;
    case 1:
      say(out, row.flags);
      break;
    case 2:
      say(out, row.seq);
      break;
    case 3:
      say(out, row.after);
      break;
    case 4:
      say(out, row.session);
      break;
    case 5:
      say(out, row.cseq);
      break;
    case 6:
      say(out, row.digest);
      break;
    case 7:
      say(out, row.at);
      break;
    case 8:
      say(out, row.sender);
      break;
    case 9:
      say(out, row.kind);
      break;
    case 10:
      say(out, row.body);
      break;
    default:
      say(out, row.tags);
  }
  return SQLITE_OK;
}

int row_id(sqlite3_vtab_cursor* cursor, sqlite3_int64* out) {
  *out = static_cast<sqlite3_int64>(static_cast<Cursor*>(cursor)->at);
  return SQLITE_OK;
}

/// Without xCreate the table is there on its own ("eponymous only").
constexpr sqlite3_module make_module() {
  sqlite3_module module{};
  module.xConnect = connect;
  module.xDisconnect = disconnect;
  module.xBestIndex = plan;
  module.xOpen = open;
  module.xClose = close;
  module.xFilter = rewind;
  module.xNext = next;
  module.xEof = at_end;
  module.xColumn = column;
  module.xRowid = row_id;
  return module;
}
constexpr sqlite3_module kModule = make_module();

}  // namespace

NewRows::NewRows(sqlite3* db) {
  const int code = sqlite3_create_module(db, "new_rows", &kModule, this);
  if (code != SQLITE_OK) throw_error(db, code);
}

}  // namespace kefu::inline v0::sqlite
