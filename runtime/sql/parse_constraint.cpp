// Constraints of columns, tables and domains.
#include <optional>
#include <utility>

#include "runtime/sql/grammar_ddl.hpp"

namespace troupe::sql {
namespace {

Constraint* make_constraint(TokenStream& in, ConstraintType type, uint32_t position) {
  auto* constraint = in.make<Constraint>(position);
  constraint->type = type;
  return constraint;
}

bool may_be_deferrable(ConstraintType type) { return type >= ConstraintType::kPrimaryKey; }

void parse_index_parameters(TokenStream& in, Constraint* constraint) {
  if (in.at(Keyword::kWith) && in.at_next(TokenKind::kOpen)) {
    in.skip();
    constraint->options = parse_relation_options(in);
  }
  if (in.at(Keyword::kUsing, Keyword::kIndex)) {
    in.skip();
    in.skip();
    in.expect(Keyword::kTablespace);
    constraint->index_tablespace = parse_column_name(in);
  }
}

void parse_null_treatment(TokenStream& in, Constraint* constraint) {
  if (!in.accept(Keyword::kNulls)) return;
  constraint->nulls_not_distinct = in.accept(Keyword::kNot);
  in.expect(Keyword::kDistinct);
}

ReferentialAction parse_action(TokenStream& in, Constraint* constraint, bool on_delete) {
  if (in.accept(Keyword::kRestrict)) return ReferentialAction::kRestrict;
  if (in.accept(Keyword::kCascade)) return ReferentialAction::kCascade;
  if (in.accept(Keyword::kNo)) {
    in.expect(Keyword::kAction);
    return ReferentialAction::kNoAction;
  }
  in.expect(Keyword::kSet);
  const bool null = in.accept(Keyword::kNull);
  if (!null) in.expect(Keyword::kDefault);
  if (in.at(TokenKind::kOpen)) {
    if (!on_delete) in.refuse(in.position(), "a column list with SET NULL or SET DEFAULT for ON UPDATE actions");
    constraint->on_delete_columns = parse_names_in_parentheses(in);
  }
  return null ? ReferentialAction::kSetNull : ReferentialAction::kSetDefault;
}

void parse_references(TokenStream& in, Constraint* constraint) {
  in.expect(Keyword::kReferences);
  constraint->referenced = parse_qualified_name(in);
  constraint->referenced_columns = parse_optional_names(in);
  if (in.accept(Keyword::kMatch)) {
    constraint->match = in.at(Keyword::kFull)      ? MatchType::kFull
                        : in.at(Keyword::kPartial) ? MatchType::kPartial
                                                   : MatchType::kSimple;
    if (!in.accept(Keyword::kFull) && !in.accept(Keyword::kPartial)) in.expect(Keyword::kSimple);
  }
  while (in.at(Keyword::kOn)) {
    in.skip();
    if (in.accept(Keyword::kDelete)) {
      constraint->on_delete = parse_action(in, constraint, true);
    } else {
      in.expect(Keyword::kUpdate);
      constraint->on_update = parse_action(in, constraint, false);
    }
  }
}

void parse_generated(TokenStream& in, Constraint* constraint) {
  const uint32_t position = in.position();
  constraint->identity_always = in.accept(Keyword::kAlways);
  if (!constraint->identity_always) in.expect(Keyword::kBy, Keyword::kDefault);
  in.expect(Keyword::kAs);
  if (in.accept(Keyword::kIdentity)) {
    constraint->type = ConstraintType::kIdentity;
    if (in.accept(TokenKind::kOpen)) {
      constraint->options = parse_sequence_options(in);
      in.expect(TokenKind::kClose);
    }
    return;
  }
  constraint->type = ConstraintType::kGenerated;
  in.expect(TokenKind::kOpen);
  constraint->expression = parse_expr(in);
  in.expect(TokenKind::kClose, Keyword::kStored);
  if (!constraint->identity_always)
    in.fail(ErrorCode::kSyntaxError, position, "for a generated column, GENERATED ALWAYS must be specified");
}

void parse_check(TokenStream& in, Constraint* constraint) {
  in.expect(TokenKind::kOpen);
  constraint->expression = parse_expr(in);
  in.expect(TokenKind::kClose);
}

void accept_no_inherit(TokenStream& in, Constraint* constraint) {
  if (in.accept(Keyword::kNo, Keyword::kInherit)) constraint->no_inherit = true;
}

Constraint* parse_column_element(TokenStream& in, uint32_t position) {
  auto* constraint = make_constraint(in, ConstraintType::kNotNull, position);
  const Keyword keyword = in.at(TokenKind::kWord) ? in.keyword() : Keyword::kNoKeyword;
  if (keyword == Keyword::kReferences) {
    constraint->type = ConstraintType::kForeignKey;
    parse_references(in, constraint);
    return constraint;
  }
  switch (keyword) {
    case Keyword::kNot: in.skip(); in.expect(Keyword::kNull); break;
    case Keyword::kNull:
      in.skip();
      constraint->type = ConstraintType::kNull;
      break;
    case Keyword::kUnique:
      in.skip();
      constraint->type = ConstraintType::kUnique;
      parse_null_treatment(in, constraint);
      parse_index_parameters(in, constraint);
      break;
    case Keyword::kPrimary:
      in.skip();
      in.expect(Keyword::kKey);
      constraint->type = ConstraintType::kPrimaryKey;
      parse_index_parameters(in, constraint);
      break;
    case Keyword::kCheck:
      in.skip();
      constraint->type = ConstraintType::kCheck;
      parse_check(in, constraint);
      accept_no_inherit(in, constraint);
      break;
    case Keyword::kDefault:
      in.skip();
      constraint->type = ConstraintType::kDefault;
      constraint->expression = parse_restricted_expr(in);
      break;
    case Keyword::kGenerated: in.skip(); parse_generated(in, constraint); break;
    default: in.fail();
  }
  return constraint;
}

// UNIQUE and PRIMARY KEY of a table: columns, or an index that exists.
void parse_key(TokenStream& in, Constraint* constraint) {
  if (in.at(Keyword::kUsing, Keyword::kIndex)) {
    in.skip();
    in.skip();
    constraint->index = parse_column_name(in);
    return;
  }
  constraint->columns = parse_names_in_parentheses(in);
  if (in.accept(Keyword::kInclude)) constraint->include = parse_names_in_parentheses(in);
  parse_index_parameters(in, constraint);
}

const IndexElement* parse_exclusion_element(TokenStream& in) {
  auto* element = const_cast<IndexElement*>(parse_index_element(in));  // ours: nobody has seen it yet
  in.expect(Keyword::kWith);
  const OperatorName op = in.accept(Keyword::kOperator) ? parse_parenthesised_operator(in) : parse_operator_name(in);
  element->exclusion_schema = op.schema;
  element->exclusion_operator = op.op;
  return element;
}

void parse_exclude(TokenStream& in, Constraint* constraint) {
  constraint->access_method = parse_optional_access_method(in);
  constraint->exclusions = parse_list_in_parentheses(in, parse_exclusion_element);
  if (in.accept(Keyword::kInclude)) constraint->include = parse_names_in_parentheses(in);
  parse_index_parameters(in, constraint);
  if (in.accept(Keyword::kWhere)) {
    in.expect(TokenKind::kOpen);
    constraint->where = parse_expr(in);
    in.expect(TokenKind::kClose);
  }
}

/// When the constraint is checked, as far as it was said.
struct Deferrability {
  std::optional<bool> deferrable, initially_deferred;
};

/// One clause more; false: it is none. `once`: of a column's constraint nothing may be said twice.
bool accept_deferrability(TokenStream& in, bool once, Deferrability* said) {
  const uint32_t position = in.position();
  const auto fail = [&](std::string_view message) { in.fail(ErrorCode::kSyntaxError, position, message); };
  std::optional<bool>* what = &said->deferrable;
  bool value = true;
  // NOT NULL of a column is another constraint.
  if (in.at(Keyword::kNot) && (once ? in.at_next(Keyword::kDeferrable) : !in.at_next(Keyword::kValid))) {
    in.skip();
    in.expect(Keyword::kDeferrable);
    value = false;
  } else if (in.accept(Keyword::kInitially)) {
    what = &said->initially_deferred;
    value = in.accept(Keyword::kDeferred);
    if (!value) in.expect(Keyword::kImmediate);
  } else if (!in.accept(Keyword::kDeferrable)) {
    return false;
  }
  if (once && *what) {
    fail(what == &said->deferrable ? "multiple DEFERRABLE/NOT DEFERRABLE clauses not allowed"
                                   : "multiple INITIALLY IMMEDIATE/DEFERRED clauses not allowed");
  }
  const std::optional<bool> before = std::exchange(*what, value);
  if (said->deferrable == std::optional(false) && said->initially_deferred == std::optional(true))
    fail("constraint declared INITIALLY DEFERRED must be DEFERRABLE");
  if (before && *before != value) fail("conflicting constraint properties");
  return true;
}

void parse_attributes(TokenStream& in, Constraint* constraint, bool table) {
  Deferrability said;
  for (;;) {
    if (accept_deferrability(in, !table, &said)) continue;
    if (table && in.accept(Keyword::kNot, Keyword::kValid)) {
      constraint->not_valid = true;
    } else if (table && in.accept(Keyword::kNo, Keyword::kInherit)) {
      constraint->no_inherit = true;
    } else {
      break;
    }
  }
  constraint->initially_deferred = said.initially_deferred.value_or(false);
  constraint->deferrable = said.deferrable.value_or(constraint->initially_deferred);
  if (constraint->deferrable && !may_be_deferrable(constraint->type)) {
    in.fail(ErrorCode::kFeatureNotSupported, constraint->position, "CHECK constraints cannot be marked DEFERRABLE");
  }
}

/// DEFERRABLE and its kin where no constraint stands before that can be; empty: none of them.
std::string_view misplaced_clause(TokenStream& in) {
  if (in.at(Keyword::kDeferrable)) return "misplaced DEFERRABLE clause";
  if (in.at(Keyword::kNot, Keyword::kDeferrable)) return "misplaced NOT DEFERRABLE clause";
  if (!in.at(Keyword::kInitially)) return {};
  return in.at_next(Keyword::kDeferred) ? "misplaced INITIALLY DEFERRED clause" : "misplaced INITIALLY IMMEDIATE clause";
}

}  // namespace

void parse_deferrability(TokenStream& in, Constraint* constraint) { parse_attributes(in, constraint, true); }

bool at_column_constraint(TokenStream& in) {
  if (!in.at(TokenKind::kWord)) return false;
  switch (in.keyword()) {
    case Keyword::kConstraint:
    case Keyword::kNull:
    case Keyword::kUnique:
    case Keyword::kPrimary:
    case Keyword::kCheck:
    case Keyword::kDefault:
    case Keyword::kGenerated:
    case Keyword::kReferences:
    case Keyword::kDeferrable:
    case Keyword::kInitially:
    case Keyword::kNot: return true;
    default: return false;
  }
}

const Constraint* parse_column_constraint(TokenStream& in) {
  const uint32_t position = in.position();
  std::string_view name;
  if (in.accept(Keyword::kConstraint)) name = parse_column_name(in);
  if (const std::string_view misplaced = misplaced_clause(in); !misplaced.empty())
    in.fail(ErrorCode::kSyntaxError, position, misplaced);
  Constraint* constraint = parse_column_element(in, position);
  constraint->name = name;
  if (may_be_deferrable(constraint->type)) parse_attributes(in, constraint, false);
  return constraint;
}

bool at_table_constraint(TokenStream& in) {
  if (!in.at(TokenKind::kWord)) return false;
  switch (in.keyword()) {
    case Keyword::kConstraint:
    case Keyword::kCheck:
    case Keyword::kUnique:
    case Keyword::kPrimary:
    case Keyword::kForeign: return true;
    case Keyword::kExclude: return in.at_next(TokenKind::kOpen) || in.at_next(Keyword::kUsing);
    default: return false;
  }
}

const Constraint* parse_table_constraint(TokenStream& in) {
  auto* constraint = in.make<Constraint>();
  if (in.accept(Keyword::kConstraint)) constraint->name = parse_column_name(in);
  if (!at_table_constraint(in) || in.at(Keyword::kConstraint)) in.fail();
  const Keyword keyword = in.keyword();
  in.skip();
  switch (keyword) {
    case Keyword::kCheck:
      constraint->type = ConstraintType::kCheck;
      parse_check(in, constraint);
      break;
    case Keyword::kUnique:
      constraint->type = ConstraintType::kUnique;
      parse_null_treatment(in, constraint);
      parse_key(in, constraint);
      break;
    case Keyword::kPrimary:
      constraint->type = ConstraintType::kPrimaryKey;
      in.expect(Keyword::kKey);
      parse_key(in, constraint);
      break;
    case Keyword::kExclude:
      constraint->type = ConstraintType::kExclude;
      parse_exclude(in, constraint);
      break;
    case Keyword::kForeign:
      constraint->type = ConstraintType::kForeignKey;
      in.expect(Keyword::kKey);
      constraint->columns = parse_names_in_parentheses(in);
      parse_references(in, constraint);
      break;
    default: in.fail();
  }
  parse_attributes(in, constraint, true);
  return constraint;
}

}  // namespace troupe::sql
