/// DECLARE, FETCH, MOVE, CLOSE.
#include <algorithm>
#include <utility>

#include "actors/session/backend.hpp"
#include "storage/base/text.hpp"

namespace troupe {

Task<absl::Status> Backend::run_declare(const sql::DeclareCursorStatement& statement, Portal& portal) {
  if (!transaction_.state().in_block() && !statement.hold) {
    co_return error(ErrorCode::kNoActiveSqlTransaction, "DECLARE CURSOR can only be used in transaction blocks");
  }
  using Scroll = sql::DeclareCursorStatement::Scroll;
  const bool scroll = statement.scroll == Scroll::kScroll;
  const bool locks = !statement.query->locking.empty();
  if ((scroll || statement.hold) && locks) {
    co_return with_detail(error(ErrorCode::kFeatureNotSupported, "DECLARE ",
                                scroll ? "SCROLL CURSOR" : "CURSOR WITH HOLD", " ... FOR UPDATE is not supported"),
                          scroll ? "Scrollable cursors must be READ ONLY." : "Holdable cursors must be READ ONLY.");
  }
  if (portals_.contains(statement.name)) {
    co_return error(ErrorCode::kDuplicateCursor, "cursor \"", statement.name, "\" already exists");
  }
  auto cursor = std::make_unique<Portal>();
  cursor->name = std::string(statement.name);
  cursor->cursor_query = std::make_unique<sql::RawStatement>(*portal.prepared->raw);
  cursor->cursor_query->node = statement.query;
  cursor->prepared = std::make_shared<Prepared>();
  cursor->prepared->parsed = portal.prepared->parsed;
  cursor->prepared->raw = cursor->cursor_query.get();
  cursor->parameters = std::move(portal.parameters);
  cursor->prepared->declared = portal.prepared->declared;
  cursor->prepared->for_cursor = true;
  if (statement.binary) cursor->result_formats = {1};
  auto starting = start_portal(*cursor);
  const absl::Status status = co_await starting;
  if (!status.ok()) co_return status;
  cursor->scrolls = statement.scroll != Scroll::kNoScroll && !locks;
  if (cursor->scrolls || statement.hold) cursor->kept = std::make_unique<KeptRows>();
  if (scroll || statement.hold) {
    cursor->hold = statement.hold;
    auto keeping = keep_all_rows(*cursor);
    const absl::Status kept = co_await keeping;
    if (!kept.ok()) co_return kept;
  } else {
    cursor->suspended = true;
    ++suspended_portals_;
  }
  portals_.emplace(cursor->name, std::move(cursor));
  portal.tag = "DECLARE CURSOR";
  co_return absl::OkStatus();
}

/// Keeps the query's next rows; false: there were none.
Task<absl::StatusOr<bool>> Backend::keep_more_rows(Portal& cursor) {
  if (cursor.execution == nullptr) co_return false;
  auto fetching = cursor.execution->next();
  auto batch = co_await fetching;
  if (!batch.ok()) co_return batch.status();
  if (wants_to_wait()) {
    auto waiting = wait_as_asked();
    const absl::Status waited = co_await waiting;
    if (!waited.ok()) co_return waited;
  }
  if (batch->rows == 0) {
    cursor.execution = nullptr;
    if (std::exchange(cursor.suspended, false)) --suspended_portals_;
    co_return false;
  }
  cursor.kept->add(*std::move(batch));
  co_return true;
}

/// Runs the query to its end: what is kept can be read in any order, and after the transaction.
Task<absl::Status> Backend::keep_all_rows(Portal& cursor) {
  while (true) {
    auto keeping = keep_more_rows(cursor);
    const absl::StatusOr<bool> kept = co_await keeping;
    if (!kept.ok()) co_return kept.status();
    if (!*kept) co_return absl::OkStatus();
    if (cursor.kept->bytes() > services_.config.sort_bytes_max) {
      co_return with_hint(error(ErrorCode::kOutOfMemory, "the rows of cursor \"", cursor.name,
                                "\" take more than exec.statement_memory_bytes_max"),
                          "Declare it NO SCROLL and without HOLD.");
    }
  }
}

namespace {

/// A cursor that was not declared SCROLL can go back so far.
constexpr uint64_t kRememberedBytes = 16u << 20;

absl::Status cannot_go_back() {
  return with_hint(error(ErrorCode::kObjectNotInPrerequisiteState, "cursor can only scan forward"),
                   "Declare it with SCROLL option to enable backward scan.");
}

/// FETCH as it is meant: forward and backward by no negative numbers.
struct Fetch {
  explicit Fetch(const sql::FetchStatement& statement)
      : direction{statement.direction}, count{statement.count}, shows{!statement.move} {
    const bool forward = direction == sql::FetchDirection::kForward;
    if (count >= 0 || (!forward && direction != sql::FetchDirection::kBackward)) return;
    direction = forward ? sql::FetchDirection::kBackward : sql::FetchDirection::kForward;
    count = count == INT64_MIN ? INT64_MAX : -count;
  }
  sql::FetchDirection direction;
  int64_t count;
  bool shows;

