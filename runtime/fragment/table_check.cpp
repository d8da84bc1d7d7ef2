#include "runtime/fragment/table_check.hpp"

#include <algorithm>

#include "runtime/exec/access.hpp"
#include "runtime/exec/fragment_call.hpp"
#include "runtime/exec/index_entry.hpp"
#include "runtime/exec/row_inserter.hpp"
#include "runtime/plan/catalog_types.hpp"
#include "runtime/plan/ddl_binder.hpp"
#include "storage/base/text.hpp"
#include "storage/buffer/load_page.hpp"
#include "storage/column/hash.hpp"

namespace troupe {
namespace {

/// More of one table are not printed, but counted.
constexpr uint64_t kFindingsMax = 50;

std::string hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text = "0x";
  for (const char byte : bytes.substr(0, 64)) {
    text += kDigits[static_cast<uint8_t>(byte) >> 4];
    text += kDigits[static_cast<uint8_t>(byte) & 15];
  }
  return bytes.size() > 64 ? text + "..." : text;
}

/// Over the table's layout columns.
ExprPtr in_layout(const ExprPtr& expr) {
  if (!expr) return expr;
  return replace_expr(expr, [](const ExprPtr& part) -> ExprPtr {
    return part->is_column() ? make_column(part->type, part->index) : nullptr;
  });
}

absl::StatusOr<IndexTerms> terms_of(const CatalogPtr& catalog, const IndexDef& index, const TablePtr& table) {
  PlanContext context;
  context.catalog = catalog;
  context.search_path = {table->schema};
  Binder binder(context);
  auto relation = std::make_shared<BoundRelation>();
  relation->table = table;
  relation->alias = table->name;
  TROUPE_ASSIGN_OR_RETURN(IndexTerms terms, binder.bind_index(index, relation));
  for (ExprPtr& value : terms.values) value = in_layout(value);
  terms.predicate = in_layout(terms.predicate);
  return terms;
}

/// A missing page is read at once.
absl::Status load_missing(PartitionStore& store, PageAddress address) {
  TROUPE_ASSIGN_OR_RETURN(PageImage image, load_page(store.file(), address));
  store.install(address, std::move(image));
  return absl::OkStatus();
}

}  // namespace

TableCheck::TableCheck(CatalogPtr catalog, TablePtr table, std::vector<PartitionStore*> stores,
                       const CheckListener& listener)
    : catalog_{std::move(catalog)}, table_{std::move(table)}, stores_{std::move(stores)}, listener_{listener} {}

void TableCheck::Sum::add(PartitionId partition, std::string_view key, std::string_view value) {
  ++entries;
  hash += hash_combine(hash_bytes(key, partition), hash_bytes(value));
}

std::string TableCheck::name() const {
  const ObjectDef* schema = catalog_->find(table_->schema);
  return cat("table ", schema == nullptr ? "" : schema->name, ".", table_->name);
}

void TableCheck::damaged(std::string what) {
  if (++found_ < kFindingsMax) listener_.damaged(cat(name(), ": ", what));
  if (found_ == kFindingsMax) listener_.damaged(cat(name(), ": and more"));
}

absl::Status TableCheck::compile() {
  know_types(*catalog_);
  TableWrite write;
  write.table = table_;
  for (const Oid oid : table_->indexes) {
    const auto index = std::static_pointer_cast<const IndexDef>(catalog_->find_shared(oid));
    if (index == nullptr) {
      damaged(cat("its index with oid ", oid, " is not in the catalog"));
      continue;
    }
    if (index->keys_rows() || index->building) continue;
    TROUPE_ASSIGN_OR_RETURN(IndexTerms terms, terms_of(catalog_, *index, table_));
    write.indexes.push_back(index);
    write.terms.push_back(std::move(terms));
  }
  indexes_ = write.indexes;
  of_rows_.resize(indexes_.size());
  FragmentSpec spec;
  describe_table(*table_, &spec);
  spec.key = table_->shape->key;
  spec.key_kinds = table_->shape->key_kinds;
  describe_indexes(write, &spec);
  TROUPE_ASSIGN_OR_RETURN(fragment_, Fragment::compile(std::move(spec)));
  return decode_fragment_params(encode_fragment_params(EvalContext{}, {}), &params_);
}

absl::Status TableCheck::run() {
  TROUPE_RETURN_IF_ERROR(compile());
  TROUPE_RETURN_IF_ERROR(scan(table_->tree, [this](PartitionId partition, const std::vector<ScanRow>& rows) {
    return check_rows(partition, rows);
  }));
  for (size_t index = 0; index < indexes_.size(); ++index) TROUPE_RETURN_IF_ERROR(compare_index(index));
  return absl::OkStatus();
}

