/// EXPLAIN in PostgreSQL's text format.
#include <algorithm>
#include <cstdio>
#include <functional>

#include "runtime/plan/planner.hpp"
#include "runtime/plan/system_table.hpp"
#include "runtime/plan/table_function.hpp"
#include "runtime/sql/deparse.hpp"

namespace troupe {
namespace {

using Names = std::vector<std::string>;

std::string join_list(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += cat(text.empty() ? "" : ", ", part);
  return text;
}

std::string join_prefix(JoinKind kind) {
  switch (kind) {
    case JoinKind::kInner: return "";
    case JoinKind::kLeft: return " Left";
    case JoinKind::kRight: return " Right";
    case JoinKind::kFull: return " Full";
    case JoinKind::kSemi: return " Semi";
    case JoinKind::kAnti:
    case JoinKind::kNullAwareAnti: return " Anti";
    case JoinKind::kMark: return " Mark";
    case JoinKind::kSingle: return " Single";
  }
  return "";
}

class Explainer {
 public:
  Explainer(const StatementPlan& plan, std::span<const ActualRun> actual)
      : plan_{plan}, actual_{actual}, options_{plan.explain} {
    tables_ = count_tables(*plan.root);
    for (const PlanPtr& cte : plan.ctes) tables_ += count_tables(*cte);
    number_marks(*plan.root);
    for (const InitPlan& init : plan.init_plans) number_marks(*init.plan);
    for (const PlanPtr& cte : plan.ctes) number_marks(*cte);
  }

  std::vector<std::string> run() {
    node(*plan_.root, 0, "");
    for (size_t i = 0; i < plan_.init_plans.size(); ++i) {
      line(1, cat("InitPlan ", i + 1, " (returns $$", plan_.init_plans[i].slot, ")"));
      node(*plan_.init_plans[i].plan, 1, "->  ");
    }
    for (size_t i = 0; i < plan_.ctes.size(); ++i) {
      line(1, cat("CTE cte", i));
      node(*plan_.ctes[i], 1, "->  ");
    }
    return std::move(lines_);
  }

 private:
  static int count_tables(const PlanNode& node) {
    int count = node.kind == PlanKind::kTableScan || node.kind == PlanKind::kIndexJoin ? 1 : 0;
    for (const PlanPtr& input : node.inputs) count += count_tables(*input);
    return count;
  }

  static JoinKind join_kind(const PlanNode& node) {
    if (const auto* join = node.as<HashJoinPlan>()) return join->join;
    if (const auto* join = node.as<NestedLoopPlan>()) return join->join;
    if (const auto* join = node.as<IndexJoinPlan>()) return join->join;
    if (const auto* join = node.as<ApplyPlan>()) return join->join;
    return JoinKind::kInner;
  }
  /// What a join adds as a mark is what PostgreSQL calls a subplan. Inner ones come first, as they are computed.
  void number_marks(const PlanNode& node) {
    for (const PlanPtr& input : node.inputs) number_marks(*input);
    if (join_kind(node) == JoinKind::kMark) marks_.push_back(&node);
  }
  size_t mark_number(const PlanNode& node) const {
    return static_cast<size_t>(std::find(marks_.begin(), marks_.end(), &node) - marks_.begin()) + 1;
  }
  std::string mark_name(const PlanNode& node) const {
    return cat(node.kind == PlanKind::kHashJoin ? "(hashed SubPlan " : "(SubPlan ", mark_number(node), ")");
  }
  /// " Join", and which subplan it is.
  std::string join_suffix(const PlanNode& node, std::string_view word) const {
    const JoinKind kind = join_kind(node);
    if (kind == JoinKind::kMark) return cat(word, " (SubPlan ", mark_number(node), ")");
    return kind == JoinKind::kInner && node.kind != PlanKind::kHashJoin ? "" : std::string(word);
  }

