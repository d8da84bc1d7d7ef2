// MATCH_RECOGNIZE.
#include "runtime/sql/deparse.hpp"
#include "runtime/sql/deparser.hpp"
#include "storage/base/text.hpp"

namespace troupe::sql {

void Deparser::quantifier(const PatternExpr& pattern) {
  const bool unbounded = pattern.maximum == PatternExpr::kUnbounded;
  if (unbounded && pattern.minimum <= 1) {
    write(pattern.minimum == 0 ? "*" : "+");
  } else if (pattern.minimum == 0 && pattern.maximum == 1) {
    write("?");
  } else if (unbounded) {
    write(cat("{", pattern.minimum, ",}"));
  } else {
    write(cat("{", pattern.minimum, ",", pattern.maximum, "}"));
  }
  if (pattern.reluctant) write("?");
}

void Deparser::pattern(const PatternExpr& node) {
  using Type = PatternExpr::Type;
  const auto items = [this, &node](std::string_view separator) {
    list(
        node.items, [this](const PatternExpr* item) { pattern(*item); }, separator);
  };
  switch (node.type) {
    case Type::kVariable: return identifier(node.name);
    case Type::kEmpty: return write("()");
    case Type::kStart: return write("^");
    case Type::kEnd: return write("$");
    case Type::kConcatenation:
    case Type::kAlternation:
      write("(");
      items(node.type == Type::kAlternation ? " | " : " ");
      return write(")");
    case Type::kPermute:
      write("PERMUTE(");
      items(", ");
      return write(")");
    case Type::kExclusion:
      write("{- ");
      items(" ");
      return write(" -}");
    case Type::kQuantified: break;
  }
  // A quantified item of its own needs parentheses: a+? is not (a+)?.
  const bool nested = node.items[0]->type == Type::kQuantified;
  if (nested) write("(");
  items("");
  if (nested) write(")");
  quantifier(node);
}

void Deparser::match_rows(const MatchRecognize& match) {
  switch (match.rows) {
    case RowsPerMatch::kOne: write("ONE ROW PER MATCH"); break;
    case RowsPerMatch::kShowEmpty: write("ALL ROWS PER MATCH"); break;
    case RowsPerMatch::kOmitEmpty: write("ALL ROWS PER MATCH OMIT EMPTY MATCHES"); break;
    case RowsPerMatch::kWithUnmatched: write("ALL ROWS PER MATCH WITH UNMATCHED ROWS"); break;
  }
  write(" AFTER MATCH SKIP ");
  switch (match.skip.to) {
    case MatchSkip::To::kPastLastRow: return write("PAST LAST ROW");
    case MatchSkip::To::kNextRow: return write("TO NEXT ROW");
    case MatchSkip::To::kFirst: write("TO FIRST "); break;
    case MatchSkip::To::kLast: write("TO LAST "); break;
  }
  identifier(match.skip.variable);
}

void Deparser::match_definitions(const MatchRecognize& match) {
  List<const MatchDefinition*> definitions = match.definitions;
  if (!definitions.empty() && definitions[0]->variable.empty()) {
    write(" WITHIN ");
    expr(*definitions[0]->condition);
    definitions = definitions.subspan(1);
  }
  if (!match.subsets.empty()) {
    write(" SUBSET ");
    list(match.subsets, [this](const MatchSubset* subset) {
      identifier(subset->name);
      write(" = (");
      list(subset->variables, [this](std::string_view variable) { identifier(variable); });
      write(")");
    });
  }
  write(" DEFINE ");
  list(definitions, [this](const MatchDefinition* definition) {
    identifier(definition->variable);
    write(" AS ");
    expr(*definition->condition);
  });
}

void Deparser::match_recognize(const MatchRecognize& match) {
  from_item(*match.input);
  write(" MATCH_RECOGNIZE (");
  if (!match.partition_by.empty()) {
    write("PARTITION BY ");
    exprs(match.partition_by);
    write(" ");
  }
  if (!match.order_by.empty()) {
    order_by(match.order_by);
    write(" ");
  }
  if (!match.measures.empty()) {
    write("MEASURES ");
    list(match.measures, [this](const MatchMeasure* measure) {
      expr(*measure->value);
      write(" AS ");
      identifier(measure->name);
    });
    write(" ");
  }
  match_rows(match);
  write(" PATTERN (");
  pattern(*match.pattern);
  write(")");
  match_definitions(match);
  write(")");
  alias(match.alias);
}

std::string to_sql(const PatternExpr& pattern) {
  Deparser out;
  out.pattern(pattern);
  return out.take();
}

}  // namespace troupe::sql
