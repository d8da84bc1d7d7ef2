#include "runtime/stream/published_tables.hpp"

#include <algorithm>
#include <set>

#include "runtime/plan/ddl_publication.hpp"

namespace troupe {

// --- RowFilter ---

absl::StatusOr<RowFilter> RowFilter::compile(const std::vector<std::string>& conditions, const TableDef& table,
                                             const CatalogPtr& catalog, const EvalContext& context) {
  PlanContext plan;
  plan.catalog = catalog;
  plan.eval = &context;
  ExprList any;
  Binder binder(plan);
  for (const std::string& condition : conditions) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr bound, bind_published(condition, table, binder));
    any.push_back(replace_expr(bound, [](const ExprPtr& part) -> ExprPtr {
      return part->is_column() ? make_column(part->type, part->index) : nullptr;
    }));
  }
  return compile(make_or(std::move(any)), table);
}

absl::StatusOr<RowFilter> RowFilter::compile(const ExprPtr& condition, const TableDef& table) {
  RowFilter filter;
  TROUPE_ASSIGN_OR_RETURN(filter.program_, Program::compile(condition));
  for (uint32_t i = 0; i < table.columns.size(); ++i) filter.columns_.push_back(i);
  return filter;
}

absl::StatusOr<bool> RowFilter::holds(std::string_view row, const TableDef& table, EvalContext& context) const {
  if (!program_) return true;
  TROUPE_RETURN_IF_ERROR(RowView::verify(table.shape->layout, row));
  Batch batch;
  decode_rows(table.shape->layout, std::span(&row, 1), columns_, table.shape->missing, {}, &batch);
  EvalInput in;
  in.columns = batch.columns;
  in.rows = 1;
  in.context = &context;
  Vector holds;
  TROUPE_RETURN_IF_ERROR(program_.run(in, &holds));
  return !holds.is_null(0) && holds.get<bool>(0);
}

// --- PublishedTables ---

namespace {

char identity_letter(ReplicaIdentity identity) {
  switch (identity) {
    case ReplicaIdentity::primary_key: return 'd';
    case ReplicaIdentity::nothing: return 'n';
    case ReplicaIdentity::full: return 'f';
    case ReplicaIdentity::index: return 'i';
  }
  return 'd';
}

/// The column list, or all columns that are sent: a list of all of them is no list.
std::vector<int16_t> columns_told(const Publishing& by, const TableDef& table) {
  std::vector<int16_t> all;
  for (const ColumnDef& column : table.columns) {
    if (!column.dropped && !column.generated_stored) all.push_back(column.attnum);
  }
  return by.listed == nullptr || by.listed->columns.empty() ? all : by.listed->columns;
}

std::vector<uint32_t> unique_columns(const TableDef& table, const Catalog& catalog) {
  std::set<uint32_t> positions;
  for (const Oid oid : table.indexes) {
    const IndexDef* index = catalog.find_index(oid);
    if (index == nullptr || !index->global()) continue;
    for (const IndexColumn& column : index->columns) {
      if (column.attnum > 0) positions.insert(static_cast<uint32_t>(column.attnum - 1));
    }
    if (!index->has_terms()) continue;
    // What an expression or predicate looks at may be any of them.
    for (const ColumnDef& column : table.columns) positions.insert(static_cast<uint32_t>(column.attnum - 1));
  }
  return {positions.begin(), positions.end()};
}

}  // namespace

