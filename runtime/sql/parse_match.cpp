// MATCH_RECOGNIZE. None of its words is a keyword: what follows them tells, so that they stay names everywhere else.
#include <utility>

#include "runtime/sql/grammar.hpp"

namespace troupe::sql {
namespace {

// PATTERN's own symbols. SQL's scanner takes `*?` or `+|` for one operator: here each character counts by itself.
class PatternParser {
 public:
  explicit PatternParser(TokenStream& in) : in_{in} {}

  // From the opening parenthesis to the closing one.
  const PatternExpr* parse() {
    take('(');
    const PatternExpr* pattern = alternation();
    take(')');
    return pattern;
  }

 private:
  // The next character; 'a' for a name, '0' for a number, 0 at the end.
  char next() {
    if (!rest_.empty()) return rest_.front();
    switch (in_.kind()) {
      case TokenKind::kWord:
      case TokenKind::kQuotedWord: return 'a';
      case TokenKind::kInteger: return '0';
      case TokenKind::kEnd: return '\0';
      default: return in_.raw(in_.token()).front();
    }
  }
  void skip() {
    if (rest_.empty()) rest_ = in_.raw(in_.token());
    rest_.remove_prefix(1);
    if (rest_.empty()) in_.skip();
  }
  bool accept(char symbol) {
    if (next() != symbol) return false;
    skip();
    return true;
  }
  void take(char symbol) {
    if (!accept(symbol)) in_.fail();
  }
  uint32_t position() const {
    return rest_.empty() ? in_.position() : in_.token().end - static_cast<uint32_t>(rest_.size());
  }

  PatternExpr* make(PatternExpr::Type type, uint32_t position) {
    auto* node = in_.make<PatternExpr>(position);
    node->type = type;
    return node;
  }
  PatternExpr* make_of(PatternExpr::Type type, const PatternExpr* item, uint32_t position) {
    PatternExpr* node = make(type, position);
    node->items = in_.arena().copy(&item, 1);
    return node;
  }

  const PatternExpr* alternation() {
    const Nested nested(in_);
    const uint32_t start = position();
    ListBuilder<const PatternExpr*> items(in_);
    do {
      items.add(concatenation());
    } while (accept('|'));
    if (items.size() == 1) return items.back();
    PatternExpr* node = make(PatternExpr::Type::kAlternation, start);
    node->items = items.finish();
    return node;
  }

  const PatternExpr* concatenation() {
    const uint32_t start = position();
    ListBuilder<const PatternExpr*> items(in_);
    do {
      items.add(quantified());
    } while (at_primary());
    if (items.size() == 1) return items.back();
    PatternExpr* node = make(PatternExpr::Type::kConcatenation, start);
    node->items = items.finish();
    return node;
  }

  bool at_primary() {
    const char c = next();
    return c == 'a' || c == '(' || c == '{' || c == '^' || c == '$';
  }

  const PatternExpr* quantified() {
    const uint32_t start = position();
    const PatternExpr* item = primary();
    PatternExpr quantifier;
    if (!parse_quantifier(&quantifier)) return item;
    PatternExpr* node = make_of(PatternExpr::Type::kQuantified, item, start);
    node->minimum = quantifier.minimum;
    node->maximum = quantifier.maximum;
    node->reluctant = accept('?');
    return node;
  }

  bool parse_quantifier(PatternExpr* out) {
    out->maximum = PatternExpr::kUnbounded;
    if (accept('*')) return true;
    if (accept('+')) {
      out->minimum = 1;
      return true;
    }
    if (accept('?')) {
      out->maximum = 1;
      return true;
    }
    if (next() != '{' || starts_exclusion(in_.peek(1))) return false;
    parse_bounds(out);
    return true;
  }
  // `{-` begins an exclusion; a `-` may be glued to what follows it.
  bool starts_exclusion(const Token& token) const { return in_.raw(token).starts_with('-'); }

