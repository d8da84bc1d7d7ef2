/// Expressions of the text as PostgreSQL's parse analysis leaves them: IN is = ANY, BETWEEN two comparisons.
#include <algorithm>

#include "runtime/definition/rule_writer.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/types/resolve.hpp"
#include "storage/catalog/function_def.hpp"

namespace troupe {
namespace {

constexpr Type kBoolType{oid::kBool};

RuleNodePtr make_node(RuleTag tag, Type type = kBoolType, RuleNodes args = {}) {
  auto node = std::make_shared<RuleNode>();
  node->tag = tag;
  node->type = type;
  node->args = std::move(args);
  return node;
}

bool is_one_of(Oid type, std::initializer_list<Oid> types) { return std::ranges::find(types, type) != types.end(); }

/// PostgreSQL has operators between these types, so that neither side is cast.
bool has_mixed_operator(std::string_view op, Oid left, Oid right) {
  const bool compares = op == "=" || op == "<>" || op == "<" || op == ">" || op == "<=" || op == ">=";
  const bool computes = op == "+" || op == "-" || op == "*" || op == "/";
  const auto both = [&](std::initializer_list<Oid> types) { return is_one_of(left, types) && is_one_of(right, types); };
  if ((compares || computes) && both({oid::kInt2, oid::kInt4, oid::kInt8})) return true;
  if ((compares || computes) && both({oid::kFloat4, oid::kFloat8})) return true;
  if (compares && both({oid::kDate, oid::kTimestamp, oid::kTimestamptz})) return true;
  return compares && both({oid::kName, oid::kText});
}

bool is_row(const RuleNode& node) { return node.tag == RuleTag::kRow; }
bool is_null(const RuleNode& node) { return node.tag == RuleTag::kConst && node.null; }

bool has_variable(const RuleNode& node) {
  if (node.tag == RuleTag::kVar || node.tag == RuleTag::kWholeRow || node.tag == RuleTag::kMerged) return true;
  return std::ranges::any_of(node.args, [](const RuleNodePtr& arg) { return arg != nullptr && has_variable(*arg); });
}

}  // namespace

RuleNodes RuleWriter::analyze(sql::ExprList list) {
  RuleNodes nodes;
  for (const sql::Expr* expr : list) nodes.push_back(analyze(*expr));
  return nodes;
}

RuleNodePtr RuleWriter::analyze_literal(const sql::Literal& literal) {
  RuleNodePtr node = make_node(RuleTag::kConst, Type{});
  switch (literal.type) {
    case sql::LiteralType::kNull: node->null = true; break;
    case sql::LiteralType::kBoolean:
      node->type = kBoolType;
      node->text = literal.integer != 0 ? "true" : "false";
      break;
    case sql::LiteralType::kInt4:
    case sql::LiteralType::kInt8:
      node->type = Type{literal.type == sql::LiteralType::kInt4 ? oid::kInt4 : oid::kInt8};
      node->text = cat(literal.integer);
      break;
    case sql::LiteralType::kNumeric:
      node->text = std::string(literal.text);
      return typed_constant(*node, Type{oid::kNumeric});
    case sql::LiteralType::kString: node->text = std::string(literal.text); break;
    case sql::LiteralType::kBits: node->text = std::string(literal.text); return typed_constant(*node, Type{oid::kBit});
  }
  return node;
}

RuleNodePtr RuleWriter::column_node(const Expr& value, std::string_view name) {
  RuleNodePtr node = make_node(RuleTag::kVar, value.type);
  node->text = std::string(name);
  if (!value.is_column()) return merged_node(value, name);
  node->relation = value.relation;
  node->column = value.index;
  if (by_relation_.find(value.relation) == by_relation_.end()) give_up();
  return node;
}

/// A column of USING whose sides differ in type: of an inner join the side that is not cast, else the name alone.
RuleNodePtr RuleWriter::merged_node(const Expr& value, std::string_view name) {
  for (size_t i = levels_.size(); i-- > 0;) {
    for (const Entry* entry : levels_[i]->entries) {
      const auto* join = entry->relation == nullptr ? entry->item->as<sql::JoinExpr>() : nullptr;
      if (join == nullptr || join->type != sql::JoinType::kInner) continue;
      const FromNames& names = *notes_.items.find(entry->item)->second;
      const bool merges = std::ranges::any_of(
          names.merged, [&](const NamedColumn& merged) { return merged.name == name && equal(*merged.value, value); });
      ExprPtr right;
      if (merges && find_column(*names.right, name, &right) == LookupResult::kFound && right->is_column() &&
          right->type.oid == value.type.oid) {
        return column_node(*right, name);
      }
    }
  }
  RuleNodePtr node = make_node(RuleTag::kMerged, value.type);
  node->text = std::string(name);
  return node;
}

RuleNodePtr RuleWriter::table_oid_node(const sql::ColumnRef& column) {
  const std::string_view table = column.name.size() > 1 ? column.name[column.name.size() - 2] : std::string_view();
  for (size_t i = levels_.size(); i-- > 0;) {
    for (const Entry* entry : levels_[i]->entries) {
      if (entry->relation == nullptr || entry->relation->table == nullptr) continue;
      if (!table.empty() && entry->relation->alias != table) continue;
      RuleNodePtr node = make_node(RuleTag::kVar, Type{oid::kOid});
      node->relation = entry->relation->number;
      node->column = kTableOidColumn;
      return node;
    }
  }
  give_up();
  return make_node(RuleTag::kVar);
}

/// A column of a domain as a value of the domain's base type.
RuleNodePtr RuleWriter::out_of_domain(RuleNodePtr node) const {
  const Entry* entry = node->tag == RuleTag::kVar ? entry_of(node->relation) : nullptr;
  if (entry == nullptr || entry->relation->table == nullptr || is_pseudo_column(node->column)) return node;
  if (entry->relation->table->columns[node->column].domain == kNoOid) return node;
  RuleNodePtr cast = make_node(RuleTag::kCast, Type{node->type.oid});
  cast->implicit = true;
  cast->args.push_back(std::move(node));
  return cast;
}

/// An argument of the function whose body it is: by its name, and the function's where it could be a column's.
RuleNodePtr RuleWriter::argument_node(uint32_t place, Type type) const {
  RuleNodePtr node = make_node(RuleTag::kParameter, type);
  node->text = cat("$", place + 1);
  if (function_ == nullptr) return node;
  uint32_t number = 0;
  for (const ArgumentDef& argument : function_->arguments) {
    if (!argument.is_input() || number++ != place || argument.name.empty()) continue;
    const bool among_columns = std::ranges::any_of(levels_, [](const Level* level) { return !level->entries.empty(); });
    node->text = cat(among_columns ? sql::quote_identifier(function_->name) + "." : std::string(),
                     sql::quote_identifier(argument.name));
  }
  return node;
}

RuleNodePtr RuleWriter::analyze_column(const sql::ColumnRef& column) {
  const Expr* value = notes_.value_of(column);
  if (value == nullptr) {
    give_up();
    return make_node(RuleTag::kVar);
  }
  if (value->kind == ExprKind::kParameter && function_ != nullptr) return argument_node(value->index, value->type);
  if (column.name.size() > 0 && column.name.back() == "tableoid" && !value->is_column()) return table_oid_node(column);
  const bool row = value->kind == ExprKind::kRow || value->kind == ExprKind::kCase;
  if (!row && !column.star) {
    RuleNodePtr node = column_node(*value, column.name.back());
    if (node->tag == RuleTag::kMerged && value->kind != ExprKind::kCoalesce && value->kind != ExprKind::kCast)
      give_up();
    return node;
  }
  for (size_t i = levels_.size(); i-- > 0;) {
    for (const Entry* entry : levels_[i]->entries) {
      if (entry->relation == nullptr || entry->relation->alias != column.name.back()) continue;
      RuleNodePtr node = make_node(RuleTag::kWholeRow, Type{oid::kRecord});
      node->relation = entry->relation->number;
      return node;
    }
  }
  give_up();
  return make_node(RuleTag::kVar);
}

RuleNodePtr RuleWriter::compare_rows(std::string_view op, const RuleNode& left, const RuleNode& right) {
  if (left.args.size() != right.args.size()) give_up();
  RuleNodes parts;
  for (size_t i = 0; i < std::min(left.args.size(), right.args.size()); ++i) {
    parts.push_back(analyze_operator(op, left.args[i], right.args[i]));
  }
  if (parts.size() == 1) return parts[0];
  if (op == "=") return boolean_node(sql::BooleanOp::kAnd, std::move(parts));
  if (op == "<>") return boolean_node(sql::BooleanOp::kOr, std::move(parts));
  RuleNodePtr node = make_node(RuleTag::kRowCompare);
  node->text = std::string(op);
  RuleNodePtr lefts = make_node(RuleTag::kRow), rights = make_node(RuleTag::kRow);
  for (const RuleNodePtr& part : parts) {
    lefts->args.push_back(part->args[0]);
    rights->args.push_back(part->args[1]);
  }
  node->args = {lefts, rights};
  return node;
}

RuleNodePtr RuleWriter::analyze_operator(std::string_view op, RuleNodePtr left, RuleNodePtr right) {
  if (op == "!=") op = "<>";
  if (left != nullptr && is_row(*left) && is_row(*right)) return compare_rows(op, *left, *right);
  if (left != nullptr) left = out_of_domain(std::move(left));
  right = out_of_domain(std::move(right));
  RuleNodePtr node = make_node(RuleTag::kOperator, Type{});
  node->text = std::string(op);
  std::vector<Type> types;
  if (left != nullptr) types.push_back(left->type);
  types.push_back(right->type);
  const auto call = resolve_operator(op, types);
  if (call.ok()) {
    node->type = call->result;
    const bool mixed = left != nullptr && has_mixed_operator(op, types[0].oid, types[1].oid);
    if (!mixed) {
      if (left != nullptr) left = coerced(std::move(left), Type{call->arguments[0].oid});
      right = coerced(std::move(right), Type{call->arguments.back().oid});
    }
  }
  if (left != nullptr) node->args.push_back(std::move(left));
  node->args.push_back(std::move(right));
  return node;
}

RuleNodePtr RuleWriter::array_operator(std::string_view op, RuleNodePtr left, RuleNodePtr array, bool all) {
  RuleNodePtr node = make_node(RuleTag::kArrayOperator);
  node->text = std::string(op == "!=" ? "<>" : op);
  node->all = all;
  if (array->type.oid == oid::kUnknown && left->type.oid != oid::kUnknown) {
    array = coerced(std::move(array), Type{array_type_of(left->type.oid)});
  }
  const Type types[] = {left->type, Type{element_type_of(array->type.oid)}};
  const auto call = resolve_operator(node->text, types);
  if (call.ok() && !has_mixed_operator(node->text, types[0].oid, types[1].oid)) {
    left = coerced(std::move(left), Type{call->arguments[0].oid});
    array = coerced(std::move(array), Type{array_type_of(call->arguments[1].oid)});
  }
  node->args = {std::move(left), std::move(array)};
  return node;
}

RuleNodePtr RuleWriter::analyze_in_list(const sql::InListExpr& in) {
  RuleNodePtr test = analyze(*in.argument);
  const std::string_view op = in.negated ? "<>" : "=";
  RuleNodes constants, others;
  for (const sql::Expr* item : in.list) {
    RuleNodePtr node = analyze(*item);
    (has_variable(*node) ? others : constants).push_back(std::move(node));
  }
  RuleNodePtr result;
  const auto add = [&](RuleNodePtr comparison) {
    result = result == nullptr ? std::move(comparison)
                               : boolean_node(in.negated ? sql::BooleanOp::kAnd : sql::BooleanOp::kOr,
                                              {result, std::move(comparison)});
  };
  if (constants.size() > 1 && !is_row(*test)) {
    RuleNodes all{test};
    all.insert(all.end(), constants.begin(), constants.end());
    const auto common = select_common_type(types_of(all), "IN");
    const Oid array = common.ok() ? array_type_of(common->oid) : oid::kInvalid;
    if (array != oid::kInvalid) {
      RuleNodePtr list = make_node(RuleTag::kArray, Type{array});
      for (RuleNodePtr& item : constants) list->args.push_back(coerced(std::move(item), Type{common->oid}));
      add(array_operator(op, test, std::move(list), in.negated));
      constants.clear();
    }
  }
  if (!constants.empty() && !others.empty()) {  // in the text's order
    others.clear();
    constants.clear();
    for (const sql::Expr* item : in.list) others.push_back(analyze(*item));
  }
  for (RuleNodePtr& item : constants) add(analyze_operator(op, test, std::move(item)));
  for (RuleNodePtr& item : others) add(analyze_operator(op, test, std::move(item)));
  return result;
}

RuleNodePtr RuleWriter::analyze_between(const sql::BetweenExpr& between) {
  const RuleNodePtr test = analyze(*between.argument), low = analyze(*between.low), high = analyze(*between.high);
  const bool negated = between.negated;
  const auto range = [&](const RuleNodePtr& from, const RuleNodePtr& to) {
    return boolean_node(
        negated ? sql::BooleanOp::kOr : sql::BooleanOp::kAnd,
        {analyze_operator(negated ? "<" : ">=", test, from), analyze_operator(negated ? ">" : "<=", test, to)});
  };
  if (!between.symmetric) return range(low, high);
  return boolean_node(negated ? sql::BooleanOp::kAnd : sql::BooleanOp::kOr, {range(low, high), range(high, low)});
}

RuleNodePtr RuleWriter::analyze_like(const sql::LikeExpr& like) {
  constexpr std::string_view kPlain[] = {"~~", "~~*", "~"}, kNegated[] = {"!~~", "!~~*", "!~"};
  RuleNodePtr pattern = analyze(*like.pattern);
  if (like.escape != nullptr || like.type == sql::LikeType::kSimilar) {
    RuleNodes args{coerced(std::move(pattern), Type{oid::kText})};
    if (like.escape != nullptr) args.push_back(coerced(analyze(*like.escape), Type{oid::kText}));
    const bool similar = like.type == sql::LikeType::kSimilar;
    pattern = named_function(similar ? "similar_to_escape" : "like_escape", Type{oid::kText}, std::move(args));
  }
  const auto which = static_cast<size_t>(like.type);
  return analyze_operator(like.negated ? kNegated[which] : kPlain[which], analyze(*like.argument), std::move(pattern));
}

RuleNodePtr RuleWriter::analyze_case(const sql::CaseExpr& expr) {
  const Expr* value = notes_.value_of(expr);
  RuleNodePtr node = make_node(RuleTag::kCase, value != nullptr ? value->type : Type{});
  RuleNodePtr operand;
  if (expr.argument != nullptr) {
    operand = analyze(*expr.argument);
    if (operand->type.oid == oid::kUnknown) operand = coerced(std::move(operand), Type{oid::kText});
  }
  node->star = operand != nullptr;
  if (operand) node->args.push_back(operand);
  for (const sql::CaseBranch& branch : expr.branches) {
    RuleNodePtr when = analyze(*branch.when);
    if (operand) {
      const RuleNodePtr comparison = analyze_operator("=", operand, std::move(when));
      when = comparison->tag == RuleTag::kOperator ? comparison->args.back() : comparison;
    } else {
      when = coerced(std::move(when), kBoolType);
    }
    node->args.push_back(std::move(when));
    node->args.push_back(coerced(analyze(*branch.then), node->type));
  }
  RuleNodePtr otherwise = make_node(RuleTag::kConst, Type{});
  otherwise->null = true;
  if (expr.otherwise != nullptr) otherwise = analyze(*expr.otherwise);
  node->args.push_back(coerced(std::move(otherwise), node->type));
  return node;
}

RuleNodePtr RuleWriter::analyze_array(const sql::ArrayExpr& array, Oid element) {
  const Type type{element == oid::kInvalid ? oid::kTextArray : array_type_of(element)};
  RuleNodePtr node = make_node(RuleTag::kArray, type);
  for (const sql::Expr* item : array.elements) {
    const auto* inner = item->as<sql::ArrayExpr>();
    node->args.push_back(inner != nullptr ? analyze_array(*inner, element) : coerced(analyze(*item), Type{element}));
  }
  return node;
}

RuleNodePtr RuleWriter::analyze_distinct(const sql::DistinctTest& test) {
  RuleNodePtr left = analyze(*test.left), right = analyze(*test.right);
  if (is_null(*left) || is_null(*right)) {
    RuleNodePtr node = make_node(RuleTag::kNullTest, kBoolType, {is_null(*right) ? std::move(left) : std::move(right)});
    node->text = test.negated ? " IS NULL" : " IS NOT NULL";
    return node;
  }
  const auto one = [&](RuleNodePtr a, RuleNodePtr b) {
    RuleNodePtr same = analyze_operator("=", std::move(a), std::move(b));
    same->tag = RuleTag::kDistinct;
    return same;
  };
  RuleNodePtr node;
  if (is_row(*left) && is_row(*right) && left->args.size() == right->args.size()) {
    RuleNodes parts;
    for (size_t i = 0; i < left->args.size(); ++i) parts.push_back(one(left->args[i], right->args[i]));
    node = parts.size() == 1 ? parts[0] : boolean_node(sql::BooleanOp::kOr, std::move(parts));
  } else {
    node = one(std::move(left), std::move(right));
  }
  return test.negated ? boolean_node(sql::BooleanOp::kNot, {std::move(node)}) : node;
}

RuleNodePtr RuleWriter::analyze_subquery(const sql::SubqueryExpr& subquery) {
  const Expr* value = notes_.value_of(subquery);
  RuleNodePtr node = make_node(RuleTag::kSubLink, value != nullptr ? value->type : Type{});
  node->subquery = subquery.type;
  node->query = subquery.query;
  if (subquery.test == nullptr) return node;
  node->text = subquery.type == sql::SubqueryType::kIn ? "=" : std::string(subquery.op == "!=" ? "<>" : subquery.op);
  const RuleNodePtr test = analyze(*subquery.test);
  const RuleNodes fields = is_row(*test) ? test->args : RuleNodes{test};
  const auto query = notes_.queries.find(subquery.query);
  for (size_t i = 0; i < fields.size(); ++i) {
    if (query == notes_.queries.end() || i >= query->second->targets.size()) {
      node->args.push_back(fields[i]);
      continue;
    }
    RuleNodePtr column = make_node(RuleTag::kParameter, query->second->targets[i].value->type);
    const RuleNodePtr compared = analyze_operator(node->text, fields[i], column);
    node->args.push_back(compared->tag == RuleTag::kOperator ? compared->args[0] : fields[i]);
  }
  return subquery.negated ? boolean_node(sql::BooleanOp::kNot, {std::move(node)}) : node;
}

RuleNodePtr RuleWriter::analyze_indirection(const sql::Indirection& indirection) {
  const Expr* value = notes_.value_of(indirection);
  if (value != nullptr && value->is_column() && by_relation_.contains(value->relation)) {
    return column_node(*value, indirection.accessors.back().field);
  }
  RuleNodePtr node = analyze(*indirection.argument);
  for (const sql::Accessor& accessor : indirection.accessors) {
    if (accessor.kind == sql::Accessor::Kind::kStar) {
      give_up();
      return node;
    }
    if (accessor.kind == sql::Accessor::Kind::kField) {
      RuleNodePtr field = make_node(RuleTag::kField, Type{}, {std::move(node)});
      field->text = std::string(accessor.field);
      node = std::move(field);
      continue;
    }
    const bool json = node->type.oid == oid::kJsonb;
    if (node->tag != RuleTag::kSubscript || node->subscripted != &indirection) {
      const Oid element = json ? oid::kJsonb : element_type_of(node->type.oid);
      node = make_node(RuleTag::kSubscript, Type{element}, {std::move(node)});
      node->subscripted = &indirection;
    }
    const auto bound = [&](const sql::Expr* index) {
      if (index == nullptr) return RuleNodePtr();
      RuleNodePtr at = analyze(*index);
      return json ? (at->type.oid == oid::kUnknown ? coerced(std::move(at), Type{oid::kText}) : at)
                  : coerced(std::move(at), Type{oid::kInt4});
    };
    const bool slice = accessor.kind == sql::Accessor::Kind::kSlice;
    node->bounds.push_back({bound(accessor.lower), bound(accessor.upper), slice});
  }
  if (value != nullptr) node->type = value->type;
  return node;
}

RuleNodePtr RuleWriter::analyze_common(RuleTag tag, sql::ExprList list, Type type) {
  RuleNodePtr node = make_node(tag, type);
  for (const sql::Expr* expr : list) node->args.push_back(coerced(analyze(*expr), Type{type.oid}));
  return node;
}

RuleNodePtr RuleWriter::analyze(const sql::Expr& expr) {
  using sql::NodeKind;
  const Expr* value = notes_.value_of(expr);
  const Type type = value != nullptr ? value->type : Type{};
  switch (expr.kind) {
    case NodeKind::kLiteral: return analyze_literal(expr.to<sql::Literal>());
    case NodeKind::kColumnRef: return analyze_column(expr.to<sql::ColumnRef>());
    case NodeKind::kOperator: {
      const auto& op = expr.to<sql::OperatorExpr>();
      RuleNodePtr left = op.left != nullptr ? analyze(*op.left) : nullptr;
      const auto* subquery = op.right->as<sql::SubqueryExpr>();
      if (left != nullptr && is_row(*left) && subquery != nullptr && subquery->type == sql::SubqueryType::kScalar) {
        RuleNodePtr node = make_node(RuleTag::kSubLink, kBoolType, left->args);
        node->text = std::string(op.op);
        node->subquery = subquery->type;
        node->query = subquery->query;
        return node;
      }
      return analyze_operator(op.op, std::move(left), analyze(*op.right));
    }
    case NodeKind::kBoolean: {
      const auto& boolean = expr.to<sql::BooleanExpr>();
      RuleNodes args;
      for (const sql::Expr* argument : boolean.arguments) {
        RuleNodePtr node = coerced(analyze(*argument), kBoolType);
        const bool flat = args.empty() && node->tag == RuleTag::kBool && node->boolean == boolean.op &&
                          argument->is<sql::BooleanExpr>() && boolean.op != sql::BooleanOp::kNot;
        if (flat)
          args = node->args;
        else
          args.push_back(std::move(node));
      }
      return boolean_node(boolean.op, std::move(args));
    }
    case NodeKind::kFunctionCall: return analyze_call(expr.to<sql::FunctionCall>());
    case NodeKind::kValueFunction: return analyze_value_function(expr.to<sql::ValueFunctionExpr>());
    case NodeKind::kCast: return analyze_cast(expr.to<sql::CastExpr>());
    case NodeKind::kCollate: {
      const auto& collate = expr.to<sql::CollateExpr>();
      RuleNodePtr arg = analyze(*collate.argument);
      if (arg->type.oid == oid::kUnknown) arg = coerced(std::move(arg), Type{oid::kText});
      const Type of = arg->type;
      RuleNodePtr node = make_node(RuleTag::kCollate, of, {std::move(arg)});
      node->text = sql::quote_identifier(collate.collation.back());
      return node;
    }
    case NodeKind::kRow: return make_node(RuleTag::kRow, Type{oid::kRecord}, analyze(expr.to<sql::RowExpr>().fields));
    case NodeKind::kArray: return analyze_array(expr.to<sql::ArrayExpr>(), element_type_of(type.oid));
    case NodeKind::kSubquery: return analyze_subquery(expr.to<sql::SubqueryExpr>());
    case NodeKind::kAnyAll: {
      const auto& any = expr.to<sql::AnyAllExpr>();
      return array_operator(any.op, analyze(*any.left), analyze(*any.array), any.all);
    }
    case NodeKind::kInList: return analyze_in_list(expr.to<sql::InListExpr>());
    case NodeKind::kBetween: return analyze_between(expr.to<sql::BetweenExpr>());
    case NodeKind::kLike: return analyze_like(expr.to<sql::LikeExpr>());
    case NodeKind::kNullTest: {
      const auto& test = expr.to<sql::NullTest>();
      RuleNodePtr node = make_node(RuleTag::kNullTest, kBoolType, {analyze(*test.argument)});
      node->text = test.negated ? " IS NOT NULL" : " IS NULL";
      return node;
    }
    case NodeKind::kBooleanTest: {
      const auto& test = expr.to<sql::BooleanTest>();
      RuleNodePtr node = make_node(RuleTag::kBooleanTest, kBoolType, {coerced(analyze(*test.argument), kBoolType)});
      const std::string_view word = test.value == sql::TruthValue::kTrue    ? "TRUE"
                                    : test.value == sql::TruthValue::kFalse ? "FALSE"
                                                                            : "UNKNOWN";
      node->text = cat(test.negated ? " IS NOT " : " IS ", word);
      return node;
    }
    case NodeKind::kDistinctTest: return analyze_distinct(expr.to<sql::DistinctTest>());
    case NodeKind::kNullIf: {
      const auto& both = expr.to<sql::NullIfExpr>();
      RuleNodePtr node = analyze_operator("=", analyze(*both.left), analyze(*both.right));
      node->tag = RuleTag::kNullIf;
      node->type = type;
      return node;
    }
    case NodeKind::kCoalesce: return analyze_common(RuleTag::kCoalesce, expr.to<sql::CoalesceExpr>().arguments, type);
    case NodeKind::kGreatestLeast: {
      const auto& list = expr.to<sql::GreatestLeastExpr>();
      RuleNodePtr node = analyze_common(RuleTag::kMinMax, list.arguments, type);
      node->text = list.least ? "LEAST(" : "GREATEST(";
      return node;
    }
    case NodeKind::kCase: return analyze_case(expr.to<sql::CaseExpr>());
    case NodeKind::kGrouping:
      return make_node(RuleTag::kGrouping, Type{oid::kInt4}, analyze(expr.to<sql::GroupingExpr>().arguments));
    case NodeKind::kIndirection: return analyze_indirection(expr.to<sql::Indirection>());
    case NodeKind::kDefault: return make_node(RuleTag::kDefault, Type{});
    case NodeKind::kNamedArgument: {
      const auto& named = expr.to<sql::NamedArgument>();
      RuleNodePtr inner = analyze(*named.value);
      const Type of = inner->type;
      RuleNodePtr node = make_node(RuleTag::kNamedArgument, of, {std::move(inner)});
      node->text = std::string(named.name);
      return node;
    }
    case NodeKind::kParameter: return argument_node(expr.to<sql::Parameter>().number - 1, type);
    default: give_up(); return make_node(RuleTag::kVar);
  }
}

}  // namespace troupe
