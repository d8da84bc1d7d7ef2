/// get_rule_expr() and what it calls.
#include "runtime/definition/rule_writer.hpp"
#include "runtime/sql/deparse.hpp"

namespace troupe {
namespace {

constexpr int kIndentColumn = 4;

bool is_operator(const RuleNode& node) { return node.tag == RuleTag::kOperator; }

/// The one character of a binary operator's name; 0: it has more.
char simple_operator(const RuleNode& node) {
  return node.args.size() == 2 && node.text.size() == 1 ? node.text[0] : '\0';
}

/// Whether what stands inside needs no parentheses because the outer has its own, or binds less.
bool encloses(const RuleNode& parent) {
  switch (parent.tag) {
    case RuleTag::kFunction: return parent.syntax == sql::CallSyntax::kPlain;
    case RuleTag::kSubscript:
    case RuleTag::kArray:
    case RuleTag::kRow:
    case RuleTag::kCoalesce:
    case RuleTag::kMinMax:
    case RuleTag::kNullIf:
    case RuleTag::kAggregate:
    case RuleTag::kGrouping:
    case RuleTag::kWindow:
    case RuleTag::kCase: return true;
    default: return false;
  }
}

bool is_simple_operand(const RuleNode& node, const RuleNode& parent) {
  const char op = simple_operator(node), outer = simple_operator(parent);
  const auto low = [](char c) { return c == '+' || c == '-'; };
  const auto high = [](char c) { return c == '*' || c == '/' || c == '%'; };
  if (!(low(op) || high(op)) || !(low(outer) || high(outer))) return false;
  if (high(op) && low(outer)) return true;
  if (low(op) && high(outer)) return false;
  return &node == parent.args[0].get();
}

/// A text as a literal: backslashes are themselves.
std::string literal(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out.append(c == '\'' ? 2 : 1, c);
  return out + "'";
}

}  // namespace

bool RuleWriter::is_simple(const RuleNode& node, const RuleNode& parent) const {
  switch (node.tag) {
    case RuleTag::kField: return parent.tag != RuleTag::kField;
    case RuleTag::kCast: return node.by_function || is_simple(*node.args[0], node);
    case RuleTag::kOperator:
      if (style_.fewer_parentheses && is_operator(parent)) return is_simple_operand(node, parent);
      return parent.tag == RuleTag::kBool || encloses(parent);
    case RuleTag::kSubLink:
    case RuleTag::kNullTest:
    case RuleTag::kBooleanTest:
    case RuleTag::kDistinct: return parent.tag == RuleTag::kBool || encloses(parent);
    case RuleTag::kBool: {
      if (parent.tag != RuleTag::kBool) return encloses(parent);
      if (!style_.fewer_parentheses) return false;
      if (node.boolean == sql::BooleanOp::kOr) return parent.boolean == sql::BooleanOp::kOr;
      return parent.boolean != sql::BooleanOp::kNot;
    }
    case RuleTag::kArrayOperator:
    case RuleTag::kRowCompare:
    case RuleTag::kCollate:
    case RuleTag::kNamedArgument: return false;
    default: return true;
  }
}

void RuleWriter::write_inside(const RuleNode& node, bool implicit, const RuleNode& parent) {
  const bool paren = style_.fewer_parentheses && !is_simple(node, parent);
  if (paren) put("(");
  write(node, implicit);
  if (paren) put(")");
}

void RuleWriter::write_list(const RuleNodes& nodes, bool implicit, size_t from) {
  for (size_t i = from; i < nodes.size(); ++i) {
    if (i > from) put(", ");
    write(*nodes[i], implicit);
  }
}

void RuleWriter::write_toplevel(const RuleNode& node, bool implicit) {
  if (node.tag == RuleTag::kWholeRow)
    write_variable(node, true);
  else
    write(node, implicit);
}

void RuleWriter::write_constant(const RuleNode& node, int show_type) {
  const auto label = [&] { put(cat("::", names_.type(node.type))); };
  if (node.null) {
    put("NULL");
    if (show_type >= 0) label();
    return;
  }
  bool needs_label = true;
  switch (node.type.oid) {
    case oid::kInt4:
      needs_label = node.text.starts_with('-');
      put(needs_label ? literal(node.text) : node.text);
      break;
    case oid::kNumeric: {
      const bool plain = !node.text.empty() && std::isdigit(static_cast<unsigned char>(node.text[0])) != 0 &&
                         node.text.find_first_of("eE.") != std::string::npos;
      needs_label = !plain || node.type.typmod >= 0;
      put(plain ? node.text : literal(node.text));
      break;
    }
    case oid::kBool:
      needs_label = false;
      put(node.text == "t" || node.text == "true" ? "true" : "false");
      break;
    default: needs_label = node.type.oid != oid::kUnknown; put(literal(node.text));
  }
  if (show_type >= 0 && (needs_label || show_type > 0) && node.type.oid != oid::kUnknown) label();
}

void RuleWriter::write_cast(const RuleNode& arg, Type type, const RuleNode& parent) {
  if (arg.tag == RuleTag::kConst && arg.type.oid == type.oid && arg.type.typmod < 0) {
    write_constant(arg, -1);
  } else {
    if (parentheses()) put("(");
    write_inside(arg, false, parent);
    if (parentheses()) put(")");
  }
  put(cat("::", names_.type(type)));
}

std::string RuleWriter::write_variable(const RuleNode& node, bool toplevel) {
  if (node.tag == RuleTag::kMerged) {
    put(sql::quote_identifier(node.text));
    return node.text;
  }
  const Entry* entry = entry_of(node.relation);
  if (entry == nullptr) {
    give_up();
    return {};
  }
  if (node.tag == RuleTag::kWholeRow) {
    put(cat(sql::quote_identifier(entry->name), ".*"));
    const BoundRelation& relation = *entry->relation;
    const bool named = relation.table != nullptr || relation.view != nullptr || relation.system != nullptr;
    if (toplevel) put(cat("::", named ? names_.relation(relation, false) : "record"));
    return {};
  }
  const std::string name = node.column == kTableOidColumn        ? "tableoid"
                           : node.column < entry->columns.size() ? entry->columns[node.column]
                                                                 : "?dropped?column?";
  if (entry->relation->table != nullptr && entry->relation->table->name.empty() && name == kDomainValueName) {
    put("VALUE");
    return name;
  }
  // A join with a name of its own hides what it is of.
  const Entry* shown = entry;
  std::string column = name;
  for (const Level* level : levels_) {
    for (const Entry* join : level->entries) {
      if (join->relation != nullptr || join->name.empty() || join->open) continue;
      const auto item = notes_.items.find(join->item);
      if (item == notes_.items.end()) continue;
      const auto& columns = item->second->columns;
      for (size_t i = 0; i < columns.size() && i < join->columns.size(); ++i) {
        const Expr& value = *columns[i].value;
        if (!value.is_column() || value.relation != node.relation || value.index != node.column) continue;
        shown = join;
        column = join->columns[i];
      }
    }
  }
  if (prefix_) put(cat(sql::quote_identifier(shown->name), "."));
  put(sql::quote_identifier(column));
  return column;
}

void RuleWriter::write_case(const RuleNode& node) {
  size_t i = 0;
  keyword("CASE", 0, kIndentColumn, 0);
  if (node.star) {
    put(" ");
    write(*node.args[i++], true);
  }
  for (; i + 1 < node.args.size(); i += 2) {
    if (!style_.lines) put(" ");
    keyword("WHEN ", 0, 0, 0);
    write(*node.args[i], false);
    put(" THEN ");
    write(*node.args[i + 1], true);
  }
  if (!style_.lines) put(" ");
  keyword("ELSE ", 0, 0, 0);
  write(*node.args.back(), true);
  if (!style_.lines) put(" ");
  keyword("END", -kIndentColumn, 0, 0);
}

void RuleWriter::write_sublink(const RuleNode& node) {
  put(node.subquery == sql::SubqueryType::kArray ? "ARRAY(" : "(");
  if (!node.args.empty()) {
    if (node.args.size() > 1) put("(");
    write_list(node.args, true);
    if (node.args.size() > 1) put(")");
  }
  bool paren = true;
  switch (node.subquery) {
    case sql::SubqueryType::kExists: put("EXISTS "); break;
    case sql::SubqueryType::kIn: put(" IN "); break;
    case sql::SubqueryType::kAny: put(node.text == "=" ? " IN " : cat(" ", node.text, " ANY ")); break;
    case sql::SubqueryType::kAll: put(cat(" ", node.text, " ALL ")); break;
    case sql::SubqueryType::kArray: paren = false; break;
    case sql::SubqueryType::kScalar:
      paren = !node.args.empty();
      if (paren) put(cat(" ", node.text, " "));
      break;
  }
  if (paren) put("(");
  query(*node.query, nullptr, false);
  put(paren ? "))" : ")");
}

void RuleWriter::write_subscript(const RuleNode& node) {
  const RuleNode& base = *node.args[0];
  const bool paren = base.tag != RuleTag::kVar && base.tag != RuleTag::kField;
  if (paren) put("(");
  write(base, true);
  if (paren) put(")");
  for (const RuleNode::Bounds& bounds : node.bounds) {
    put("[");
    if (bounds.slice) {
      if (bounds.lower) write(*bounds.lower, false);
      put(":");
    }
    if (bounds.upper) write(*bounds.upper, false);
    put("]");
  }
}

void RuleWriter::write(const RuleNode& node, bool implicit) {
  const auto in_own = [&](auto&& inside) {
    if (parentheses()) put("(");
    inside();
    if (parentheses()) put(")");
  };
  const auto listed = [&](std::string_view before) {
    put(before);
    write_list(node.args, true);
    put(")");
  };
  switch (node.tag) {
    case RuleTag::kVar:
    case RuleTag::kWholeRow:
    case RuleTag::kMerged: write_variable(node, false); return;
    case RuleTag::kConst: return write_constant(node, 0);
    case RuleTag::kParameter: return put(node.text);
    case RuleTag::kFunction: return write_function(node, implicit);
    case RuleTag::kCast:
      if (node.implicit && !implicit) return write_inside(*node.args[0], false, node);
      return write_cast(*node.args[0], node.type, node);
    case RuleTag::kOperator:
      return in_own([&] {
        if (node.args.size() == 2) {
          write_inside(*node.args[0], true, node);
          put(cat(" ", node.text, " "));
        } else {
          put(cat(node.text, " "));
        }
        write_inside(*node.args.back(), true, node);
      });
    case RuleTag::kDistinct:
      return in_own([&] {
        write_inside(*node.args[0], true, node);
        put(" IS DISTINCT FROM ");
        write_inside(*node.args[1], true, node);
      });
    case RuleTag::kArrayOperator:
      return in_own([&] {
        write_inside(*node.args[0], true, node);
        put(cat(" ", node.text, node.all ? " ALL (" : " ANY ("));
        write_inside(*node.args[1], true, node);
        const bool query = node.args[1]->tag == RuleTag::kSubLink;
        if (query) put(cat("::", names_.type(node.args[1]->type)));
        put(")");
      });
    case RuleTag::kBool:
      return in_own([&] {
        if (node.boolean == sql::BooleanOp::kNot) put("NOT ");
        for (size_t i = 0; i < node.args.size(); ++i) {
          if (i > 0) put(node.boolean == sql::BooleanOp::kAnd ? " AND " : " OR ");
          write_inside(*node.args[i], false, node);
        }
      });
    case RuleTag::kSubLink: return write_sublink(node);
    case RuleTag::kField: {
      const RuleTag inner = node.args[0]->tag;
      const bool paren = inner != RuleTag::kSubscript && inner != RuleTag::kField;
      if (paren) put("(");
      write(*node.args[0], true);
      if (paren) put(")");
      return put(cat(".", sql::quote_identifier(node.text)));
    }
    case RuleTag::kSubscript: return write_subscript(node);
    case RuleTag::kCase: return write_case(node);
    case RuleTag::kArray:
      put("ARRAY[");
      write_list(node.args, true);
      put("]");
      if (node.args.empty()) put(cat("::", names_.type(node.type)));
      return;
    case RuleTag::kRow:
      put("ROW(");
      for (size_t i = 0; i < node.args.size(); ++i) {
        if (i > 0) put(", ");
        write_toplevel(*node.args[i], true);
      }
      put(")");
      if (is_composite_type(node.type.oid)) put(cat("::", names_.type(node.type)));
      return;
    case RuleTag::kRowCompare:
      put("(");
      write(*node.args[0], true);
      put(cat(" ", node.text, " "));
      write(*node.args[1], true);
      return put(")");
    case RuleTag::kCoalesce: return listed("COALESCE(");
    case RuleTag::kMinMax: return listed(node.text);
    case RuleTag::kNullIf: return listed("NULLIF(");
    case RuleTag::kGrouping: return listed("GROUPING(");
    case RuleTag::kValueFunction: return put(node.text);
    case RuleTag::kNullTest:
    case RuleTag::kBooleanTest:
      return in_own([&] {
        write_inside(*node.args[0], node.tag == RuleTag::kNullTest, node);
        put(node.text);
      });
    case RuleTag::kAggregate: return write_aggregate(node);
    case RuleTag::kWindow: return write_window(node);
    case RuleTag::kCollate:
      return in_own([&] {
        write_inside(*node.args[0], implicit, node);
        put(cat(" COLLATE ", node.text));
      });
    case RuleTag::kDomainValue: return put("VALUE");
    case RuleTag::kDefault: return put("DEFAULT");
    case RuleTag::kNamedArgument:
      put(cat(sql::quote_identifier(node.text), " => "));
      return write(*node.args[0], implicit);
  }
}

}  // namespace troupe