  void line(int depth, const std::string& text) {
    lines_.push_back(std::string(static_cast<size_t>(depth) * 6 - (depth > 0 ? 4 : 0), ' ') + text);
  }
  /// Below a node's line: two more than where its name starts.
  void detail(int depth, const std::string& text) {
    lines_.push_back(std::string(static_cast<size_t>(depth) * 6 + 2, ' ') + text);
  }
  void expression(int depth, std::string_view label, const ExprPtr& expr, const Names& names) {
    if (expr) detail(depth, cat(label, ": ", parenthesised(print_expr(*expr, names))));
  }
  static std::string parenthesised(std::string text) {
    return text.empty() || text[0] == '(' ? text : cat("(", text, ")");
  }
  void title(const PlanNode& node, int depth, std::string_view arrow, const std::string& name) {
    std::string text = cat(arrow, name);
    char numbers[160];
    if (options_.costs) {
      std::snprintf(numbers, sizeof numbers, "  (cost=%.2f..%.2f rows=%.0f width=%.0f)", node.cost.startup,
                    node.cost.total, node.cost.rows, node.cost.width);
      text += numbers;
    }
    if (node.id < actual_.size()) text += actual(actual_[node.id]);
    line(depth, text);
  }
  std::string actual(const ActualRun& run) const {
    if (run.loops == 0) return " (never executed)";
    char numbers[160];
    const double loops = static_cast<double>(run.loops);
    if (options_.timing) {
      std::snprintf(numbers, sizeof numbers, " (actual time=%.3f..%.3f rows=%.0f loops=%llu)", run.startup_ms / loops,
                    run.total_ms / loops, run.rows / loops, static_cast<unsigned long long>(run.loops));
    } else {
      std::snprintf(numbers, sizeof numbers, " (actual rows=%.0f loops=%llu)", run.rows / loops,
                    static_cast<unsigned long long>(run.loops));
    }
    return numbers;
  }

  // --- names of columns ---

  std::string column_name(const TableScanPlan& scan, uint32_t position) const {
    const std::string name = sql::quote_identifier(scan.table->columns[position].name);
    if (tables_ < 2) return name;
    return cat(sql::quote_identifier(scan.alias.empty() ? scan.table->name : scan.alias), ".", name);
  }
  Names read_names(const TableScanPlan& scan) const {
    Names names;
    for (const uint32_t column : scan.columns) names.push_back(column_name(scan, column));
    return names;
  }
  static Names printed(const ExprList& exprs, const Names& names) {
    Names texts;
    for (const ExprPtr& expr : exprs) texts.push_back(print_expr(*expr, names));
    return texts;
  }
  Names input_names(const PlanNode& node) const {
    Names names;
    for (const PlanPtr& input : node.inputs) {
      Names part = output_names(*input);
      names.insert(names.end(), part.begin(), part.end());
    }
    return names;
  }
  Names aggregation_names(const Aggregation& aggregation, const Names& names) const {
    Names texts = printed(aggregation.groups, names);
    for (const AggregateCall& call : aggregation.calls) {
      texts.push_back(aggregation.mode == AggregateMode::kFinal ? print_expr(*call.args[0], names)
                                                                : print_aggregate(call, names));
    }
    return texts;
  }
  Names scan_names(const TableScanPlan& scan) const {
    Names names = read_names(scan);
    if (scan.partial) return aggregation_names(*scan.partial, names);
    if (!scan.projection.empty()) names = printed(scan.projection, names);
    if (scan.with_row_key) names.push_back("rowkey");
    return names;
  }
  Names output_names(const PlanNode& node) const {
    switch (node.kind) {
      case PlanKind::kTableScan: return scan_names(node.to<TableScanPlan>());
      case PlanKind::kProject: return printed(node.to<ProjectPlan>().values, input_names(node));
      case PlanKind::kAggregate: return aggregation_names(node.to<AggregatePlan>().aggregation, input_names(node));
      case PlanKind::kSystemScan: {
        Names names;
        for (const SystemColumn& column : node.to<SystemScanPlan>().table->columns) names.push_back(column.name);
        return names;
      }
      case PlanKind::kFunctionScan: {
        Names names;
        for (const auto& call : node.to<FunctionScanPlan>().calls) {
          names.resize(names.size() + call.columns.size(), call.function != nullptr ? call.function->name : "value");
        }
        if (node.to<FunctionScanPlan>().ordinality) names.push_back("ordinality");
        return names;
      }
      case PlanKind::kValues: {
        Names names;
        for (size_t i = 0; i < node.output.size(); ++i) names.push_back(cat("column", i + 1));
        return names;
      }
      case PlanKind::kIndexJoin: {
        Names names = input_names(node);
        const auto& join = node.to<IndexJoinPlan>();
        if (join.join == JoinKind::kMark) {
          names.push_back(mark_name(node));
        } else if (join.join != JoinKind::kSemi && join.join != JoinKind::kAnti) {
          Names inner = scan_names(*join.inner);
          names.insert(names.end(), inner.begin(), inner.end());
        }
        return names;
      }
      case PlanKind::kHashJoin:
      case PlanKind::kNestedLoop:
      case PlanKind::kApply: {
        const bool marks = join_kind(node) == JoinKind::kMark;
        Names names = marks ? output_names(*node.inputs[0]) : input_names(node);
        if (marks) names.push_back(mark_name(node));
        if (names.size() > node.output.size()) names.resize(node.output.size());
        return names;
      }
      case PlanKind::kAppend:
      case PlanKind::kSetOperation:
      case PlanKind::kRecursiveUnion: return output_names(*node.inputs[0]);
      default: {
        Names names = node.inputs.empty() ? Names{} : input_names(node);
        while (names.size() < node.output.size()) names.push_back(cat("column", names.size() + 1));
        return names;
      }
    }
  }

