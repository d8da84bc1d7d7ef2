#include "runtime/plan/scope.hpp"

#include <algorithm>

namespace troupe {

ExprPtr column_of(const BoundRelation& relation, uint32_t index) {
  return make_column(relation.type_of(index), index, relation.number);
}

namespace {

LookupResult find_in_list(const std::vector<NamedColumn>& columns, std::string_view name, ExprPtr* out) {
  LookupResult result = LookupResult::kNotFound;
  for (const NamedColumn& column : columns) {
    if (column.name != name) continue;
    if (result == LookupResult::kFound) return LookupResult::kAmbiguous;
    result = LookupResult::kFound;
    *out = column.value;
  }
  return result;
}

/// The hidden column of a system relation: its own oid, but null where an outer join made up the row. The first column
/// of a system relation tells: it is never null otherwise.
ExprPtr tableoid_of(const BoundRelation& relation) {
  const Type type{oid::kOid};
  auto chosen = std::make_shared<Expr>();
  chosen->kind = ExprKind::kCase;
  chosen->type = type;
  chosen->args = {make_null_test(column_of(relation, 0), false), make_null(type),
                  make_constant(type, Value::of(static_cast<int64_t>(relation.system->oid)))};
  return chosen;
}

LookupResult find_in_relation(const BoundRelation& relation, std::string_view name, ExprPtr* out) {
  LookupResult result = LookupResult::kNotFound;
  const auto size = static_cast<uint32_t>(relation.size());
  for (uint32_t i = 0; i < size; ++i) {
    if (relation.name_of(i) != name || !relation.visible(i)) continue;
    if (result == LookupResult::kFound) return LookupResult::kAmbiguous;
    result = LookupResult::kFound;
    *out = column_of(relation, i);
  }
  if (result == LookupResult::kNotFound && name == "tableoid" && relation.kind == BoundRelation::Kind::kSystem) {
    *out = tableoid_of(relation);
    return LookupResult::kFound;
  }
  return result;
}

}  // namespace

LookupResult find_column(const FromNames& item, std::string_view name, ExprPtr* out) {
  if (item.relation) return find_in_relation(*item.relation, name, out);
  if (item.is_aliased_join()) return find_in_list(item.columns, name, out);
  if (const LookupResult merged = find_in_list(item.merged, name, out); merged != LookupResult::kNotFound) {
    return merged;
  }
  const LookupResult left = find_column(*item.left, name, out);
  if (left == LookupResult::kAmbiguous) return left;
  ExprPtr other;
  const LookupResult right = find_column(*item.right, name, &other);
  if (right == LookupResult::kNotFound) return left;
  if (left == LookupResult::kFound) return LookupResult::kAmbiguous;
  *out = std::move(other);
  return right;
}

const FromNames* find_item(const FromNames& item, std::string_view schema, std::string_view alias) {
  if (!item.alias.empty()) {
    if (item.alias != alias || (!schema.empty() && schema != item.schema)) return nullptr;
    return &item;
  }
  if (item.relation) return nullptr;
  if (item.using_names && item.using_names->alias == alias && schema.empty()) return item.using_names.get();
  if (const FromNames* found = find_item(*item.left, schema, alias)) return found;
  return find_item(*item.right, schema, alias);
}

namespace {

const FromNames* leaf_of(const FromNames& names, uint32_t relation) {
  if (names.relation) return names.relation->number == relation ? &names : nullptr;
  if (const FromNames* found = leaf_of(*names.left, relation)) return found;
  return leaf_of(*names.right, relation);
}

}  // namespace

const FromNames* leaf_of(const Scope& scope, uint32_t relation) {
  for (const auto& item : scope.items) {
    if (const FromNames* found = leaf_of(*item, relation)) return found;
  }
  return nullptr;
}

void expand_star(const FromNames& item, std::vector<NamedColumn>* out) {
  if (item.relation) {
    for (uint32_t i = 0; i < item.relation->size(); ++i) {
      if (item.relation->visible(i)) out->push_back({item.relation->name_of(i), column_of(*item.relation, i)});
    }
    return;
  }
  if (item.is_aliased_join()) {
    out->insert(out->end(), item.columns.begin(), item.columns.end());
    return;
  }
  out->insert(out->end(), item.merged.begin(), item.merged.end());
  std::vector<NamedColumn> rest;
  expand_star(*item.left, &rest);
  expand_star(*item.right, &rest);
  for (NamedColumn& column : rest) {
    const bool is_merged = std::any_of(item.merged.begin(), item.merged.end(),
                                       [&](const NamedColumn& m) { return m.name == column.name; });
    if (!is_merged) out->push_back(std::move(column));
  }
}

namespace {

/// Edit distance, given up above `limit`.
size_t distance(std::string_view a, std::string_view b, size_t limit) {
  if (a.size() > b.size() + limit || b.size() > a.size() + limit) return limit + 1;
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({substituted, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

struct Suggestion {
  size_t distance;
  std::string text;
};

void suggest_from(const FromNames& item, std::string_view alias, std::string_view name, std::vector<Suggestion>* out) {
  if (item.left) {
    suggest_from(*item.left, alias, name, out);
    suggest_from(*item.right, alias, name, out);
  }
  if (!item.relation || (!alias.empty() && item.alias != alias)) return;
  // PostgreSQL suggests names that are at most 3 edits and half their length away.
  const size_t limit = std::min<size_t>(3, name.size() / 2);
  if (limit == 0) return;
  for (uint32_t i = 0; i < item.relation->size(); ++i) {
    if (!item.relation->visible(i)) continue;
    const std::string_view candidate = item.relation->name_of(i);
    const size_t edits = distance(name, candidate, limit);
    if (edits <= limit) out->push_back({edits, cat("\"", item.alias, ".", candidate, "\"")});
  }
}

}  // namespace

std::string suggest_column(const Scope& scope, std::string_view alias, std::string_view name) {
  std::vector<Suggestion> found;
  for (const auto& item : scope.items) suggest_from(*item, alias, name, &found);
  if (found.empty()) return {};
  size_t best = SIZE_MAX;
  for (const Suggestion& suggestion : found) best = std::min(best, suggestion.distance);
  std::erase_if(found, [best](const Suggestion& s) { return s.distance != best; });
  if (found.size() == 1) return cat("Perhaps you meant to reference the column ", found[0].text, ".");
  if (found.size() == 2) {
    return cat("Perhaps you meant to reference the column ", found[0].text, " or the column ", found[1].text, ".");
  }
  return {};
}

}  // namespace troupe