absl::Status TableCheck::scan(TreeId tree, const OnRows& on_rows) {
  for (size_t i = 0; i < stores_.size(); ++i) {
    ScanCursor cursor;
    cursor.tree = tree;
    ScanBatch batch;
    for (uint64_t seen = 0;;) {
      TROUPE_RETURN_IF_ERROR(stores_[i]->scan(ReadView{}, cursor, ScanBudget{}, &batch));
      if (!batch.rows.empty()) TROUPE_RETURN_IF_ERROR(on_rows(static_cast<PartitionId>(i), batch.rows));
      seen += batch.rows.size();
      listener_.progress(cat(name(), ", tree ", tree, " of partition ", i, ": ", seen, " entries"));
      if (batch.state == ScanState::kEnd) break;
      if (batch.state == ScanState::kFault) TROUPE_RETURN_IF_ERROR(load_missing(*stores_[i], batch.fault.address));
    }
  }
  return absl::OkStatus();
}

absl::Status TableCheck::check_rows(PartitionId partition, const std::vector<ScanRow>& rows) {
  std::vector<std::string_view> values;
  std::vector<std::string_view> keys;
  for (const ScanRow& row : rows) {
    ++rows_;
    const absl::Status readable = RowView::verify(table_->shape->layout, row.row);
    if (!readable.ok()) {
      damaged(cat("the row ", hex(row.key), " in partition ", partition,
                  " does not fit the table's definition: ", error_fields(readable).message));
      continue;
    }
    TROUPE_RETURN_IF_ERROR(check_place(partition, row));
    values.push_back(row.row);
    keys.push_back(row.key);
  }
  std::vector<Entry> entries;
  TROUPE_RETURN_IF_ERROR(entries_of(partition, values, keys, &entries));
  for (const Entry& entry : entries) of_rows_[entry.index].add(entry.partition, entry.key, entry.value);
  return absl::OkStatus();
}

/// Its key is that of its values, and its partition that of its key.
absl::Status TableCheck::check_place(PartitionId partition, const ScanRow& row) {
  const TableShape& shape = *table_->shape;
  if (!shape.key.empty()) {
    const RowView view(shape.layout, row.row);
    std::vector<Value> values;
    for (const uint32_t column : shape.key) values.push_back(view.value(column, shape.missing[column]));
    const LookupKey wanted = primary_key_of(shape, values);
    if (wanted.key != row.key) {
      damaged(cat("the row ", hex(row.key), " in partition ", partition, " has the values of key ", hex(wanted.key)));
    }
  }
  const PartitionId home = partition_of(fragment_->row_hash(row.row, row.key));
  if (home != partition) damaged(cat("the row ", hex(row.key), " lies in partition ", partition, ", not in ", home));
  return absl::OkStatus();
}

/// What the indexes have of the rows.
absl::Status TableCheck::entries_of(PartitionId partition, std::span<const std::string_view> rows,
                                    std::span<const std::string_view> keys, std::vector<Entry>* entries) {
  if (rows.empty() || indexes_.empty()) return absl::OkStatus();
  Fragment::Columns columns;
  TROUPE_RETURN_IF_ERROR(fragment_->decode(rows, {}, &columns));
  for (size_t i = 0; i < indexes_.size(); ++i) {
    Fragment::IndexKeys values;
    TROUPE_RETURN_IF_ERROR(fragment_->evaluate_index(i, columns, params_, &values));
    for (uint32_t row = 0; row < rows.size(); ++row) {
      if (!values.has(row)) continue;
      Entry entry{i, partition, {}, {}};
      size_t prefix_size = 0;
      entry.key = fragment_->index_key(i, values, row, keys[row], &prefix_size);
      if (indexes_[i]->global()) {
        entry.partition = partition_of(fragment_->index_hash(i, values, row));
        entry.value = global_entry_value(fragment_->row_hash(rows[row], keys[row]), keys[row]);
      } else {
        entry.value = local_entry_value(prefix_size);
      }
      entries->push_back(std::move(entry));
    }
  }
  return absl::OkStatus();
}

