// Casts, transforms, languages, conversions, access methods, operator classes and families.
#include "runtime/sql/grammar_ddl.hpp"

namespace troupe::sql {
namespace {

const OperatorClassItem* parse_operator_item(TokenStream& in) {
  auto* item = in.make<OperatorClassItem>();
  in.skip();
  item->type = OperatorClassItem::Type::kOperator;
  item->number = parse_integer(in);
  const uint32_t position = in.position();
  const OperatorName op = parse_operator_name(in);
  ListBuilder<std::string_view> name(in);
  for (const std::string_view part : op.schema) name.add(part);
  name.add(op.op);
  ObjectRef* ref = make_object_ref(in, ObjectKind::kOperator, name.finish(), position);
  if (in.at(TokenKind::kOpen)) {
    ref->types = parse_list_in_parentheses(
        in, [](TokenStream& s) -> const TypeName* { return s.accept(Keyword::kNone) ? nullptr : parse_type(s); });
  }
  item->object = ref;
  if (in.accept(Keyword::kFor)) {
    if (in.accept(Keyword::kOrder)) {
      in.expect(Keyword::kBy);
      item->order_family = parse_any_name(in);
    } else {
      in.expect(Keyword::kSearch);
    }
  }
  in.accept(Keyword::kRecheck);
  return item;
}

const OperatorClassItem* parse_function_item(TokenStream& in) {
  auto* item = in.make<OperatorClassItem>();
  in.skip();
  item->type = OperatorClassItem::Type::kFunction;
  item->number = parse_integer(in);
  if (in.at(TokenKind::kOpen)) item->types = parse_list_in_parentheses(in, parse_type);
  item->object = parse_routine_ref(in, ObjectKind::kFunction);
  return item;
}

const OperatorClassItem* parse_class_item(TokenStream& in) {
  if (in.at(Keyword::kOperator)) return parse_operator_item(in);
  if (in.at(Keyword::kFunction)) return parse_function_item(in);
  auto* item = in.make<OperatorClassItem>();
  in.expect(Keyword::kStorage);
  item->type = OperatorClassItem::Type::kStorage;
  const TypeName* type = parse_type(in);
  item->types = in.arena().copy(&type, 1);
  return item;
}

const OperatorClassItem* parse_drop_item(TokenStream& in) {
  auto* item = in.make<OperatorClassItem>();
  item->type = in.at(Keyword::kOperator) ? OperatorClassItem::Type::kOperator : OperatorClassItem::Type::kFunction;
  if (!in.accept(Keyword::kOperator)) in.expect(Keyword::kFunction);
  item->number = parse_integer(in);
  item->types = parse_list_in_parentheses(in, parse_type);
  return item;
}

// FROM SQL WITH FUNCTION f, TO SQL WITH FUNCTION g, in either order.
void parse_transform_element(TokenStream& in, CreateTransformStatement* create) {
  const bool from = in.accept(Keyword::kFrom);
  if (!from) in.expect(Keyword::kTo);
  in.expect(Keyword::kSql, Keyword::kWith, Keyword::kFunction);
  (from ? create->from_sql : create->to_sql) = parse_routine_ref(in, ObjectKind::kFunction);
}

Name parse_handler_name(TokenStream& in) { return parse_any_name(in); }

}  // namespace

Statement* parse_create_cast(TokenStream& in, uint32_t position) {
  auto* create = in.make<CreateCastStatement>(position);
  in.expect(TokenKind::kOpen);
  create->source = parse_type(in);
  in.expect(Keyword::kAs);
  create->target = parse_type(in);
  in.expect(TokenKind::kClose);
  if (in.accept(Keyword::kWithout)) {
    in.expect(Keyword::kFunction);
  } else {
    in.expect(Keyword::kWith);
    create->inout = in.accept(Keyword::kInout);
    if (!create->inout) {
      in.expect(Keyword::kFunction);
      create->function = parse_routine_ref(in, ObjectKind::kFunction);
    }
  }
  if (in.accept(Keyword::kAs)) {
    create->context = in.at(Keyword::kImplicit) ? CastContext::kImplicit : CastContext::kAssignment;
    if (!in.accept(Keyword::kImplicit)) in.expect(Keyword::kAssignment);
  }
  return create;
}

Statement* parse_create_transform(TokenStream& in, bool replace, uint32_t position) {
  auto* create = in.make<CreateTransformStatement>(position);
  create->replace = replace;
  in.expect(Keyword::kFor);
  create->type = parse_type(in);
  in.expect(Keyword::kLanguage);
  create->language = parse_column_name(in);
  in.expect(TokenKind::kOpen);
  parse_transform_element(in, create);
  if (in.accept(TokenKind::kComma)) parse_transform_element(in, create);
  in.expect(TokenKind::kClose);
  return create;
}

Statement* parse_create_language(TokenStream& in, bool replace, bool trusted, uint32_t position) {
  auto* create = in.make<CreateLanguageStatement>(position);
  create->replace = replace;
  create->trusted = trusted;
  create->name = parse_word_or_string(in);
  if (!in.accept(Keyword::kHandler)) return create;
  create->handler = parse_handler_name(in);
  if (in.accept(Keyword::kInline)) create->inline_handler = parse_handler_name(in);
  if (in.accept(Keyword::kNo)) {
    in.expect(Keyword::kValidator);
  } else if (in.accept(Keyword::kValidator)) {
    create->validator = parse_handler_name(in);
  }
  return create;
}

Statement* parse_create_conversion(TokenStream& in, bool is_default, uint32_t position) {
  auto* create = in.make<CreateConversionStatement>(position);
  create->is_default = is_default;
  create->name = parse_any_name(in);
  in.expect(Keyword::kFor);
  create->source = parse_string(in);
  in.expect(Keyword::kTo);
  create->target = parse_string(in);
  in.expect(Keyword::kFrom);
  create->function = parse_any_name(in);
  return create;
}

Statement* parse_create_access_method(TokenStream& in, uint32_t position) {
  auto* create = in.make<CreateAccessMethodStatement>(position);
  create->name = parse_column_name(in);
  in.expect(Keyword::kType);
  create->index = in.accept(Keyword::kIndex);
  if (!create->index) in.expect(Keyword::kTable);
  in.expect(Keyword::kHandler);
  create->handler = parse_handler_name(in);
  return create;
}

Statement* parse_create_operator_class(TokenStream& in, uint32_t position) {
  auto* create = in.make<CreateOperatorClassStatement>(position);
  create->name = parse_any_name(in);
  create->is_default = in.accept(Keyword::kDefault);
  in.expect(Keyword::kFor, Keyword::kType);
  create->type = parse_type(in);
  in.expect(Keyword::kUsing);
  create->access_method = parse_column_name(in);
  if (in.accept(Keyword::kFamily)) create->family = parse_any_name(in);
  in.expect(Keyword::kAs);
  create->items = parse_list(in, parse_class_item);
  return create;
}

Statement* parse_create_operator_family(TokenStream& in, uint32_t position) {
  auto* create = in.make<CreateOperatorFamilyStatement>(position);
  create->name = parse_any_name(in);
  in.expect(Keyword::kUsing);
  create->access_method = parse_column_name(in);
  return create;
}

Statement* parse_alter_operator_family(TokenStream& in, const ObjectRef* family, uint32_t position) {
  auto* alter = in.make<AlterOperatorFamilyStatement>(position);
  alter->name = family->name;
  alter->access_method = family->member;
  alter->drop = in.accept(Keyword::kDrop);
  if (!alter->drop) in.expect(Keyword::kAdd);
  alter->items = alter->drop ? parse_list(in, parse_drop_item) : parse_list(in, parse_class_item);
  return alter;
}

}  // namespace troupe::sql
