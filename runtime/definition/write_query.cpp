/// get_query_def() and what it calls: a query line by line.
#include <algorithm>

#include "runtime/definition/rule_writer.hpp"
#include "runtime/plan/bound_query.hpp"
#include "runtime/sql/deparse.hpp"

namespace troupe {
namespace {

constexpr int kIndent = 8, kIndentColumn = 4, kIndentMax = 40;

bool is_star(const sql::Expr& expr) {
  const auto* column = expr.as<sql::ColumnRef>();
  return column != nullptr && column->star;
}

}  // namespace

void RuleWriter::trim_blanks() {
  while (!out_.empty() && out_.back() == ' ') out_.pop_back();
}

void RuleWriter::keyword(std::string_view text, int before, int after, int plus) {
  if (!style_.lines) return put(text);
  indent_ += before;
  trim_blanks();
  const int deep = (kIndentMax + (indent_ - kIndentMax) / (kIndent / 2)) % kIndentMax;
  const int blanks = (indent_ < kIndentMax ? std::max(indent_, 0) : deep) + plus;
  out_ += '\n';
  out_.append(static_cast<size_t>(std::max(blanks, 0)), ' ');
  put(text);
  indent_ = std::max(indent_ + after, 0);
}

void RuleWriter::view(const sql::SelectStatement& select, const std::vector<std::string>& columns) {
  // A view's rule knows the rows of the view by these names.
  Level rule;
  rule.names = {"old", "new"};
  levels_.push_back(&rule);
  query(select, &columns, true);
  levels_.pop_back();
}

void RuleWriter::body_query(const sql::SelectStatement& select, const FunctionDef& function, int indent) {
  function_ = &function;
  indent_ = indent;
  query(select, nullptr, false);
}

void RuleWriter::table_expression(const sql::Expr& expr, const std::shared_ptr<const BoundRelation>& table,
                                  bool implicit, std::optional<Type> wanted) {
  Level level;
  if (table != nullptr) {
    add_leaf(nullptr, table, std::string(table->alias), true, &level);
    name_columns(level.entries[0], level);
  }
  levels_.push_back(&level);
  prefix_ = false;
  RuleNodePtr node = analyze(expr);
  if (wanted) node = coerced(std::move(node), *wanted);
  is_call_ = looks_like_call(*node);
  write(*node, implicit);
  levels_.pop_back();
}

void RuleWriter::query(const sql::SelectStatement& select, const std::vector<std::string>* columns, bool names_matter) {
  if (select.connect_by != nullptr) give_up();
  if (!understood_) return;
  const int indent = indent_;
  const bool prefix = std::exchange(prefix_, true), grouping = std::exchange(grouping_, false);
  const Outputs* around = outputs_;
  Level level;
  name_range(select, &level);
  levels_.push_back(&level);
  if (understood_) body(select, columns, names_matter);
  levels_.pop_back();
  outputs_ = around;
  prefix_ = prefix;
  grouping_ = grouping;
  indent_ = indent;
}

void RuleWriter::body(const sql::SelectStatement& select, const std::vector<std::string>* columns, bool names_matter) {
  if (select.with != nullptr) with_clause(*select.with);
  if (select.operation != sql::SetOperation::kNone) {
    set_operation(select, columns, names_matter);
    tail(select);
    return;
  }
  const Outputs outputs = outputs_of(select);
  outputs_ = &outputs;
  plain_select(select, columns, names_matter);
  tail(select);
}

void RuleWriter::with_clause(const sql::WithClause& with) {
  if (style_.lines) {
    indent_ += kIndent;
    put(" ");
  }
  const auto names = [&](sql::List<std::string_view> list) {
    for (size_t i = 0; i < list.size(); ++i) put(cat(i > 0 ? ", " : "", sql::quote_identifier(list[i])));
  };
  put(with.recursive ? "WITH RECURSIVE " : "WITH ");
  for (size_t i = 0; i < with.tables.size(); ++i) {
    const sql::CommonTable& table = *with.tables[i];
    const auto* select = table.query->as<sql::SelectStatement>();
    if (select == nullptr || table.search != nullptr || table.cycle != nullptr) return give_up();
    put(cat(i > 0 ? ", " : "", sql::quote_identifier(table.name)));
    if (!table.columns.empty()) {
      put("(");
      names(table.columns);
      put(")");
    }
    put(" AS ");
    if (table.materialized == sql::Materialization::kAlways) put("MATERIALIZED ");
    if (table.materialized == sql::Materialization::kNever) put("NOT MATERIALIZED ");
    put("(");
    if (style_.lines) keyword("", 0, 0, 0);
    query(*select, nullptr, true);
    if (style_.lines) keyword("", 0, 0, 0);
    put(")");
  }
  if (style_.lines) {
    indent_ -= kIndent;
    keyword("", 0, 0, 0);
  } else {
    put(" ");
  }
}

RuleWriter::Outputs RuleWriter::outputs_of(const sql::SelectStatement& select) {
  Outputs outputs;
  const auto bound = notes_.queries.find(&select);
  if (select.is_values) {
    if (bound == notes_.queries.end()) return outputs;
    for (const BoundTarget& target : bound->second->targets) {
      outputs.push_back({column_node(*target.value, target.name), target.name});
    }
    return outputs;
  }
  for (const sql::Target* target : select.targets) {
    if (is_star(*target->value)) {
      const auto star = notes_.stars.find(&target->value->to<sql::ColumnRef>());
      if (star == notes_.stars.end()) {
        give_up();
        continue;
      }
      for (const NamedColumn& column : star->second) {
        outputs.push_back({column_node(*column.value, column.name), std::string(column.name)});
      }
      continue;
    }
    RuleNodePtr node = analyze(*target->value);
    if (node->type.oid == oid::kUnknown && node->tag == RuleTag::kConst) {
      const bool known = bound != notes_.queries.end() && outputs.size() < bound->second->targets.size();
      Type type = known ? bound->second->targets[outputs.size()].value->type : Type{oid::kText};
      if (type.oid == oid::kUnknown) type = Type{oid::kText};
      node = coerced(std::move(node), Type{type.oid});
    }
    outputs.push_back(
        {std::move(node), target->alias.empty() ? output_name(*target->value) : std::string(target->alias)});
  }
  return outputs;
}

void RuleWriter::values(const sql::SelectStatement& select) {
  const auto bound = notes_.queries.find(&select);
  const BoundRelation& relation = *bound->second->from[0]->relation;
  put("VALUES ");
  for (size_t row = 0; row < select.values.size(); ++row) {
    put(row > 0 ? ", (" : "(");
    const sql::ExprList list = select.values[row];
    for (size_t i = 0; i < list.size(); ++i) {
      if (i > 0) put(",");
      write_toplevel(*coerced(analyze(*list[i]), Type{relation.types[i].oid}), false);
    }
    put(")");
  }
}

void RuleWriter::plain_select(const sql::SelectStatement& select, const std::vector<std::string>* columns,
                              bool names_matter) {
  if (style_.lines) {
    indent_ += kIndent;
    put(" ");
  }
  if (select.is_values) {
    bool renamed = false;
    for (size_t i = 0; columns != nullptr && i < columns->size() && i < outputs_->size(); ++i) {
      renamed = renamed || (*columns)[i] != (*outputs_)[i].name;
    }
    if (!renamed) return values(select);
  }
  put("SELECT");
  if (!select.distinct_on.empty()) {
    put(" DISTINCT ON (");
    for (size_t i = 0; i < select.distinct_on.size(); ++i) {
      if (i > 0) put(", ");
      write_sort_item(*sort_item(*select.distinct_on[i], SortPlace::kOutput));
    }
    put(")");
  } else if (select.distinct) {
    put(" DISTINCT");
  }
  targets(*outputs_, columns, names_matter);
  if (select.is_values) {
    keyword(" FROM ", -kIndent, kIndent, 2);
    put("(");
    values(select);
    put(") \"*VALUES*\"");
    return;
  }
  from_clause(select);
  if (select.where != nullptr) {
    keyword(" WHERE ", -kIndent, kIndent, 1);
    write(*coerced(analyze(*select.where), Type{oid::kBool}), false);
  }
  if (!select.group_by.empty()) group_by(select);
  if (select.having != nullptr) {
    keyword(" HAVING ", -kIndent, kIndent, 0);
    write(*coerced(analyze(*select.having), Type{oid::kBool}), false);
  }
  for (size_t i = 0; i < select.windows.size(); ++i) {
    if (i == 0)
      keyword(" WINDOW ", -kIndent, kIndent, 1);
    else
      put(", ");
    put(cat(sql::quote_identifier(select.windows[i]->name), " AS "));
    write_window_definition(*select.windows[i]);
  }
}

void RuleWriter::targets(const Outputs& outputs, const std::vector<std::string>* columns, bool names_matter) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    put(i == 0 ? " " : ", ");
    std::string before = std::exchange(out_, {});
    const RuleNode& node = *outputs[i].value;
    std::string called;
    const bool variable = node.tag == RuleTag::kVar || node.tag == RuleTag::kWholeRow || node.tag == RuleTag::kMerged;
    if (variable) {
      called = write_variable(node, true);
    } else {
      write(node, true);
      if (!names_matter) called = "?column?";
    }
    const std::string& name = columns != nullptr && i < columns->size() ? (*columns)[i] : outputs[i].name;
    if (called != name) put(cat(" AS ", sql::quote_identifier(name)));
    std::string text = std::exchange(out_, std::move(before));
    if (style_.lines) {
      // Every column has a line of its own.
      if (text.starts_with('\n'))
        trim_blanks();
      else if (i > 0)
        keyword("", -kIndent, kIndent, kIndentColumn);
    }
    put(text);
  }
}