  Names layout_names(const TableDef& table) const {
    Names names;
    for (const ColumnDef& column : table.columns) names.push_back(sql::quote_identifier(column.name));
    return names;
  }

  // --- nodes ---

  void children(const PlanNode& parent, int depth) {
    for (const PlanPtr& input : parent.inputs) node(*input, depth + 1, "->  ");
  }
  static std::string keys_text(const std::vector<SortKey>& keys, const Names& names) {
    std::vector<std::string> parts;
    for (const SortKey& key : keys) {
      std::string text = print_expr(*key.value, names);
      if (key.descending) text += " DESC";
      if (key.nulls_first != key.descending) text += key.nulls_first ? " NULLS FIRST" : " NULLS LAST";
      parts.push_back(std::move(text));
    }
    return join_list(parts);
  }

  std::string index_name(const TableScanPlan& scan) const {
    if (scan.access.index) return scan.access.index->name;
    for (const ConstraintDef& constraint : scan.table->constraints) {
      if (constraint.kind == ConstraintKind::primary_key) return constraint.name;
    }
    return cat(scan.table->name, "_pkey");
  }
  std::string table_text(const TableScanPlan& scan) const {
    std::string text = sql::quote_identifier(scan.table->name);
    if (!scan.alias.empty()) text += cat(" ", sql::quote_identifier(scan.alias));
    return text;
  }

  /// `outer` names the outer row's columns in an index join.
  std::string index_condition(const TableScanPlan& scan, const Names& outer) const {
    const Access& access = scan.access;
    const auto& columns = access.index ? access.index->shape->columns : scan.table->shape->key;
    std::vector<std::string> parts;
    const auto compare = [&](size_t i, std::string_view op, const ExprPtr& value) {
      parts.push_back(cat("(", column_name(scan, columns[i]), " ", op, " ", print_expr(*value, outer), ")"));
    };
    if (access.key_array) {
      parts.push_back(cat("(", column_name(scan, columns[0]), " = ANY (", print_expr(*access.key_array, outer), "))"));
    } else if (access.keys.size() > 1) {
      std::vector<std::string> values;
      for (const ExprList& key : access.keys) {
        const std::string text = join_list(printed(key, outer));
        values.push_back(key.size() == 1 ? text : cat("(", text, ")"));
      }
      std::vector<std::string> names;
      for (size_t i = 0; i < access.keys[0].size(); ++i) names.push_back(column_name(scan, columns[i]));
      const std::string key = names.size() == 1 ? names[0] : cat("(", join_list(names), ")");
      parts.push_back(cat("(", key, " = ANY (ARRAY[", join_list(values), "]))"));
    } else if (access.keys.size() == 1) {
      for (size_t i = 0; i < access.keys[0].size(); ++i) compare(i, "=", access.keys[0][i]);
    }
    for (size_t i = 0; i < access.prefix.size(); ++i) compare(i, "=", access.prefix[i]);
    const size_t next = access.prefix.size();
    if (access.lower) compare(next, access.lower->inclusive ? ">=" : ">", access.lower->value);
    if (access.upper) compare(next, access.upper->inclusive ? "<=" : "<", access.upper->value);
    if (parts.size() == 1) return parts[0];
    std::string text;
    for (const std::string& part : parts) text += cat(text.empty() ? "(" : " AND ", part);
    return text.empty() ? text : text + ")";
  }

  void table_scan(const TableScanPlan& scan, int depth, std::string_view arrow, const Names& outer) {
    if (scan.partial) {
      const bool grouped = !scan.partial->groups.empty();
      title(scan, depth, arrow, grouped ? "Partial HashAggregate" : "Partial Aggregate");
      if (grouped) detail(depth, cat("Group Key: ", join_list(printed(scan.partial->groups, read_names(scan)))));
      bare_scan(scan, depth + 1, "->  ", outer);
      return;
    }
    bare_scan(scan, depth, arrow, outer);
  }
  void bare_scan(const TableScanPlan& scan, int depth, std::string_view arrow, const Names& outer) {
    if (scan.access.kind == AccessKind::kNothing) {
      title(scan, depth, arrow, "Result");
      detail(depth, "One-Time Filter: false");
      return;
    }
    const bool seq = scan.access.kind == AccessKind::kFull && !scan.in_access_order;
    title(scan, depth, arrow,
          seq ? cat("Seq Scan on ", table_text(scan))
              : cat("Index Scan ", scan.backward ? "Backward " : "", "using ",
                    sql::quote_identifier(index_name(scan)), " on ", table_text(scan)));
    if (const std::string condition = index_condition(scan, outer); !condition.empty()) {
      detail(depth, cat("Index Cond: ", condition));
    }
    expression(depth, "Filter", scan.filter, read_names(scan));
    if (!scan.order.empty() && !scan.in_access_order) {
      detail(depth, cat("Top-N per Partition: ", keys_text(scan.order, scan_names(scan))));
    }
  }

