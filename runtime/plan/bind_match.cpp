/// MATCH_RECOGNIZE's clauses.
#include "runtime/plan/bind_match.hpp"

#include <algorithm>

#include "runtime/sql/deparse.hpp"

namespace troupe {

MatchBinder::MatchBinder(Binder& binder, const sql::MatchRecognize& match, const Scope& input)
    : binder_{binder}, match_{match}, input_{input} {
  spec_->values_relation = binder_.relations++;
  spec_->output_relation = binder_.relations++;
  classifier_relation_ = binder_.relations++;
}

absl::StatusOr<std::shared_ptr<MatchSpec>> MatchBinder::bind() {
  TROUPE_RETURN_IF_ERROR(bind_keys());
  TROUPE_ASSIGN_OR_RETURN(const Pattern pattern, bind_pattern(*match_.pattern));
  auto program = PatternProgram::compile(pattern);
  if (!program.ok()) return binder_.at(program.status(), *match_.pattern);
  spec_->program = std::make_shared<const PatternProgram>(*std::move(program));
  spec_->pattern_text = sql::to_sql(*match_.pattern);
  for (uint16_t i = 0; i < spec_->variables.size(); ++i) names_[i].second = {i};
  TROUPE_RETURN_IF_ERROR(bind_subsets());
  TROUPE_RETURN_IF_ERROR(bind_skip());
  TROUPE_RETURN_IF_ERROR(bind_definitions());
  TROUPE_RETURN_IF_ERROR(bind_measures());
  spec_->rows = static_cast<RowsPerMatch>(match_.rows);
  return spec_;
}

// --- partitions and their order ---

absl::Status MatchBinder::check_key(const sql::Expr& key, std::string_view clause) const {
  const auto* column = key.as<sql::ColumnRef>();
  if (column != nullptr && !column->star) return absl::OkStatus();
  return with_hint(
      binder_.fail(ErrorCode::kFeatureNotSupported, key, clause, " of MATCH_RECOGNIZE takes columns, not expressions"),
      "Compute it in a subquery: FROM (SELECT *, ... AS name FROM t) MATCH_RECOGNIZE (...).");
}

absl::Status MatchBinder::bind_keys() {
  const Site site{&input_, nullptr, Clause::kMeasures, false};
  for (const sql::Expr* expr : match_.partition_by) {
    TROUPE_RETURN_IF_ERROR(check_key(*expr, "PARTITION BY"));
    TROUPE_ASSIGN_OR_RETURN(ExprPtr value, binder_.bind(*expr, site));
    spec_->partition_by.push_back(std::move(value));
  }
  for (const sql::SortItem* item : match_.order_by) {
    TROUPE_RETURN_IF_ERROR(check_key(*item->value, "ORDER BY"));
    TROUPE_ASSIGN_OR_RETURN(SortKey key, binder_.bind_sort_item(*item, site));
    spec_->order.push_back(std::move(key));
  }
  return absl::OkStatus();
}

// --- the pattern ---

uint16_t MatchBinder::number_variable(std::string_view name) {
  for (size_t i = 0; i < names_.size(); ++i) {
    if (names_[i].first == name) return static_cast<uint16_t>(i);
  }
  names_.push_back({name, {}});
  spec_->variables.emplace_back(name);
  return static_cast<uint16_t>(names_.size() - 1);
}

absl::StatusOr<Pattern> MatchBinder::bind_pattern(const sql::PatternExpr& expr) {
  constexpr Pattern::Kind kKinds[] = {
      Pattern::Kind::kVariable, Pattern::Kind::kEmpty,         Pattern::Kind::kStart,
      Pattern::Kind::kEnd,      Pattern::Kind::kConcatenation, Pattern::Kind::kAlternation,
      Pattern::Kind::kPermute,  Pattern::Kind::kExclusion,     Pattern::Kind::kRepeat};
  Pattern pattern;
  pattern.kind = kKinds[static_cast<size_t>(expr.type)];
  pattern.reluctant = expr.reluctant;
  pattern.minimum = expr.minimum;
  pattern.maximum = expr.maximum;
  if (pattern.kind == Pattern::Kind::kVariable) {
    pattern.variable = number_variable(expr.name);
    if (names_.size() > PatternProgram::kStatesMax) {
      return binder_.fail(ErrorCode::kStatementTooComplex, expr, "row pattern has too many variables");
    }
  }
  if (pattern.kind == Pattern::Kind::kExclusion && match_.rows == sql::RowsPerMatch::kWithUnmatched) {
    return binder_.fail(ErrorCode::kSyntaxError, expr,
                        "a pattern with an exclusion cannot be used with ALL ROWS PER MATCH WITH UNMATCHED ROWS");
  }
  for (const sql::PatternExpr* item : expr.items) {
    TROUPE_ASSIGN_OR_RETURN(Pattern part, bind_pattern(*item));
    pattern.items.push_back(std::move(part));
  }
  return pattern;
}

const MatchBinder::Variables* MatchBinder::find_variables(std::string_view name) const {
  for (const auto& [known, variables] : names_) {
    if (known == name) return &variables;
  }
  return nullptr;
}

absl::StatusOr<MatchBinder::Variables> MatchBinder::variables_of(std::string_view name, const sql::Node& node) const {
  if (const Variables* found = find_variables(name)) return *found;
  return binder_.fail(ErrorCode::kUndefinedObject, node, "pattern variable \"", name, "\" does not exist");
}

absl::Status MatchBinder::bind_subsets() {
  for (const sql::MatchSubset* subset : match_.subsets) {
    if (find_variables(subset->name) != nullptr) {
      return binder_.fail(ErrorCode::kDuplicateObject, *subset, "pattern variable \"", subset->name,
                          "\" already exists");
    }
    Variables all;
    for (const std::string_view name : subset->variables) {
      TROUPE_ASSIGN_OR_RETURN(const Variables one, variables_of(name, *subset));
      all.insert(all.end(), one.begin(), one.end());
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    names_.push_back({subset->name, std::move(all)});
  }
  return absl::OkStatus();
}

absl::Status MatchBinder::bind_skip() {
  spec_->skip = static_cast<SkipTo>(match_.skip.to);
  if (match_.skip.variable.empty()) return absl::OkStatus();
  sql::Node place;
  place.position = match_.skip.position;
  TROUPE_ASSIGN_OR_RETURN(spec_->skip_variables, variables_of(match_.skip.variable, place));
  spec_->skip_name = match_.skip.variable;
  return absl::OkStatus();
}

// --- conditions and measures ---

absl::Status MatchBinder::check_expression(const Expr& expr, const sql::Node& node) const {
  bool moves_sequence = false;
  visit_expr(expr, [&](const Expr& part) { moves_sequence = moves_sequence || part.kind == ExprKind::kSequence; });
  return moves_sequence ? binder_.refuse(node, "a sequence in MATCH_RECOGNIZE") : absl::OkStatus();
}

absl::Status MatchBinder::bind_definitions() {
  in_define_ = true;
  spec_->conditions.resize(spec_->variables.size());
  Site site{input_.outer, nullptr, Clause::kDefine, false};
  site.match = this;
  for (const sql::MatchDefinition* definition : match_.definitions) {
    if (definition->variable.empty()) continue;
    const auto known = std::find(spec_->variables.begin(), spec_->variables.end(), definition->variable);
    if (known == spec_->variables.end()) {
      return binder_.fail(ErrorCode::kUndefinedObject, *definition, "pattern variable \"", definition->variable,
                          "\" is defined but does not stand in the pattern");
    }
    ExprPtr& condition = spec_->conditions[static_cast<size_t>(known - spec_->variables.begin())];
    if (condition) {
      return binder_.fail(ErrorCode::kDuplicateObject, *definition, "pattern variable \"", definition->variable,
                          "\" is defined more than once");
    }
    TROUPE_ASSIGN_OR_RETURN(condition, binder_.bind_condition(*definition->condition, site, "DEFINE"));
    TROUPE_RETURN_IF_ERROR(check_expression(*condition, *definition->condition));
    spec_->definition_texts.push_back(
        cat(sql::quote_identifier(definition->variable), " AS ", sql::to_sql(*definition->condition)));
  }
  const bool within = !match_.definitions.empty() && match_.definitions[0]->variable.empty();
  if (within) TROUPE_RETURN_IF_ERROR(bind_within(*match_.definitions[0]->condition, site));
  in_define_ = false;
  return absl::OkStatus();
}

/// WITHIN: behind the variables' conditions comes when a match that begins with the row is over.
absl::Status MatchBinder::bind_within(const sql::Expr& within, const Site& site) {
  if (match_.order_by.empty() || spec_->order[0].descending) {
    return binder_.fail(ErrorCode::kSyntaxError, within, "WITHIN needs ORDER BY, and its first column ascending");
  }
  bool has_columns = false;
  TROUPE_ASSIGN_OR_RETURN(const ExprPtr length, binder_.bind(within, site));
  visit_expr(*length, [&](const Expr& part) { has_columns = has_columns || part.is_column(); });
  if (has_columns) {
    return binder_.fail(ErrorCode::kInvalidColumnReference, within, "WITHIN must not contain columns");
  }
  sql::OperatorExpr sum;
  sum.kind = sql::OperatorExpr::kKind;
  sum.position = within.position;
  sum.op = "+";
  sum.left = match_.order_by[0]->value;
  sum.right = &within;
  TROUPE_ASSIGN_OR_RETURN(ExprPtr end, binder_.bind(sum, site));
  const Type type = spec_->order[0].value->type;
  const Physical physical = type_info(type.oid).physical;
  const bool whole = physical == Physical::kInt16 || physical == Physical::kInt32 || physical == Physical::kInt64;
  if (!whole || type.oid == oid::kTime || end->type.oid != type.oid) {
    return with_hint(binder_.fail(ErrorCode::kDatatypeMismatch, within, "WITHIN of type ", format_type(length->type),
                                  " does not go with ORDER BY a column of type ", format_type(type)),
                     "An interval goes with a timestamp, a whole number with a date or a whole number.");
  }
  spec_->conditions.push_back(std::move(end));
  spec_->pattern_text += cat(" WITHIN ", sql::to_sql(within));
  return absl::OkStatus();
}

absl::Status MatchBinder::bind_measures() {
  Site site{input_.outer, nullptr, Clause::kMeasures, false};
  site.match = this;
  for (const sql::MatchMeasure* measure : match_.measures) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr value, binder_.bind(*measure->value, site));
    TROUPE_ASSIGN_OR_RETURN(value, binder_.settle(std::move(value)));
    TROUPE_RETURN_IF_ERROR(check_expression(*value, *measure->value));
    spec_->measures.push_back(std::move(value));
  }
  return absl::OkStatus();
}