  void parse_bounds(PatternExpr* out) {
    const uint32_t start = position();
    skip();
    const bool has_minimum = next() == '0';
    if (has_minimum) out->minimum = parse_count();
    if (accept(',')) {
      if (next() == '0') {
        out->maximum = parse_count();
      } else if (!has_minimum) {
        in_.fail();
      }
    } else {
      if (!has_minimum) in_.fail();
      out->maximum = out->minimum;
    }
    take('}');
    if (out->maximum == 0) {
      in_.fail(ErrorCode::kSyntaxError, start, "a quantifier's upper bound must be greater than 0");
    }
    if (out->minimum > out->maximum) {
      in_.fail(ErrorCode::kSyntaxError, start, "a quantifier's lower bound must not exceed its upper bound");
    }
  }
  uint32_t parse_count() { return static_cast<uint32_t>(parse_integer(in_)); }

  const PatternExpr* primary() {
    const Nested nested(in_);
    const uint32_t start = position();
    switch (next()) {
      case 'a': return in_.at_word("permute") && in_.at_next(TokenKind::kOpen) ? permute() : variable();
      case '^': skip(); return make(PatternExpr::Type::kStart, start);
      case '$': skip(); return make(PatternExpr::Type::kEnd, start);
      case '(': {
        skip();
        if (accept(')')) return make(PatternExpr::Type::kEmpty, start);
        const PatternExpr* inside = alternation();
        take(')');
        return inside;
      }
      case '{': {
        skip();
        take('-');
        const PatternExpr* inside = alternation();
        take('-');
        take('}');
        return make_of(PatternExpr::Type::kExclusion, inside, start);
      }
      default: in_.fail();
    }
  }

  const PatternExpr* variable() {
    PatternExpr* node = make(PatternExpr::Type::kVariable, position());
    node->name = parse_column_name(in_);
    return node;
  }

  const PatternExpr* permute() {
    PatternExpr* node = make(PatternExpr::Type::kPermute, position());
    in_.skip();
    take('(');
    ListBuilder<const PatternExpr*> items(in_);
    do {
      items.add(alternation());
    } while (accept(','));
    take(')');
    node->items = items.finish();
    return node;
  }

