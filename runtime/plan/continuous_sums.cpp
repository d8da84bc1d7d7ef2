/// A stage's texts: kRows and kSums, which weights are added to.
#include <algorithm>
#include <bit>

#include "runtime/plan/continuous_stage.hpp"
#include "runtime/plan/continuous_text.hpp"
#include "storage/base/text.hpp"

namespace troupe {

using Kind = ContinuousShape::Kind;

/// How a text calls the groups, and the sums, of a row.
struct ContinuousStage::Names {
  std::function<std::string(const std::string&)> group;
  std::function<std::string(const std::string&)> sum;
};

std::string ContinuousStage::joined(std::string_view prefix, std::string_view name, size_t count) const {
  std::string list;
  for (size_t i = 1; i <= count; ++i) list += cat(i == 1 ? "" : ", ", prefix, name, i);
  return list;
}

std::string ContinuousStage::delta_name(size_t place) const {
  return cat("continuous_delta_", number_, "_", place + 1);
}

std::string ContinuousStage::change_name() const { return cat("continuous_change_", number_); }

/// A column of what is read at a place, as the query knows it.
std::string ContinuousStage::column_name(const Place& place, size_t column) const {
  const auto& names = place.ref->alias->columns;
  const std::string_view name =
      column < names.size() ? names[column] : std::string_view((*inputs_)[place.input].columns[column].name);
  return cat(sql::quote_identifier(place.ref->alias->name), ".", sql::quote_identifier(name));
}

size_t ContinuousStage::first_place(size_t part) const {
  size_t first = 0;
  for (size_t i = 0; i < part; ++i) first += shape_.parts[i].tables.size();
  return first;
}

/// `deltas`: the places, a bit each, where the changes of what is read stand in the place of it.
sql::NameTexts ContinuousStage::names_with(uint64_t deltas) const {
  sql::NameTexts names;
  names.table = [this, deltas](const sql::TableRef& ref) -> std::optional<std::string> {
    const auto at = std::find_if(places_.begin(), places_.end(), [&](const Place& place) { return place.ref == &ref; });
    if (at == places_.end()) return std::nullopt;
    const auto place = static_cast<size_t>(at - places_.begin());
    if (((deltas >> place) & 1) != 0) return cat("pg_catalog.", delta_name(place));
    return (*inputs_)[at->input].name;
  };
  return names;
}

/// What is wanted of every row that FROM and WHERE give, with the names that the rest of the statements uses.
std::vector<std::string> ContinuousStage::source_columns(const ContinuousPart& part) const {
  std::vector<std::string> columns;
  if (shape_.kind == Kind::kRows || shape_.distinct) {
    for (size_t i = 0; i < part.query->targets.size(); ++i) {
      const bool cast = shape_.parts.size() > 1 && i < columns_.size() && columns_[i].oid < kFirstUserOid;
      columns.push_back(cat("(", sql::to_sql(*part.query->targets[i]->value), ")",
                            cast ? cat("::", continuous_cast_name(columns_[i])) : "", " AS c", i + 1));
    }
    return columns;
  }
  for (size_t i = 0; i < keys_.size(); ++i) columns.push_back(cat(keys_[i], " AS g", i + 1));
  for (size_t i = 0; i < shape_.sums.size(); ++i) {
    const sql::FunctionCall& call = *shape_.sums[i].call;
    std::string argument = call.star ? std::string("1") : sql::to_sql(*call.arguments[0]);
    if (call.filter != nullptr) argument = cat("CASE WHEN ", sql::to_sql(*call.filter), " THEN ", argument, " END");
    columns.push_back(cat("(", argument, ") AS a", i + 1));
  }
  return columns;
}

/// SELECT columns FROM ... WHERE ... of one part.
std::string ContinuousStage::part_source(size_t part, uint64_t deltas, bool weighted,
                                         const std::string& columns) const {
  const ContinuousPart& read = shape_.parts[part];
  const size_t first = first_place(part);
  sql::SelectStatement from;
  from.kind = sql::SelectStatement::kKind;
  from.from = read.query->from;
  from.where = read.query->where;
  std::string weight;
  for (size_t place = first; place < first + read.tables.size(); ++place) {
    if (((deltas >> place) & 1) == 0) continue;
    weight += cat(weight.empty() ? "" : " * ", sql::quote_identifier(places_[place].ref->alias->name), ".",
                  continuous_weight(place));
  }
  const bool negative = std::popcount(deltas) % 2 == 0;
  return cat("SELECT ", columns, weighted ? cat(", ", negative ? "-" : "", "(", weight, ") AS w") : "",
             sql::to_sql(from, names_with(deltas)).substr(std::string_view("SELECT").size()));
}

/// All rows of all parts.
std::string ContinuousStage::source() const {
  std::string text;
  for (size_t part = 0; part < shape_.parts.size(); ++part) {
    text += cat(part == 0 ? "" : " UNION ALL ",
                part_source(part, 0, false, continuous_list(source_columns(shape_.parts[part]))));
  }
  return text;
}

/// Whether something has changed at each of the places.
bool ContinuousStage::are_touched(uint64_t places, uint64_t touched) const {
  for (size_t place = 0; place < places_.size(); ++place) {
    if (((places >> place) & 1) != 0 && ((touched >> places_[place].input) & 1) == 0) return false;
  }
  return true;
}

/// The rows that come and go with the changes of these inputs.
std::string ContinuousStage::weighted_source(uint64_t touched) const {
  std::string text;
  for (size_t part = 0; part < shape_.parts.size(); ++part) {
    const size_t first = first_place(part);
    const std::string columns = continuous_list(source_columns(shape_.parts[part]));
    for (uint64_t chosen = 1; chosen < (uint64_t{1} << shape_.parts[part].tables.size()); ++chosen) {
      const uint64_t deltas = chosen << first;
      if (!are_touched(deltas, touched)) continue;
      text += cat(text.empty() ? "" : " UNION ALL ", part_source(part, deltas, true, columns));
    }
  }
  return text;
}

std::string ContinuousStage::key_of(std::string_view prefix) const {
  std::string fields;
  const bool rows = shape_.kind == Kind::kRows;
  const std::string_view name = rows || shape_.distinct ? "c" : "g";
  const size_t count = rows ? columns_.size() : key_types_.size();
  for (size_t i = 0; i < count; ++i) {
    const std::string column = cat(prefix, name, i + 1);
    fields += cat(i == 0 ? "" : ", ", rows ? column : continuous_key_text(key_types_[i], column));
  }
  return continuous_digest(fields);
}

/// n, s1, m1, ... of rows that are called q.
std::string ContinuousStage::sums_of(bool weighted) const {
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

/// The stage's column, of groups and sums.
std::string ContinuousStage::visible(size_t column, const Names& names) const {
  if (shape_.distinct) return names.group(cat("c", column + 1));
  sql::NameTexts texts;
  texts.expression = [&](const sql::Expr& expr) -> std::optional<std::string> {
    for (size_t i = 0; i < shape_.keys.size(); ++i) {
      if (same_expression(*shape_.keys[i], expr)) return names.group(cat("g", i + 1));
    }
    for (size_t i = 0; i < shape_.sums.size(); ++i) {
      if (shape_.sums[i].call != &expr) continue;
      const std::string count = names.sum(cat("m", i + 1));
      if (shape_.sums[i].kind == ContinuousAggregate::Kind::kCount) return count;
      const std::string sum = names.sum(cat("s", i + 1));
      if (shape_.sums[i].kind == ContinuousAggregate::Kind::kSum) {
        return cat("CASE WHEN ", count, " > 0 THEN ", sum, " END");
      }
      return cat("CASE WHEN ", count, " > 0 THEN ", sum, "::pg_catalog.numeric / ", count, "::pg_catalog.numeric END");
    }
    return std::nullopt;
  };
  return cat("(", sql::to_sql(*shape_.parts[0].query->targets[column]->value, texts), ")");
}

std::string ContinuousStage::fill_of_sums() const {
  const std::string_view group = shape_.distinct ? "c" : "g";
  const std::string groups = joined("q.", group, key_types_.size());
  const Names names{[](const std::string& name) { return cat("r.", name); },
                    [](const std::string& name) { return cat("r.", name); }};
  std::string columns = "r.k, r.n";
  for (size_t i = 0; i < shape_.sums.size(); ++i) {
    if (shape_.sums[i].kind != ContinuousAggregate::Kind::kCount) columns += cat(", r.s", i + 1);
    columns += cat(", r.m", i + 1);
  }
  for (size_t i = 0; i < columns_.size(); ++i) columns += cat(", ", visible(i, names), " AS c", i + 1);
  return cat("SELECT ", columns, " FROM (SELECT ", key_of("q."), " AS k, ", groups, groups.empty() ? "" : ", ",
             sums_of(false), " FROM (", source(), ") AS q", groups.empty() ? "" : cat(" GROUP BY ", groups), ") AS r");
}

std::string ContinuousStage::change(uint64_t touched) const {
  if (shape_.kind == Kind::kKeys) return affected_keys(touched);
  const std::string rows = weighted_source(touched);
  if (shape_.kind == Kind::kRows) return cat("SELECT ", key_of("q."), " AS k, q.* FROM (", rows, ") AS q");
  const std::string groups = joined("q.", shape_.distinct ? "c" : "g", key_types_.size());
  return cat("SELECT ", key_of("q."), " AS k, ", groups, groups.empty() ? "" : ", ", sums_of(true), " FROM (", rows,
             ") AS q", groups.empty() ? "" : cat(" GROUP BY ", groups));
}

void ContinuousStage::write_statements() {
  switch (shape_.kind) {
    case Kind::kRows: write_row_steps(); break;
    case Kind::kSums: write_sum_steps(); break;
    case Kind::kKeys: write_key_steps(); break;
  }
  const char* key = shape_.kind == Kind::kKeys ? "__k" : "k";
  affected_ = cat("SELECT o.* FROM ", rows_name_, " AS o");
  if (!is_whole()) affected_ += cat(" WHERE o.k IN (SELECT d.", key, " FROM pg_catalog.", change_name(), " AS d)");
}

void ContinuousStage::write_row_steps() {
  const std::string columns = joined("", "c", columns_.size());
  // Numbers of copies that come later are above 0.
  fill_ = cat("SELECT r.k, -pg_catalog.row_number() OVER (PARTITION BY r.k) AS i, ", joined("r.", "c", columns_.size()),
              " FROM (SELECT ", key_of("q."), " AS k, q.* FROM (", source(), ") AS q) AS r");
  steps_.push_back(
      {RowsOf::kGone, cat("DELETE FROM ", rows_name_,
                          " AS o USING (SELECT s.k, s.i, d.w, pg_catalog.row_number() OVER (PARTITION BY s.k "
                          "ORDER BY s.i) AS r FROM pg_catalog.",
                          change_name(), " AS d JOIN ", rows_name_,
                          " AS s ON s.k = d.k) AS x WHERE o.k = x.k AND o.i = x.i AND x.r <= -x.w")});
  // The copy's number comes in the place of the weight.
  steps_.push_back(
      {RowsOf::kCame, cat("INSERT INTO ", rows_name_, " (k, i, ", columns, ") SELECT d.k, d.w, ",
                          joined("d.", "c", columns_.size()), " FROM pg_catalog.", change_name(), " AS d")});
}

void ContinuousStage::write_sum_steps() {
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
  const bool goes = !key_types_.empty();
  steps_.push_back(
      {RowsOf::kAll, cat("MERGE INTO ", rows_name_, " AS o USING pg_catalog.", change_name(), " AS d ON o.k = d.k ",
                         goes ? "WHEN MATCHED AND o.n + d.n = 0 THEN DELETE " : "", "WHEN MATCHED THEN UPDATE SET ",
                         sets, " WHEN NOT MATCHED AND d.n <> 0 THEN INSERT (", names, ") VALUES (", values, ")")});
}

}  // namespace troupe