// --- what comes out ---

/// Returns its position in the output.
uint32_t MatchBinder::carry(ExprPtr value) {
  const uint32_t row_value = add_row_value(std::move(value));
  const auto known = std::find(spec_->carried.begin(), spec_->carried.end(), row_value);
  if (known == spec_->carried.end()) spec_->carried.push_back(row_value);
  const auto at = std::find(spec_->carried.begin(), spec_->carried.end(), row_value);
  return static_cast<uint32_t>(at - spec_->carried.begin());
}

absl::Status MatchBinder::bind_targets(std::vector<BoundTarget>* targets) {
  const auto put_column = [&](const ExprPtr& value, std::string_view name) {
    const size_t before = spec_->carried.size();
    const uint32_t at = carry(value);
    if (at < before) return;  // it is there already
    binder_.rights.read(*value);
    const FromNames* leaf = value->is_column() ? leaf_of(input_, value->relation) : nullptr;
    const ColumnOrigin origin = leaf != nullptr ? leaf->relation->origin_of(value->index) : ColumnOrigin{};
    targets->push_back({make_column(value->type, at, spec_->output_relation), std::string(name), origin});
  };
  for (size_t i = 0; i < match_.partition_by.size(); ++i) {
    put_column(spec_->partition_by[i], match_.partition_by[i]->to<sql::ColumnRef>().name.back());
  }
  spec_->partition_columns = static_cast<uint32_t>(spec_->carried.size());
  const bool all_rows = spec_->rows != RowsPerMatch::kOne;
  std::vector<NamedColumn> others;
  if (all_rows) {
    for (size_t i = 0; i < match_.order_by.size(); ++i) {
      put_column(spec_->order[i].value, match_.order_by[i]->value->to<sql::ColumnRef>().name.back());
    }
    for (const auto& item : input_.items) expand_star(*item, &others);
  }
  const size_t measures_at = targets->size();
  for (const NamedColumn& column : others) put_column(column.value, column.name);
  std::vector<BoundTarget> measures;
  for (uint32_t i = 0; i < spec_->measures.size(); ++i) {
    const auto at = static_cast<uint32_t>(spec_->carried.size()) + i;
    measures.push_back(
        {make_column(spec_->measures[i]->type, at, spec_->output_relation), std::string(match_.measures[i]->name)});
  }
  targets->insert(targets->begin() + static_cast<ptrdiff_t>(measures_at), std::make_move_iterator(measures.begin()),
                  std::make_move_iterator(measures.end()));
  if (!targets->empty()) return absl::OkStatus();
  return binder_.fail(ErrorCode::kSyntaxError, match_,
                      "MATCH_RECOGNIZE without PARTITION BY, MEASURES or ALL ROWS PER MATCH has no columns");
}