  TokenStream& in_;
  std::string_view rest_;  // of a token of several symbols; empty: the current one is whole
};

const MatchMeasure* parse_measure(TokenStream& in) {
  auto* measure = in.make<MatchMeasure>();
  measure->value = parse_expr(in);
  in.expect(Keyword::kAs);
  measure->name = parse_label(in);
  return measure;
}

const MatchSubset* parse_subset(TokenStream& in) {
  auto* subset = in.make<MatchSubset>();
  subset->name = parse_column_name(in);
  in.expect(TokenKind::kEqual);
  subset->variables = parse_names_in_parentheses(in);
  return subset;
}

const MatchDefinition* parse_definition(TokenStream& in) {
  auto* definition = in.make<MatchDefinition>();
  definition->variable = parse_column_name(in);
  in.expect(Keyword::kAs);
  definition->condition = parse_expr(in);
  return definition;
}

// WITHIN, not in the standard (but in Flink): how far the last row of a match may be behind the first, by what the rows
// are ordered by. It holds for every variable, so it is kept as a definition: the one of no variable.
const MatchDefinition* parse_within(TokenStream& in) {
  auto* within = in.make<MatchDefinition>();
  in.skip();
  within->condition = parse_expr(in);
  return within;
}

void expect_word(TokenStream& in, std::string_view word) {
  if (!in.accept_word(word)) in.fail();
}

RowsPerMatch parse_rows_per_match(TokenStream& in) {
  if (in.at_word("one") && in.at_next(Keyword::kRow)) {
    in.skip();
    in.skip();
    expect_word(in, "per");
    in.expect(Keyword::kMatch);
    return RowsPerMatch::kOne;
  }
  if (!in.accept(Keyword::kAll, Keyword::kRows)) return RowsPerMatch::kOne;
  expect_word(in, "per");
  in.expect(Keyword::kMatch);
  if (in.accept(Keyword::kWith)) {
    expect_word(in, "unmatched");
    in.expect(Keyword::kRows);
    return RowsPerMatch::kWithUnmatched;
  }
  const bool omit = in.accept_word("omit");
  if (!omit && !in.accept(Keyword::kShow)) return RowsPerMatch::kShowEmpty;
  expect_word(in, "empty");
  expect_word(in, "matches");
  return omit ? RowsPerMatch::kOmitEmpty : RowsPerMatch::kShowEmpty;
}

MatchSkip parse_skip(TokenStream& in) {
  MatchSkip skip;
  if (!in.accept(Keyword::kAfter)) return skip;
  in.expect(Keyword::kMatch, Keyword::kSkip);
  if (in.accept_word("past")) {
    in.expect(Keyword::kLast, Keyword::kRow);
    return skip;
  }
  in.expect(Keyword::kTo);
  if (in.accept(Keyword::kNext, Keyword::kRow)) {
    skip.to = MatchSkip::To::kNextRow;
    return skip;
  }
  skip.to = in.at(Keyword::kFirst) ? MatchSkip::To::kFirst : MatchSkip::To::kLast;
  // TO FIRST a; but a variable may be called first: TO first PATTERN (…).
  const bool is_place = in.at(Keyword::kFirst) || in.at(Keyword::kLast);
  const bool ends = in.at_word("pattern", 1) && in.peek(2).kind == TokenKind::kOpen;
  if (is_place && !ends) in.skip();
  if (is_place && ends) skip.to = MatchSkip::To::kLast;
  skip.position = in.position();
  skip.variable = parse_column_name(in);
  return skip;
}

void parse_clauses(TokenStream& in, MatchRecognize* match) {
  if (in.accept(Keyword::kPartition, Keyword::kBy)) match->partition_by = parse_expr_list(in);
  match->order_by = parse_optional_order_by(in);
  if (in.accept_word("measures")) match->measures = parse_list(in, parse_measure);
  match->rows = parse_rows_per_match(in);
  match->skip = parse_skip(in);
  expect_word(in, "pattern");
  if (!in.at(TokenKind::kOpen)) in.fail();
  match->pattern = PatternParser(in).parse();
  ListBuilder<const MatchDefinition*> definitions(in);
  if (in.at(Keyword::kWithin)) definitions.add(parse_within(in));
  if (in.accept_word("subset")) match->subsets = parse_list(in, parse_subset);
  expect_word(in, "define");
  do {
    definitions.add(parse_definition(in));
  } while (in.accept(TokenKind::kComma));
  match->definitions = definitions.finish();
}

}  // namespace

// `t match_recognize (a, b)` is an alias and its columns; what two words in a row begin can only be the clause.
bool at_match_recognize(TokenStream& in) {
  if (in.keyword() != Keyword::kNoKeyword || !in.at_word("match_recognize")) return false;
  if (!in.at_next(TokenKind::kOpen)) return false;
  const TokenKind after_name = in.peek(3).kind;
  return in.peek(2).kind == TokenKind::kWord && after_name != TokenKind::kComma && after_name != TokenKind::kClose;
}

FromItem* parse_match_recognize(TokenStream& in, const FromItem* input) {
  const Nested nested(in);
  auto* match = in.make<MatchRecognize>();
  match->input = input;
  in.skip();
  in.expect(TokenKind::kOpen);
  const bool outer = std::exchange(in.in_match_recognize, true);
  parse_clauses(in, match);
  in.in_match_recognize = outer;
  in.expect(TokenKind::kClose);
  match->alias = parse_optional_alias(in);
  return match;
}

// RUNNING or FINAL before a call.
bool at_row_semantics(TokenStream& in) {
  if (!in.in_match_recognize || !(in.at_word("final") || in.at_word("running"))) return false;
  const TokenKind next = in.peek(1).kind;
  return (next == TokenKind::kWord || next == TokenKind::kQuotedWord) && in.peek(2).kind == TokenKind::kOpen;
}

const Expr* parse_row_semantics(TokenStream& in) {
  auto* node = in.make<RowSemanticsExpr>();
  node->final = in.at_word("final");
  in.skip();
  const uint32_t position = in.position();
  node->argument = parse_call(in, parse_function_name(in), position);
  return node;
}

}  // namespace troupe::sql
