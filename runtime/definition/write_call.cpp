/// Calls of functions, aggregates and window functions; SQL's own syntax for some.
#include "runtime/definition/rule_writer.hpp"
#include "runtime/sql/deparse.hpp"

namespace troupe {

void RuleWriter::write_function(const RuleNode& node, bool) {
  if (node.syntax != sql::CallSyntax::kPlain && write_special_syntax(node)) return;
  put(cat(node.text, "("));
  for (size_t i = 0; i < node.args.size(); ++i) {
    if (i > 0) put(", ");
    if (node.variadic && i + 1 == node.args.size()) put("VARIADIC ");
    write(*node.args[i], true);
  }
  put(")");
}

bool RuleWriter::write_special_syntax(const RuleNode& node) {
  const RuleNodes& args = node.args;
  const auto piece = [&](std::string_view before, size_t i) {
    put(before);
    write(*args[i], false);
  };
  const auto trim = [&](std::string_view before) {
    put(before);
    if (args.size() == 2) piece(" ", 1);
    piece(" FROM ", 0);
  };
  switch (node.syntax) {
    case sql::CallSyntax::kAtTimeZone:
      put("(");
      write_inside(*args[1], false, node);
      put(" AT TIME ZONE ");
      write_inside(*args[0], false, node);
      break;
    case sql::CallSyntax::kOverlaps:
      piece("((", 0);
      piece(", ", 1);
      piece(") OVERLAPS (", 2);
      piece(", ", 3);
      put(")");
      break;
    case sql::CallSyntax::kExtract:
      put(cat("EXTRACT(", args[0]->text));
      piece(" FROM ", 1);
      break;
    case sql::CallSyntax::kIsNormalized:
      put("(");
      write_inside(*args[0], false, node);
      put(cat(" IS", args.size() == 2 ? cat(" ", args[1]->text) : std::string(), " NORMALIZED"));
      break;
    case sql::CallSyntax::kCollationFor: piece("COLLATION FOR (", 0); break;
    case sql::CallSyntax::kNormalize:
      piece("NORMALIZE(", 0);
      if (args.size() == 2) put(cat(", ", args[1]->text));
      break;
    case sql::CallSyntax::kOverlay:
      piece("OVERLAY(", 0);
      piece(" PLACING ", 1);
      piece(" FROM ", 2);
      if (args.size() == 4) piece(" FOR ", 3);
      break;
    case sql::CallSyntax::kPosition:
      piece("POSITION((", 1);
      piece(") IN (", 0);
      put(")");
      break;
    case sql::CallSyntax::kSubstring:
      if (args.size() == 2 && !is_integer_type(args[1]->type.oid)) return false;  // FROM a pattern
      piece("SUBSTRING(", 0);
      piece(" FROM ", 1);
      if (args.size() == 3) piece(" FOR ", 2);
      break;
    case sql::CallSyntax::kSubstringSimilar:
      piece("SUBSTRING(", 0);
      piece(" SIMILAR ", 1);
      piece(" ESCAPE ", 2);
      break;
    case sql::CallSyntax::kTrimBoth: trim("TRIM(BOTH"); break;
    case sql::CallSyntax::kTrimLeading: trim("TRIM(LEADING"); break;
    case sql::CallSyntax::kTrimTrailing: trim("TRIM(TRAILING"); break;
    default: return false;
  }
  put(")");
  return true;
}

void RuleWriter::write_aggregate(const RuleNode& node) {
  const sql::FunctionCall& call = *node.call;
  put(cat(node.text, "(", node.distinct ? "DISTINCT " : ""));
  if (call.within_group) {
    write_list(node.args, true);
    put(") WITHIN GROUP (ORDER BY ");
    order_by(call.order_by, SortPlace::kPlain);
  } else {
    if (node.star) put("*");
    for (size_t i = 0; i < node.args.size(); ++i) {
      if (i > 0) put(", ");
      if (node.variadic && i + 1 == node.args.size()) put("VARIADIC ");
      write(*node.args[i], true);
    }
    if (!call.order_by.empty()) {
      put(" ORDER BY ");
      order_by(call.order_by, SortPlace::kPlain);
    }
  }
  if (call.filter != nullptr) {
    put(") FILTER (WHERE ");
    write(*coerced(analyze(*call.filter), Type{oid::kBool}), false);
  }
  put(")");
}

void RuleWriter::write_window(const RuleNode& node) {
  const sql::FunctionCall& call = *node.call;
  put(cat(node.text, "("));
  if (node.star) put("*");
  write_list(node.args, true);
  if (call.filter != nullptr) {
    put(") FILTER (WHERE ");
    write(*coerced(analyze(*call.filter), Type{oid::kBool}), false);
  }
  put(") OVER ");
  if (call.over->reference)
    put(sql::quote_identifier(call.over->name));
  else
    write_window_definition(*call.over);
}

void RuleWriter::write_window_definition(const sql::WindowDefinition& window) {
  std::string_view blank;
  const auto next = [&](std::string_view text) {
    put(cat(blank, text));
    blank = " ";
  };
  put("(");
  if (!window.base.empty()) next(sql::quote_identifier(window.base));
  if (!window.partition_by.empty() && window.base.empty()) {
    next("PARTITION BY ");
    for (size_t i = 0; i < window.partition_by.size(); ++i) {
      if (i > 0) put(", ");
      write_sort_item(*sort_item(*window.partition_by[i], SortPlace::kPlain));
    }
  }
  if (!window.order_by.empty()) {
    next("ORDER BY ");
    order_by(window.order_by, SortPlace::kPlain);
  }
  if (window.has_frame) {
    next("");
    write_frame(window);
  }
  put(")");
}

void RuleWriter::write_frame(const sql::WindowDefinition& window) {
  put(window.unit == sql::FrameUnit::kRange ? "RANGE " : window.unit == sql::FrameUnit::kRows ? "ROWS " : "GROUPS ");
  const auto bound = [&](const sql::FrameBound& at) {
    if (at.offset != nullptr) {
      RuleNodePtr offset = analyze(*at.offset);
      const bool count = window.unit != sql::FrameUnit::kRange;
      write(*(count ? coerced(std::move(offset), Type{oid::kInt8}) : std::move(offset)), false);
    }
    switch (at.type) {
      case sql::FrameBoundType::kUnboundedPreceding: return put("UNBOUNDED PRECEDING");
      case sql::FrameBoundType::kPreceding: return put(" PRECEDING");
      case sql::FrameBoundType::kCurrentRow: return put("CURRENT ROW");
      case sql::FrameBoundType::kFollowing: return put(" FOLLOWING");
      case sql::FrameBoundType::kUnboundedFollowing: return put("UNBOUNDED FOLLOWING");
    }
  };
  put("BETWEEN ");
  bound(window.start);
  put(" AND ");
  bound(window.end);
  if (window.exclusion == sql::FrameExclusion::kCurrentRow) put(" EXCLUDE CURRENT ROW");
  if (window.exclusion == sql::FrameExclusion::kGroup) put(" EXCLUDE GROUP");
  if (window.exclusion == sql::FrameExclusion::kTies) put(" EXCLUDE TIES");
}

}  // namespace troupe