bool RuleWriter::is_nested_operation(const sql::SelectStatement& select) {
  return select.operation != sql::SetOperation::kNone && select.with == nullptr && select.order_by.empty() &&
         select.limit == nullptr && select.offset == nullptr && select.locking.empty();
}

void RuleWriter::set_operand(const sql::SelectStatement& select, const std::vector<std::string>* columns,
                             bool names_matter) {
  if (is_nested_operation(select)) return set_operation(select, columns, names_matter);
  const bool paren = select.with != nullptr || !select.order_by.empty() || !select.locking.empty() ||
                     select.offset != nullptr || select.limit != nullptr ||
                     select.operation != sql::SetOperation::kNone;
  if (paren) put("(");
  query(select, columns, names_matter);
  if (paren) put(")");
}

void RuleWriter::set_operation(const sql::SelectStatement& select, const std::vector<std::string>* columns,
                               bool names_matter) {
  const sql::SelectStatement& left = *select.left;
  const sql::SelectStatement& right = *select.right;
  const bool same = left.operation == select.operation && left.all == select.all;
  const bool paren = is_nested_operation(left) && !same;
  const int inner = paren ? kIndent : 0;
  if (paren) {
    put("(");
    keyword("", inner, 0, 0);
  }
  set_operand(left, columns, names_matter);
  if (paren)
    keyword(") ", -inner, 0, 0);
  else if (style_.lines)
    keyword("", 0, 0, 0);
  else
    put(" ");
  constexpr std::string_view kWords[] = {"", "UNION ", "INTERSECT ", "EXCEPT "};
  put(kWords[static_cast<size_t>(select.operation)]);
  if (select.all) put("ALL ");
  const bool nested = is_nested_operation(right);
  if (nested) put("(");
  keyword("", nested ? kIndent : 0, 0, 0);
  set_operand(right, columns, false);
  if (style_.lines && nested) indent_ -= kIndent;
  if (nested) keyword(")", 0, 0, 0);
}