  /// Asks for nothing but rows further on.
  bool goes_forward() const { return direction == sql::FetchDirection::kForward && count > 0; }
  bool asks_for_row() const {
    return direction == sql::FetchDirection::kAbsolute || direction == sql::FetchDirection::kRelative;
  }
  /// Which, of a cursor that stands at `at`; negative: from the end.
  int64_t row(uint64_t at) const {
    if (direction == sql::FetchDirection::kAbsolute) return count;
    const auto here = static_cast<int64_t>(at);
    return count > INT64_MAX - here ? INT64_MAX : std::max<int64_t>(here + count, 0);
  }
};

KeptRows::Span move(const Fetch& fetch, KeptRows* rows) {
  switch (fetch.direction) {
    case sql::FetchDirection::kForward: return rows->move_by(fetch.count);
    case sql::FetchDirection::kBackward: return rows->move_by(-fetch.count);
    case sql::FetchDirection::kAbsolute: return rows->move_to(fetch.count);
    case sql::FetchDirection::kRelative: return rows->move_relative(fetch.count);
  }
  return {};
}

}  // namespace

Task<absl::Status> Backend::run_fetch(const sql::FetchStatement& statement, Portal& portal) {
  Portal* cursor = find_portal(statement.cursor);
  if (cursor == nullptr || statement.cursor.empty()) {
    co_return error(ErrorCode::kInvalidCursorName, "cursor \"", statement.cursor, "\" does not exist");
  }
  const Fetch fetch(statement);
  const bool stays = fetch.direction == sql::FetchDirection::kForward && fetch.count == 0;
  if (!cursor->scrolls && !fetch.goes_forward() && !stays) co_return cannot_go_back();
  if (!cursor->started) {
    auto starting = start_bound_portal(*cursor);
    const absl::Status started = co_await starting;
    if (!started.ok()) co_return started;
  }
  if (portal.describe_first && fetch.shows) send_columns(cursor->plan->columns, cursor->result_formats);
  uint64_t count = 0;
  absl::Status status;
  if (cursor->kept == nullptr) {
    auto fetching = fetch_once(*cursor, fetch.count, fetch.shows, &count);
    status = co_await fetching;
  } else if (fetch.goes_forward()) {
    auto fetching = fetch_forward(*cursor, static_cast<uint64_t>(fetch.count), fetch.shows, &count);
    status = co_await fetching;
  } else {
    if (fetch.asks_for_row()) {
      auto reaching = reach_row(*cursor, fetch.row(cursor->kept->at()));
      status = co_await reaching;
    }
    const KeptRows::Span span = move(fetch, cursor->kept.get());
    count = span.count;
    if (status.ok() && fetch.shows) {
      auto sending = send_kept_rows(*cursor, span);
      status = co_await sending;
    }
  }
  portal.tag = cat(fetch.shows ? "FETCH " : "MOVE ", count);
  co_return status;
}

/// A portal that Bind made is read by FETCH before any Execute.
Task<absl::Status> Backend::start_bound_portal(Portal& portal) {
  if (portal.plan == nullptr || !reads_or_writes(portal.plan->kind) || portal.plan->columns.empty()) {
    co_return error(ErrorCode::kFeatureNotSupported, "portal \"", portal.name,
                    "\" is of a statement that FETCH cannot read");
  }
  auto starting = start_portal(portal);
  const absl::Status started = co_await starting;
  if (!started.ok()) co_return started;
  portal.suspended = true;
  ++suspended_portals_;
  co_return absl::OkStatus();
}

/// Of a cursor that does not go back. Execute reads on where it ends, and it where Execute ended.
Task<absl::Status> Backend::fetch_once(Portal& cursor, int64_t count, bool shows, uint64_t* fetched) {
  const uint64_t before = cursor.rows_sent;
  bool suspended = false;
  if (count > 0 && !cursor.at_end && !cursor.finished) {
    cursor.passes = !shows;
    auto fetching = send_rows(cursor, count == sql::FetchStatement::kFetchAll ? 0 : count, &suspended);
    const absl::Status status = co_await fetching;
    cursor.passes = false;
    if (!status.ok()) co_return status;
    if (!suspended) cursor.at_end = true;
  }
  *fetched = cursor.rows_sent - before;
  co_return absl::OkStatus();
}

/// Execute of a cursor that keeps its rows: it reads on from where the last FETCH left it, and may be run again after
/// its end, because a FETCH may have gone back.
Task<absl::Status> Backend::run_cursor(Portal& cursor, int64_t rows_max, bool* suspended) {
  const uint64_t wanted = rows_max > 0 ? static_cast<uint64_t>(rows_max) : UINT64_MAX;
  uint64_t count = 0;
  auto fetching = fetch_forward(cursor, wanted, true, &count);
  const absl::Status status = co_await fetching;
  if (suspended_portals_ == 0) transaction_.release_statement_snapshot();
  if (!status.ok()) co_return status;
  *suspended = count == wanted;
  if (!*suspended) writer_.command_complete(cat("SELECT ", count));
  co_return absl::OkStatus();
}

/// Rows that are kept already, then those that the query still yields.
Task<absl::Status> Backend::fetch_forward(Portal& cursor, uint64_t count, bool shows, uint64_t* fetched) {
  KeptRows& kept = *cursor.kept;
  while (*fetched < count) {
    if (kept.at() >= kept.count()) {
      auto keeping = keep_more_rows(cursor);
      const absl::StatusOr<bool> more = co_await keeping;
      if (!more.ok()) co_return more.status();
      if (!*more) {
        kept.move_by(1);  // behind the last
        break;
      }
    }
    const uint64_t wanted = std::min(count - *fetched, kept.count() - kept.at());
    const KeptRows::Span span = kept.move_by(static_cast<int64_t>(wanted));
    *fetched += span.count;
    if (shows) {
      auto sending = send_kept_rows(cursor, span);
      const absl::Status sent = co_await sending;
      if (!sent.ok()) co_return sent;
    }
    if (cursor.execution != nullptr) kept.forget_before(kept.at(), kRememberedBytes);
  }
  co_return absl::OkStatus();
}

/// Keeps what the query yields until row `row` is there; negative: all of it.
Task<absl::Status> Backend::reach_row(Portal& cursor, int64_t row) {
  KeptRows& kept = *cursor.kept;
  while (cursor.execution != nullptr && (row < 0 || kept.count() < static_cast<uint64_t>(row))) {
    auto keeping = keep_more_rows(cursor);
    const absl::StatusOr<bool> more = co_await keeping;
    if (!more.ok()) co_return more.status();
    const auto from_end = static_cast<uint64_t>(-(row + 1)) + 1;
    const uint64_t wanted = row >= 0 ? static_cast<uint64_t>(row) : kept.count() - std::min(kept.count(), from_end);
    kept.forget_before(wanted, kRememberedBytes);
  }
  co_return absl::OkStatus();
}

/// Errors: 55000 when they are forgotten.
Task<absl::Status> Backend::send_kept_rows(Portal& cursor, const KeptRows::Span& span) {
  const KeptRows& kept = *cursor.kept;
  uint64_t row = span.first;
  for (uint64_t left = span.count; left > 0;) {
    if (row < kept.first()) co_return cannot_go_back();
    const KeptRows::Place place = kept.find(row);
    const uint64_t rows = span.step > 0 ? std::min<uint64_t>(left, place.batch->rows - place.row) : 1;
    cursor.writer.write(*place.batch, place.row, place.row + static_cast<uint32_t>(rows), writer_);
    row += static_cast<uint64_t>(span.step) * rows;
    left -= rows;
    if (writer_.over_high_water()) {
      auto flushing = flush();
      co_await flushing;
    }
    if (closed_) co_return error(ErrorCode::kConnectionFailure, "the client closed the connection");
  }
  co_return absl::OkStatus();
}

namespace {

struct RowPlace {
  const Batch* batch = nullptr;
  uint32_t row = 0;
};

/// The row that FETCH gave last; nothing before the first and behind the last.
std::optional<RowPlace> current_place(const Portal& cursor) {
  if (cursor.kept != nullptr) {
    const uint64_t at = cursor.kept->at();
    if (at < cursor.kept->first() || at > cursor.kept->count()) return std::nullopt;
    const KeptRows::Place place = cursor.kept->find(at);
    return RowPlace{place.batch, place.row};
  }
  if (cursor.rows_sent == 0 || cursor.at_end || cursor.finished || cursor.batch_at == 0) return std::nullopt;
  return RowPlace{&cursor.batch, cursor.batch_at - 1};
}

/// Which of the plan's row keys are those of the table. Errors: 24000.
absl::StatusOr<uint32_t> key_column_of(const Portal& cursor, const TableDef& table) {
  const auto refuse = [&](std::string_view what) {
    return error(ErrorCode::kInvalidCursorState, "cursor \"", cursor.name, "\" ", what, " \"", table.name, "\"");
  };
  std::vector<uint32_t> found;
  for (const RowKeyColumn& key : cursor.plan->row_keys) {
    if (key.table == table.oid) found.push_back(key.column);
  }
  const bool locks = cursor.plan->locks_rows;
  if (found.empty()) {
    return refuse(locks ? "does not have a FOR UPDATE/SHARE reference to table" : "is not a simply updatable scan of table");
  }
  if (found.size() > 1) return refuse("has multiple FOR UPDATE/SHARE references to table");
  return found[0];
}

}  // namespace

/// WHERE CURRENT OF: the key of the table's row that the cursor stands on.
absl::StatusOr<std::optional<std::string>> Backend::current_row(std::string_view name, Oid table) {
  const auto at = portals_.find(name);
  if (at == portals_.end()) return error(ErrorCode::kInvalidCursorName, "cursor \"", name, "\" does not exist");
  const Portal& cursor = *at->second;
  if (cursor.survives) {
    return error(ErrorCode::kInvalidCursorState, "cursor \"", name, "\" is held from a previous transaction");
  }
  if (cursor.plan == nullptr || cursor.plan->kind != StatementKind::kSelect) {
    return error(ErrorCode::kInvalidCursorState, "cursor \"", name, "\" is not a SELECT query");
  }
  TROUPE_ASSIGN_OR_RETURN(const uint32_t column, key_column_of(cursor, *transaction_.catalog()->find_table(table)));
  const std::optional<RowPlace> place = current_place(cursor);
  if (!place) return error(ErrorCode::kInvalidCursorState, "cursor \"", name, "\" is not positioned on a row");
  const Vector& keys = place->batch->columns[column];
  if (keys.is_null(place->row)) return std::optional<std::string>();
  return std::optional<std::string>(keys.string(place->row));
}

absl::Status Backend::run_close(const sql::CloseStatement& statement, std::string* tag) {
  *tag = statement.cursor.empty() ? "CLOSE CURSOR ALL" : "CLOSE CURSOR";
  if (statement.cursor.empty()) {
    drop_portals_of_transaction();
    portals_.clear();
    return absl::OkStatus();
  }
  const auto it = portals_.find(statement.cursor);
  if (it == portals_.end()) {
    return error(ErrorCode::kInvalidCursorName, "cursor \"", statement.cursor, "\" does not exist");
  }
  let_go(*it->second);
  portals_.erase(it);
  return absl::OkStatus();
}

}  // namespace troupe
