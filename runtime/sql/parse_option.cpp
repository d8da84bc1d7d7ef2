// Option lists of every style.
#include "runtime/sql/grammar_ddl.hpp"

namespace troupe::sql {
namespace {

// def_arg: a type, an operator, a number, a string, a keyword.
const Node* parse_definition_value(TokenStream& in) {
  const uint32_t position = in.position();
  switch (in.kind()) {
    case TokenKind::kString: return make_string(in, parse_string(in), position);
    case TokenKind::kInteger:
    case TokenKind::kNumeric: return parse_numeric_only(in);
    case TokenKind::kPlus:
    case TokenKind::kMinus:
      if (in.at_next(TokenKind::kInteger) || in.at_next(TokenKind::kNumeric)) return parse_numeric_only(in);
      break;
    case TokenKind::kWord:
      if (in.at(Keyword::kOperator) && in.at_next(TokenKind::kOpen)) {
        in.skip();
        const OperatorName op = parse_parenthesised_operator(in);
        ListBuilder<std::string_view> names(in);
        for (const std::string_view part : op.schema) names.add(part);
        names.add(op.op);
        return make_name_list(in, names.finish(), position);
      }
      if (in.at(Keyword::kNone)) return make_string(in, parse_label(in), position);
      if (keyword_category(in.keyword()) == KeywordCategory::kReserved)
        return make_string(in, parse_label(in), position);
      return parse_type(in);
    case TokenKind::kQuotedWord: return parse_type(in);
    default: break;
  }
  if (!at_operator_symbol(in)) in.fail();
  const Token symbol = in.take();
  return make_string(in, operator_symbol(in, symbol), position);
}

// As a definition's value, but a lone word is a string and TRUE and FALSE are booleans.
const Node* parse_relation_value(TokenStream& in) {
  const bool word = can_be_label(in.token());
  const Token& next = in.peek(1);
  if (!word || (next.kind != TokenKind::kComma && next.kind != TokenKind::kClose)) return parse_definition_value(in);
  const uint32_t position = in.position();
  if (in.at(Keyword::kTrue) || in.at(Keyword::kFalse)) {
    const bool value = in.at(Keyword::kTrue);
    in.skip();
    return make_boolean(in, value, position);
  }
  return make_string(in, parse_label(in), position);
}

const Option* parse_relation_option(TokenStream& in) {
  auto* option = in.make<Option>();
  option->name = parse_label(in);
  if (in.accept(TokenKind::kDot)) {
    option->name_space = option->name;
    option->name = parse_label(in);
  }
  if (in.accept(TokenKind::kEqual)) option->value = parse_relation_value(in);
  return option;
}

const Option* parse_definition_element(TokenStream& in) {
  auto* option = in.make<Option>();
  option->name = parse_label(in);
  if (in.accept(TokenKind::kEqual)) option->value = parse_definition_value(in);
  return option;
}

const Option* parse_utility_option(TokenStream& in) {
  auto* option = in.make<Option>();
  option->name = in.at(Keyword::kAnalyze) || in.at(Keyword::kAnalyse) ? parse_label(in) : parse_word(in);
  if (option->name == "analyse") option->name = "analyze";
  if (in.at(TokenKind::kComma) || in.at(TokenKind::kClose)) return option;
  const bool number = in.at(TokenKind::kInteger) || in.at(TokenKind::kNumeric) || in.at(TokenKind::kPlus) ||
                      in.at(TokenKind::kMinus);
  option->value = number ? parse_numeric_only(in) : parse_boolean_or_string(in);
  return option;
}

const Option* parse_foreign_option(TokenStream& in) {
  auto* option = in.make<Option>();
  const bool verb = can_be_label(in.peek(1));  // ADD name 'value', as opposed to a name that is add
  if (verb && in.accept(Keyword::kAdd)) {
    option->action = OptionAction::kAdd;
  } else if (verb && in.accept(Keyword::kSet)) {
    option->action = OptionAction::kSet;
  } else if (verb && in.accept(Keyword::kDrop)) {
    option->action = OptionAction::kDrop;
    option->name = parse_label(in);
    return option;
  }
  option->name = parse_label(in);
  const uint32_t position = in.position();
  option->value = make_string(in, parse_string(in), position);
  return option;
}

const Option* finish_number(TokenStream& in, std::string_view name, uint32_t position) {
  return make_option(in, name, parse_numeric_only(in), position);
}

const Option* parse_no_option(TokenStream& in, uint32_t position) {
  if (in.accept(Keyword::kCycle)) return make_option(in, "cycle", make_boolean(in, false, position), position);
  if (in.accept(Keyword::kMaxvalue)) return make_option(in, "maxvalue", nullptr, position);
  in.expect(Keyword::kMinvalue);
  return make_option(in, "minvalue", nullptr, position);
}

}  // namespace

Option* make_option(TokenStream& in, std::string_view name, const Node* value, uint32_t position) {
  auto* option = in.make<Option>(position);
  option->name = name;
  option->value = value;
  return option;
}

const NameList* make_name_list(TokenStream& in, Name names, uint32_t position) {
  auto* list = in.make<NameList>(position);
  list->names = names;
  return list;
}

List<const Option*> parse_relation_options(TokenStream& in) {
  return parse_list_in_parentheses(in, parse_relation_option);
}

List<const Option*> parse_with_options(TokenStream& in) {
  if (in.at(Keyword::kWithout)) {
    in.skip();
    in.expect(Keyword::kOids);
    return {};
  }
  if (!in.accept(Keyword::kWith)) return {};
  return parse_relation_options(in);
}

List<const Option*> parse_definition(TokenStream& in) {
  return parse_list_in_parentheses(in, parse_definition_element);
}

List<const Option*> parse_utility_options(TokenStream& in) {
  return parse_list_in_parentheses(in, parse_utility_option);
}

List<const Option*> parse_foreign_options(TokenStream& in) {
  in.expect(Keyword::kOptions);
  return parse_list_in_parentheses(in, parse_foreign_option);
}

List<const Option*> parse_optional_foreign_options(TokenStream& in) {
  return in.at(Keyword::kOptions) ? parse_foreign_options(in) : List<const Option*>{};
}

const Expr* parse_boolean_or_string(TokenStream& in) {
  const uint32_t position = in.position();
  if (in.accept(Keyword::kTrue)) return make_boolean(in, true, position);
  if (in.accept(Keyword::kFalse)) return make_boolean(in, false, position);
  if (in.accept(Keyword::kOn)) return make_string(in, "on", position);
  return make_string(in, parse_word_or_string(in), position);
}

bool at_sequence_option(TokenStream& in) {
  if (!in.at(TokenKind::kWord)) return false;
  switch (in.keyword()) {
    case Keyword::kAs:
    case Keyword::kCache:
    case Keyword::kCycle:
    case Keyword::kNo:
    case Keyword::kIncrement:
    case Keyword::kMaxvalue:
    case Keyword::kMinvalue:
    case Keyword::kOwned:
    case Keyword::kSequence:
    case Keyword::kStart:
    case Keyword::kRestart: return true;
    default: return false;
  }
}

const Option* parse_sequence_option(TokenStream& in) {
  const uint32_t position = in.position();
  const Keyword keyword = in.keyword();
  if (!at_sequence_option(in)) in.fail();
  in.skip();
  switch (keyword) {
    case Keyword::kAs: return make_option(in, "as", parse_simple_type(in), position);
    case Keyword::kCache: return finish_number(in, "cache", position);
    case Keyword::kCycle: return make_option(in, "cycle", make_boolean(in, true, position), position);
    case Keyword::kIncrement: in.accept(Keyword::kBy); return finish_number(in, "increment", position);
    case Keyword::kMaxvalue: return finish_number(in, "maxvalue", position);
    case Keyword::kMinvalue: return finish_number(in, "minvalue", position);
    case Keyword::kNo: return parse_no_option(in, position);
    case Keyword::kStart: in.accept(Keyword::kWith); return finish_number(in, "start", position);
    case Keyword::kRestart: {
      const bool with = in.accept(Keyword::kWith);
      const bool number = in.at(TokenKind::kInteger) || in.at(TokenKind::kNumeric) || in.at(TokenKind::kMinus) ||
                          in.at(TokenKind::kPlus);
      if (with || number) return finish_number(in, "restart", position);
      return make_option(in, "restart", nullptr, position);
    }
    default: break;
  }
  in.expect(keyword == Keyword::kOwned ? Keyword::kBy : Keyword::kName);
  const uint32_t at = in.position();
  const std::string_view name = keyword == Keyword::kSequence ? "sequence_name" : "owned_by";
  return make_option(in, name, make_name_list(in, parse_any_name(in), at), position);
}

List<const Option*> parse_sequence_options(TokenStream& in) {
  ListBuilder<const Option*> options(in);
  while (at_sequence_option(in)) options.add(parse_sequence_option(in));
  return options.finish();
}

}  // namespace troupe::sql