absl::Status TableCheck::compare_index(size_t index) {
  Sum there;
  TROUPE_RETURN_IF_ERROR(
      scan(indexes_[index]->tree, [&there](PartitionId partition, const std::vector<ScanRow>& entries) {
        for (const ScanRow& entry : entries) there.add(partition, entry.key, entry.row);
        return absl::OkStatus();
      }));
  if (there == of_rows_[index]) return absl::OkStatus();
  damaged(cat("index ", indexes_[index]->name, " has ", there.entries, " entries, the rows make ",
              of_rows_[index].entries, there.entries == of_rows_[index].entries ? " others" : ""));
  TROUPE_RETURN_IF_ERROR(find_missing_entries(index));
  return find_stray_entries(index);
}

absl::Status TableCheck::find_missing_entries(size_t index) {
  return scan(table_->tree, [&](PartitionId partition, const std::vector<ScanRow>& rows) -> absl::Status {
    std::vector<std::string> kept;  // reading entries may end what a scan's rows point to
    for (const ScanRow& row : rows) {
      if (!RowView::verify(table_->shape->layout, row.row).ok()) continue;
      kept.emplace_back(row.key);
      kept.emplace_back(row.row);
    }
    for (size_t i = 0; i < kept.size(); i += 2) {
      const std::string_view key = kept[i], row = kept[i + 1];
      std::vector<Entry> entries;
      TROUPE_RETURN_IF_ERROR(entries_of(partition, {&row, 1}, {&key, 1}, &entries));
      for (const Entry& entry : entries) {
        if (entry.index != index) continue;
        TROUPE_ASSIGN_OR_RETURN(const auto found, read(entry.partition, indexes_[index]->tree, entry.key));
        if (found && *found == entry.value) continue;
        damaged(cat("index ", indexes_[index]->name, found ? " has another entry " : " lacks the entry ",
                    hex(entry.key), " in partition ", entry.partition, " of the row ", hex(key), " in partition ",
                    partition));
      }
    }
    return absl::OkStatus();
  });
}

absl::Status TableCheck::find_stray_entries(size_t index) {
  return scan(indexes_[index]->tree, [&](PartitionId partition, const std::vector<ScanRow>& entries) -> absl::Status {
    std::vector<std::pair<std::string, std::string>> kept;
    for (const ScanRow& entry : entries) kept.emplace_back(entry.key, entry.row);
    for (const auto& [key, value] : kept) {
      TROUPE_ASSIGN_OR_RETURN(const std::string why, stray_because(index, partition, {key, value}));
      if (why.empty()) continue;
      damaged(cat("index ", indexes_[index]->name, ": the entry ", hex(key), " in partition ", partition, " ", why));
    }
    return absl::OkStatus();
  });
}

/// Empty: the entry is its row's.
absl::StatusOr<std::string> TableCheck::stray_because(size_t index, PartitionId partition, const ScanRow& entry) {
  PartitionId home = partition;
  std::string row_key;
  if (indexes_[index]->global()) {
    const auto global = read_global_entry(entry.row);
    if (!global.ok()) return cat("cannot be read: ", error_fields(global.status()).message);
    home = partition_of(global->row_hash);
    row_key = std::string(global->row_key);
  } else {
    const auto local = row_key_of_entry(entry.key, entry.row);
    if (!local.ok()) return cat("cannot be read: ", error_fields(local.status()).message);
    row_key = std::string(*local);
  }
  TROUPE_ASSIGN_OR_RETURN(const auto row, read(home, table_->tree, row_key));
  if (!row) return cat("leads to a row that is not there: ", hex(row_key), " in partition ", home);
  if (!RowView::verify(table_->shape->layout, *row).ok()) return std::string();
  const std::string_view key_view = row_key, row_view = *row;
  std::vector<Entry> entries;
  TROUPE_RETURN_IF_ERROR(entries_of(home, {&row_view, 1}, {&key_view, 1}, &entries));
  const bool is_its = std::any_of(entries.begin(), entries.end(), [&](const Entry& wanted) {
    return wanted.index == index && wanted.partition == partition && wanted.key == entry.key &&
           wanted.value == entry.row;
  });
  return is_its ? std::string() : cat("is none of its row ", hex(row_key), " in partition ", home);
}

absl::StatusOr<std::optional<std::string>> TableCheck::read(PartitionId partition, TreeId tree, std::string_view key) {
  for (;;) {
    const ReadResult result = stores_[partition]->get(ReadView{}, tree, key);
    if (const auto* row = std::get_if<StoredRow>(&result)) return std::string(row->row);
    if (std::holds_alternative<Absent>(result)) return std::optional<std::string>{};
    if (const auto* failed = std::get_if<absl::Status>(&result)) return *failed;
    TROUPE_RETURN_IF_ERROR(load_missing(*stores_[partition], std::get<PageFault>(result).address));
  }
}

}  // namespace troupe
