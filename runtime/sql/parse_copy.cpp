// COPY: the option list of today and the words of before 9.0, which arrive under the same names.
#include "runtime/sql/grammar_ddl.hpp"

namespace troupe::sql {
namespace {

using Options = ListBuilder<const Option*>;

void add(TokenStream& in, Options* options, std::string_view name, const Node* value, uint32_t position) {
  options->add(make_option(in, name, value, position));
}

void add_string(TokenStream& in, Options* options, std::string_view name, uint32_t position) {
  in.accept(Keyword::kAs);
  const uint32_t at = in.position();
  add(in, options, name, make_string(in, parse_string(in), at), position);
}

void add_columns(TokenStream& in, Options* options, std::string_view name, uint32_t position) {
  if (in.at(TokenKind::kStar)) {
    auto* star = in.make<ColumnRef>();
    star->star = true;
    in.skip();
    return add(in, options, name, star, position);
  }
  const uint32_t at = in.position();
  add(in, options, name, make_name_list(in, parse_column_names(in), at), position);
}

void parse_force(TokenStream& in, Options* options, uint32_t position) {
  if (in.accept(Keyword::kQuote)) return add_columns(in, options, "force_quote", position);
  if (in.accept(Keyword::kNot)) {
    in.expect(Keyword::kNull);
    return add_columns(in, options, "force_not_null", position);
  }
  in.expect(Keyword::kNull);
  add_columns(in, options, "force_null", position);
}

// One of the old words; false when there is none.
bool parse_old_option(TokenStream& in, Options* options) {
  const uint32_t position = in.position();
  if (!in.at(TokenKind::kWord)) return false;
  const Keyword keyword = in.keyword();
  switch (keyword) {
    case Keyword::kBinary:
    case Keyword::kCsv: {
      in.skip();
      const std::string_view format = keyword == Keyword::kCsv ? "csv" : "binary";
      add(in, options, "format", make_string(in, format, position), position);
      return true;
    }
    case Keyword::kFreeze:
    case Keyword::kHeader:
      in.skip();
      add(in, options, keyword == Keyword::kFreeze ? "freeze" : "header", make_boolean(in, true, position), position);
      return true;
    case Keyword::kDelimiter: in.skip(); add_string(in, options, "delimiter", position); return true;
    case Keyword::kNull: in.skip(); add_string(in, options, "null", position); return true;
    case Keyword::kQuote: in.skip(); add_string(in, options, "quote", position); return true;
    case Keyword::kEscape: in.skip(); add_string(in, options, "escape", position); return true;
    case Keyword::kEncoding: in.skip(); add_string(in, options, "encoding", position); return true;
    case Keyword::kForce: in.skip(); parse_force(in, options, position); return true;
    default: return false;
  }
}

const Node* parse_option_value(TokenStream& in) {
  const uint32_t position = in.position();
  switch (in.kind()) {
    case TokenKind::kComma:
    case TokenKind::kClose: return nullptr;
    case TokenKind::kStar: {
      auto* star = in.make<ColumnRef>();
      star->star = true;
      in.skip();
      return star;
    }
    case TokenKind::kOpen:
      return make_name_list(in, parse_list_in_parentheses(in, [](TokenStream& s) { return parse_word_or_string(s); }),
                            position);
    case TokenKind::kInteger:
    case TokenKind::kNumeric:
    case TokenKind::kPlus:
    case TokenKind::kMinus: return parse_numeric_only(in);
    default: return parse_boolean_or_string(in);
  }
}

const Option* parse_new_option(TokenStream& in) {
  const uint32_t position = in.position();
  const std::string_view name = parse_label(in);
  return make_option(in, name, parse_option_value(in), position);
}

void parse_copy_options(TokenStream& in, Options* options) {
  in.accept(Keyword::kWith);
  if (in.accept(TokenKind::kOpen)) {
    do {
      options->add(parse_new_option(in));
    } while (in.accept(TokenKind::kComma));
    in.expect(TokenKind::kClose);
    return;
  }
  while (parse_old_option(in, options)) {
  }
}

void parse_endpoint(TokenStream& in, CopyStatement* copy) {
  copy->from = in.accept(Keyword::kFrom);
  if (!copy->from) in.expect(Keyword::kTo);
  copy->program = in.accept(Keyword::kProgram);
  if (!copy->program && (in.accept(Keyword::kStdin) || in.accept(Keyword::kStdout))) return;
  copy->has_file = true;
  copy->file = parse_string(in);
}

}  // namespace

Statement* parse_copy(TokenStream& in) {
  auto* copy = in.make<CopyStatement>();
  in.skip();
  Options options(in);
  if (in.accept(TokenKind::kOpen)) {
    copy->query = parse_preparable(in);
    in.expect(TokenKind::kClose);
    if (!in.at(Keyword::kTo)) in.fail();
    parse_endpoint(in, copy);
  } else {
    const uint32_t position = in.position();
    if (in.accept(Keyword::kBinary)) add(in, &options, "format", make_string(in, "binary", position), position);
    copy->table = parse_qualified_name(in);
    copy->columns = parse_optional_names(in);
    parse_endpoint(in, copy);
    const uint32_t delimiters = in.position();
    in.accept(Keyword::kUsing);
    if (in.accept(Keyword::kDelimiters)) add_string(in, &options, "delimiter", delimiters);
  }
  parse_copy_options(in, &options);
  copy->options = options.finish();
  if (in.at(Keyword::kWhere)) {
    if (!copy->from) in.fail(ErrorCode::kSyntaxError, in.position(), "WHERE clause not allowed with COPY TO");
    copy->where = parse_optional_where(in);
  }
  return copy;
}

}  // namespace troupe::sql
