/// What the items of FROM and their columns are called: names may have to differ from those of the queries around, and
/// columns may have got new names since.
#include <algorithm>

#include "runtime/definition/rule_writer.hpp"
#include "runtime/plan/bound_query.hpp"

namespace troupe {
namespace {

bool has(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::string relation_name(const BoundRelation& relation) {
  if (relation.table) return relation.table->name;
  if (relation.view) return relation.view->name;
  return relation.system ? std::string(relation.system->name) : std::string(relation.alias);
}

/// What the relation itself calls the column.
std::string own_name(const BoundRelation& relation, uint32_t column) {
  if (relation.table) return relation.table->columns[column].name;
  if (relation.view && column < relation.view->columns.size()) return relation.view->columns[column].name;
  if (relation.system) return std::string(relation.system->columns[column].name);
  return std::string(relation.name_of(column));
}

bool is_catalogued(const BoundRelation& relation) { return relation.table || relation.view || relation.system; }

/// A merged column that is more than one of the columns it is of.
bool merges_dangerously(const FromNames& join) {
  if (join.relation) return false;
  const auto merged = [](const NamedColumn& column) { return !column.value->is_column(); };
  if (join.alias.empty() && std::ranges::any_of(join.merged, merged)) return true;
  return merges_dangerously(*join.left) || merges_dangerously(*join.right);
}

const sql::Alias* alias_of(const sql::FromItem& item) {
  if (const auto* table = item.as<sql::TableRef>()) return table->alias;
  if (const auto* subquery = item.as<sql::SubqueryRef>()) return subquery->alias;
  if (const auto* function = item.as<sql::FunctionRef>()) return function->alias;
  if (const auto* join = item.as<sql::JoinExpr>()) return join->alias;
  return nullptr;
}

}  // namespace

RuleWriter::Entry* RuleWriter::entry_of(const sql::FromItem& item) const {
  const auto found = by_item_.find(&item);
  return found == by_item_.end() ? nullptr : found->second;
}

RuleWriter::Entry* RuleWriter::entry_of(uint32_t relation) const {
  const auto found = by_relation_.find(relation);
  return found == by_relation_.end() ? nullptr : found->second;
}

bool RuleWriter::is_common_table(std::string_view name) const {
  return std::ranges::any_of(levels_, [&](const Level* level) { return has(level->ctes, name); });
}

std::string RuleWriter::free_name(const std::string& name, const Level& level) const {
  const auto taken = [&](const std::string& other) {
    return has(level.names, other) ||
           std::ranges::any_of(levels_, [&](const Level* outer) { return has(outer->names, other); });
  };
  if (!taken(name)) return name;
  for (int number = 1;; ++number) {
    std::string other = cat(name, "_", number);
    if (!taken(other)) return other;
  }
}

void RuleWriter::add_leaf(const sql::FromItem* item, std::shared_ptr<const BoundRelation> relation, std::string name,
                          bool given, Level* level) {
  Entry& entry = entries_.emplace_back();
  entry.item = item;
  entry.given = given;
  entry.name = free_name(name, *level);
  entry.columns.resize(relation->size());
  by_relation_[relation->number] = &entry;
  entry.relation = std::move(relation);
  if (item != nullptr) by_item_[item] = &entry;
  level->names.push_back(entry.name);
  level->entries.push_back(&entry);
}

void RuleWriter::add_item(const sql::FromItem& item, Level* level) {
  const auto names = notes_.items.find(&item);
  if (names == notes_.items.end() || item.is<sql::MatchRecognize>()) return give_up();
  const sql::Alias* alias = alias_of(item);
  if (const auto* join = item.as<sql::JoinExpr>()) {
    add_item(*join->left, level);
    add_item(*join->right, level);
    Entry& entry = entries_.emplace_back();
    entry.item = &item;
    if (alias != nullptr) {
      entry.name = free_name(std::string(alias->name), *level);
      level->names.push_back(entry.name);
    }
    by_item_[&item] = &entry;
    level->entries.push_back(&entry);
    return;
  }
  const auto& relation = names->second->relation;
  if (relation == nullptr) return give_up();
  if (const auto* function = item.as<sql::FunctionRef>(); function != nullptr && alias == nullptr) {
    const sql::Expr& call = *function->functions[0].call;
    if (!call.is<sql::FunctionCall>()) {
      add_leaf(&item, relation, output_name(call), false, level);
      level->entries.back()->columns[0] = output_name(call);
      return;
    }
  }
  add_leaf(&item, relation, alias != nullptr ? std::string(alias->name) : relation_name(*relation), alias != nullptr,
           level);
}

/// Columns that USING merges have one name on both sides, which nothing else under the join may have.
void RuleWriter::name_merged(const sql::FromItem& item, std::vector<std::string> around, Level* level) {
  Entry* entry = entry_of(item);
  if (entry == nullptr) return;
  entry->around = around;
  const auto* join = item.as<sql::JoinExpr>();
  if (join == nullptr) return;
  const FromNames& names = *notes_.items.find(&item)->second;
  for (size_t i = 0; i < names.merged.size(); ++i) {
    std::string name(names.merged[i].name);
    bool assigned = false;
    ExprPtr sides[2];
    find_column(*names.left, names.merged[i].name, &sides[0]);
    find_column(*names.right, names.merged[i].name, &sides[1]);
    // A join around may have settled it.
    const auto each_column = [&](auto&& what) {
      for (const ExprPtr& side : sides) {
        if (side == nullptr) continue;
        visit_expr(*side, [&](const Expr& part) {
          Entry* leaf = part.is_column() ? entry_of(part.relation) : nullptr;
          if (leaf != nullptr && part.index < leaf->columns.size()) what(leaf->columns[part.index]);
        });
      }
    };
    each_column([&](std::string& column) {
      if (column.empty()) return;
      name = column;
      assigned = true;
    });
    if (!assigned) {
      if (join->alias != nullptr && i < join->alias->columns.size()) name = std::string(join->alias->columns[i]);
      const std::string wanted = name;
      const auto taken = [&](const std::string& other) {
        return has(entry->merged, other) || has(around, other) ||
               (level->unique_using && has(level->using_names, other));
      };
      for (int number = 1; taken(name); ++number) name = cat(wanted, "_", number);
      if (level->unique_using) level->using_names.push_back(name);
    }
    entry->merged.push_back(name);
    around.push_back(name);
    each_column([&](std::string& column) { column = name; });
  }
  name_merged(*join->left, around, level);
  name_merged(*join->right, around, level);
}

void RuleWriter::name_columns(Entry* entry, const Level& level) {
  const BoundRelation& relation = *entry->relation;
  bool changed = false;
  for (uint32_t i = 0; i < relation.size(); ++i) {
    if (!relation.visible(i)) continue;
    std::string& name = entry->columns[i];
    if (name.empty()) {
      const std::string wanted(relation.name_of(i));
      std::string free = wanted;
      const auto taken = [&](const std::string& other) {
        return has(entry->columns, other) || has(entry->around, other) || has(level.using_names, other);
      };
      for (int number = 1; taken(free); ++number) free = cat(wanted, "_", number);
      name = std::move(free);
    }
    changed = changed || name != (is_catalogued(relation) ? own_name(relation, i) : std::string(relation.name_of(i)));
  }
  const sql::Alias* alias = entry->item != nullptr ? alias_of(*entry->item) : nullptr;
  const bool function = entry->item != nullptr && entry->item->is<sql::FunctionRef>();
  const bool listed = !is_catalogued(relation) && alias != nullptr && !alias->columns.empty();
  entry->prints_columns = changed || function || listed;
}

void RuleWriter::name_join_columns(Entry* entry, const Level&) {
  if (entry->name.empty()) return;
  const auto& join = entry->item->to<sql::JoinExpr>();
  const FromNames& names = *notes_.items.find(entry->item)->second;
  for (size_t i = 0; i < names.columns.size(); ++i) {
    const Expr& value = *names.columns[i].value;
    const Entry* leaf = value.is_column() ? entry_of(value.relation) : nullptr;
    std::string real = leaf != nullptr && value.index < leaf->columns.size() ? leaf->columns[value.index]
                       : i < entry->merged.size()                            ? entry->merged[i]
                                                                             : std::string(names.columns[i].name);
    const bool given = i < join.alias->columns.size() && i >= entry->merged.size();
    std::string name = given ? std::string(join.alias->columns[i]) : real;
    const std::string wanted = name;
    for (int number = 1; has(entry->columns, name); ++number) name = cat(wanted, "_", number);
    entry->prints_columns = entry->prints_columns || name != real;
    entry->columns.push_back(std::move(name));
  }
}

void RuleWriter::name_range(const sql::SelectStatement& query, Level* level) {
  if (query.with != nullptr) {
    for (const sql::CommonTable* table : query.with->tables) level->ctes.emplace_back(table->name);
  }
  if (query.is_values) {
    const auto bound = notes_.queries.find(&query);
    if (bound == notes_.queries.end() || bound->second->from.empty()) return give_up();
    add_leaf(nullptr, bound->second->from[0]->relation, "*VALUES*", false, level);
  }
  for (const sql::FromItem* item : query.from) add_item(*item, level);
  if (!understood_) return;
  for (const sql::FromItem* item : query.from) {
    level->unique_using = level->unique_using || merges_dangerously(*notes_.items.find(item)->second);
  }
  for (const sql::FromItem* item : query.from) name_merged(*item, {}, level);
  for (Entry* entry : level->entries) {
    if (entry->relation != nullptr) name_columns(entry, *level);
  }
  for (Entry* entry : level->entries) {
    if (entry->relation == nullptr) name_join_columns(entry, *level);
  }
}

}  // namespace troupe
