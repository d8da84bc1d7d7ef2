/// get_from_clause() and what it calls.
#include <algorithm>

#include "runtime/definition/rule_writer.hpp"
#include "runtime/sql/ast_table.hpp"
#include "runtime/sql/deparse.hpp"

namespace troupe {
namespace {

constexpr int kIndent = 8, kIndentJoin = 4, kIndentColumn = 4;

}  // namespace

void RuleWriter::from_clause(const sql::SelectStatement& select) {
  for (size_t i = 0; i < select.from.size(); ++i) {
    if (i == 0) {
      keyword(" FROM ", -kIndent, kIndent, 2);
      from_item(*select.from[0]);
      continue;
    }
    put(", ");
    std::string before = std::exchange(out_, {});
    from_item(*select.from[i]);
    const std::string text = std::exchange(out_, std::move(before));
    if (style_.lines) {
      if (text.starts_with('\n'))
        trim_blanks();
      else
        keyword("", -kIndent, kIndent, kIndentColumn);
    }
    put(text);
  }
}

void RuleWriter::from_item(const sql::FromItem& item) {
  if (const auto* joined = item.as<sql::JoinExpr>()) return join(*joined);
  leaf(item);
}

void RuleWriter::column_aliases(const Entry& entry) {
  if (!entry.prints_columns) return;
  std::string_view before = "(";
  for (const std::string& column : entry.columns) {
    if (column.empty()) continue;  // dropped
    put(cat(before, sql::quote_identifier(column)));
    before = ", ";
  }
  if (before == ", ") put(")");
}

void RuleWriter::leaf(const sql::FromItem& item) {
  Entry* entry = entry_of(item);
  if (entry == nullptr) return give_up();
  const BoundRelation& relation = *entry->relation;
  bool alias = entry->given || entry->prints_columns;
  if (const auto* table = item.as<sql::TableRef>()) {
    const bool catalogued = relation.table || relation.view || relation.system;
    if (catalogued) {
      const std::string name = relation.table  ? relation.table->name
                               : relation.view ? relation.view->name
                                               : std::string(relation.system->name);
      put(cat(table->only ? "ONLY " : "", names_.relation(relation, is_common_table(name))));
      alias = alias || entry->name != name;
    } else {
      put(sql::quote_identifier(table->name));
      alias = alias || entry->name != table->name;
    }
    if (alias) put(cat(" ", sql::quote_identifier(entry->name)));
    column_aliases(*entry);
    if (const sql::TableSample* sample = table->sample) {
      put(cat(" TABLESAMPLE ", sql::quote_identifier(sample->method.back()), " ("));
      for (size_t i = 0; i < sample->arguments.size(); ++i) {
        if (i > 0) put(", ");
        write(*coerced(analyze(*sample->arguments[i]), Type{oid::kFloat4}), false);
      }
      put(")");
      if (sample->repeatable != nullptr) {
        put(" REPEATABLE (");
        write(*coerced(analyze(*sample->repeatable), Type{oid::kFloat8}), false);
        put(")");
      }
    }
    return;
  }
  if (const auto* subquery = item.as<sql::SubqueryRef>()) {
    put(subquery->lateral ? "LATERAL (" : "(");
    query(*subquery->query, nullptr, true);
    put(cat(") ", sql::quote_identifier(entry->name)));
    return column_aliases(*entry);
  }
  if (const auto* function = item.as<sql::FunctionRef>()) return function_item(*function, entry);
  give_up();
}

/// Whether it mentions an item of the query being written.
bool RuleWriter::refers_to_level(const RuleNode& node) const {
  if (node.tag == RuleTag::kVar || node.tag == RuleTag::kWholeRow) {
    const Entry* entry = entry_of(node.relation);
    const auto& entries = levels_.back()->entries;
    return entry != nullptr && std::ranges::find(entries, entry) != entries.end();
  }
  return std::ranges::any_of(node.args, [&](const RuleNodePtr& arg) { return refers_to_level(*arg); });
}

RuleNodePtr RuleWriter::analyze_from_call(const sql::TableFunction& function) {
  RuleNodePtr node = analyze(*function.call);
  return node->type.oid == oid::kUnknown && node->tag == RuleTag::kConst ? coerced(std::move(node), Type{oid::kText})
                                                                         : node;
}

void RuleWriter::function_call_in_from(const sql::TableFunction& function) {
  const RuleNodePtr node = analyze_from_call(function);
  if (looks_like_call(*node)) return write(*node, true);
  put("CAST(");
  write(*node, false);
  put(cat(" AS ", names_.type(node->type), ")"));
}

bool RuleWriter::looks_like_call(const RuleNode& node) {
  switch (node.tag) {
    case RuleTag::kFunction:
    case RuleTag::kNullIf:
    case RuleTag::kCoalesce:
    case RuleTag::kMinMax:
    case RuleTag::kValueFunction: return true;
    default: return false;
  }
}

/// (a integer, b text)
void RuleWriter::column_definitions(const sql::TableFunction& function, const std::vector<std::string>* names,
                                    size_t from) {
  put("(");
  for (size_t i = 0; i < function.columns.size(); ++i) {
    const sql::ColumnDefinition& column = *function.columns[i];
    const auto type = binder_.bind_type(*column.type);
    if (!type.ok()) return give_up();
    const TypeDef* domain = binder_.domain_of(*column.type);
    const std::string name =
        names != nullptr && from + i < names->size() ? (*names)[from + i] : std::string(column.name);
    put(cat(i > 0 ? ", " : "", sql::quote_identifier(name), " ",
            names_.type(domain != nullptr ? Type{domain->oid} : *type)));
  }
  put(")");
}

void RuleWriter::function_item(const sql::FunctionRef& ref, Entry* entry) {
  bool lateral = ref.lateral;
  for (const sql::TableFunction& function : ref.functions) {
    lateral = lateral || refers_to_level(*analyze_from_call(function));
  }
  if (lateral) put("LATERAL ");
  const sql::TableFunction& first = ref.functions[0];
  const bool plain = ref.functions.size() == 1 && (first.columns.empty() || !ref.ordinality);
  if (plain) {
    const auto* call = first.call->as<sql::FunctionCall>();
    if (call != nullptr && call->name.back() == "unnest" && call->arguments.size() > 1) {
      put("UNNEST(");
      write_list(analyze(call->arguments), true);
      put(")");
    } else {
      function_call_in_from(first);
    }
  } else {
    put("ROWS FROM(");
    for (size_t i = 0; i < ref.functions.size(); ++i) {
      if (i > 0) put(", ");
      function_call_in_from(ref.functions[i]);
      if (ref.functions[i].columns.empty()) continue;
      put(" AS ");
      column_definitions(ref.functions[i], nullptr, 0);
    }
    put(")");
  }
  if (ref.ordinality) put(" WITH ORDINALITY");
  put(cat(" ", sql::quote_identifier(entry->name)));
  if (plain && !first.columns.empty())
    column_definitions(first, &entry->columns, 0);
  else
    column_aliases(*entry);
}

void RuleWriter::join(const sql::JoinExpr& join) {
  Entry* entry = entry_of(join);
  if (entry == nullptr) return give_up();
  const auto* right = join.right->as<sql::JoinExpr>();
  const bool paren_right = style_.fewer_parentheses && right != nullptr && right->alias == nullptr;
  const bool paren = parentheses() || join.alias != nullptr;
  const bool merges = !entry->merged.empty();
  entry->open = true;
  if (paren) put("(");
  from_item(*join.left);
  std::string_view word = " JOIN ";
  switch (join.type) {
    case sql::JoinType::kLeft: word = " LEFT JOIN "; break;
    case sql::JoinType::kRight: word = " RIGHT JOIN "; break;
    case sql::JoinType::kFull: word = " FULL JOIN "; break;
    default:
      if (join.on == nullptr && !merges) word = " CROSS JOIN ";
  }
  keyword(word, -kIndent, kIndent, kIndentJoin);
  if (paren_right) put("(");
  from_item(*join.right);
  if (paren_right) put(")");
  if (merges) {
    put(" USING (");
    for (size_t i = 0; i < entry->merged.size(); ++i) {
      put(cat(i > 0 ? ", " : "", sql::quote_identifier(entry->merged[i])));
    }
    put(")");
    if (!join.using_alias.empty()) put(cat(" AS ", sql::quote_identifier(join.using_alias)));
  } else if (join.on != nullptr) {
    put(" ON ");
    if (parentheses()) put("(");
    write(*coerced(analyze(*join.on), Type{oid::kBool}), false);
    if (parentheses()) put(")");
  } else if (word != " CROSS JOIN ") {
    put(" ON TRUE");
  }
  entry->open = false;
  if (paren) put(")");
  if (join.alias == nullptr) return;
  put(cat(" ", sql::quote_identifier(entry->name)));
  column_aliases(*entry);
}

}  // namespace troupe
