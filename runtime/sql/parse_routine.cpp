// Functions, procedures, DO, CALL.
#include "runtime/sql/grammar_ddl.hpp"

namespace troupe::sql {
namespace {

using Options = ListBuilder<const Option*>;
using Statements = ListBuilder<const Statement*>;

bool parse_mode(TokenStream& in, ParameterMode* mode) {
  if (in.accept(Keyword::kIn)) {
    *mode = in.accept(Keyword::kOut) ? ParameterMode::kInOut : ParameterMode::kIn;
  } else if (in.accept(Keyword::kOut)) {
    *mode = ParameterMode::kOut;
  } else if (in.accept(Keyword::kInout)) {
    *mode = ParameterMode::kInOut;
  } else if (in.accept(Keyword::kVariadic)) {
    *mode = ParameterMode::kVariadic;
  } else {
    return false;
  }
  return true;
}

// Whether the word here names the parameter, its type being what follows.
bool at_parameter_name(TokenStream& in) {
  if (!can_name_type_or_function(in.token()) || in.at(Keyword::kDouble, Keyword::kPrecision)) return false;
  const Token& next = in.peek(1);
  if (next.kind == TokenKind::kQuotedWord) return true;
  return next.kind == TokenKind::kWord && next.keyword != Keyword::kDefault && next.keyword != Keyword::kArray &&
         next.keyword != Keyword::kOrder;
}

const FunctionParameter* parse_parameter(TokenStream& in) {
  auto* parameter = in.make<FunctionParameter>();
  const bool has_mode = parse_mode(in, &parameter->mode);
  if (at_parameter_name(in)) {
    parameter->name = parse_type_function_name(in);
    if (!has_mode) parse_mode(in, &parameter->mode);
  }
  parameter->type = parse_type(in);
  if (in.accept(Keyword::kDefault) || in.accept(TokenKind::kEqual)) parameter->default_value = parse_expr(in);
  return parameter;
}

const FunctionParameter* parse_table_column(TokenStream& in) {
  auto* parameter = in.make<FunctionParameter>();
  parameter->mode = ParameterMode::kTable;
  parameter->name = parse_type_function_name(in);
  parameter->type = parse_type(in);
  return parameter;
}

void parse_returns(TokenStream& in, CreateFunctionStatement* create) {
  if (!in.at(Keyword::kReturns) || in.at_next(Keyword::kNull)) return;
  in.skip();
  if (!in.at(Keyword::kTable)) {
    create->returns = parse_type(in);
    return;
  }
  in.skip();
  create->returns_table = true;
  const auto columns = parse_list_in_parentheses(in, parse_table_column);
  ListBuilder<const FunctionParameter*> all(in);
  for (const FunctionParameter* parameter : create->parameters) all.add(parameter);
  for (const FunctionParameter* column : columns) all.add(column);
  create->parameters = all.finish();
}

void add_flag(TokenStream& in, Options* options, std::string_view name, bool value, uint32_t position) {
  options->add(make_option(in, name, make_boolean(in, value, position), position));
}

void add_string(TokenStream& in, Options* options, std::string_view name, std::string_view value, uint32_t position) {
  options->add(make_option(in, name, make_string(in, value, position), position));
}

void parse_security(TokenStream& in, Options* options, uint32_t position) {
  const bool definer = in.accept(Keyword::kDefiner);
  if (!definer) in.expect(Keyword::kInvoker);
  add_flag(in, options, "security", definer, position);
}

void parse_body_strings(TokenStream& in, Options* options, uint32_t position) {
  ListBuilder<std::string_view> strings(in);
  strings.add(parse_string(in));
  if (in.accept(TokenKind::kComma)) strings.add(parse_string(in));
  options->add(make_option(in, "as", make_name_list(in, strings.finish(), position), position));
}

void parse_transforms(TokenStream& in, Options* options, uint32_t position) {
  const Name names = parse_list(in, [](TokenStream& s) {
    s.expect(Keyword::kFor, Keyword::kType);
    return parse_type(s)->name.back();
  });
  options->add(make_option(in, "transform", make_name_list(in, names, position), position));
}

// What CREATE FUNCTION and ALTER FUNCTION share. False: none here.
bool parse_common_option(TokenStream& in, Options* options, Statements* settings) {
  const uint32_t position = in.position();
  switch (in.at(TokenKind::kWord) ? in.keyword() : Keyword::kNoKeyword) {
    case Keyword::kCalled:
      in.skip();
      in.expect(Keyword::kOn, Keyword::kNull, Keyword::kInput);
      add_flag(in, options, "strict", false, position);
      return true;
    case Keyword::kReturns:
      in.skip();
      in.expect(Keyword::kNull, Keyword::kOn, Keyword::kNull, Keyword::kInput);
      add_flag(in, options, "strict", true, position);
      return true;
    case Keyword::kStrict: in.skip(); add_flag(in, options, "strict", true, position); return true;
    case Keyword::kImmutable:
    case Keyword::kStable:
    case Keyword::kVolatile: add_string(in, options, "volatility", parse_label(in), position); return true;
    case Keyword::kExternal:
      in.skip();
      in.expect(Keyword::kSecurity);
      parse_security(in, options, position);
      return true;
    case Keyword::kSecurity: in.skip(); parse_security(in, options, position); return true;
    case Keyword::kLeakproof: in.skip(); add_flag(in, options, "leakproof", true, position); return true;
    case Keyword::kNot:
      in.skip();
      in.expect(Keyword::kLeakproof);
      add_flag(in, options, "leakproof", false, position);
      return true;
    case Keyword::kCost:
    case Keyword::kRows: {
      const std::string_view name = parse_label(in);
      options->add(make_option(in, name, parse_numeric_only(in), position));
      return true;
    }
    case Keyword::kSupport:
      in.skip();
      options->add(make_option(in, "support", make_name_list(in, parse_any_name(in), position), position));
      return true;
    case Keyword::kParallel:
      in.skip();
      add_string(in, options, "parallel", parse_column_name(in), position);
      return true;
    case Keyword::kSet:
    case Keyword::kReset: settings->add(parse_set_or_reset(in)); return true;
    default: return false;
  }
}

bool parse_create_option(TokenStream& in, Options* options, Statements* settings) {
  const uint32_t position = in.position();
  if (in.accept(Keyword::kAs)) {
    parse_body_strings(in, options, position);
  } else if (in.accept(Keyword::kLanguage)) {
    add_string(in, options, "language", parse_word_or_string(in), position);
  } else if (in.accept(Keyword::kTransform)) {
    parse_transforms(in, options, position);
  } else if (in.accept(Keyword::kWindow)) {
    add_flag(in, options, "window", true, position);
  } else {
    return parse_common_option(in, options, settings);
  }
  return true;
}

const Statement* parse_return(TokenStream& in) {
  auto* node = in.make<ReturnStatement>();
  in.skip();
  node->value = parse_expr(in);
  return node;
}

const Statement* parse_body(TokenStream& in) {
  if (in.at(Keyword::kReturn)) return parse_return(in);
  if (!in.at(Keyword::kBegin, Keyword::kAtomic)) return nullptr;
  const Nested nested(in);
  auto* body = in.make<SqlBody>();
  in.skip();
  in.skip();
  Statements statements(in);
  while (!in.accept(Keyword::kEnd)) {
    if (in.accept(TokenKind::kSemicolon)) continue;
    statements.add(in.at(Keyword::kReturn) ? parse_return(in) : parse_statement_node(in));
    in.expect(TokenKind::kSemicolon);
  }
  body->statements = statements.finish();
  return body;
}

}  // namespace

List<const FunctionParameter*> parse_parameters(TokenStream& in) {
  in.expect(TokenKind::kOpen);
  if (in.accept(TokenKind::kClose)) return {};
  const auto parameters = parse_list(in, parse_parameter);
  in.expect(TokenKind::kClose);
  return parameters;
}

void parse_aggregate_arguments(TokenStream& in, bool* star, List<const FunctionParameter*>* direct,
                               List<const FunctionParameter*>* ordered) {
  in.expect(TokenKind::kOpen);
  *star = in.accept(TokenKind::kStar);
  if (!*star) {
    if (!in.at(Keyword::kOrder)) *direct = parse_list(in, parse_parameter);
    if (in.accept(Keyword::kOrder)) {
      in.expect(Keyword::kBy);
      *ordered = parse_list(in, parse_parameter);
    }
  }
  in.expect(TokenKind::kClose);
}

Statement* parse_create_function(TokenStream& in, bool replace, uint32_t position) {
  auto* create = in.make<CreateFunctionStatement>(position);
  create->procedure = in.at(Keyword::kProcedure);
  in.skip();
  create->replace = replace;
  create->name = parse_function_name(in);
  create->parameters = parse_parameters(in);
  if (!create->procedure) parse_returns(in, create);
  Options options(in);
  Statements settings(in);
  while (parse_create_option(in, &options, &settings)) {
  }
  create->options = options.finish();
  create->settings = settings.finish();
  create->body = parse_body(in);
  return create;
}

Statement* parse_alter_function(TokenStream& in, const ObjectRef* target, uint32_t position) {
  auto* alter = in.make<AlterFunctionStatement>(position);
  alter->target = target;
  Options options(in);
  Statements settings(in);
  if (!parse_common_option(in, &options, &settings)) in.fail();
  while (parse_common_option(in, &options, &settings)) {
  }
  in.accept(Keyword::kRestrict);
  alter->options = options.finish();
  alter->settings = settings.finish();
  return alter;
}

Statement* parse_do(TokenStream& in) {
  auto* node = in.make<DoStatement>();
  in.skip();
  bool has_body = false;
  for (;;) {
    if (in.at(TokenKind::kString) && !has_body) {
      node->body = parse_string(in);
      has_body = true;
    } else if (in.accept(Keyword::kLanguage)) {
      node->language = parse_word_or_string(in);
    } else {
      break;
    }
  }
  if (!has_body) in.fail();
  return node;
}

Statement* parse_call_statement(TokenStream& in) {
  auto* node = in.make<CallStatement>();
  in.skip();
  const Token first = in.token();
  const Expr* call = parse_function_expression(in);
  if (!call->is<FunctionCall>()) in.fail_at(first);
  node->call = call->as<FunctionCall>();
  return node;
}

}  // namespace troupe::sql