void RuleWriter::group_by(const sql::SelectStatement& select) {
  keyword(" GROUP BY ", -kIndent, kIndent, 1);
  if (select.group_distinct) put("DISTINCT ");
  grouping_ = true;
  const bool sets = std::ranges::any_of(
      select.group_by, [](const sql::GroupingSet* set) { return set->type != sql::GroupingSet::Type::kSimple; });
  std::vector<std::string> written;  // what is there twice is written once
  for (const sql::GroupingSet* set : select.group_by) {
    std::vector<const sql::Expr*> parts(set->expressions.begin(), set->expressions.end());
    const auto* row = parts.size() == 1 ? parts[0]->as<sql::RowExpr>() : nullptr;
    if (row != nullptr && !row->explicit_row) parts.assign(row->fields.begin(), row->fields.end());
    if (set->type != sql::GroupingSet::Type::kSimple) {
      if (!written.empty()) put(", ");
      written.emplace_back();
      grouping_set(*set, true);
      continue;
    }
    for (const sql::Expr* part : parts) {
      std::string before = std::exchange(out_, {});
      write_sort_item(*sort_item(*part, SortPlace::kGroup));
      std::string text = std::exchange(out_, std::move(before));
      if (text.starts_with('\n')) trim_blanks();
      if (!sets && std::ranges::find(written, text) != written.end()) continue;
      put(cat(written.empty() ? "" : ", ", text));
      written.push_back(std::move(text));
    }
  }
  grouping_ = false;
}

