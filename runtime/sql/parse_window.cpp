// ORDER BY, GROUP BY, OVER and WINDOW.
#include "runtime/sql/grammar.hpp"

namespace troupe::sql {
namespace {

const SortItem* parse_sort_item(TokenStream& in) {
  auto* item = in.make<SortItem>();
  item->value = parse_expr(in);
  if (in.accept(Keyword::kUsing)) {
    item->order = SortOrder::kUsing;
    const OperatorName op =
        in.accept(Keyword::kOperator) ? parse_parenthesised_operator(in) : parse_operator_name(in);
    item->using_schema = op.schema;
    item->using_op = op.op;
  } else if (in.accept(Keyword::kAsc)) {
    item->order = SortOrder::kAscending;
  } else if (in.accept(Keyword::kDesc)) {
    item->order = SortOrder::kDescending;
  }
  if (in.accept(Keyword::kNulls)) {
    item->nulls = in.at(Keyword::kFirst) ? NullsOrder::kFirst : NullsOrder::kLast;
    if (!in.accept(Keyword::kFirst)) in.expect(Keyword::kLast);
  }
  return item;
}

const GroupingSet* parse_grouping_set(TokenStream& in) {
  const Nested nested(in);
  auto* set = in.make<GroupingSet>();
  if (in.at(TokenKind::kOpen) && in.at_next(TokenKind::kClose)) {
    in.skip();
    in.skip();
    set->type = GroupingSet::Type::kEmpty;
  } else if ((in.at(Keyword::kRollup) || in.at(Keyword::kCube)) && in.at_next(TokenKind::kOpen)) {
    set->type = in.at(Keyword::kCube) ? GroupingSet::Type::kCube : GroupingSet::Type::kRollup;
    in.skip();
    set->expressions = parse_list_in_parentheses(in, parse_expr);
  } else if (in.at(Keyword::kGrouping, Keyword::kSets)) {
    in.skip();
    in.skip();
    set->type = GroupingSet::Type::kSets;
    set->sets = parse_list_in_parentheses(in, parse_grouping_set);
  } else {
    const Expr* expression = parse_expr(in);
    set->expressions = in.arena().copy(&expression, 1);
  }
  return set;
}

FrameBound parse_bound(TokenStream& in) {
  FrameBound bound;
  if (in.at(Keyword::kUnbounded) && (in.at_next(Keyword::kPreceding) || in.at_next(Keyword::kFollowing))) {
    in.skip();
    bound.type = in.at(Keyword::kPreceding) ? FrameBoundType::kUnboundedPreceding : FrameBoundType::kUnboundedFollowing;
    in.skip();
    return bound;
  }
  if (in.at(Keyword::kCurrent, Keyword::kRow)) {
    in.skip();
    in.skip();
    bound.type = FrameBoundType::kCurrentRow;
    return bound;
  }
  bound.offset = parse_expr(in);
  bound.type = in.at(Keyword::kPreceding) ? FrameBoundType::kPreceding : FrameBoundType::kFollowing;
  if (!in.accept(Keyword::kPreceding)) in.expect(Keyword::kFollowing);
  return bound;
}

const char* problem_of_frame(FrameBoundType start, FrameBoundType end, bool between) {
  if (start == FrameBoundType::kUnboundedFollowing) return "frame start cannot be UNBOUNDED FOLLOWING";
  if (!between && start == FrameBoundType::kFollowing)
    return "frame starting from following row cannot end with current row";
  if (end == FrameBoundType::kUnboundedPreceding) return "frame end cannot be UNBOUNDED PRECEDING";
  if (start == FrameBoundType::kCurrentRow && end == FrameBoundType::kPreceding)
    return "frame starting from current row cannot have preceding rows";
  if (start == FrameBoundType::kFollowing && end == FrameBoundType::kPreceding)
    return "frame starting from following row cannot have preceding rows";
  if (start == FrameBoundType::kFollowing && end == FrameBoundType::kCurrentRow)
    return "frame starting from following row cannot have preceding rows";
  return nullptr;
}

FrameExclusion parse_exclusion(TokenStream& in) {
  if (!in.accept(Keyword::kExclude)) return FrameExclusion::kNone;
  if (in.accept(Keyword::kGroup)) return FrameExclusion::kGroup;
  if (in.accept(Keyword::kTies)) return FrameExclusion::kTies;
  if (in.accept(Keyword::kCurrent)) {
    in.expect(Keyword::kRow);
    return FrameExclusion::kCurrentRow;
  }
  in.expect(Keyword::kNo, Keyword::kOthers);
  return FrameExclusion::kNone;
}

bool at_frame(const TokenStream& in) {
  return in.at(Keyword::kRange) || in.at(Keyword::kRows) || in.at(Keyword::kGroups);
}

void parse_frame(TokenStream& in, WindowDefinition* window) {
  if (!at_frame(in)) return;
  window->has_frame = true;
  window->unit = in.at(Keyword::kRange)  ? FrameUnit::kRange
                 : in.at(Keyword::kRows) ? FrameUnit::kRows
                                         : FrameUnit::kGroups;
  in.skip();
  const uint32_t position = in.position();
  const bool between = in.accept(Keyword::kBetween);
  window->start = parse_bound(in);
  if (between) {
    in.expect(Keyword::kAnd);
    window->end = parse_bound(in);
  }
  if (const char* problem = problem_of_frame(window->start.type, window->end.type, between))
    in.fail(ErrorCode::kWindowingError, position, problem);
  window->exclusion = parse_exclusion(in);
}

void parse_specification(TokenStream& in, WindowDefinition* window) {
  in.expect(TokenKind::kOpen);
  if (can_name_column(in.token()) && !at_frame(in) && !in.at(Keyword::kPartition)) window->base = parse_column_name(in);
  if (in.accept(Keyword::kPartition)) {
    in.expect(Keyword::kBy);
    window->partition_by = parse_expr_list(in);
  }
  window->order_by = parse_optional_order_by(in);
  parse_frame(in, window);
  in.expect(TokenKind::kClose);
}

}  // namespace

List<const SortItem*> parse_order_by(TokenStream& in) {
  in.expect(Keyword::kOrder, Keyword::kBy);
  return parse_list(in, parse_sort_item);
}

List<const SortItem*> parse_optional_order_by(TokenStream& in) {
  return in.at(Keyword::kOrder) ? parse_order_by(in) : List<const SortItem*>{};
}

List<const GroupingSet*> parse_group_by(TokenStream& in) { return parse_list(in, parse_grouping_set); }

const WindowDefinition* parse_over(TokenStream& in) {
  const Nested nested(in);
  auto* window = in.make<WindowDefinition>();
  in.skip();
  if (in.at(TokenKind::kOpen)) {
    parse_specification(in, window);
  } else {
    window->reference = true;
    window->name = parse_column_name(in);
  }
  return window;
}

List<const WindowDefinition*> parse_window_clause(TokenStream& in) {
  return parse_list(in, [](TokenStream& s) -> const WindowDefinition* {
    auto* window = s.make<WindowDefinition>();
    window->name = parse_column_name(s);
    s.expect(Keyword::kAs);
    parse_specification(s, window);
    return window;
  });
}

}  // namespace troupe::sql
