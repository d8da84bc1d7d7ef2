#include "runtime/plan/ddl_exclusion.hpp"

#include <algorithm>

#include "runtime/plan/index_terms.hpp"

namespace troupe {
namespace {

absl::StatusOr<std::string> access_method(const sql::Constraint& constraint) {
  const std::string_view method = constraint.access_method.empty() ? "btree" : constraint.access_method;
  if (method == "btree" || method == "hash" || method == "gist" || method == "spgist") return std::string(method);
  if (method == "gin" || method == "brin") {
    return error(ErrorCode::kFeatureNotSupported, "access method \"", method,
                 "\" does not support exclusion constraints");
  }
  return error(ErrorCode::kUndefinedObject, "access method \"", method, "\" does not exist");
}

/// As PostgreSQL declares its operators: those of ranges are of any range.
std::string operator_text(std::string_view name, Type type) {
  const std::string of = type_info(type.oid).kind == 'r' ? "anyrange" : format_type(Type{type.oid});
  return cat(name, "(", of, ",", of, ")");
}

bool is_commutative(std::string_view name) {
  constexpr std::string_view kCommutative[] = {"=", "<>", "&&", "-|-"};
  return std::find(std::begin(kCommutative), std::end(kCommutative), name) != std::end(kCommutative);
}

/// The operator must be there, and it must not matter which row comes first.
absl::Status check_operator(const std::string& part, std::string_view name, Type type, std::string_view method,
                            const std::shared_ptr<BoundRelation>& relation, DdlBuilder& ddl) {
  const auto compared = sql::parse_expression(cat("(", part, ") ", name, " (", part, ")"));
  if (!compared.ok()) return compared.status();
  auto bound = ddl.binder().bind_table_expression(**compared, relation, Clause::kIndex);
  if (!bound.ok()) return bound.status();
  if (!is_commutative(name)) {
    return with_detail(
        error(ErrorCode::kWrongObjectType, "operator ", operator_text(name, type), " is not commutative"),
        "Only commutative operators can be used in exclusion constraints.");
  }
  if (name != "=" && (method == "btree" || method == "hash")) {
    const std::string family = type_info(type.oid).kind == 'r' ? "range" : format_type(Type{type.oid});
    return with_detail(error(ErrorCode::kWrongObjectType, "operator ", operator_text(name, type),
                             " is not a member of operator family \"", family, "_ops\""),
                       "The exclusion operator must be related to the index operator class for the constraint.");
  }
  return absl::OkStatus();
}

void add_column(int16_t attnum, std::vector<int16_t>* columns) {
  const bool there = std::find(columns->begin(), columns->end(), attnum) != columns->end();
  if (!there) columns->push_back(attnum);
}

/// Of its elements, their expressions and the predicate.
absl::StatusOr<std::vector<int16_t>> columns_read(const IndexDef& index, const TableDef& table, DdlBuilder& ddl) {
  std::vector<int16_t> columns;
  for (const IndexColumn& part : index.columns) {
    if (part.attnum > 0) add_column(part.attnum, &columns);
  }
  if (!index.has_terms()) return columns;
  TROUPE_ASSIGN_OR_RETURN(IndexTerms terms, ddl_index_terms(index, table, ddl));
  if (terms.predicate) terms.values.push_back(terms.predicate);
  for (const ExprPtr& value : terms.values) {
    visit_expr(*value, [&](const Expr& part) {
      if (part.is_column()) add_column(static_cast<int16_t>(part.index + 1), &columns);
    });
  }
  return columns;
}

absl::Status add_elements(const sql::Constraint& constraint, const std::shared_ptr<BoundRelation>& relation,
                          IndexDef* index, ConstraintDef* exclusion, std::string* joined, DdlBuilder& ddl) {
  const auto missing = [](std::string_view column) {
    return error(ErrorCode::kUndefinedColumn, "column \"", column, "\" named in key does not exist");
  };
  for (const sql::IndexElement* element : constraint.exclusions) {
    const bool is_column = element->expression == nullptr;
    if (is_column && relation->table->find_column(element->column) == nullptr) return missing(element->column);
    TROUPE_RETURN_IF_ERROR(ddl_add_index_part(*element, relation, index, joined, ddl));
    const size_t last = index->columns.size() - 1;
    const IndexColumn& part = index->columns[last];
    const std::string text = index_part_text(*relation->table, *index, last);
    const Type type = index_part_type(*relation->table, part);
    TROUPE_RETURN_IF_ERROR(check_operator(text, element->exclusion_operator, type, index->method, relation, ddl));
    exclusion->check_sql += cat(last == 0 ? "" : " ", element->exclusion_operator);
  }
  for (const std::string_view name : constraint.include) {
    const ColumnDef* column = relation->table->find_column(name);
    if (column == nullptr) return missing(name);
    index->included.push_back(column->attnum);
    *joined += cat("_", name);
  }
  if (constraint.where == nullptr) return absl::OkStatus();
  return ddl_set_index_predicate(*constraint.where, relation, index, ddl);
}

absl::Status name_it(const sql::Constraint& constraint, const std::string& joined, const TableDef& table,
                     ConstraintDef* exclusion, DdlBuilder& ddl) {
  exclusion->name =
      !constraint.name.empty() ? std::string(constraint.name) : ddl.free_name(table.schema, table.name, joined, "excl");
  const bool taken =
      table.find_constraint(exclusion->name) != nullptr || ddl.find_relation(table.schema, exclusion->name) != nullptr;
  if (!taken) return absl::OkStatus();
  return error(ErrorCode::kDuplicateTable, "relation \"", exclusion->name, "\" already exists");
}

}  // namespace

absl::Status ddl_add_exclusion(const ColumnConstraint& source, TableDef* table, bool is_new, DdlBuilder& ddl) {
  const sql::Constraint& constraint = *source.constraint;
  if (table->is_partitioned()) {
    return ddl.fail_at(ErrorCode::kFeatureNotSupported, constraint,
                       "exclusion constraints are not supported on partitioned tables");
  }
  auto index = std::make_shared<IndexDef>();
  TROUPE_ASSIGN_OR_RETURN(index->method, access_method(constraint));
  ConstraintDef exclusion;
  exclusion.kind = ConstraintKind::exclusion;
  exclusion.deferrable = constraint.deferrable;
  exclusion.initially_deferred = constraint.initially_deferred;
  std::string joined;
  TROUPE_RETURN_IF_ERROR(add_elements(constraint, ddl_relation_of(*table), index.get(), &exclusion, &joined, ddl));
  TROUPE_RETURN_IF_ERROR(name_it(constraint, joined, *table, &exclusion, ddl));
  TROUPE_ASSIGN_OR_RETURN(exclusion.columns, columns_read(*index, *table, ddl));
  TROUPE_RETURN_IF_ERROR(ddl_check_compared(exclusion, *table, ddl));
  exclusion.oid = ddl.new_oid();
  index->oid = exclusion.index = ddl.new_oid();
  index->schema = table->schema;
  index->owner = table->owner;
  index->name = exclusion.name;
  index->table = table->oid;
  index->constraint = index->exclusion = true;
  index->deferrable = constraint.deferrable;
  index->tree = ddl.new_tree();
  ddl.act(DdlAction::Kind::kCreateTree).tree = index->tree;
  const auto before = std::make_shared<const TableDef>(*table);
  table->indexes.push_back(index->oid);
  table->constraints.push_back(exclusion);
  ddl.put(index);
  if (is_new) return absl::OkStatus();
  TROUPE_RETURN_IF_ERROR(ddl_build_index(index, before, ddl));
  ddl_check_constraint(exclusion, *table, ddl);
  return absl::OkStatus();
}

absl::Status ddl_free_from_exclusions(const ColumnDef& column, sql::DropBehavior behavior, const TableDef& table,
                                      DdlBuilder& ddl) {
  for (const ConstraintDef& constraint : table.constraints) {
    const auto& columns = constraint.columns;
    const bool reads = std::find(columns.begin(), columns.end(), column.attnum) != columns.end();
    if (constraint.kind != ConstraintKind::exclusion || !reads) continue;
    const auto& elements = static_cast<const IndexDef&>(*ddl.find(constraint.index)).columns;
    const bool is_element = std::any_of(elements.begin(), elements.end(),
                                        [&](const IndexColumn& part) { return part.attnum == column.attnum; });
    if (is_element) continue;
    const std::string dependent = cat("constraint ", constraint.name, " on table ", table.name);
    const std::string dropped = cat("column ", column.name, " of table ", table.name);
    if (behavior == sql::DropBehavior::kCascade) {
      ddl.notice(ErrorCode::kOk, cat("drop cascades to ", dependent));
      continue;
    }
    return with_hint(with_detail(error(ErrorCode::kDependentObjectsStillExist, "cannot drop ", dropped,
                                       " because other objects depend on it"),
                                 cat(dependent, " depends on ", dropped)),
                     "Use DROP ... CASCADE to drop the dependent objects too.");
  }
  return absl::OkStatus();
}

absl::Status ddl_check_compared(const ConstraintDef& constraint, const TableDef& table, DdlBuilder&) {
  for (const int16_t attnum : constraint.columns) {
    const Oid type = table.column(attnum).type;
    if (array_type_of(type) != oid::kInvalid && element_type_of(type) == oid::kInvalid && type_info(type).kind != 'c') {
      continue;
    }
    return with_hint(
        error(ErrorCode::kFeatureNotSupported,
              constraint.kind == ConstraintKind::exclusion ? "an exclusion constraint" : "a deferrable key",
              " over column \"", table.column(attnum).name, "\" of type ", format_type(Type{type}),
              " is not supported yet"),
        "Columns of arrays and composite types cannot be in one; a key that is not deferrable can.");
  }
  return absl::OkStatus();
}

}  // namespace troupe
