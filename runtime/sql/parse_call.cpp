// Function calls, and SQL's functions with a syntax of their own.
#include "runtime/sql/grammar.hpp"

namespace troupe::sql {
namespace {

const Expr* parse_argument(TokenStream& in) {
  const bool named = can_name_type_or_function(in.token()) &&
                     (in.at_next(TokenKind::kArrow) || in.at_next(TokenKind::kColonEquals));
  if (!named) return parse_expr(in);
  auto* argument = in.make<NamedArgument>();
  argument->name = parse_type_function_name(in);
  in.skip();
  argument->value = parse_expr(in);
  return argument;
}

void parse_arguments(TokenStream& in, FunctionCall* call) {
  if (in.accept(Keyword::kDistinct)) {
    call->distinct = true;
  } else {
    in.accept(Keyword::kAll);
  }
  ListBuilder<const Expr*> arguments(in);
  do {
    call->variadic = in.accept(Keyword::kVariadic);
    arguments.add(parse_argument(in));
  } while (!call->variadic && in.accept(TokenKind::kComma));
  call->arguments = arguments.finish();
  call->order_by = parse_optional_order_by(in);
}

// (…) after a function's name.
FunctionCall* parse_application(TokenStream& in, Name name, uint32_t position) {
  auto* call = in.make<FunctionCall>(position);
  call->name = name;
  in.expect(TokenKind::kOpen);
  if (in.accept(TokenKind::kClose)) return call;
  if (in.at(TokenKind::kStar)) {
    in.skip();
    call->star = true;
  } else {
    if (in.at(TokenKind::kPlus) && in.at_next(TokenKind::kClose))
      in.refuse(in.position(), "outer join operator (+)", "Write FROM a LEFT JOIN b ON a.x = b.x.");
    parse_arguments(in, call);
  }
  in.expect(TokenKind::kClose);
  return call;
}

void parse_within_group(TokenStream& in, FunctionCall* call) {
  const uint32_t position = in.position();
  in.skip();
  in.expect(Keyword::kGroup, TokenKind::kOpen);
  const char* problem = nullptr;
  if (!call->order_by.empty()) problem = "cannot use multiple ORDER BY clauses with WITHIN GROUP";
  if (call->distinct) problem = "cannot use DISTINCT with WITHIN GROUP";
  if (call->variadic) problem = "cannot use VARIADIC with WITHIN GROUP";
  if (problem != nullptr) in.fail(ErrorCode::kSyntaxError, position, problem);
  call->order_by = parse_order_by(in);
  call->within_group = true;
  in.expect(TokenKind::kClose);
}

using Arguments = ListBuilder<const Expr*>;

const Expr* finish_call(TokenStream& in, FunctionCall* call, const Arguments& arguments) {
  call->arguments = arguments.finish();
  in.expect(TokenKind::kClose);
  return call;
}

// OVERLAY, SUBSTRING and NORMALIZE may also be called like any function.
FunctionCall* finish_plain(TokenStream& in, FunctionCall* call, std::string_view name, Arguments* arguments) {
  while (in.accept(TokenKind::kComma)) arguments->add(parse_argument(in));
  call->name = make_name(in, {name});
  call->syntax = CallSyntax::kPlain;
  return call;
}

const Expr* parse_extract(TokenStream& in, uint32_t position) {
  FunctionCall* call = make_call(in, "extract", position, CallSyntax::kExtract);
  Arguments arguments(in);
  const uint32_t field_position = in.position();
  const std::string_view field = in.at(TokenKind::kString) ? parse_string(in) : parse_label(in);
  arguments.add(make_string(in, field, field_position));
  in.expect(Keyword::kFrom);
  arguments.add(parse_expr(in));
  return finish_call(in, call, arguments);
}

const Expr* parse_overlay(TokenStream& in, uint32_t position) {
  FunctionCall* call = make_call(in, "overlay", position, CallSyntax::kOverlay);
  Arguments arguments(in);
  if (in.at(TokenKind::kClose)) return finish_call(in, finish_plain(in, call, "overlay", &arguments), arguments);
  arguments.add(parse_argument(in));
  if (!in.accept(Keyword::kPlacing))
    return finish_call(in, finish_plain(in, call, "overlay", &arguments), arguments);
  arguments.add(parse_expr(in));
  in.expect(Keyword::kFrom);
  arguments.add(parse_expr(in));
  if (in.accept(Keyword::kFor)) arguments.add(parse_expr(in));
  return finish_call(in, call, arguments);
}

const Expr* parse_position(TokenStream& in, uint32_t position) {
  FunctionCall* call = make_call(in, "position", position, CallSyntax::kPosition);
  const Expr* part = parse_restricted_expr(in);
  in.expect(Keyword::kIn);
  Arguments arguments(in);
  arguments.add(parse_restricted_expr(in));
  arguments.add(part);
  return finish_call(in, call, arguments);
}

// FROM start [FOR count], FOR count [FROM start]; FOR alone counts from 1, in int4.
void parse_substring_bounds(TokenStream& in, Arguments* arguments) {
  if (in.accept(Keyword::kFrom)) {
    arguments->add(parse_expr(in));
    if (in.accept(Keyword::kFor)) arguments->add(parse_expr(in));
    return;
  }
  const uint32_t position = in.position();
  in.expect(Keyword::kFor);
  const Expr* count = parse_expr(in);
  if (in.accept(Keyword::kFrom)) {
    arguments->add(parse_expr(in));
    arguments->add(count);
    return;
  }
  arguments->add(make_integer(in, 1, position));
  arguments->add(make_cast(in, count, make_catalog_type(in, "int4", position), count->position));
}

const Expr* parse_substring(TokenStream& in, uint32_t position) {
  FunctionCall* call = make_call(in, "substring", position, CallSyntax::kSubstring);
  Arguments arguments(in);
  if (in.at(TokenKind::kClose)) return finish_call(in, finish_plain(in, call, "substring", &arguments), arguments);
  arguments.add(parse_argument(in));
  if (in.accept(Keyword::kSimilar)) {
    call->syntax = CallSyntax::kSubstringSimilar;
    arguments.add(parse_expr(in));
    in.expect(Keyword::kEscape);
    arguments.add(parse_expr(in));
  } else if (in.at(Keyword::kFrom) || in.at(Keyword::kFor)) {
    parse_substring_bounds(in, &arguments);
  } else {
    finish_plain(in, call, "substring", &arguments);
  }
  return finish_call(in, call, arguments);
}

// TRIM([BOTH] [what] FROM text) is btrim(text, what).
const Expr* parse_trim(TokenStream& in, uint32_t position) {
  std::string_view function = "btrim";
  CallSyntax syntax = CallSyntax::kTrimBoth;
  if (in.accept(Keyword::kLeading)) {
    function = "ltrim";
    syntax = CallSyntax::kTrimLeading;
  } else if (in.accept(Keyword::kTrailing)) {
    function = "rtrim";
    syntax = CallSyntax::kTrimTrailing;
  } else {
    in.accept(Keyword::kBoth);
  }
  FunctionCall* call = make_call(in, function, position, syntax);
  Arguments arguments(in);
  const Expr* what = in.at(Keyword::kFrom) ? nullptr : parse_expr(in);
  if (in.accept(Keyword::kFrom)) {
    arguments.add(parse_expr(in));
  } else {
    arguments.add(what);
    what = nullptr;
  }
  while (in.accept(TokenKind::kComma)) arguments.add(parse_expr(in));
  if (what != nullptr) arguments.add(what);
  return finish_call(in, call, arguments);
}

const Expr* parse_normalize(TokenStream& in, uint32_t position) {
  FunctionCall* call = make_call(in, "normalize", position, CallSyntax::kNormalize);
  Arguments arguments(in);
  arguments.add(parse_expr(in));
  if (in.accept(TokenKind::kComma)) {
    const Keyword form = in.keyword();
    if (form != Keyword::kNfc && form != Keyword::kNfd && form != Keyword::kNfkc && form != Keyword::kNfkd) in.fail();
    arguments.add(make_string(in, in.raw(in.token()), in.position()));
    in.skip();
  }
  return finish_call(in, call, arguments);
}

// CAST(x AS type); TREAT(x AS type) is the type's conversion function.
const Expr* parse_cast(TokenStream& in, uint32_t position, bool treat) {
  const Expr* argument = parse_expr(in);
  in.expect(Keyword::kAs);
  const TypeName* type = parse_type(in);
  in.expect(TokenKind::kClose);
  if (!treat) return make_cast(in, argument, type, position);
  FunctionCall* call = make_call(in, type->name.back(), position, CallSyntax::kTreat);
  call->arguments = in.arena().copy(&argument, 1);
  return call;
}

template <typename T>
const Expr* parse_variable_list(TokenStream& in, T* node) {
  node->arguments = parse_expr_list(in);
  in.expect(TokenKind::kClose);
  return node;
}

const Expr* parse_nullif(TokenStream& in, uint32_t position) {
  auto* node = in.make<NullIfExpr>(position);
  node->left = parse_expr(in);
  in.expect(TokenKind::kComma);
  node->right = parse_expr(in);
  in.expect(TokenKind::kClose);
  return node;
}

// COLLATION FOR (expr)
const Expr* parse_collation_for(TokenStream& in, uint32_t position) {
  in.skip();
  in.expect(Keyword::kFor, TokenKind::kOpen);
  FunctionCall* call = make_call(in, "pg_collation_for", position, CallSyntax::kCollationFor);
  Arguments arguments(in);
  arguments.add(parse_expr(in));
  return finish_call(in, call, arguments);
}

struct ValueFunctionWord {
  ValueFunction function;
  bool has_precision;
};
bool value_function(Keyword keyword, ValueFunctionWord* out) {
  switch (keyword) {
    case Keyword::kCurrentDate: *out = {ValueFunction::kCurrentDate, false}; return true;
    case Keyword::kCurrentTime: *out = {ValueFunction::kCurrentTime, true}; return true;
    case Keyword::kCurrentTimestamp: *out = {ValueFunction::kCurrentTimestamp, true}; return true;
    case Keyword::kLocaltime: *out = {ValueFunction::kLocalTime, true}; return true;
    case Keyword::kLocaltimestamp: *out = {ValueFunction::kLocalTimestamp, true}; return true;
    case Keyword::kCurrentRole: *out = {ValueFunction::kCurrentRole, false}; return true;
    case Keyword::kCurrentUser: *out = {ValueFunction::kCurrentUser, false}; return true;
    case Keyword::kUser: *out = {ValueFunction::kUser, false}; return true;
    case Keyword::kSessionUser: *out = {ValueFunction::kSessionUser, false}; return true;
    case Keyword::kCurrentCatalog: *out = {ValueFunction::kCurrentCatalog, false}; return true;
    case Keyword::kCurrentSchema: *out = {ValueFunction::kCurrentSchema, false}; return true;
    default: return false;
  }
}

const Expr* parse_value_function(TokenStream& in, ValueFunctionWord word) {
  auto* node = in.make<ValueFunctionExpr>();
  node->function = word.function;
  in.skip();
  if (word.has_precision && in.accept(TokenKind::kOpen)) {
    node->precision = parse_integer(in);
    in.expect(TokenKind::kClose);
  }
  return node;
}

const Expr* parse_keyword_call(TokenStream& in, Keyword keyword, uint32_t position) {
  switch (keyword) {
    case Keyword::kCast: return parse_cast(in, position, false);
    case Keyword::kTreat: return parse_cast(in, position, true);
    case Keyword::kExtract: return parse_extract(in, position);
    case Keyword::kNormalize: return parse_normalize(in, position);
    case Keyword::kOverlay: return parse_overlay(in, position);
    case Keyword::kPosition: return parse_position(in, position);
    case Keyword::kSubstring: return parse_substring(in, position);
    case Keyword::kTrim: return parse_trim(in, position);
    case Keyword::kNullif: return parse_nullif(in, position);
    case Keyword::kCoalesce: return parse_variable_list(in, in.make<CoalesceExpr>(position));
    case Keyword::kGreatest:
    case Keyword::kLeast: {
      auto* node = in.make<GreatestLeastExpr>(position);
      node->least = keyword == Keyword::kLeast;
      return parse_variable_list(in, node);
    }
    default: in.refuse(position, "XML");
  }
}

}  // namespace

const Expr* parse_call(TokenStream& in, Name name, uint32_t position) {
  FunctionCall* call = parse_application(in, name, position);
  if (!in.at(TokenKind::kWord)) return call;
  if (in.at(Keyword::kWithin)) parse_within_group(in, call);
  if (in.at(Keyword::kFilter)) {
    in.skip();
    in.expect(TokenKind::kOpen, Keyword::kWhere);
    call->filter = parse_expr(in);
    in.expect(TokenKind::kClose);
  }
  if (in.at(Keyword::kOver)) call->over = parse_over(in);
  return call;
}

bool at_special_call(TokenStream& in) {
  if (!in.at(TokenKind::kWord)) return false;
  switch (in.keyword()) {
    case Keyword::kCast:
    case Keyword::kTreat:
    case Keyword::kExtract:
    case Keyword::kNormalize:
    case Keyword::kOverlay:
    case Keyword::kPosition:
    case Keyword::kSubstring:
    case Keyword::kTrim:
    case Keyword::kNullif:
    case Keyword::kCoalesce:
    case Keyword::kGreatest:
    case Keyword::kLeast:
    case Keyword::kXmlconcat:
    case Keyword::kXmlelement:
    case Keyword::kXmlexists:
    case Keyword::kXmlforest:
    case Keyword::kXmlparse:
    case Keyword::kXmlpi:
    case Keyword::kXmlroot:
    case Keyword::kXmlserialize:
    case Keyword::kXmltable: return true;
    case Keyword::kCollation: return in.at_next(Keyword::kFor);
    default: {
      ValueFunctionWord word;
      return value_function(in.keyword(), &word);
    }
  }
}

const Expr* parse_special_call(TokenStream& in) {
  const Nested nested(in);
  const Keyword keyword = in.keyword();
  const uint32_t position = in.position();
  ValueFunctionWord word;
  if (value_function(keyword, &word)) {
    if (keyword == Keyword::kCurrentSchema && in.at_next(TokenKind::kOpen)) {
      const Name name = make_name(in, {parse_label(in)});
      return parse_call(in, name, position);
    }
    return parse_value_function(in, word);
  }
  if (keyword == Keyword::kCollation) return parse_collation_for(in, position);
  in.skip();
  in.expect(TokenKind::kOpen);
  return parse_keyword_call(in, keyword, position);
}

const Expr* parse_function_expression(TokenStream& in) {
  if (at_special_call(in) && !(in.at(Keyword::kCurrentSchema) && in.at_next(TokenKind::kOpen)))
    return parse_special_call(in);
  const uint32_t position = in.position();
  const Name name = parse_function_name(in);
  return parse_application(in, name, position);
}

}  // namespace troupe::sql