void RuleWriter::grouping_set(const sql::GroupingSet& set, bool omit_parentheses) {
  using Type = sql::GroupingSet::Type;
  const auto simple = [&](const sql::Expr& expr, bool omit) {
    const auto* row = expr.as<sql::RowExpr>();
    std::vector<const sql::Expr*> parts{&expr};
    if (row != nullptr && !row->explicit_row) parts.assign(row->fields.begin(), row->fields.end());
    const bool paren = !omit || parts.size() != 1;
    if (paren) put("(");
    for (size_t i = 0; i < parts.size(); ++i) {
      if (i > 0) put(", ");
      write_sort_item(*sort_item(*parts[i], SortPlace::kGroup));
    }
    if (paren) put(")");
  };
  switch (set.type) {
    case Type::kEmpty: return put("()");
    case Type::kSimple:
      for (size_t i = 0; i < set.expressions.size(); ++i) {
        if (i > 0) put(", ");
        simple(*set.expressions[i], omit_parentheses);
      }
      return;
    case Type::kRollup:
    case Type::kCube:
      put(set.type == Type::kRollup ? "ROLLUP(" : "CUBE(");
      for (size_t i = 0; i < set.expressions.size(); ++i) {
        if (i > 0) put(", ");
        simple(*set.expressions[i], true);
      }
      return put(")");
    case Type::kSets:
      put("GROUPING SETS (");
      for (size_t i = 0; i < set.sets.size(); ++i) {
        if (i > 0) put(", ");
        grouping_set(*set.sets[i], false);
      }
      return put(")");
  }
}

RuleNodePtr RuleWriter::sort_item(const sql::Expr& expr, SortPlace place) {
  const auto* literal = expr.as<sql::Literal>();
  if (place != SortPlace::kPlain && literal != nullptr && literal->type == sql::LiteralType::kInt4 &&
      literal->integer >= 1 && literal->integer <= static_cast<int64_t>(outputs_->size())) {
    return (*outputs_)[static_cast<size_t>(literal->integer - 1)].value;
  }
  const auto* column = expr.as<sql::ColumnRef>();
  const bool may_be_output = column != nullptr && column->name.size() == 1 && !column->star;
  const bool output_first = place == SortPlace::kOutput || notes_.value_of(expr) == nullptr;
  if (place != SortPlace::kPlain && may_be_output && output_first) {
    for (const OutputColumn& output : *outputs_) {
      if (output.name == column->name[0]) return output.value;
    }
  }
  RuleNodePtr node = analyze(expr);
  return node->type.oid == oid::kUnknown ? coerced(std::move(node), Type{oid::kText}) : node;
}

void RuleWriter::write_sort_item(const RuleNode& node) {
  if (node.tag == RuleTag::kConst) return write_constant(node, 1);
  if (node.tag == RuleTag::kVar || node.tag == RuleTag::kWholeRow || node.tag == RuleTag::kMerged) {
    return write(node, true);
  }
  const bool call = node.tag == RuleTag::kFunction || node.tag == RuleTag::kAggregate || node.tag == RuleTag::kWindow ||
                    (node.tag == RuleTag::kCast && node.by_function);
  const bool paren = style_.fewer_parentheses || call;
  if (paren) put("(");
  write(node, true);
  if (paren) put(")");
}