  void hash_join(const HashJoinPlan& join, int depth, std::string_view arrow) {
    title(join, depth, arrow, cat("Hash", join_prefix(join.join), join_suffix(join, " Join")));
    const Names left = output_names(*join.inputs[0]), right = output_names(*join.inputs[1]);
    std::vector<std::string> parts;
    for (size_t i = 0; i < join.left_keys.size(); ++i) {
      parts.push_back(cat("(", print_expr(*join.left_keys[i], left), " = ", print_expr(*join.right_keys[i], right),
                          ")"));
    }
    std::string condition;
    for (const std::string& part : parts) condition += cat(condition.empty() ? "" : " AND ", part);
    detail(depth, cat("Hash Cond: ", parts.size() == 1 ? condition : cat("(", condition, ")")));
    expression(depth, "Join Filter", join.residual, input_names(join));
    node(*join.inputs[0], depth + 1, "->  ");
    line(depth + 1, "->  Hash");
    node(*join.inputs[1], depth + 2, "->  ");
  }

  void index_join(const IndexJoinPlan& join, int depth, std::string_view arrow) {
    title(join, depth, arrow, cat("Nested Loop", join_prefix(join.join), join_suffix(join, " Join")));
    Names names = output_names(*join.inputs[0]);
    const Names outer = names;
    const Names inner = scan_names(*join.inner);
    names.insert(names.end(), inner.begin(), inner.end());
    expression(depth, "Join Filter", join.residual, names);
    node(*join.inputs[0], depth + 1, "->  ");
    table_scan(*join.inner, depth + 1, "->  ", outer);
  }

  void aggregate(const AggregatePlan& plan, int depth, std::string_view arrow) {
    const Aggregation& aggregation = plan.aggregation;
    const bool grouped = !aggregation.groups.empty();
    const std::string_view mode = aggregation.mode == AggregateMode::kFinal ? "Finalize " : "";
    title(plan, depth, arrow, cat(mode, !grouped ? "Aggregate" : plan.input_grouped ? "GroupAggregate" : "HashAggregate"));
    if (grouped) detail(depth, cat("Group Key: ", join_list(printed(aggregation.groups, input_names(plan)))));
    children(plan, depth);
  }

  void modify(const PlanNode& plan, const TableWrite& write, std::string_view verb, int depth,
              std::string_view arrow) {
    title(plan, depth, arrow, cat(verb, " on ", sql::quote_identifier(write.table->name)));
    if (const auto* insert = plan.as<InsertPlan>(); insert != nullptr && insert->conflict) {
      detail(depth, cat("Conflict Resolution: ", insert->conflict->update ? "UPDATE" : "NOTHING"));
      Names arbiters;
      if (insert->conflict->primary_key) {
        for (const ConstraintDef& c : write.table->constraints) {
          if (c.kind == ConstraintKind::primary_key) arbiters.push_back(sql::quote_identifier(c.name));
        }
      }
      for (const IndexPtr& index : insert->conflict->arbiters) arbiters.push_back(sql::quote_identifier(index->name));
      if (!arbiters.empty()) detail(depth, cat("Conflict Arbiter Indexes: ", join_list(arbiters)));
      Names names = layout_names(*write.table);
      for (const std::string& name : layout_names(*write.table)) names.push_back(cat("excluded.", name));
      expression(depth, "Conflict Filter", insert->conflict->where, names);
    }
    children(plan, depth);
  }

  void node(const PlanNode& plan, int depth, std::string_view arrow);

