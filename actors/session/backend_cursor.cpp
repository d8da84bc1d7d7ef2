/// DECLARE, FETCH, MOVE, CLOSE.
#include "actors/session/backend.hpp"
#include "storage/base/text.hpp"

namespace troupe {

Task<absl::Status> Backend::run_declare(const sql::DeclareCursorStatement& statement, Portal& portal) {
  if (!transaction_.state().in_block() && !statement.hold) {
    co_return error(ErrorCode::kNoActiveSqlTransaction, "DECLARE CURSOR can only be used in transaction blocks");
  }
  const bool scrolls = statement.scroll == sql::DeclareCursorStatement::Scroll::kScroll;
  if ((scrolls || statement.hold) && !statement.query->locking.empty()) {
    co_return with_detail(error(ErrorCode::kFeatureNotSupported, "DECLARE ", scrolls ? "SCROLL CURSOR" : "CURSOR WITH HOLD",
                                " ... FOR UPDATE is not supported"),
                          scrolls ? "Scrollable cursors must be READ ONLY." : "Holdable cursors must be READ ONLY.");
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
  if (statement.binary) cursor->result_formats = {1};
  auto starting = start_portal(*cursor);
  const absl::Status status = co_await starting;
  if (!status.ok()) co_return status;
  if (scrolls || statement.hold) {
    cursor->hold = statement.hold;
    auto keeping = keep_rows(*cursor, scrolls);
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

/// Runs the query to its end: what is kept can be read in any order, and after the transaction.
Task<absl::Status> Backend::keep_rows(Portal& cursor, bool scrolls) {
  cursor.kept = std::make_unique<KeptRows>();
  cursor.scrolls = scrolls;
  uint64_t bytes = 0;
  while (true) {
    auto fetching = cursor.execution->next();
    auto batch = co_await fetching;
    if (!batch.ok()) co_return batch.status();
    if (batch->rows == 0) break;
    for (const Vector& column : batch->columns) {
      bytes += uint64_t{batch->rows} * width(column.kind());
      if (column.kind() != Physical::kVarlen) continue;
      for (uint32_t row = 0; row < batch->rows; ++row) bytes += column.is_null(row) ? 0 : column.string(row).size();
    }
    if (bytes > services_.config.sort_bytes_max) {
      co_return with_hint(error(ErrorCode::kOutOfMemory, "the rows of cursor \"", cursor.name,
                                "\" take more than exec.statement_memory_bytes_max"),
                          "Declare it NO SCROLL and without HOLD.");
    }
    cursor.kept->add(*std::move(batch));
  }
  cursor.execution = nullptr;
  co_return absl::OkStatus();
}

namespace {

absl::Status cannot_go_back() {
  return with_hint(error(ErrorCode::kObjectNotInPrerequisiteState, "cursor can only scan forward"),
                   "Declare it with SCROLL option to enable backward scan.");
}

/// Whether it asks for nothing but rows further on.
bool goes_forward(const sql::FetchStatement& statement) {
  return statement.direction == sql::FetchDirection::kForward && statement.count >= 0;
}

KeptRows::Span move(const sql::FetchStatement& statement, KeptRows* rows) {
  switch (statement.direction) {
    case sql::FetchDirection::kForward: return rows->move_by(statement.count);
    case sql::FetchDirection::kBackward: return rows->move_by(-statement.count);
    case sql::FetchDirection::kAbsolute: return rows->move_to(statement.count);
    case sql::FetchDirection::kRelative: return rows->move_relative(statement.count);
  }
  return {};
}

}  // namespace

Task<absl::Status> Backend::run_fetch(const sql::FetchStatement& statement, Portal& portal) {
  Portal* cursor = find_portal(statement.cursor);
  if (cursor == nullptr || statement.cursor.empty()) {
    co_return error(ErrorCode::kInvalidCursorName, "cursor \"", statement.cursor, "\" does not exist");
  }
  const bool may_go_back = cursor->kept != nullptr && cursor->scrolls;
  if (!may_go_back && !goes_forward(statement)) co_return cannot_go_back();
  if (portal.describe_first && !statement.move) send_columns(cursor->plan->columns, cursor->result_formats);
  if (cursor->kept != nullptr) {
    const KeptRows::Span span = move(statement, cursor->kept.get());
    portal.tag = cat(statement.move ? "MOVE " : "FETCH ", span.count);
    if (statement.move) co_return absl::OkStatus();
    auto sending = send_kept_rows(*cursor, span);
    co_return co_await sending;
  }
  const uint64_t before = cursor->rows_sent;
  const size_t mark = writer_.mark();
  bool suspended = false;
  if (statement.count > 0 && !cursor->at_end) {
    const int64_t count = statement.count == sql::FetchStatement::kFetchAll ? 0 : statement.count;
    auto fetching = send_rows(*cursor, count, &suspended);
    const absl::Status status = co_await fetching;
    if (!status.ok()) co_return status;
    if (!suspended) cursor->at_end = true;
  }
  if (statement.move) writer_.rewind(mark);
  portal.tag = cat(statement.move ? "MOVE " : "FETCH ", cursor->rows_sent - before);
  co_return absl::OkStatus();
}

Task<absl::Status> Backend::send_kept_rows(Portal& cursor, const KeptRows::Span& span) {
  uint64_t row = span.first;
  for (uint64_t sent = 0; sent < span.count; ++sent) {
    const KeptRows::Place place = cursor.kept->find(row);
    cursor.writer.write(*place.batch, place.row, place.row + 1, writer_);
    row += static_cast<uint64_t>(span.step);
    if (writer_.over_high_water()) {
      auto flushing = flush();
      co_await flushing;
    }
    if (closed_) co_return error(ErrorCode::kConnectionFailure, "the client closed the connection");
  }
  co_return absl::OkStatus();
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
  if (it->second->suspended) --suspended_portals_;
  portals_.erase(it);
  return absl::OkStatus();
}

}  // namespace troupe
