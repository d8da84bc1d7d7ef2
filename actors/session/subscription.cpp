#include "actors/session/subscription.hpp"

#include "storage/base/text.hpp"
#include "storage/catalog/continuous.hpp"

namespace troupe {
namespace {

void int_field(int64_t value, bool binary, BackendWriter& out) {
  if (binary) {
    out.int8_binary_field(value);
  } else {
    out.int_field(value);
  }
}

void image(bool present, std::string_view json, BackendWriter& out) {
  if (present) {
    out.field(json);
  } else {
    out.null_field();
  }
}

}  // namespace

namespace {

/// Before the table's name in events.
std::string schema_prefix(const TableDef& table, const Catalog& catalog) {
  const auto* schema = catalog.find_as<SchemaDef>(table.schema);
  const bool bare = schema == nullptr || schema->name == "public";
  return bare ? std::string() : cat(schema->name, ".");
}

/// Each behind what it is a partition of.
void collect_partitions(const TableDef& table, const Catalog& catalog,
                        std::vector<std::shared_ptr<const TableDef>>* out) {
  for (const Oid oid : table.partitions) {
    auto partition = std::dynamic_pointer_cast<const TableDef>(catalog.find_shared(oid));
    if (partition == nullptr) continue;
    out->push_back(partition);
    collect_partitions(*partition, catalog, out);
  }
}

const TableDef* rows_kept_for(const TableDef& table, const Catalog& catalog) {
  return is_continuous(table) ? continuous_rows(table.oid, *catalog.in_database(table.database)) : nullptr;
}

}  // namespace

Oid Subscription::told_as(const TableDef& table, const Catalog& catalog) {
  const TableDef* kept = rows_kept_for(table, catalog);
  return kept == nullptr ? table.oid : kept->oid;
}

void Subscription::add_partitioned(const std::shared_ptr<const TableDef>& table, const Catalog& catalog) {
  std::vector<std::shared_ptr<const TableDef>> partitions;
  collect_partitions(*table, catalog, &partitions);
  decoder_.follow_partitioned(table, schema_prefix(*table, catalog), partitions);
}

void Subscription::add(std::shared_ptr<const TableDef> table, const Catalog& catalog) {
  const std::string prefix = schema_prefix(*table, catalog);
  const TableDef* kept = rows_kept_for(*table, catalog);
  auto rows = kept == nullptr ? nullptr : std::dynamic_pointer_cast<const TableDef>(catalog.find_shared(kept->oid));
  if (rows == nullptr) return decoder_.follow(std::move(table), prefix);
  decoder_.follow_view(std::move(table), std::move(rows), prefix);
}

bool Subscription::begin(const CommitFrame& record) {
  const schema::CommitHead& head = *record->head();
  if (head.scn() <= seen_through()) return false;
  if (head.part() == 0) changes_before_ = 0;
  record_ = record;
  const bool resumes = head.scn() == position_.scn;
  decoder_.begin(bytes_view(record->changes()), changes_before_, resumes ? position_.event : 0);
  return true;
}

DecodeStep Subscription::next(RowEvent* event) {
  const DecodeStep step = decoder_.next(event);
  if (step == DecodeStep::kEnd) changes_before_ = decoder_.number();
  return step;
}

DecodeStep Subscription::next_row(const Portal& portal, BackendWriter& out) {
  RowEvent event;
  const DecodeStep step = next(&event);
  if (step == DecodeStep::kEvent) append_row(event, portal, out);
  return step;
}

void Subscription::append_row(const RowEvent& event, const Portal& portal, BackendWriter& out) {
  const schema::CommitHead& head = *record_->head();
  token_.clear();
  append_token({head.scn(), event.number}, &token_);
  out.begin_row(7);
  out.field(token_);
  int_field(static_cast<int64_t>(head.scn()), portal.binary(1), out);
  int_field(static_cast<int64_t>(head.txn()), portal.binary(2), out);
  out.field(event.table);
  out.field(row_op_name(event.op));
  image(event.has_before, event.before, out);
  image(event.has_after, event.after, out);
  out.end_row();
}

void Subscription::finished(Scn through) {
  if (through > seen_through()) position_ = {through, 0};
}

}  // namespace troupe