  const StatementPlan& plan_;
  std::span<const ActualRun> actual_;
  const ExplainOptions& options_;
  int tables_ = 0;
  std::vector<const PlanNode*> marks_;
  std::vector<std::string> lines_;
};

void Explainer::node(const PlanNode& plan, int depth, std::string_view arrow) {
  switch (plan.kind) {
    case PlanKind::kTableScan: return table_scan(plan.to<TableScanPlan>(), depth, arrow, {});
    case PlanKind::kHashJoin: return hash_join(plan.to<HashJoinPlan>(), depth, arrow);
    case PlanKind::kIndexJoin: return index_join(plan.to<IndexJoinPlan>(), depth, arrow);
    case PlanKind::kAggregate: return aggregate(plan.to<AggregatePlan>(), depth, arrow);
    case PlanKind::kInsert: return modify(plan, plan.to<InsertPlan>().write, "Insert", depth, arrow);
    case PlanKind::kUpdate: return modify(plan, plan.to<UpdatePlan>().write, "Update", depth, arrow);
    case PlanKind::kDelete: return modify(plan, plan.to<DeletePlan>().write, "Delete", depth, arrow);
    // PostgreSQL computes expressions in every node; a projection of ours is no line of its own.
    case PlanKind::kProject:
      if (!options_.verbose) return node(*plan.inputs[0], depth, arrow);
      title(plan, depth, arrow, "Project");
      detail(depth, cat("Output: ", join_list(output_names(plan))));
      break;
    case PlanKind::kValues:
      title(plan, depth, arrow, plan.to<ValuesPlan>().rows.size() == 1 ? "Result" : "Values Scan on \"*VALUES*\"");
      break;
    case PlanKind::kFunctionScan: {
      const auto& scan = plan.to<FunctionScanPlan>();
      title(plan, depth, arrow,
            cat("Function Scan on ", scan.calls[0].function != nullptr ? scan.calls[0].function->name : "value"));
      break;
    }
    case PlanKind::kSystemScan:
      title(plan, depth, arrow, cat("System Scan on ", plan.to<SystemScanPlan>().table->name));
      expression(depth, "Filter", plan.to<SystemScanPlan>().filter, output_names(plan));
      break;
    case PlanKind::kCteScan: title(plan, depth, arrow, cat("CTE Scan on cte", plan.to<CteScanPlan>().cte)); break;
    case PlanKind::kWorkTableScan: title(plan, depth, arrow, "WorkTable Scan"); break;
    case PlanKind::kFilter:
      title(plan, depth, arrow, "Filter");
      expression(depth, "Filter", plan.to<FilterPlan>().condition, input_names(plan));
      break;
    case PlanKind::kProjectSet: title(plan, depth, arrow, "ProjectSet"); break;
    case PlanKind::kNestedLoop: {
      const auto& join = plan.to<NestedLoopPlan>();
      title(plan, depth, arrow, cat("Nested Loop", join_prefix(join.join), join_suffix(join, " Join")));
      expression(depth, "Join Filter", join.condition, input_names(plan));
      break;
    }
    case PlanKind::kApply: {
      const auto& apply = plan.to<ApplyPlan>();
      title(plan, depth, arrow, cat("Apply", join_prefix(apply.join), join_suffix(apply, "")));
      expression(depth, "Join Filter", apply.condition, input_names(plan));
      break;
    }
    case PlanKind::kWindow: title(plan, depth, arrow, "WindowAgg"); break;
    case PlanKind::kSort:
      title(plan, depth, arrow, "Sort");
      detail(depth, cat("Sort Key: ", keys_text(plan.to<SortPlan>().keys, input_names(plan))));
      break;
    case PlanKind::kTopN:
      title(plan, depth, arrow, "Limit");
      detail(depth, cat("Sort Key: ", keys_text(plan.to<TopNPlan>().keys, input_names(plan))));
      break;
    case PlanKind::kLimit: title(plan, depth, arrow, "Limit"); break;
    case PlanKind::kDistinct:
      title(plan, depth, arrow, plan.to<DistinctPlan>().on.empty() ? "HashAggregate" : "Unique");
      break;
    case PlanKind::kSetOperation: {
      static constexpr std::string_view kNames[] = {"HashSetOp Union", "HashSetOp Intersect", "HashSetOp Except"};
      const auto& operation = plan.to<SetOperationPlan>();
      title(plan, depth, arrow, cat(kNames[static_cast<size_t>(operation.operation)], operation.all ? " All" : ""));
      break;
    }
    case PlanKind::kAppend: title(plan, depth, arrow, "Append"); break;
    case PlanKind::kRecursiveUnion: title(plan, depth, arrow, "Recursive Union"); break;
    case PlanKind::kLockRows: title(plan, depth, arrow, "LockRows"); break;
    default: break;
  }
  children(plan, depth);
}

}  // namespace

std::vector<std::string> explain_plan(const StatementPlan& plan, std::span<const ActualRun> actual) {
  if (!plan.root) return {};
  return Explainer(plan, actual).run();
}

}  // namespace troupe
