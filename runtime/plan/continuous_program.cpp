#include "runtime/plan/continuous_program.hpp"

#include <algorithm>

#include "runtime/plan/binder.hpp"
#include "runtime/sql/deparse.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

using Kind = ContinuousShape::Kind;

/// Each place where a query reads a table doubles what a batch may have to ask.
constexpr size_t kPlacesMax = 6;
/// Changes are few, so that what they join with is looked up rather than read whole.
constexpr double kChangedRows = 10;

constexpr std::string_view kDelta = "continuous_delta_";
constexpr std::string_view kChange = "continuous_change";
constexpr std::string_view kWeight = "__weight_";

std::string delta_name(size_t place) { return cat(kDelta, place + 1); }
std::string weight_name(size_t place) { return cat(kWeight, place + 1); }

const sql::SelectStatement* select_of(const sql::ParsedSqlPtr& parsed) {
  return parsed->statements()[0].node->as<sql::SelectStatement>();
}

absl::StatusOr<std::vector<ContinuousProgram::Column>> columns_of(std::string_view text, Oid owner,
                                                                  const PlanContext& context) {
  Binder binder(context);
  TROUPE_ASSIGN_OR_RETURN(const QueryPtr query, binder.bind_stored_query(text, owner));
  std::vector<ContinuousProgram::Column> columns;
  for (const BoundTarget& target : query->targets) columns.push_back({target.name, target.value->type});
  return columns;
}

/// What makes an expression depend on more than its row; empty: nothing.
std::string unsteady_part(const Expr& expr) {
  std::string part;
  visit_expr(expr, [&](const Expr& inner) {
    if (!part.empty() || volatility_of(inner) == Volatility::kImmutable) return;
    const bool call = inner.kind == ExprKind::kCall && inner.call.function != nullptr;
    if (call && inner.call.function->volatility != Volatility::kImmutable) part = cat(inner.call.function->name, "()");
  });
  return part.empty() ? std::string("an expression whose value may change though the rows stay the same")
                      : cat(part, ", whose value may change though the rows stay the same");
}

/// Values that are equal have the same text as this; empty: there is no telling.
std::string key_text(Type type, const std::string& name, bool enumeration) {
  switch (type.oid) {
    case oid::kNumeric: return cat("pg_catalog.trim_scale(", name, ")");
    case oid::kFloat4:
    case oid::kFloat8: return cat("(", name, " + 0.0::pg_catalog.float8)");
    case oid::kBpchar: return cat(name, "::pg_catalog.text");
    case oid::kBool:
    case oid::kBytea:
    case oid::kInt2:
    case oid::kInt4:
    case oid::kInt8:
    case oid::kText:
    case oid::kVarchar:
    case oid::kName:
    case oid::kDate:
    case oid::kTime:
    case oid::kTimestamp:
    case oid::kTimestamptz:
    case oid::kUuid:
    case oid::kOid:
    case oid::kChar: return name;
    default: return enumeration ? name : std::string();
  }
}

/// Of a row with these fields.
std::string digest_of(const std::string& fields) {
  const std::string text = fields.empty() ? std::string("''") : cat("ROW(", fields, ")::pg_catalog.text");
  return cat("pg_catalog.sha256(pg_catalog.convert_to(", text, ", 'UTF8'))");
}

bool is_summable(Type type) {
  return type.oid == oid::kInt2 || type.oid == oid::kInt4 || type.oid == oid::kInt8 || type.oid == oid::kNumeric;
}

}  // namespace

bool keeps_views(const PlanContext& context) {
  return context.system_tables != nullptr && context.system_tables->find(kPgCatalogSchema, kChange) != nullptr;
}

bool reads_kept_rows(const TableDef& rows, const PlanContext& context) {
  return std::find(context.search_path.begin(), context.search_path.end(), rows.schema) != context.search_path.end();
}

