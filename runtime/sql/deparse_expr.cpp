// Expressions: every operator in parentheses, so that precedence need not be known to read it back.
#include "runtime/sql/deparse.hpp"
#include "runtime/sql/deparser.hpp"
#include "storage/base/text.hpp"

namespace troupe::sql {

void Deparser::exprs(ExprList items, std::string_view separator) {
  list(items, [this](const Expr* item) { expr(*item); }, separator);
}

void Deparser::literal(const Literal& node) {
  switch (node.type) {
    case LiteralType::kNull: return write("NULL");
    case LiteralType::kBoolean: return write(node.integer != 0 ? "true" : "false");
    case LiteralType::kInt4:
    case LiteralType::kInt8: return write(node.integer < 0 ? cat("(", node.integer, ")") : cat(node.integer));
    case LiteralType::kNumeric:
      return write(node.text.front() == '-' ? cat("(", node.text, ")") : std::string(node.text));
    case LiteralType::kString: return string(node.text);
    case LiteralType::kBits:
      write(node.text.front() == 'b' ? "B'" : "X'");
      for (const char digit : node.text.substr(1)) write(digit == '\'' ? "''" : std::string_view(&digit, 1));
      return write("'");
  }
}

// What may stand before :: , [ or . only in parentheses.
void Deparser::operand(const Expr& node) {
  const bool bare = node.is<Literal>() || node.is<ColumnRef>() || node.is<Parameter>() || node.is<FunctionCall>() ||
                    node.is<CastExpr>() || node.is<OperatorExpr>() || node.is<BooleanExpr>() || node.is<ArrayExpr>() ||
                    node.is<SubqueryExpr>();
  if (!bare) write("(");
  expr(node);
  if (!bare) write(")");
}

// `(a).b` is a field of column a, `a.b` a column of table a.
void Deparser::indirection_operand(const Expr& node, Accessor::Kind first) {
  const auto* subquery = node.as<SubqueryExpr>();
  const bool element = first == Accessor::Kind::kSubscript || first == Accessor::Kind::kSlice;
  const bool bare = (node.is<ColumnRef>() && element) || node.is<Parameter>() ||
                    (subquery != nullptr && subquery->type == SubqueryType::kScalar);
  if (!bare) write("(");
  expr(node);
  if (!bare) write(")");
}

void Deparser::accessors(List<Accessor> items) {
  for (const Accessor& item : items) {
    switch (item.kind) {
      case Accessor::Kind::kStar: write(".*"); break;
      case Accessor::Kind::kField:
        write(".");
        identifier(item.field);
        break;
      case Accessor::Kind::kSubscript:
        write("[");
        expr(*item.upper);
        write("]");
        break;
      case Accessor::Kind::kSlice:
        write("[");
        if (item.lower != nullptr) expr(*item.lower);
        write(":");
        if (item.upper != nullptr) expr(*item.upper);
        write("]");
        break;
    }
  }
}

void Deparser::operator_symbol(Name schema, std::string_view op) {
  if (schema.empty()) return write(op);
  write("OPERATOR(");
  name(schema);
  write(".");
  write(op);
  write(")");
}

void Deparser::operator_expr(const OperatorExpr& node) {
  write("(");
  if (node.left != nullptr) {
    expr(*node.left);
    write(" ");
  }
  operator_symbol(node.schema, node.op);
  write(" ");
  expr(*node.right);
  write(")");
}

void Deparser::boolean(const BooleanExpr& node) {
  write("(");
  if (node.op == BooleanOp::kNot) {
    write("NOT ");
    expr(*node.arguments[0]);
  } else {
    exprs(node.arguments, node.op == BooleanOp::kAnd ? " AND " : " OR ");
  }
  write(")");
}

void Deparser::subquery(const SubqueryExpr& node) {
  const bool tested = node.test != nullptr;
  if (tested) {
    write("(");
    expr(*node.test);
    write(" ");
  }
  switch (node.type) {
    case SubqueryType::kScalar: break;
    case SubqueryType::kExists: write("EXISTS "); break;
    case SubqueryType::kArray: write("ARRAY"); break;
    case SubqueryType::kIn: write(node.negated ? "NOT IN " : "IN "); break;
    case SubqueryType::kAny:
    case SubqueryType::kAll:
      operator_symbol(node.schema, node.op);
      write(node.type == SubqueryType::kAny ? " ANY " : " ALL ");
      break;
  }
  write("(");
  select(*node.query);
  write(tested ? "))" : ")");
}

void Deparser::like(const LikeExpr& node) {
  write("(");
  expr(*node.argument);
  write(node.negated ? " NOT" : "");
  write(node.type == LikeType::kLike ? " LIKE " : node.type == LikeType::kILike ? " ILIKE " : " SIMILAR TO ");
  expr(*node.pattern);
  if (node.escape != nullptr) {
    write(" ESCAPE ");
    expr(*node.escape);
  }
  write(")");
}

void Deparser::between(const BetweenExpr& node) {
  write("(");
  expr(*node.argument);
  write(node.negated ? " NOT BETWEEN " : " BETWEEN ");
  if (node.symmetric) write("SYMMETRIC ");
  expr(*node.low);
  write(" AND ");
  expr(*node.high);
  write(")");
}

void Deparser::case_expr(const CaseExpr& node) {
  write("CASE");
  if (node.argument != nullptr) {
    write(" ");
    expr(*node.argument);
  }
  for (const CaseBranch& branch : node.branches) {
    write(" WHEN ");
    expr(*branch.when);
    write(" THEN ");
    expr(*branch.then);
  }
  if (node.otherwise != nullptr) {
    write(" ELSE ");
    expr(*node.otherwise);
  }
  write(" END");
}

void Deparser::cast(const CastExpr& node) {
  operand(*node.argument);
  write("::");
  type(*node.type);
}

// a IS …, IN, ANY: tests that are a kind of node each.
void Deparser::test_expr(const Expr& node) {
  write("(");
  if (const auto* null = node.as<NullTest>()) {
    expr(*null->argument);
    write(null->negated ? " IS NOT NULL" : " IS NULL");
  } else if (const auto* truth = node.as<BooleanTest>()) {
    expr(*truth->argument);
    write(truth->negated ? " IS NOT " : " IS ");
    write(truth->value == TruthValue::kTrue ? "TRUE" : truth->value == TruthValue::kFalse ? "FALSE" : "UNKNOWN");
  } else if (const auto* distinct = node.as<DistinctTest>()) {
    expr(*distinct->left);
    write(distinct->negated ? " IS NOT DISTINCT FROM " : " IS DISTINCT FROM ");
    expr(*distinct->right);
  } else if (const auto* in = node.as<InListExpr>()) {
    expr(*in->argument);
    write(in->negated ? " NOT IN (" : " IN (");
    exprs(in->list);
    write(")");
  } else if (const auto* any = node.as<AnyAllExpr>()) {
    expr(*any->left);
    write(" ");
    operator_symbol(any->schema, any->op);
    write(any->all ? " ALL (" : " ANY (");
    expr(*any->array);
    write(")");
  } else if (const auto* collate = node.as<CollateExpr>()) {
    expr(*collate->argument);
    write(" COLLATE ");
    name(collate->collation);
  }
  write(")");
}

// WORD(a, b)
void Deparser::variable_list(const Expr& node) {
  if (const auto* coalesce = node.as<CoalesceExpr>()) {
    write("COALESCE(");
    exprs(coalesce->arguments);
  } else if (const auto* extreme = node.as<GreatestLeastExpr>()) {
    write(extreme->least ? "LEAST(" : "GREATEST(");
    exprs(extreme->arguments);
  } else if (const auto* nullif = node.as<NullIfExpr>()) {
    write("NULLIF(");
    expr(*nullif->left);
    write(", ");
    expr(*nullif->right);
  } else if (const auto* grouping = node.as<GroupingExpr>()) {
    write("GROUPING(");
    exprs(grouping->arguments);
  }
  write(")");
}

void Deparser::value_function(const ValueFunctionExpr& node) {
  constexpr std::string_view kWords[] = {"CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME",
                                         "LOCALTIMESTAMP", "CURRENT_ROLE", "CURRENT_USER", "USER", "SESSION_USER",
                                         "CURRENT_CATALOG", "CURRENT_SCHEMA"};
  write(kWords[static_cast<size_t>(node.function)]);
  if (node.precision >= 0) write(cat("(", node.precision, ")"));
}

void Deparser::simple_expr(const Expr& node) {
  if (const auto* column = node.as<ColumnRef>()) {
    if (const auto text = texts_ != nullptr && texts_->column ? texts_->column(*column) : std::nullopt) {
      write(*text);
      return;
    }
    name(column->name);
    if (column->star) write(column->name.empty() ? "*" : ".*");
  } else if (const auto* row = node.as<RowExpr>()) {
    write(row->explicit_row ? "ROW(" : "(");
    exprs(row->fields);
    write(")");
  } else if (const auto* array = node.as<ArrayExpr>()) {
    write("ARRAY[");
    exprs(array->elements);
    write("]");
  } else if (const auto* named = node.as<NamedArgument>()) {
    identifier(named->name);
    write(" => ");
    expr(*named->value);
  } else if (const auto* steps = node.as<Indirection>()) {
    indirection_operand(*steps->argument, steps->accessors[0].kind);
    accessors(steps->accessors);
  } else if (const auto* prior = node.as<PriorExpr>()) {
    write("PRIOR ");
    expr(*prior->argument);
  } else if (const auto* semantics = node.as<RowSemanticsExpr>()) {
    write(semantics->final ? "FINAL " : "RUNNING ");
    expr(*semantics->argument);
  } else if (const auto* current = node.as<CurrentOfExpr>()) {
    write("CURRENT OF ");
    identifier(current->cursor);
  }
}

void Deparser::expr(const Expr& node) {
  if (const auto text = texts_ != nullptr && texts_->expression ? texts_->expression(node) : std::nullopt) {
    return write(*text);
  }
  switch (node.kind) {
    case NodeKind::kLiteral: return literal(node.to<Literal>());
    case NodeKind::kParameter: return write(cat("$", node.to<Parameter>().number));
    case NodeKind::kOperator: return operator_expr(node.to<OperatorExpr>());
    case NodeKind::kBoolean: return boolean(node.to<BooleanExpr>());
    case NodeKind::kFunctionCall: return call(node.to<FunctionCall>());
    case NodeKind::kValueFunction: return value_function(node.to<ValueFunctionExpr>());
    case NodeKind::kCast: return cast(node.to<CastExpr>());
    case NodeKind::kSubquery: return subquery(node.to<SubqueryExpr>());
    case NodeKind::kBetween: return between(node.to<BetweenExpr>());
    case NodeKind::kLike: return like(node.to<LikeExpr>());
    case NodeKind::kCase: return case_expr(node.to<CaseExpr>());
    case NodeKind::kDefault: return write("DEFAULT");
    case NodeKind::kNullIf:
    case NodeKind::kCoalesce:
    case NodeKind::kGreatestLeast:
    case NodeKind::kGrouping: return variable_list(node);
    case NodeKind::kNullTest:
    case NodeKind::kBooleanTest:
    case NodeKind::kDistinctTest:
    case NodeKind::kInList:
    case NodeKind::kAnyAll:
    case NodeKind::kCollate: return test_expr(node);
    default: return simple_expr(node);
  }
}

std::string to_sql(const Expr& expression, const NameTexts& texts) {
  Deparser out(texts);
  out.expr(expression);
  return out.take();
}

std::string to_sql(const Expr& expression) {
  Deparser out;
  out.expr(expression);
  return out.take();
}

}  // namespace troupe::sql
