#include "runtime/stream/pgoutput_encoder.hpp"

#include "runtime/protocol/replication_codec.hpp"
#include "runtime/types/binary_io.hpp"
#include "runtime/types/text_io.hpp"

namespace troupe {

namespace wire_of = replication;

PgoutputEncoder::PgoutputEncoder(PgoutputOptions options, Oid database, CatalogHistory history, EvalContext& context)
    : options_{std::move(options)},
      history_{std::move(history)},
      context_{context},
      database_{database},
      tables_{options_.publications, database, context} {}

absl::Status PgoutputEncoder::start() { return tables_.follow(history_.catalog()); }

void PgoutputEncoder::begin(const schema::CommitHead& head) {
  scn_ = head.scn();
  txn_ = head.txn();
  committed_at_us_ = head.committed_at_us();
  whole_ = head.part() == 0 && head.parts() <= 1;
  begun_ = false;
  truncated_.clear();
  tables_.forget_former();
}

absl::Status PgoutputEncoder::begin_record(EncoderPass pass, std::string_view changes) {
  if (pass == EncoderPass::kRemovals) {
    TROUPE_ASSIGN_OR_RETURN(const bool learned, history_.learn(changes, scn_));
    if (learned) TROUPE_RETURN_IF_ERROR(tables_.follow(history_.catalog()));
    record_rows_ = 0;
    ChangeReader reader(changes);
    Change change;
    bool former = false;
    while (reader.next(&change)) record_rows_ += tables_.find(change.tree, &former) != nullptr ? 1 : 0;
  }
  pass_ = pass;
  changes_ = ChangeReader(changes);
  truncates_.clear();
  bulk_left_ = 0;
  bulk_in_record_ = 0;
  status_ = absl::OkStatus();
  return absl::OkStatus();
}

DecodeStep PgoutputEncoder::next(const Sink& sink) {
  Change change;
  if (!status_.ok()) return DecodeStep::kEnd;
  if (bulk_in_record_ > 0) {
    if (!bulk_.next(&change)) {
      status_ = error(ErrorCode::kDataCorrupted, "a bulk record has fewer changes than it says");
      return DecodeStep::kEnd;
    }
    --bulk_in_record_;
    --bulk_left_;
    row_change(change, sink);
    return status_.ok() ? DecodeStep::kEvent : DecodeStep::kEnd;
  }
  if (bulk_left_ > 0) return DecodeStep::kNeedsBulk;
  if (!changes_.next(&change)) {
    status_ = changes_.status();
    if (status_.ok()) tell_truncated(sink);
    return DecodeStep::kEnd;
  }
  if (change.op == ChangeOp::kBulk) {
    begin_bulk(change);
  } else {
    row_change(change, sink);
  }
  return status_.ok() ? DecodeStep::kEvent : DecodeStep::kEnd;
}

void PgoutputEncoder::row_change(const Change& change, const Sink& sink) {
  bool former = false;
  PublishedRows* rows = change.tree < kFirstUserTree ? nullptr : tables_.find(change.tree, &former);
  if (rows == nullptr) {
    if (change.tree >= kFirstUserTree && changes_row(change.op)) status_ = tables_.status();
    return;
  }
  if (change.op == ChangeOp::kTruncate) {
    truncated_.insert(rows->table->oid);
    if (pass_ != EncoderPass::kRemovals || !rows->truncates) return;
    truncates_.push_back(rows->table->oid);
    introduce(*rows, sink);
    return;
  }
  // Rows from before the table was emptied are gone.
  if (former && truncated_.contains(rows->table->oid)) return;
  if (!changes_row(change.op) || (!change.has_before && !change.has_after)) return;
  status_ = pass_ == EncoderPass::kRemovals ? removal(*rows, change, sink) : addition(*rows, change, sink);
}

// --- what a change is told as ---

bool PgoutputEncoder::moves_unique_value(const PublishedRows& rows, const Change& change) const {
  if (rows.unique.empty() || (whole_ && record_rows_ == 1)) return false;
  const bool both_told = rows.inserts && rows.deletes && rows.has_identity;
  if (!both_told) return false;
  const RowLayout& layout = rows.table->shape->layout;
  const RowView before(layout, change.before), after(layout, change.after);
  for (const uint32_t position : rows.unique) {
    const Value& missing = rows.table->shape->missing[position];
    if (!(before.value(position, missing) == after.value(position, missing))) return true;
  }
  return false;
}

absl::StatusOr<PgoutputEncoder::Told> PgoutputEncoder::told_as(const PublishedRows& rows, const Change& change) {
  const TableDef& table = *rows.table;
  if (!change.has_before) {
    if (!rows.inserts) return Told::kNothing;
    TROUPE_ASSIGN_OR_RETURN(const bool holds, rows.insert_filter.holds(change.after, table, context_));
    return holds ? Told::kInsert : Told::kNothing;
  }
  if (!change.has_after) {
    if (!rows.deletes || !rows.has_identity) return Told::kNothing;
    TROUPE_ASSIGN_OR_RETURN(const bool holds, rows.delete_filter.holds(change.before, table, context_));
    return holds ? Told::kDelete : Told::kNothing;
  }
  if (!rows.updates) return Told::kNothing;
  TROUPE_ASSIGN_OR_RETURN(const bool held, rows.update_filter.holds(change.before, table, context_));
  TROUPE_ASSIGN_OR_RETURN(const bool holds, rows.update_filter.holds(change.after, table, context_));
  if (!held) return holds ? Told::kInsert : Told::kNothing;
  if (!holds) return rows.has_identity ? Told::kDelete : Told::kNothing;
  return moves_unique_value(rows, change) ? Told::kDeleteInsert : Told::kUpdate;
}

absl::Status PgoutputEncoder::removal(PublishedRows& rows, const Change& change, const Sink& sink) {
  if (!change.has_before) return absl::OkStatus();
  TROUPE_ASSIGN_OR_RETURN(const Told told, told_as(rows, change));
  if (told == Told::kDelete || told == Told::kDeleteInsert) say_delete(rows, change.before, sink);
  return status_;
}

absl::Status PgoutputEncoder::addition(PublishedRows& rows, const Change& change, const Sink& sink) {
  if (!change.has_after) return absl::OkStatus();
  TROUPE_ASSIGN_OR_RETURN(const Told told, told_as(rows, change));
  if (told == Told::kInsert || told == Told::kDeleteInsert) say_insert(rows, change.after, sink);
  if (told == Told::kUpdate) say_update(rows, change, sink);
  return status_;
}

// --- messages ---

void PgoutputEncoder::say(const Sink& sink) {
  if (!status_.ok()) return;
  if (!begun_) {
    begun_ = true;
    std::string begin;
    wire_of::append_begin({lsn_of_commit(scn_), committed_at_us_, static_cast<uint32_t>(txn_)}, &begin);
    sink(lsn_of_commit(scn_), begin);
  }
  sink(lsn_of_commit(scn_), message_);
}

void PgoutputEncoder::introduce(PublishedRows& rows, const Sink& sink) {
  if (rows.told) return;
  rows.told = true;
  const CatalogPtr catalog = history_.catalog()->in_database(database_);
  wire_of::RelationMessage relation{rows.table->oid, rows.schema, rows.table->name, rows.identity, {}};
  for (const PublishedColumn& column : rows.columns) {
    relation.columns.push_back({column.key, column.name, column.declared, column.type.typmod});
    const auto naming = user_type_naming(column.declared, *catalog);
    if (!naming || !types_told_.insert(column.declared).second) continue;
    message_.clear();
    wire_of::append_type(column.declared, naming->schema, naming->name, &message_);
    say(sink);
  }
  message_.clear();
  wire_of::append_relation(relation, &message_);
  say(sink);
}

absl::Status PgoutputEncoder::append_tuple(const PublishedRows& rows, std::string_view row, TupleOf of,
                                           std::string* out) {
  const TableShape& shape = *rows.table->shape;
  TROUPE_RETURN_IF_ERROR(RowView::verify(shape.layout, row));
  const RowView view(shape.layout, row);
  out->clear();
  wire_of::TupleWriter tuple(static_cast<uint16_t>(rows.columns.size()), out);
  for (const PublishedColumn& column : rows.columns) {
    const Value value = view.value(column.position, shape.missing[column.position]);
    if (value.is_null() || (of == TupleOf::kIdentity && !column.key)) {
      tuple.null();
      continue;
    }
    tuple.begin(options_.binary);
    if (options_.binary) {
      send_binary(column.type, value, out);
    } else {
      format_text(column.type, value, context_, out);
    }
    tuple.end();
  }
  return absl::OkStatus();
}

bool PgoutputEncoder::same_identity(const PublishedRows& rows, std::string_view a, std::string_view b) {
  const TableShape& shape = *rows.table->shape;
  const RowView left(shape.layout, a), right(shape.layout, b);
  for (const PublishedColumn& column : rows.columns) {
    const Value& missing = shape.missing[column.position];
    if (column.key && !(left.value(column.position, missing) == right.value(column.position, missing))) return false;
  }
  return true;
}

void PgoutputEncoder::say_insert(PublishedRows& rows, std::string_view row, const Sink& sink) {
  status_ = append_tuple(rows, row, TupleOf::kRow, &after_);
  introduce(rows, sink);
  message_.clear();
  wire_of::append_insert(rows.table->oid, after_, &message_);
  say(sink);
}

void PgoutputEncoder::say_delete(PublishedRows& rows, std::string_view row, const Sink& sink) {
  status_ = append_tuple(rows, row, TupleOf::kIdentity, &before_);
  introduce(rows, sink);
  message_.clear();
  wire_of::append_delete(rows.table->oid, rows.identity == 'f' ? 'O' : 'K', before_, &message_);
  say(sink);
}

void PgoutputEncoder::say_update(PublishedRows& rows, const Change& change, const Sink& sink) {
  status_ = append_tuple(rows, change.after, TupleOf::kRow, &after_);
  before_.clear();
  const bool full = rows.identity == 'f';
  if (status_.ok() && rows.has_identity && (full || !same_identity(rows, change.before, change.after))) {
    status_ = append_tuple(rows, change.before, TupleOf::kIdentity, &before_);
  }
  introduce(rows, sink);
  message_.clear();
  wire_of::append_update(rows.table->oid, full ? 'O' : 'K', before_, after_, &message_);
  say(sink);
}

void PgoutputEncoder::tell_truncated(const Sink& sink) {
  if (truncates_.empty()) return;
  message_.clear();
  wire_of::append_truncate(truncates_, &message_);
  truncates_.clear();
  say(sink);
}

void PgoutputEncoder::finish(const Sink& sink) {
  tables_.forget_former();
  if (!begun_) return;
  begun_ = false;
  std::string commit;
  wire_of::append_commit({lsn_of_commit(scn_), lsn_behind(scn_), committed_at_us_}, &commit);
  sink(lsn_behind(scn_), commit);
}

// --- rows that came in bulk: all of them are new ---

void PgoutputEncoder::begin_bulk(const Change& change) {
  bool former = false;
  if (pass_ == EncoderPass::kRemovals) return;
  const PublishedRows* rows = tables_.find(change.tree, &former);
  if (rows == nullptr || !rows->inserts) return;
  const auto run = decode_bulk_run(change.after);
  if (!run.ok()) {
    status_ = run.status();
    return;
  }
  wanted_ = {run->position, run->record};
  bulk_left_ = run->rows;
}

absl::Status PgoutputEncoder::take_bulk(const schema::Bulk& bulk) {
  const schema::BulkHead& head = *bulk.head();
  if (bulk_left_ == 0 || bulk_in_record_ > 0 || head.record() != wanted_.record) return absl::OkStatus();
  const uint32_t rows = head.change_count();
  if (rows > bulk_left_) return error(ErrorCode::kDataCorrupted, "a bulk record has more changes than its run");
  ++wanted_.record;
  TROUPE_RETURN_IF_ERROR(unpack_bulk(bulk, &bulk_bytes_));
  bulk_ = ChangeReader(bulk_bytes_);
  bulk_in_record_ = rows;
  return absl::OkStatus();
}

}  // namespace troupe
