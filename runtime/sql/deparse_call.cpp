// Function calls, ORDER BY, windows.
#include "runtime/sql/deparser.hpp"
#include "storage/base/text.hpp"

namespace troupe::sql {
namespace {

// EXTRACT's field, bare where it reads as a word.
bool is_word(std::string_view text) {
  for (const char c : text) {
    if (c < 'a' || c > 'z') return false;
  }
  return !text.empty();
}

std::string_view text_of(const Expr* node) {
  const auto* literal = node->as<Literal>();
  return literal != nullptr ? literal->text : std::string_view{};
}

}  // namespace

void Deparser::order_by(List<const SortItem*> items) {
  write("ORDER BY ");
  list(items, [this](const SortItem* item) {
    expr(*item->value);
    if (item->order == SortOrder::kAscending) write(" ASC");
    if (item->order == SortOrder::kDescending) write(" DESC");
    if (item->order == SortOrder::kUsing) {
      write(" USING ");
      operator_symbol(item->using_schema, item->using_op);
    }
    if (item->nulls == NullsOrder::kFirst) write(" NULLS FIRST");
    if (item->nulls == NullsOrder::kLast) write(" NULLS LAST");
  });
}

void Deparser::frame_bound(const FrameBound& bound) {
  if (bound.offset != nullptr) expr(*bound.offset);
  switch (bound.type) {
    case FrameBoundType::kUnboundedPreceding: return write("UNBOUNDED PRECEDING");
    case FrameBoundType::kPreceding: return write(" PRECEDING");
    case FrameBoundType::kCurrentRow: return write("CURRENT ROW");
    case FrameBoundType::kFollowing: return write(" FOLLOWING");
    case FrameBoundType::kUnboundedFollowing: return write("UNBOUNDED FOLLOWING");
  }
}

void Deparser::frame(const WindowDefinition& window) {
  write(window.unit == FrameUnit::kRange ? "RANGE" : window.unit == FrameUnit::kRows ? "ROWS" : "GROUPS");
  write(" BETWEEN ");
  frame_bound(window.start);
  write(" AND ");
  frame_bound(window.end);
  if (window.exclusion == FrameExclusion::kCurrentRow) write(" EXCLUDE CURRENT ROW");
  if (window.exclusion == FrameExclusion::kGroup) write(" EXCLUDE GROUP");
  if (window.exclusion == FrameExclusion::kTies) write(" EXCLUDE TIES");
}

void Deparser::window(const WindowDefinition& window) {
  write("(");
  std::string_view separator;
  const auto next = [&] {
    write(separator);
    separator = " ";
  };
  if (!window.base.empty()) {
    next();
    identifier(window.base);
  }
  if (!window.partition_by.empty()) {
    next();
    write("PARTITION BY ");
    exprs(window.partition_by);
  }
  if (!window.order_by.empty()) {
    next();
    order_by(window.order_by);
  }
  if (window.has_frame) {
    next();
    frame(window);
  }
  write(")");
}

void Deparser::plain_call(const FunctionCall& node) {
  const auto text = texts_ != nullptr && texts_->function ? texts_->function(node) : std::nullopt;
  text ? write(*text) : name(node.name);
  write("(");
  if (node.distinct) write("DISTINCT ");
  if (node.star) write("*");
  for (size_t i = 0; i < node.arguments.size(); ++i) {
    if (i > 0) write(", ");
    if (node.variadic && i + 1 == node.arguments.size()) write("VARIADIC ");
    expr(*node.arguments[i]);
  }
  if (!node.order_by.empty() && !node.within_group) {
    write(" ");
    order_by(node.order_by);
  }
  write(")");
}

// SQL's own syntax; false where the plain one says the same.
bool Deparser::special_call(const FunctionCall& node) {
  const auto arguments = node.arguments;
  const auto piece = [&](std::string_view before, size_t i) {
    write(before);
    expr(*arguments[i]);
  };
  switch (node.syntax) {
    case CallSyntax::kAtTimeZone:
      piece("(", 1);
      piece(" AT TIME ZONE ", 0);
      break;
    case CallSyntax::kExtract:
      write("EXTRACT(");
      if (is_word(text_of(arguments[0]))) write(text_of(arguments[0]));
      else expr(*arguments[0]);
      piece(" FROM ", 1);
      break;
    case CallSyntax::kOverlay:
      piece("OVERLAY(", 0);
      piece(" PLACING ", 1);
      piece(" FROM ", 2);
      if (arguments.size() > 3) piece(" FOR ", 3);
      break;
    case CallSyntax::kPosition:
      piece("POSITION(", 1);
      piece(" IN ", 0);
      break;
    case CallSyntax::kSubstring:
      piece("SUBSTRING(", 0);
      piece(" FROM ", 1);
      if (arguments.size() > 2) piece(" FOR ", 2);
      break;
    case CallSyntax::kSubstringSimilar:
      piece("SUBSTRING(", 0);
      piece(" SIMILAR ", 1);
      piece(" ESCAPE ", 2);
      break;
    case CallSyntax::kOverlaps:
      piece("((", 0);
      piece(", ", 1);
      piece(") OVERLAPS (", 2);
      piece(", ", 3);
      write(")");
      break;
    case CallSyntax::kCollationFor: piece("COLLATION FOR (", 0); break;
    default: return trim_or_normalize(node);
  }
  write(")");
  return true;
}

bool Deparser::trim_or_normalize(const FunctionCall& node) {
  const auto arguments = node.arguments;
  const bool two = arguments.size() == 2;
  switch (node.syntax) {
    case CallSyntax::kTrimBoth: write("TRIM(BOTH "); break;
    case CallSyntax::kTrimLeading: write("TRIM(LEADING "); break;
    case CallSyntax::kTrimTrailing: write("TRIM(TRAILING "); break;
    case CallSyntax::kNormalize:
      write("NORMALIZE(");
      expr(*arguments[0]);
      write(two ? cat(", ", text_of(arguments[1]), ")") : std::string(")"));
      return true;
    case CallSyntax::kIsNormalized:
      write("(");
      expr(*arguments[0]);
      write(two ? cat(" IS ", text_of(arguments[1]), " NORMALIZED)") : std::string(" IS NORMALIZED)"));
      return true;
    default: return false;
  }
  if (two) {
    expr(*arguments[1]);
    write(" ");
  }
  write("FROM ");
  expr(*arguments[0]);
  for (size_t i = two ? 2 : 1; i < arguments.size(); ++i) {
    write(", ");
    expr(*arguments[i]);
  }
  write(")");
  return true;
}

void Deparser::call(const FunctionCall& node) {
  if (!special_call(node)) plain_call(node);
  if (node.within_group) {
    write(" WITHIN GROUP (");
    order_by(node.order_by);
    write(")");
  }
  if (node.filter != nullptr) {
    write(" FILTER (WHERE ");
    expr(*node.filter);
    write(")");
  }
  if (node.over == nullptr) return;
  write(" OVER ");
  if (node.over->reference) {
    identifier(node.over->name);
  } else {
    window(*node.over);
  }
}

}  // namespace troupe::sql
