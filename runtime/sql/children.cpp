#include "runtime/sql/children.hpp"

#include "runtime/sql/ast_all.hpp"

namespace troupe::sql {
namespace {

using Visit = absl::FunctionRef<void(const Node&)>;

class Children {
 public:
  explicit Children(Visit visit) : visit_(visit) {}

  void of(const Node& node);

 private:
  void one(const Node* node) {
    if (node != nullptr) visit_(*node);
  }
  template <typename T>
  void all(const List<const T*>& nodes) {
    for (const T* node : nodes) one(node);
  }
  void accessors(const List<Accessor>& list) {
    for (const Accessor& accessor : list) {
      one(accessor.lower);
      one(accessor.upper);
    }
  }
  void targets(const List<AssignmentTarget>& list) {
    for (const AssignmentTarget& target : list) accessors(target.accessors);
  }

  bool of_expression(const Node& node);
  void of_call(const FunctionCall& call);
  void of_case(const CaseExpr& expr);
  void of_window(const WindowDefinition& window);
  bool of_from(const Node& node);
  void of_match(const MatchRecognize& match);
  void of_select(const SelectStatement& select);
  bool of_change(const Node& node);
  void of_insert(const InsertStatement& insert);
  void of_merge(const MergeStatement& merge);

  Visit visit_;
};

void Children::of_call(const FunctionCall& call) {
  all(call.arguments);
  all(call.order_by);
  one(call.filter);
  one(call.over);
}

void Children::of_case(const CaseExpr& expr) {
  one(expr.argument);
  for (const CaseBranch& branch : expr.branches) {
    one(branch.when);
    one(branch.then);
  }
  one(expr.otherwise);
}

void Children::of_window(const WindowDefinition& window) {
  all(window.partition_by);
  all(window.order_by);
  one(window.start.offset);
  one(window.end.offset);
}

template <typename T, typename... Members>
void each(const Node& node, const Visit& visit, Members... members) {
  const T& of = node.to<T>();
  const auto one = [&](const Node* child) {
    if (child != nullptr) visit(*child);
  };
  (one(of.*members), ...);
}

bool Children::of_expression(const Node& node) {
  switch (node.kind) {
    case NodeKind::kIndirection:
      one(node.to<Indirection>().argument);
      accessors(node.to<Indirection>().accessors);
      return true;
    case NodeKind::kOperator: each<OperatorExpr>(node, visit_, &OperatorExpr::left, &OperatorExpr::right); return true;
    case NodeKind::kBoolean: all(node.to<BooleanExpr>().arguments); return true;
    case NodeKind::kFunctionCall: of_call(node.to<FunctionCall>()); return true;
    case NodeKind::kNamedArgument: one(node.to<NamedArgument>().value); return true;
    case NodeKind::kCast: one(node.to<CastExpr>().argument); return true;
    case NodeKind::kCollate: one(node.to<CollateExpr>().argument); return true;
    case NodeKind::kRow: all(node.to<RowExpr>().fields); return true;
    case NodeKind::kArray: all(node.to<ArrayExpr>().elements); return true;
    case NodeKind::kSubquery: each<SubqueryExpr>(node, visit_, &SubqueryExpr::test); return true;
    case NodeKind::kAnyAll: each<AnyAllExpr>(node, visit_, &AnyAllExpr::left, &AnyAllExpr::array); return true;
    case NodeKind::kInList:
      one(node.to<InListExpr>().argument);
      all(node.to<InListExpr>().list);
      return true;
    case NodeKind::kBetween:
      each<BetweenExpr>(node, visit_, &BetweenExpr::argument, &BetweenExpr::low, &BetweenExpr::high);
      return true;
    case NodeKind::kLike:
      each<LikeExpr>(node, visit_, &LikeExpr::argument, &LikeExpr::pattern, &LikeExpr::escape);
      return true;
    case NodeKind::kNullTest: one(node.to<NullTest>().argument); return true;
    case NodeKind::kBooleanTest: one(node.to<BooleanTest>().argument); return true;
    case NodeKind::kDistinctTest: each<DistinctTest>(node, visit_, &DistinctTest::left, &DistinctTest::right); return true;
    case NodeKind::kNullIf: each<NullIfExpr>(node, visit_, &NullIfExpr::left, &NullIfExpr::right); return true;
    case NodeKind::kCoalesce: all(node.to<CoalesceExpr>().arguments); return true;
    case NodeKind::kGreatestLeast: all(node.to<GreatestLeastExpr>().arguments); return true;
    case NodeKind::kCase: of_case(node.to<CaseExpr>()); return true;
    case NodeKind::kGrouping: all(node.to<GroupingExpr>().arguments); return true;
    case NodeKind::kPrior: one(node.to<PriorExpr>().argument); return true;
    case NodeKind::kRowSemantics: one(node.to<RowSemanticsExpr>().argument); return true;
    case NodeKind::kSortItem: one(node.to<SortItem>().value); return true;
    case NodeKind::kWindow: of_window(node.to<WindowDefinition>()); return true;
    default: return false;
  }
}

void Children::of_match(const MatchRecognize& match) {
  one(match.input);
  all(match.partition_by);
  all(match.order_by);
  for (const MatchMeasure* measure : match.measures) one(measure->value);
  for (const MatchDefinition* definition : match.definitions) one(definition->condition);
}

bool Children::of_from(const Node& node) {
  switch (node.kind) {
    case NodeKind::kTableRef:
      if (const TableSample* sample = node.to<TableRef>().sample) {
        all(sample->arguments);
        one(sample->repeatable);
      }
      return true;
    case NodeKind::kSubqueryRef: one(node.to<SubqueryRef>().query); return true;
    case NodeKind::kFunctionRef:
      for (const TableFunction& function : node.to<FunctionRef>().functions) one(function.call);
      return true;
    case NodeKind::kJoin: each<JoinExpr>(node, visit_, &JoinExpr::left, &JoinExpr::right, &JoinExpr::on); return true;
    case NodeKind::kMatchRecognize: of_match(node.to<MatchRecognize>()); return true;
    case NodeKind::kTarget: one(node.to<Target>().value); return true;
    case NodeKind::kGroupingSet:
      all(node.to<GroupingSet>().expressions);
      all(node.to<GroupingSet>().sets);
      return true;
    case NodeKind::kWith: all(node.to<WithClause>().tables); return true;
    case NodeKind::kCommonTable: one(node.to<CommonTable>().query); return true;
    default: return false;
  }
}

void Children::of_select(const SelectStatement& select) {
  one(select.with);
  one(select.left);
  one(select.right);
  all(select.distinct_on);
  all(select.targets);
  for (const ExprList& row : select.values) all(row);
  all(select.from);
  one(select.where);
  if (select.connect_by != nullptr) {
    one(select.connect_by->start_with);
    one(select.connect_by->condition);
  }
  all(select.group_by);
  one(select.having);
  all(select.windows);
  all(select.order_by);
  one(select.limit);
  one(select.offset);
}

void Children::of_insert(const InsertStatement& insert) {
  one(insert.with);
  targets(insert.columns);
  one(insert.source);
  if (const OnConflict* conflict = insert.on_conflict) {
    one(conflict->elements_where);
    all(conflict->assignments);
    one(conflict->where);
  }
  all(insert.returning);
}

void Children::of_merge(const MergeStatement& merge) {
  one(merge.with);
  one(merge.source);
  one(merge.on);
  for (const MergeWhen* when : merge.clauses) {
    one(when->condition);
    all(when->assignments);
    all(when->values);
  }
}

bool Children::of_change(const Node& node) {
  switch (node.kind) {
    case NodeKind::kInsert: of_insert(node.to<InsertStatement>()); return true;
    case NodeKind::kUpdate: {
      const auto& update = node.to<UpdateStatement>();
      one(update.with);
      all(update.assignments);
      all(update.from);
      one(update.where);
      all(update.returning);
      return true;
    }
    case NodeKind::kDelete: {
      const auto& remove = node.to<DeleteStatement>();
      one(remove.with);
      all(remove.using_items);
      one(remove.where);
      all(remove.returning);
      return true;
    }
    case NodeKind::kMerge: of_merge(node.to<MergeStatement>()); return true;
    case NodeKind::kAssignment:
      targets(node.to<Assignment>().targets);
      one(node.to<Assignment>().value);
      return true;
    default: return false;
  }
}

void Children::of(const Node& node) {
  if (const auto* select = node.as<SelectStatement>()) return of_select(*select);
  if (of_expression(node) || of_from(node)) return;
  of_change(node);
}

}  // namespace

void for_each_child(const Node& node, Visit visit) {
  Children(visit).of(node);
}

}  // namespace troupe::sql