void RuleWriter::write_sort_order(const sql::SortItem& item) {
  const bool descending =
      item.order == sql::SortOrder::kDescending || (item.order == sql::SortOrder::kUsing && item.using_op == ">");
  if (descending) put(" DESC");
  if (descending && item.nulls == sql::NullsOrder::kLast) put(" NULLS LAST");
  if (!descending && item.nulls == sql::NullsOrder::kFirst) put(" NULLS FIRST");
}

void RuleWriter::order_by(sql::List<const sql::SortItem*> items, SortPlace place) {
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) put(", ");
    write_sort_item(*sort_item(*items[i]->value, place));
    write_sort_order(*items[i]);
  }
}

/// Of a set operation: columns have their numbers.
void RuleWriter::order_by_numbers(const sql::SelectStatement& select) {
  const auto bound = notes_.queries.find(&select);
  for (size_t i = 0; i < select.order_by.size(); ++i) {
    const sql::SortItem& item = *select.order_by[i];
    int64_t number = 0;
    if (const auto* literal = item.value->as<sql::Literal>()) number = literal->integer;
    const auto* column = item.value->as<sql::ColumnRef>();
    if (column != nullptr && bound != notes_.queries.end()) {
      const auto& targets = bound->second->targets;
      const auto same = [&](const BoundTarget& target) { return target.name == column->name.back(); };
      number = std::ranges::find_if(targets, same) - targets.begin() + 1;
    }
    if (number == 0) give_up();
    put(cat(i > 0 ? ", " : "", number));
    write_sort_order(item);
  }
}

void RuleWriter::tail(const sql::SelectStatement& select) {
  if (!select.order_by.empty()) {
    keyword(" ORDER BY ", -kIndent, kIndent, 1);
    if (select.operation != sql::SetOperation::kNone)
      order_by_numbers(select);
    else
      order_by(select.order_by, SortPlace::kOutput);
  }
  const auto count = [&](const sql::Expr& expr) { write(*coerced(analyze(expr), Type{oid::kInt8}), false); };
  if (select.offset != nullptr) {
    keyword(" OFFSET ", -kIndent, kIndent, 0);
    count(*select.offset);
  }
  if (select.limit != nullptr && select.with_ties) {
    keyword(" FETCH FIRST ", -kIndent, kIndent, 0);
    put("(");
    count(*select.limit);
    put(") ROWS WITH TIES");
  } else if (select.limit != nullptr) {
    keyword(" LIMIT ", -kIndent, kIndent, 0);
    const auto* literal = select.limit->as<sql::Literal>();
    if (literal != nullptr && literal->type == sql::LiteralType::kNull)
      put("ALL");
    else
      count(*select.limit);
  }
  if (!select.locking.empty()) locks(select);
}

void RuleWriter::locks(const sql::SelectStatement& select) {
  constexpr std::string_view kWords[] = {" FOR KEY SHARE", " FOR SHARE", " FOR NO KEY UPDATE", " FOR UPDATE"};
  for (const sql::LockingClause* clause : select.locking) {
    for (const Entry* entry : levels_.back()->entries) {
      if (entry->relation == nullptr || entry->item == nullptr || entry->item->is<sql::FunctionRef>()) continue;
      const bool meant = clause->tables.empty() || std::ranges::any_of(clause->tables, [&](const sql::TableRef* table) {
                           return table->name == entry->relation->alias;
                         });
      if (!meant) continue;
      keyword(kWords[static_cast<size_t>(clause->strength)], -kIndent, kIndent, 0);
      put(cat(" OF ", sql::quote_identifier(entry->name)));
      if (clause->wait == sql::LockWait::kNoWait) put(" NOWAIT");
      if (clause->wait == sql::LockWait::kSkipLocked) put(" SKIP LOCKED");
    }
  }
}

}  // namespace troupe
