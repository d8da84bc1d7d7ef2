// What a statement speaks about: kinds of objects and their names.
#include "runtime/sql/grammar_ddl.hpp"

namespace troupe::sql {
namespace {

bool parse_text_search_kind(TokenStream& in, ObjectKind* kind) {
  in.skip();
  in.expect(Keyword::kSearch);
  if (in.accept(Keyword::kParser)) {
    *kind = ObjectKind::kTextSearchParser;
  } else if (in.accept(Keyword::kDictionary)) {
    *kind = ObjectKind::kTextSearchDictionary;
  } else if (in.accept(Keyword::kTemplate)) {
    *kind = ObjectKind::kTextSearchTemplate;
  } else {
    in.expect(Keyword::kConfiguration);
    *kind = ObjectKind::kTextSearchConfiguration;
  }
  return true;
}

bool parse_foreign_kind(TokenStream& in, ObjectKind* kind) {
  in.skip();
  if (in.accept(Keyword::kTable)) {
    *kind = ObjectKind::kForeignTable;
    return true;
  }
  in.expect(Keyword::kData, Keyword::kWrapper);
  *kind = ObjectKind::kForeignDataWrapper;
  return true;
}

bool take_kind(TokenStream& in, ObjectKind* kind, ObjectKind value) {
  in.skip();
  *kind = value;
  return true;
}

bool take_kind_of_two(TokenStream& in, ObjectKind* kind, ObjectKind value, Keyword second) {
  in.skip();
  in.expect(second);
  *kind = value;
  return true;
}

bool parse_operator_kind(TokenStream& in, ObjectKind* kind) {
  in.skip();
  *kind = ObjectKind::kOperator;
  if (!in.at_next(TokenKind::kDot)) {
    if (in.accept(Keyword::kClass)) *kind = ObjectKind::kOperatorClass;
    else if (in.accept(Keyword::kFamily)) *kind = ObjectKind::kOperatorFamily;
  }
  return true;
}

const ObjectRef* parse_member(TokenStream& in, ObjectKind kind) {
  auto* ref = in.make<ObjectRef>();
  ref->object = kind;
  ref->member = parse_column_name(in);
  in.expect(Keyword::kOn);
  if (kind == ObjectKind::kTableConstraint && in.at(Keyword::kDomain)) {
    in.skip();
    ref->object = ObjectKind::kDomainConstraint;
    const TypeName* type = parse_type(in);
    ref->types = in.arena().copy(&type, 1);
    return ref;
  }
  ref->name = parse_any_name(in);
  return ref;
}

const ObjectRef* parse_cast_ref(TokenStream& in) {
  auto* ref = in.make<ObjectRef>();
  ref->object = ObjectKind::kCast;
  in.expect(TokenKind::kOpen);
  const TypeName* source = parse_type(in);
  in.expect(Keyword::kAs);
  const TypeName* types[] = {source, parse_type(in)};
  ref->types = in.arena().copy(types, 2);
  in.expect(TokenKind::kClose);
  return ref;
}

const ObjectRef* parse_transform_ref(TokenStream& in) {
  auto* ref = in.make<ObjectRef>();
  ref->object = ObjectKind::kTransform;
  in.expect(Keyword::kFor);
  const TypeName* type = parse_type(in);
  ref->types = in.arena().copy(&type, 1);
  in.expect(Keyword::kLanguage);
  ref->name = make_name(in, {parse_column_name(in)});
  return ref;
}

const ObjectRef* parse_type_ref(TokenStream& in, ObjectKind kind) {
  auto* ref = in.make<ObjectRef>();
  ref->object = kind;
  const TypeName* type = parse_type(in);
  ref->types = in.arena().copy(&type, 1);
  ref->name = type->name;
  return ref;
}

const ObjectRef* parse_aggregate_ref(TokenStream& in) {
  auto* ref = in.make<ObjectRef>();
  ref->object = ObjectKind::kAggregate;
  ref->name = parse_function_name(in);
  ref->has_arguments = true;
  bool star = false;
  parse_aggregate_arguments(in, &star, &ref->arguments, &ref->order_by_arguments);
  return ref;
}

}  // namespace

bool is_relation(ObjectKind kind) { return kind <= ObjectKind::kSequence; }

ObjectRef* make_object_ref(TokenStream& in, ObjectKind kind, Name name, uint32_t position) {
  auto* ref = in.make<ObjectRef>(position);
  ref->object = kind;
  ref->name = name;
  return ref;
}

bool parse_object_kind(TokenStream& in, ObjectKind* kind) {
  if (!in.at(TokenKind::kWord)) return false;
  if (in.at_word("stream")) return take_kind(in, kind, ObjectKind::kStream);
  switch (in.keyword()) {
    case Keyword::kTable: return take_kind(in, kind, ObjectKind::kTable);
    case Keyword::kForeign: return parse_foreign_kind(in, kind);
    case Keyword::kView: return take_kind(in, kind, ObjectKind::kView);
    case Keyword::kMaterialized: return take_kind_of_two(in, kind, ObjectKind::kMaterializedView, Keyword::kView);
    case Keyword::kIndex: return take_kind(in, kind, ObjectKind::kIndex);
    case Keyword::kSequence: return take_kind(in, kind, ObjectKind::kSequence);
    case Keyword::kColumn: return take_kind(in, kind, ObjectKind::kColumn);
    case Keyword::kConstraint: return take_kind(in, kind, ObjectKind::kTableConstraint);
    case Keyword::kSchema: return take_kind(in, kind, ObjectKind::kSchema);
    case Keyword::kDatabase: return take_kind(in, kind, ObjectKind::kDatabase);
    case Keyword::kTablespace: return take_kind(in, kind, ObjectKind::kTablespace);
    case Keyword::kRole: return take_kind(in, kind, ObjectKind::kRole);
    case Keyword::kFunction: return take_kind(in, kind, ObjectKind::kFunction);
    case Keyword::kProcedure: return take_kind(in, kind, ObjectKind::kProcedure);
    case Keyword::kRoutine: return take_kind(in, kind, ObjectKind::kRoutine);
    case Keyword::kAggregate: return take_kind(in, kind, ObjectKind::kAggregate);
    case Keyword::kOperator: return parse_operator_kind(in, kind);
    case Keyword::kType: return take_kind(in, kind, ObjectKind::kType);
    case Keyword::kDomain: return take_kind(in, kind, ObjectKind::kDomain);
    case Keyword::kCollation: return take_kind(in, kind, ObjectKind::kCollation);
    case Keyword::kConversion: return take_kind(in, kind, ObjectKind::kConversion);
    case Keyword::kCast: return take_kind(in, kind, ObjectKind::kCast);
    case Keyword::kTransform: return take_kind(in, kind, ObjectKind::kTransform);
    case Keyword::kProcedural: return take_kind_of_two(in, kind, ObjectKind::kLanguage, Keyword::kLanguage);
    case Keyword::kLanguage: return take_kind(in, kind, ObjectKind::kLanguage);
    case Keyword::kExtension: return take_kind(in, kind, ObjectKind::kExtension);
    case Keyword::kEvent: return take_kind_of_two(in, kind, ObjectKind::kEventTrigger, Keyword::kTrigger);
    case Keyword::kTrigger: return take_kind(in, kind, ObjectKind::kTrigger);
    case Keyword::kRule: return take_kind(in, kind, ObjectKind::kRule);
    case Keyword::kPolicy: return take_kind(in, kind, ObjectKind::kPolicy);
    case Keyword::kPublication: return take_kind(in, kind, ObjectKind::kPublication);
    case Keyword::kSubscription: return take_kind(in, kind, ObjectKind::kSubscription);
    case Keyword::kStatistics: return take_kind(in, kind, ObjectKind::kStatistics);
    case Keyword::kAccess: return take_kind_of_two(in, kind, ObjectKind::kAccessMethod, Keyword::kMethod);
    case Keyword::kServer: return take_kind(in, kind, ObjectKind::kForeignServer);
    case Keyword::kText: return parse_text_search_kind(in, kind);
    case Keyword::kLarge: return take_kind_of_two(in, kind, ObjectKind::kLargeObject, Keyword::kObject);
    default: return false;
  }
}

const ObjectRef* parse_routine_ref(TokenStream& in, ObjectKind kind) {
  auto* ref = in.make<ObjectRef>();
  ref->object = kind;
  const bool qualified = in.at_next(TokenKind::kDot);
  if (qualified) {
    ref->name = parse_any_name(in);
  } else {
    if (!can_name_column(in.token()) && !can_name_type_or_function(in.token())) in.fail();
    ref->name = make_name(in, {parse_label(in)});
  }
  if (in.at(TokenKind::kOpen)) {
    ref->has_arguments = true;
    ref->arguments = parse_parameters(in);
  }
  return ref;
}

const ObjectRef* parse_operator_ref(TokenStream& in) {
  auto* ref = in.make<ObjectRef>();
  ref->object = ObjectKind::kOperator;
  const OperatorName op = parse_operator_name(in);
  ListBuilder<std::string_view> name(in);
  for (const std::string_view part : op.schema) name.add(part);
  name.add(op.op);
  ref->name = name.finish();
  in.expect(TokenKind::kOpen);
  const auto operand = [&in]() -> const TypeName* {
    return in.accept(Keyword::kNone) ? nullptr : parse_type(in);
  };
  const TypeName* types[2] = {operand(), nullptr};
  if (in.at(TokenKind::kClose))
    in.fail(ErrorCode::kSyntaxError, in.position(), "missing argument",
            "Use NONE to denote the missing argument of a unary operator.");
  in.expect(TokenKind::kComma);
  types[1] = operand();
  ref->types = in.arena().copy(types, 2);
  in.expect(TokenKind::kClose);
  return ref;
}

const ObjectRef* parse_object_ref(TokenStream& in, ObjectKind kind) {
  const uint32_t position = in.position();
  switch (kind) {
    case ObjectKind::kTableConstraint:
    case ObjectKind::kPolicy:
    case ObjectKind::kRule:
    case ObjectKind::kTrigger: return parse_member(in, kind);
    case ObjectKind::kFunction:
    case ObjectKind::kProcedure:
    case ObjectKind::kRoutine: return parse_routine_ref(in, kind);
    case ObjectKind::kAggregate: return parse_aggregate_ref(in);
    case ObjectKind::kOperator: return parse_operator_ref(in);
    case ObjectKind::kOperatorClass:
    case ObjectKind::kOperatorFamily: {
      ObjectRef* ref = make_object_ref(in, kind, parse_any_name(in), position);
      in.expect(Keyword::kUsing);
      ref->member = parse_column_name(in);
      return ref;
    }
    case ObjectKind::kType:
    case ObjectKind::kDomain: return parse_type_ref(in, kind);
    case ObjectKind::kCast: return parse_cast_ref(in);
    case ObjectKind::kTransform: return parse_transform_ref(in);
    case ObjectKind::kLargeObject: {
      const std::string_view number = in.raw(in.token());
      parse_numeric_only(in);
      return make_object_ref(in, kind, make_name(in, {number}), position);
    }
    default: return make_object_ref(in, kind, parse_any_name(in), position);
  }
}

}  // namespace troupe::sql