// --- the FROM item ---

namespace {

/// Functions may look to their left, subqueries when they say so.
bool looks_left(const sql::FromItem& item) {
  const auto* subquery = item.as<sql::SubqueryRef>();
  return item.is<sql::FunctionRef>() || (subquery != nullptr && subquery->lateral);
}

}  // namespace

absl::StatusOr<Binder::FromItem> Binder::bind_match(const sql::MatchRecognize& match, Scope* scope, BoundQuery* query) {
  auto inner = std::make_shared<BoundQuery>();
  Scope inside;
  inside.outer = looks_left(*match.input) ? scope : scope->outer;
  inside.query = inner;
  TROUPE_ASSIGN_OR_RETURN(FromItem input, bind_from_item(*match.input, &inside, inner.get()));
  inside.items.push_back(std::move(input.names));
  inner->from.push_back(std::move(input.tree));
  MatchBinder binder(*this, match, inside);
  TROUPE_ASSIGN_OR_RETURN(inner->match, binder.bind());
  TROUPE_RETURN_IF_ERROR(binder.bind_targets(&inner->targets));

  auto relation = std::make_shared<BoundRelation>();
  relation->kind = BoundRelation::Kind::kSubquery;
  relation->lateral = looks_left(*match.input);
  for (const BoundTarget& target : inner->targets) {
    relation->names.push_back(target.name);
    relation->types.push_back(target.value->type);
    relation->origins.push_back(target.origin);
  }
  relation->query = std::move(inner);
  if (absl::Status status = rename_columns(relation.get(), match.alias); !status.ok()) return at(status, match);
  return leaf(std::move(relation), match.alias != nullptr ? match.alias->name : std::string_view(), query);
}

}  // namespace troupe