std::string ContinuousProgram::read_text(const TableDef& view) {
  std::string columns;
  for (size_t i = 0; i < view.columns.size(); ++i) columns += cat(i == 0 ? "c" : ", c", i + 1);
  return cat("SELECT ", columns, " FROM ", continuous_rows_name(view.oid));
}

/// How a text calls the groups, and the sums, of a row.
struct ContinuousProgram::Names {
  std::function<std::string(const std::string&)> group;
  std::function<std::string(const std::string&)> sum;
};

// --- reading the query ---

absl::StatusOr<std::shared_ptr<ContinuousProgram>> ContinuousProgram::make(std::string_view query, Oid owner, Oid view,
                                                                           const PlanContext& context) {
  std::shared_ptr<ContinuousProgram> program(new ContinuousProgram());
  TROUPE_RETURN_IF_ERROR(program->read(query, context));
  TROUPE_RETURN_IF_ERROR(program->check_query(owner, context));
  TROUPE_RETURN_IF_ERROR(program->find_types(owner, context));
  TROUPE_RETURN_IF_ERROR(program->check_keys());
  program->write_statements(view);
  TROUPE_RETURN_IF_ERROR(program->check_statements(owner, context));
  program->write_fingerprint(query, *context.catalog);
  return program;
}

absl::Status ContinuousProgram::read(std::string_view query, const PlanContext& context) {
  TROUPE_ASSIGN_OR_RETURN(parsed_, sql::parse_statement(query));
  query_ = select_of(parsed_);
  if (query_ == nullptr) return cannot_be_continuous("what is no SELECT");
  const HasColumn has_column = [&](const sql::TableRef& ref, std::string_view column) {
    const auto table = find_table(ref, context);
    return table.ok() && tables_[*table].definition->find_column(column) != nullptr;
  };
  TROUPE_ASSIGN_OR_RETURN(shape_, continuous_shape(*query_, has_column));
  for (const ContinuousPart& part : shape_.parts) {
    if (part.tables.size() > kPlacesMax) return cannot_be_continuous(cat("joins of more than ", kPlacesMax, " tables"));
    for (const sql::TableRef* ref : part.tables) {
      TROUPE_ASSIGN_OR_RETURN(const uint32_t table, find_table(*ref, context));
      occurrences_.push_back(table);
    }
  }
  if (tables_.size() > 32) return cannot_be_continuous("more than 32 tables");
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> ContinuousProgram::find_table(const sql::TableRef& ref, const PlanContext& context) {
  const Catalog& catalog = *context.catalog;
  const SchemaDef* schema = ref.schema.empty() ? nullptr : catalog.find_schema(ref.schema);
  const ObjectDef* object = schema == nullptr ? nullptr : catalog.find_relation(schema->oid, ref.name);
  const auto refuse = [&](std::string_view what) { return cannot_be_continuous(cat(what, " (\"", ref.name, "\")")); };
  if (object == nullptr) return refuse("a system relation, or a name that WITH has made");
  if (object->kind != ObjectKind::table) return refuse("another view; write its query");
  const auto& table = static_cast<const TableDef&>(*object);
  if (table.is_materialized_view()) return refuse("another materialized view; write its query");
  if (table.is_partitioned()) return refuse("a partitioned table");
  if (table.temporary || table.unlogged) return refuse("a temporary or unlogged table");
  if (table.row_security) return refuse("a table with row-level security");
  if (is_continuous_state(table, catalog)) return refuse("another view's state");
  for (uint32_t i = 0; i < tables_.size(); ++i) {
    if (tables_[i].definition->oid == table.oid) return i;
  }
  Table found;
  found.definition = std::static_pointer_cast<const TableDef>(catalog.find_shared(table.oid));
  for (uint32_t i = 0; i < table.columns.size(); ++i) {
    if (!table.columns[i].dropped) found.columns.push_back(i);
  }
  tables_.push_back(std::move(found));
  return static_cast<uint32_t>(tables_.size() - 1);
}

/// The whole query is bound once: its columns' types, and whether it depends on anything but its tables.
absl::Status ContinuousProgram::check_query(Oid owner, const PlanContext& context) {
  Binder binder(context);
  const std::string text = sql::to_sql(*query_);
  TROUPE_ASSIGN_OR_RETURN(const QueryPtr query, binder.bind_stored_query(text, owner));
  absl::Status status;
  visit_query(*query, [&](const ExprPtr& expr) {
    if (!status.ok() || volatility_of(*expr) == Volatility::kImmutable) return;
    status = cannot_be_continuous(unsteady_part(*expr));
  });
  TROUPE_RETURN_IF_ERROR(status);
  if (query->has_table_functions) return cannot_be_continuous("set-returning functions in the select list");
  for (const PlanDependency& dependency : binder.dependencies) {
    const ObjectDef* object = context.catalog->find(dependency.oid);
    if (object != nullptr && object->kind == ObjectKind::function) {
      return cannot_be_continuous(cat("functions of users (", object->name, ")"));
    }
  }
  for (const BoundTarget& target : query->targets) columns_.push_back(target.value->type);
  return absl::OkStatus();
}

absl::Status ContinuousProgram::find_types(Oid owner, const PlanContext& context) {
  if (shape_.distinct) group_types_ = columns_;
  if (!shape_.aggregated) return absl::OkStatus();
  std::string columns;
  for (const std::string& column : source_columns(shape_.parts[0])) columns += cat(columns.empty() ? "" : ", ", column);
  if (columns.empty()) return absl::OkStatus();
  TROUPE_ASSIGN_OR_RETURN(const auto types, columns_of(part_source(0, 0, false, columns), owner, context));
  for (size_t i = 0; i < types.size(); ++i) {
    (i < shape_.groups.size() ? group_types_ : sum_types_).push_back(types[i].type);
  }
  const auto summed = [&](size_t i) {
    return shape_.sums[i].kind == ContinuousAggregate::Kind::kCount || is_summable(sum_types_[i]);
  };
  for (size_t i = 0; i < shape_.sums.size(); ++i) {
    if (!summed(i)) shape_.kind = Kind::kGroups;  // sums of floating point numbers, say, cannot be taken back
  }
  if (shape_.kind == Kind::kGroups) shape_.sums.clear();
  return absl::OkStatus();
}

absl::Status ContinuousProgram::check_keys() const {
  for (const Type& type : group_types_) {
    const bool enumeration = type_info(type.oid).category == 'E';
    if (!key_text(type, "x", enumeration).empty()) continue;
    return cannot_be_continuous(cat("groups of type ", format_type(type.oid)));
  }
  return absl::OkStatus();
}

// --- texts ---

std::string ContinuousProgram::joined(std::string_view prefix, std::string_view name, size_t count) const {
  std::string list;
  for (size_t i = 1; i <= count; ++i) list += cat(i == 1 ? "" : ", ", prefix, name, i);
  return list;
}

size_t ContinuousProgram::first_occurrence(size_t part) const {
  size_t first = 0;
  for (size_t i = 0; i < part; ++i) first += shape_.parts[i].tables.size();
  return first;
}

namespace {

/// A table that a delta stands for is known by its alias or bare name: s.t.a becomes t.a.
std::optional<std::string> without_schema(const sql::ColumnRef& column) {
  if (column.name.size() + (column.star ? 1 : 0) <= 2) return std::nullopt;
  const size_t from = column.name.size() - (column.star ? 1 : 2);
  std::string text = sql::quote_identifier(column.name[from]);
  text += column.star ? std::string(".*") : cat(".", sql::quote_identifier(column.name[from + 1]));
  return text;
}

std::string argument_text(const sql::FunctionCall& call, const sql::NameTexts& texts) {
  const std::string argument = call.star ? std::string("1") : sql::to_sql(*call.arguments[0], texts);
  if (call.filter == nullptr) return argument;
  return cat("CASE WHEN ", sql::to_sql(*call.filter, texts), " THEN ", argument, " END");
}

}  // namespace

/// What is wanted of every row that FROM and WHERE give, with the names that the rest of the statements uses.
namespace {

/// As casts have it: without a length, `character` and `bit` are of one.
std::string cast_name(const Type& type) {
  if (type.typmod < 0 && type.oid == oid::kBpchar) return "bpchar";
  if (type.typmod < 0 && type.oid == oid::kBit) return "\"bit\"";
  return format_type(type);
}

}  // namespace

std::vector<std::string> ContinuousProgram::source_columns(const ContinuousPart& part) const {
  sql::NameTexts texts;
  texts.column = without_schema;
  std::vector<std::string> columns;
  if (!shape_.aggregated) {
    for (size_t i = 0; i < part.query->targets.size(); ++i) {
      const bool cast = shape_.parts.size() > 1 && i < columns_.size() && columns_[i].oid < kFirstUserOid;
      const std::string value = sql::to_sql(*part.query->targets[i]->value, texts);
      columns.push_back(cat("(", value, ")", cast ? cat("::", cast_name(columns_[i])) : "", " AS c", i + 1));
    }
    return columns;
  }
  for (size_t i = 0; i < shape_.groups.size(); ++i) {
    columns.push_back(cat("(", sql::to_sql(*shape_.groups[i], texts), ") AS g", i + 1));
  }
  for (size_t i = 0; i < shape_.sums.size(); ++i) {
    columns.push_back(cat("(", argument_text(*shape_.sums[i].call, texts), ") AS a", i + 1));
  }
  return columns;
}

/// SELECT columns FROM ... WHERE ... of one part. `deltas`: the places, a bit each, where the changes of the table are
/// read in place of it.
std::string ContinuousProgram::part_source(size_t part, uint64_t deltas, bool weighted,
                                           const std::string& columns) const {
  const ContinuousPart& read = shape_.parts[part];
  const size_t first = first_occurrence(part);
  sql::NameTexts texts;
  texts.column = without_schema;
  texts.table = [&](const sql::TableRef& ref) -> std::optional<std::string> {
    const auto at = std::find(read.tables.begin(), read.tables.end(), &ref);
    const auto place = static_cast<size_t>(at - read.tables.begin());
    const bool delta = at != read.tables.end() && ((deltas >> place) & 1) != 0;
    if (!delta) return std::nullopt;
    const std::string name = cat("pg_catalog.", delta_name(first + place));
    return ref.alias != nullptr ? name : cat(name, " AS ", sql::quote_identifier(ref.name));
  };
  sql::SelectStatement from;
  from.kind = sql::SelectStatement::kKind;
  from.from = read.query->from;
  from.where = read.query->where;
  std::string weight;
  for (size_t place = 0; place < read.tables.size(); ++place) {
    if (((deltas >> place) & 1) == 0) continue;
    const sql::TableRef& ref = *read.tables[place];
    weight += cat(weight.empty() ? "" : " * ", sql::quote_identifier(ref.alias != nullptr ? ref.alias->name : ref.name),
                  ".", weight_name(first + place));
  }
  const bool negative = std::popcount(deltas) % 2 == 0;
  return cat("SELECT ", columns, weighted ? cat(", ", negative ? "-" : "", "(", weight, ") AS w") : "",
             sql::to_sql(from, texts).substr(std::string_view("SELECT").size()));
}

namespace {

std::string list_of(const std::vector<std::string>& columns) {
  std::string list;
  for (const std::string& column : columns) list += cat(list.empty() ? "" : ", ", column);
  return list.empty() ? std::string("1 AS one") : list;
}

}  // namespace

/// All rows of all parts.
std::string ContinuousProgram::source(std::string_view prefix) const {
  std::string text;
  for (size_t part = 0; part < shape_.parts.size(); ++part) {
    text += cat(part == 0 ? prefix : " UNION ALL ",
                part_source(part, 0, false, list_of(source_columns(shape_.parts[part]))));
  }
  return text;
}

/// The rows that come and go with the changes of these tables.
std::string ContinuousProgram::weighted_source(uint64_t touched) const {
  std::string text;
  for (size_t part = 0; part < shape_.parts.size(); ++part) {
    const size_t first = first_occurrence(part);
    const size_t places = shape_.parts[part].tables.size();
    const std::string columns = list_of(source_columns(shape_.parts[part]));
    for (uint64_t deltas = 1; deltas < (uint64_t{1} << places); ++deltas) {
      bool changed = true;
      for (size_t place = 0; place < places; ++place) {
        const bool delta = ((deltas >> place) & 1) != 0;
        changed = changed && (!delta || ((touched >> occurrences_[first + place]) & 1) != 0);
      }
      if (changed) text += cat(text.empty() ? "" : " UNION ALL ", part_source(part, deltas, true, columns));
    }
  }
  return text;
}

std::string ContinuousProgram::key_of(std::string_view prefix) const {
  std::string fields;
  const bool rows = shape_.kind == Kind::kRows;
  const std::string_view name = rows || shape_.distinct ? "c" : "g";
  const size_t count = rows ? columns_.size() : group_types_.size();
  for (size_t i = 0; i < count; ++i) {
    const std::string column = cat(prefix, name, i + 1);
    const bool enumeration = !rows && type_info(group_types_[i].oid).category == 'E';
    fields += cat(i == 0 ? "" : ", ", rows ? column : key_text(group_types_[i], column, enumeration));
  }
  return digest_of(fields);
}

/// n, s1, m1, ... of rows that are called q.
std::string ContinuousProgram::sums_of(bool weighted) const {
  std::string list = weighted ? "coalesce(pg_catalog.sum(q.w), 0)::pg_catalog.int8 AS n" : "pg_catalog.count(*) AS n";
  for (size_t i = 0; i < shape_.sums.size(); ++i) {
    const std::string argument = cat("q.a", i + 1);
    if (shape_.sums[i].kind != ContinuousAggregate::Kind::kCount) {
      const bool small = sum_types_[i].oid == oid::kInt2 || sum_types_[i].oid == oid::kInt4;
      const std::string wide = cat(argument, small ? "::pg_catalog.int8" : "::pg_catalog.numeric");
      list += cat(", coalesce(pg_catalog.sum(", wide, weighted ? " * q.w" : "",
                  "), 0)::", small ? "pg_catalog.int8" : "pg_catalog.numeric", " AS s", i + 1);
    }
    list += weighted ? cat(", coalesce(pg_catalog.sum(q.w) FILTER (WHERE ", argument,
                           " IS NOT NULL), 0)::pg_catalog.int8 AS m", i + 1)
                     : cat(", pg_catalog.count(", argument, ") AS m", i + 1);
  }
  return list;
}

/// The view's column, of groups and sums.
std::string ContinuousProgram::visible(size_t column, const Names& names) const {
  if (shape_.distinct) return names.group(cat("c", column + 1));
  sql::NameTexts texts;
  texts.column = without_schema;
  texts.expression = [&](const sql::Expr& expr) -> std::optional<std::string> {
    for (size_t i = 0; i < shape_.groups.size(); ++i) {
      if (same_expression(*shape_.groups[i], expr)) return names.group(cat("g", i + 1));
    }
    for (size_t i = 0; i < shape_.sums.size(); ++i) {
      if (shape_.sums[i].call != &expr) continue;
      const std::string count = names.sum(cat("m", i + 1));
      if (shape_.sums[i].kind == ContinuousAggregate::Kind::kCount) return count;
      const std::string sum = names.sum(cat("s", i + 1));
      if (shape_.sums[i].kind == ContinuousAggregate::Kind::kSum)
        return cat("CASE WHEN ", count, " > 0 THEN ", sum, " END");
      return cat("CASE WHEN ", count, " > 0 THEN ", sum, "::pg_catalog.numeric / ", count, "::pg_catalog.numeric END");
    }
    return std::nullopt;
  };
  return cat("(", sql::to_sql(*shape_.parts[0].query->targets[column]->value, texts), ")");
}

std::string ContinuousProgram::fill_of_sums() const {
  const std::string_view group = shape_.distinct ? "c" : "g";
  const std::string groups = joined("q.", group, group_types_.size());
  const Names names{[](const std::string& name) { return cat("r.", name); },
                    [](const std::string& name) { return cat("r.", name); }};
  std::string columns = "r.k, r.n";
  for (size_t i = 0; i < shape_.sums.size(); ++i) {
    if (shape_.sums[i].kind != ContinuousAggregate::Kind::kCount) columns += cat(", r.s", i + 1);
    columns += cat(", r.m", i + 1);
  }
  for (size_t i = 0; i < columns_.size(); ++i) columns += cat(", ", visible(i, names), " AS c", i + 1);
  return cat("SELECT ", columns, " FROM (SELECT ", key_of("q."), " AS k, ", groups, groups.empty() ? "" : ", ",
             sums_of(false), " FROM (", source(""), ") AS q", groups.empty() ? "" : cat(" GROUP BY ", groups),
             ") AS r");
}

/// The query of kGroups with its keys; `condition`: which groups, in FROM and WHERE.
std::string ContinuousProgram::grouped(const std::string& condition) const {
  sql::SelectStatement query = *shape_.parts[0].query;
  query.order_by = {};
  query.targets = {};
  sql::NameTexts texts;
  texts.column = without_schema;
  const auto column_text = [&](const sql::Expr& expr) { return cat("(", sql::to_sql(expr, texts), ")"); };
  std::string keys;
  for (size_t i = 0; i < shape_.groups.size(); ++i) {
    const bool enumeration = type_info(group_types_[i].oid).category == 'E';
    keys += cat(i == 0 ? "" : ", ", key_text(group_types_[i], column_text(*shape_.groups[i]), enumeration));
  }
  std::string columns = cat(digest_of(keys), " AS k");
  for (size_t i = 0; i < columns_.size(); ++i) {
    columns += cat(", ", column_text(*shape_.parts[0].query->targets[i]->value), " AS c", i + 1);
  }
  std::string tail;
  for (size_t i = 0; i < shape_.groups.size(); ++i) {
    tail += cat(i == 0 ? " GROUP BY " : ", ", column_text(*shape_.groups[i]));
  }
  if (query.having != nullptr) tail += cat(" HAVING ", sql::to_sql(*query.having, texts));
  const sql::Expr* where = query.where;
  query.where = query.having = nullptr;
  query.group_by = {};
  std::string from = sql::to_sql(query, texts).substr(std::string_view("SELECT").size());
  if (condition.empty())
    return cat("SELECT ", columns, from, where == nullptr ? "" : cat(" WHERE ", sql::to_sql(*where, texts)), tail);
  return cat("SELECT ", columns, from, ", pg_catalog.", kChange, " AS __d WHERE ",
             where == nullptr ? "" : cat("(", sql::to_sql(*where, texts), ") AND "), condition, tail);
}

std::string ContinuousProgram::change(uint64_t touched) const {
  const std::string rows = weighted_source(touched);
  if (shape_.kind == Kind::kRows) return cat("SELECT ", key_of("q."), " AS k, q.* FROM (", rows, ") AS q");
  const std::string_view group = shape_.distinct ? "c" : "g";
  const std::string groups = joined("q.", group, group_types_.size());
  if (shape_.kind == Kind::kSums) {
    return cat("SELECT ", key_of("q."), " AS k, ", groups, groups.empty() ? "" : ", ", sums_of(true), " FROM (", rows,
               ") AS q", groups.empty() ? "" : cat(" GROUP BY ", groups));
  }
  // It is joined with the tables themselves, whose columns may have any name.
  std::string named;
  for (size_t i = 1; i <= shape_.groups.size(); ++i) named += cat(", q.g", i, " AS __g", i);
  if (named.empty()) return {};
  return cat("SELECT DISTINCT ", key_of("q."), " AS __k", named, " FROM (", rows, ") AS q");
}

// --- statements ---

void ContinuousProgram::write_statements(Oid view) {
  const std::string rows = continuous_rows_name(view);
  switch (shape_.kind) {
    case Kind::kRows: write_row_steps(rows); break;
    case Kind::kSums: write_sum_steps(rows); break;
    case Kind::kGroups: write_group_steps(rows); break;
  }
}

void ContinuousProgram::write_row_steps(const std::string& rows) {
  const std::string columns = joined("", "c", columns_.size());
  // Numbers of copies that come later are above 0.
  fill_ = cat("SELECT r.k, -pg_catalog.row_number() OVER (PARTITION BY r.k) AS i, ", joined("r.", "c", columns_.size()),
              " FROM (SELECT ", key_of("q."), " AS k, q.* FROM (", source(""), ") AS q) AS r");
  steps_.push_back(
      {RowsOf::kGone,
       cat("DELETE FROM ", rows,
           " AS o USING (SELECT s.k, s.i, d.w, pg_catalog.row_number() OVER (PARTITION BY s.k "
           "ORDER BY s.i) AS r FROM pg_catalog.",
           kChange, " AS d JOIN ", rows, " AS s ON s.k = d.k) AS x WHERE o.k = x.k AND o.i = x.i AND x.r <= -x.w")});
  // The copy's number comes in the place of the weight.
  steps_.push_back({RowsOf::kCame, cat("INSERT INTO ", rows, " (k, i, ", columns, ") SELECT d.k, d.w, ",
                                       joined("d.", "c", columns_.size()), " FROM pg_catalog.", kChange, " AS d")});
}

void ContinuousProgram::write_sum_steps(const std::string& rows) {
  fill_ = fill_of_sums();
  const Names fresh{[](const std::string& name) { return cat("d.", name); },
                    [](const std::string& name) { return cat("d.", name); }};
  const Names added{fresh.group, [](const std::string& name) { return cat("(o.", name, " + d.", name, ")"); }};
  std::string sets = "n = o.n + d.n", names = "k, n", values = "d.k, d.n";
  const auto add = [&](const std::string& name) {
    sets += cat(", ", name, " = ", added.sum(name));
    names += cat(", ", name);
    values += cat(", d.", name);
  };
  for (size_t i = 0; i < shape_.sums.size(); ++i) {
    if (shape_.sums[i].kind != ContinuousAggregate::Kind::kCount) add(cat("s", i + 1));
    add(cat("m", i + 1));
  }
  for (size_t i = 0; i < columns_.size(); ++i) {
    const std::string value = visible(i, fresh), changed = visible(i, added);
    if (value != changed) sets += cat(", c", i + 1, " = ", changed);
    names += cat(", c", i + 1);
    values += cat(", ", value);
  }
  // Without groups there is one row, always.
  const bool goes = !group_types_.empty();
  steps_.push_back(
      {RowsOf::kAll, cat("MERGE INTO ", rows, " AS o USING pg_catalog.", kChange, " AS d ON o.k = d.k ",
                         goes ? "WHEN MATCHED AND o.n + d.n = 0 THEN DELETE " : "", "WHEN MATCHED THEN UPDATE SET ",
                         sets, " WHEN NOT MATCHED AND d.n <> 0 THEN INSERT (", names, ") VALUES (", values, ")")});
}

void ContinuousProgram::write_group_steps(const std::string& rows) {
  fill_ = grouped({});
  const std::string insert = cat("INSERT INTO ", rows, " (k, ", joined("", "c", columns_.size()), ") ");
  if (shape_.groups.empty()) {
    steps_.push_back({RowsOf::kAll, cat("DELETE FROM ", rows)});
    steps_.push_back({RowsOf::kAll, cat(insert, fill_)});
    return;
  }
  steps_.push_back(
      {RowsOf::kAll, cat("DELETE FROM ", rows, " AS o USING pg_catalog.", kChange, " AS d WHERE o.k = d.__k")});
  sql::NameTexts texts;
  texts.column = without_schema;
  std::string equal, same;
  for (size_t i = 0; i < shape_.groups.size(); ++i) {
    const std::string group = cat("(", sql::to_sql(*shape_.groups[i], texts), ")");
    equal += cat(i == 0 ? "" : " AND ", group, " = __d.__g", i + 1);
    same += cat(i == 0 ? "" : " AND ", group, " IS NOT DISTINCT FROM __d.__g", i + 1);
  }
  steps_.push_back({RowsOf::kWhole, cat(insert, grouped(equal))});
  steps_.push_back({RowsOf::kWithNull, cat(insert, grouped(same))});
}

/// Binds what can be bound before the view's tables are there: it tells the types, and nothing is found out only when
/// changes come.
absl::Status ContinuousProgram::check_statements(Oid owner, const PlanContext& context) {
  const SystemTables known = relations(context.system_tables);
  PlanContext inner = context;
  inner.system_tables = &known;
  inner.search_path = {kPgCatalogSchema};
  TROUPE_ASSIGN_OR_RETURN(state_, columns_of(fill_, owner, inner));
  const uint64_t all = (uint64_t{1} << tables_.size()) - 1;
  const std::string changes = change(all);
  if (!changes.empty()) {
    TROUPE_ASSIGN_OR_RETURN(change_, columns_of(changes, owner, inner));
  }
  return absl::OkStatus();
}

void ContinuousProgram::write_fingerprint(std::string_view query, const Catalog& catalog) {
  fingerprint_ = cat("1 ", query);
  bool users_types = false;
  for (const Table& table : tables_) {
    fingerprint_ += cat(" ", table.definition->oid, ":", table.definition->tree);
    for (const uint32_t column : table.columns) {
      fingerprint_ += cat(",", column, ":", table.definition->columns[column].type);
      users_types = users_types || table.definition->columns[column].type >= kFirstUserOid;
    }
  }
  if (users_types) fingerprint_ += cat(" types ", catalog.types_version());
}

SystemTables ContinuousProgram::relations(const SystemTables* node) const {
  SystemTables all;
  if (node != nullptr) all = *node;
  const auto add = [&](std::string name, std::vector<SystemColumn> columns, std::shared_ptr<ValueRows> rows) {
    SystemTable table;
    table.oid = 2;  // of none in the catalog
    table.name = std::move(name);
    table.columns = std::move(columns);
    table.rows = kChangedRows;
    table.produce = [rows = std::move(rows)](const SystemEnvironment&, ValueRows* out) {
      *out = *rows;
      return absl::OkStatus();
    };
    all.add(std::move(table));
  };
  for (size_t place = 0; place < occurrences_.size(); ++place) {
    const Table& table = tables_[occurrences_[place]];
    std::vector<SystemColumn> columns;
    for (const uint32_t column : table.columns) {
      const ColumnDef& def = table.definition->columns[column];
      columns.push_back({def.name, Type{def.type, def.typmod}});
    }
    columns.push_back({weight_name(place), Type{oid::kInt8}});
    add(delta_name(place), std::move(columns), table.changes);
  }
  std::vector<SystemColumn> columns;
  for (const Column& column : change_) columns.push_back({column.name, column.type});
  if (columns.empty()) columns.push_back({"k", Type{oid::kBytea}});  // it is what keeps_views() looks for
  add(std::string(kChange), std::move(columns), change_rows_);
  return all;
}

}  // namespace troupe