absl::Status PublishedTables::follow(const CatalogPtr& catalog) {
  catalog_ = catalog->in_database(database_);
  if (catalog_ == nullptr) return error(ErrorCode::kInvalidCatalogName, "the database was dropped");
  status_ = absl::OkStatus();
  std::vector<ObjectPtr> publications;
  for (const std::string& name : names_) {
    const ObjectDef* found = catalog_->find(NameClass::publication, database_, name);
    if (found == nullptr) {
      status_ = error(ErrorCode::kUndefinedObject, "publication \"", name, "\" does not exist");
    } else {
      publications.push_back(catalog_->find_shared(found->oid));
    }
  }
  const bool same = publications == publications_;
  publications_ = std::move(publications);
  auto before = std::exchange(tables_, {});
  for (const ObjectPtr& object : catalog_->objects(ObjectKind::table)) {
    auto table = std::static_pointer_cast<const TableDef>(object);
    std::vector<Publishing> by;
    for (const ObjectPtr& publication : publications_) {
      const auto how = publishes(static_cast<const PublicationDef&>(*publication), *table);
      if (how) by.push_back(*how);
    }
    if (by.empty()) continue;
    const auto known = before.find(table->tree);
    if (same && known != before.end() && known->second->table == table) {
      tables_.insert(before.extract(known));
      continue;
    }
    TROUPE_ASSIGN_OR_RETURN(tables_[table->tree], make(table, by, *catalog_));
  }
  for (auto& [tree, rows] : before) {
    if (!tables_.contains(tree)) former_.insert_or_assign(tree, std::move(rows));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<PublishedRows>> PublishedTables::make(std::shared_ptr<const TableDef> table,
                                                                     const std::vector<Publishing>& by,
                                                                     const Catalog& catalog) {
  auto rows = std::make_unique<PublishedRows>();
  rows->table = std::move(table);
  rows->schema = catalog.find(rows->table->schema)->name;
  rows->identity = identity_letter(rows->table->replica_identity);
  rows->unique = unique_columns(*rows->table, catalog);
  for (const Publishing& how : by) {
    rows->inserts = rows->inserts || how.publication->inserts;
    rows->updates = rows->updates || how.publication->updates;
    rows->deletes = rows->deletes || how.publication->deletes;
    rows->truncates = rows->truncates || how.publication->truncates;
  }
  TROUPE_RETURN_IF_ERROR(add_columns(by, catalog, rows.get()));
  TROUPE_RETURN_IF_ERROR(add_filters(by, rows.get()));
  return rows;
}

absl::Status PublishedTables::add_columns(const std::vector<Publishing>& by, const Catalog& catalog,
                                          PublishedRows* rows) {
  const TableDef& table = *rows->table;
  const std::vector<int16_t> told = columns_told(by[0], table);
  for (const Publishing& how : by) {
    if (columns_told(how, table) == told) continue;
    return error(ErrorCode::kFeatureNotSupported, "cannot use different column lists for table \"", rows->schema, ".",
                 table.name, "\" in different publications");
  }
  const std::vector<int16_t> identity = identity_columns(table, catalog);
  rows->has_identity = !identity.empty();
  for (const int16_t attnum : told) {
    const ColumnDef& def = table.column(attnum);
    PublishedColumn column;
    column.position = static_cast<uint32_t>(attnum - 1);
    column.name = def.name;
    column.type = Type{def.type, def.typmod};
    column.declared = def.domain != kNoOid ? def.domain : def.type;
    column.key = std::binary_search(identity.begin(), identity.end(), attnum);
    rows->columns.push_back(std::move(column));
  }
  return absl::OkStatus();
}

absl::Status PublishedTables::add_filters(const std::vector<Publishing>& by, PublishedRows* rows) {
  const auto set = [&](bool PublicationDef::*action, RowFilter* filter) -> absl::Status {
    std::vector<std::string> conditions;
    for (const Publishing& how : by) {
      if (!(how.publication->*action)) continue;
      if (how.listed == nullptr || how.listed->filter_sql.empty()) return absl::OkStatus();
      conditions.push_back(how.listed->filter_sql);
    }
    if (conditions.empty()) return absl::OkStatus();
    TROUPE_ASSIGN_OR_RETURN(*filter, RowFilter::compile(conditions, *rows->table, catalog_, context_));
    return absl::OkStatus();
  };
  TROUPE_RETURN_IF_ERROR(set(&PublicationDef::inserts, &rows->insert_filter));
  TROUPE_RETURN_IF_ERROR(set(&PublicationDef::updates, &rows->update_filter));
  return set(&PublicationDef::deletes, &rows->delete_filter);
}

PublishedRows* PublishedTables::find(TreeId tree, bool* former) {
  *former = false;
  if (const auto at = tables_.find(tree); at != tables_.end()) return at->second.get();
  const auto at = former_.find(tree);
  *former = at != former_.end();
  return *former ? at->second.get() : nullptr;
}

std::optional<TypeNaming> user_type_naming(Oid type, const Catalog& catalog) {
  const auto* found = catalog.find_as<TypeDef>(type);
  if (found == nullptr) return std::nullopt;
  if (found->type_kind == TypeKind::domain) {
    // Told by what it is made of, as PostgreSQL does.
    Oid base = found->base;
    while (const auto* under = catalog.find_as<TypeDef>(base)) {
      if (under->type_kind != TypeKind::domain) break;
      base = under->base;
    }
    const auto* user = catalog.find_as<TypeDef>(base);
    if (user == nullptr) return TypeNaming{"pg_catalog", std::string(type_info(base).name)};
    found = user;
  }
  const ObjectDef* schema = catalog.find(found->schema);
  return TypeNaming{schema == nullptr ? std::string() : schema->name, found->name};
}

}  // namespace troupe
