/// TABLESAMPLE: a subquery with a condition that chance, or the rows' keys and a seed, decide.
#include "runtime/plan/binder.hpp"
#include "storage/catalog/continuous.hpp"

namespace troupe {
namespace {

/// Errors: 42704, 2202H.
absl::Status check_method(const sql::TableSample& sample) {
  const std::string_view method = sample.method.back();
  if (method != "bernoulli" && method != "system") {
    return error(ErrorCode::kUndefinedObject, "tablesample method ", method, " does not exist");
  }
  if (sample.arguments.size() == 1) return absl::OkStatus();
  return error(ErrorCode{pack_sqlstate("2202H")}, "tablesample method ", method, " requires 1 argument, not ",
               sample.arguments.size());
}

/// What tells a row from others: its primary key, or all of it.
std::vector<uint32_t> telling_columns(const TableDef& table) {
  std::vector<uint32_t> columns;
  for (const int16_t attnum : table.primary_key) columns.push_back(static_cast<uint32_t>(attnum - 1));
  if (!columns.empty()) return columns;
  for (uint32_t i = 0; i < table.columns.size(); ++i) {
    if (!table.columns[i].dropped) columns.push_back(i);
  }
  return columns;
}

}  // namespace

absl::StatusOr<ExprPtr> Binder::bind_sample_condition(const sql::TableSample& sample, const BoundRelation& table,
                                                      const sql::Node& node) {
  const Site site{nullptr, nullptr, Clause::kFromFunction, false};
  TROUPE_ASSIGN_OR_RETURN(ExprPtr percent, bind(*sample.arguments[0], site));
  TROUPE_ASSIGN_OR_RETURN(percent, coerce(std::move(percent), Type{oid::kFloat4}, CastContext::kAssignment));
  if (sample.repeatable == nullptr) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr chance, call_by_name("random", {}, node));
    return call_by_name("tablesample_by_chance", {std::move(percent), std::move(chance)}, node);
  }
  TROUPE_ASSIGN_OR_RETURN(ExprPtr seed, bind(*sample.repeatable, site));
  TROUPE_ASSIGN_OR_RETURN(seed, coerce(std::move(seed), Type{oid::kFloat8}, CastContext::kAssignment));
  ExprList parts;
  for (const uint32_t column : telling_columns(*table.table)) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr text, coerce(column_of(table, column), Type{oid::kText}, CastContext::kExplicit));
    parts.push_back(std::move(text));
  }
  ExprPtr names = make_expr(ExprKind::kArray, Type{oid::kTextArray}, std::move(parts));
  TROUPE_ASSIGN_OR_RETURN(ExprPtr key, coerce(std::move(names), Type{oid::kText}, CastContext::kExplicit));
  return call_by_name("tablesample_by_key", {std::move(percent), std::move(seed), std::move(key)}, node);
}

absl::StatusOr<Binder::FromItem> Binder::bind_sample(const sql::TableRef& ref, RelationName found, BoundQuery* query) {
  if (!found.table) {
    return fail(ErrorCode::kFeatureNotSupported, ref,
                "TABLESAMPLE clause can only be applied to tables and materialized views");
  }
  if (is_continuous(*found.table)) return refuse(ref, "TABLESAMPLE of a continuous view");
  TROUPE_RETURN_IF_ERROR(at(check_method(*ref.sample), ref));
  auto sampled = std::make_shared<BoundQuery>();
  auto table = std::make_shared<BoundRelation>();
  table->table = std::move(found.table);
  sampled->from.push_back(leaf(table, ref.name, sampled.get()).tree);
  table->reader = rights.role();
  TROUPE_RETURN_IF_ERROR(secure_reading(table, PolicyCommand::select));
  TROUPE_ASSIGN_OR_RETURN(sampled->where, bind_sample_condition(*ref.sample, *table, ref));
  auto relation = std::make_shared<BoundRelation>();
  relation->kind = BoundRelation::Kind::kSubquery;
  rights.want(table->number, table->table->oid, kSelect);
  for (uint32_t i = 0; i < table->size(); ++i) {
    if (!table->visible(i)) continue;
    rights.use(table->number, kSelect, i);
    sampled->targets.push_back({column_of(*table, i), std::string(table->name_of(i)), table->origin_of(i)});
    relation->names.emplace_back(table->name_of(i));
    relation->types.push_back(table->type_of(i));
    relation->origins.push_back(table->origin_of(i));
  }
  relation->query = std::move(sampled);
  if (absl::Status status = rename_columns(relation.get(), ref.alias); !status.ok()) return at(status, ref);
  FromItem item = leaf(std::move(relation), ref.alias != nullptr ? ref.alias->name : ref.name, query);
  if (ref.alias == nullptr) item.names->schema = schema_of(*table);
  return item;
}

}  // namespace troupe
