/// What EXPLAIN says of each node of a plan.
#include <algorithm>

#include "runtime/plan/explain_node.hpp"
#include "runtime/plan/merge_plan.hpp"
#include "runtime/plan/partition_plan.hpp"
#include "runtime/plan/system_table.hpp"
#include "runtime/plan/table_function.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/sql/parser.hpp"

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

/// JSON's "Join Type".
std::string join_type(JoinKind kind) {
  const std::string prefix = join_prefix(kind);
  return prefix.empty() ? "Inner" : prefix.substr(1);
}

std::string parenthesised(std::string text) { return text.empty() || text[0] == '(' ? text : cat("(", text, ")"); }

void add_condition(std::string_view label, const ExprPtr& expr, const Names& names, ExplainNode* out) {
  if (expr) out->details.push_back({label, {parenthesised(print_expr(*expr, names))}});
}

class Explainer {
 public:
  explicit Explainer(const StatementPlan& plan) : plan_{plan}, options_{plan.explain} {
    tables_ = count_tables(*plan.root);
    for (const PlanPtr& cte : plan.ctes) tables_ += count_tables(*cte);
    number_marks(*plan.root);
    for (const InitPlan& init : plan.init_plans) number_marks(*init.plan);
    for (const PlanPtr& cte : plan.ctes) number_marks(*cte);
  }

  ExplainNode run() {
    ExplainNode root = node(*plan_.root);
    for (size_t i = 0; i < plan_.init_plans.size(); ++i) {
      const InitPlan& init = plan_.init_plans[i];
      add_subplan(cat("InitPlan ", i + 1, " (returns $", init.slot, ")"), *init.plan, &root);
    }
    for (size_t i = 0; i < plan_.ctes.size(); ++i) add_subplan(cat("CTE cte", i), *plan_.ctes[i], &root);
    return root;
  }

 private:
  static int count_tables(const PlanNode& node) {
    int count = node.kind == PlanKind::kTableScan || node.kind == PlanKind::kIndexJoin ? 1 : 0;
    const auto* append = node.as<AppendPlan>();
    if (append != nullptr && append->of_partitions) return 1;
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

  void add_subplan(std::string name, const PlanNode& plan, ExplainNode* root) {
    ExplainNode subplan = node(plan);
    subplan.name = std::move(name);
    subplan.relationship = "InitPlan";
    root->inputs.push_back(std::move(subplan));
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
      case PlanKind::kMatch: return match_names(node.to<MatchPlan>());
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

  Names match_names(const MatchPlan& plan) const {
    const Names below = input_names(plan);
    Names names;
    for (const uint32_t carried : plan.spec.carried) names.push_back(print_expr(*plan.spec.row_values[carried], below));
    while (names.size() < plan.output.size()) names.push_back(cat("measure", names.size() - plan.spec.carried.size() + 1));
    return names;
  }

  Names layout_names(const TableDef& table) const {
    Names names;
    for (const ColumnDef& column : table.columns) names.push_back(sql::quote_identifier(column.name));
    return names;
  }

  // --- nodes ---

  static ExplainNode made(const PlanNode& plan, std::string_view type, std::string title = {}) {
    ExplainNode out;
    out.plan = &plan;
    out.type = type;
    out.title = title.empty() ? std::string(type) : std::move(title);
    return out;
  }
  void add_input(const PlanNode& input, ExplainNode* out) {
    ExplainNode child = node(input);
    child.relationship = out->inputs.empty() ? "Outer" : "Inner";
    out->inputs.push_back(std::move(child));
  }
  void add_inputs(const PlanNode& plan, ExplainNode* out) {
    for (const PlanPtr& input : plan.inputs) add_input(*input, out);
  }
  ExplainNode joined(const PlanNode& plan, std::string_view type, std::string_view stem, JoinKind kind) const {
    ExplainNode out = made(plan, type, cat(stem, join_prefix(kind), join_suffix(plan, " Join")));
    out.facts.push_back({"Join Type", join_type(kind)});
    return out;
  }
  static std::vector<std::string> keys_texts(const std::vector<SortKey>& keys, const Names& names) {
    std::vector<std::string> parts;
    for (const SortKey& key : keys) {
      std::string text = print_expr(*key.value, names);
      if (key.descending) text += " DESC";
      if (key.nulls_first != key.descending) text += key.nulls_first ? " NULLS FIRST" : " NULLS LAST";
      parts.push_back(std::move(text));
    }
    return parts;
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
  std::string part_name(const TableScanPlan& scan, size_t part) const {
    const IndexPtr& index = scan.access.index;
    if (!index) return column_name(scan, scan.table->shape->key[part]);
    if (const std::string& expression = index->columns[part].expression_sql; !expression.empty()) {
      const auto parsed = sql::parse_expression(expression);
      return parsed.ok() ? sql::to_sql(**parsed) : expression;
    }
    return column_name(scan, index->shape->columns[part]);
  }
  std::string index_condition(const TableScanPlan& scan, const Names& outer) const {
    const Access& access = scan.access;
    std::vector<std::string> parts;
    const auto compare = [&](size_t i, std::string_view op, const ExprPtr& value) {
      parts.push_back(cat("(", part_name(scan, i), " ", op, " ", print_expr(*value, outer), ")"));
    };
    if (access.key_array) {
      parts.push_back(cat("(", part_name(scan, 0), " = ANY (", print_expr(*access.key_array, outer), "))"));
    } else if (access.keys.size() > 1) {
      std::vector<std::string> values;
      for (const ExprList& key : access.keys) {
        const std::string text = join_list(printed(key, outer));
        values.push_back(key.size() == 1 ? text : cat("(", text, ")"));
      }
      std::vector<std::string> names;
      for (size_t i = 0; i < access.keys[0].size(); ++i) names.push_back(part_name(scan, i));
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

  ExplainNode table_scan(const TableScanPlan& scan, const Names& outer) {
    if (!scan.partial) return bare_scan(scan, outer);
    const bool grouped = !scan.partial->groups.empty();
    ExplainNode out = made(scan, "Aggregate", grouped ? "Partial HashAggregate" : "Partial Aggregate");
    out.facts.push_back({"Strategy", grouped ? "Hashed" : "Plain"});
    out.facts.push_back({"Partial Mode", "Partial"});
    if (grouped) out.details.push_back({"Group Key", printed(scan.partial->groups, read_names(scan)), true});
    out.inputs.push_back(bare_scan(scan, outer));
    out.inputs.back().relationship = "Outer";
    return out;
  }
  ExplainNode bare_scan(const TableScanPlan& scan, const Names& outer) {
    if (scan.access.kind == AccessKind::kNothing) {
      ExplainNode nothing = made(scan, "Result");
      nothing.details.push_back({"One-Time Filter", {"false"}});
      return nothing;
    }
    ExplainNode out = scan_node(scan);
    out.facts.push_back({"Relation Name", scan.table->name});
    out.facts.push_back({"Alias", scan.alias.empty() ? scan.table->name : std::string(scan.alias)});
    if (std::string condition = index_condition(scan, outer); !condition.empty()) {
      out.details.push_back({"Index Cond", {std::move(condition)}});
    }
    add_condition("Filter", scan.filter, read_names(scan), &out);
    if (!scan.order.empty() && !scan.in_access_order) {
      out.details.push_back({"Top-N per Partition", keys_texts(scan.order, scan_names(scan)), true});
    }
    return out;
  }
  ExplainNode scan_node(const TableScanPlan& scan) const {
    if (scan.access.kind == AccessKind::kFull && !scan.in_access_order) {
      return made(scan, "Seq Scan", cat("Seq Scan on ", table_text(scan)));
    }
    const std::string index = index_name(scan);
    ExplainNode out = made(scan, "Index Scan",
                           cat("Index Scan ", scan.backward ? "Backward " : "", "using ", sql::quote_identifier(index),
                               " on ", table_text(scan)));
    out.facts.push_back({"Scan Direction", scan.backward ? "Backward" : "Forward"});
    out.facts.push_back({"Index Name", index});
    return out;
  }

  ExplainNode hash_join(const HashJoinPlan& join) {
    ExplainNode out = joined(join, "Hash Join", "Hash", join.join);
    const Names left = output_names(*join.inputs[0]), right = output_names(*join.inputs[1]);
    std::string condition;
    for (size_t i = 0; i < join.left_keys.size(); ++i) {
      condition += cat(i == 0 ? "" : " AND ", "(", print_expr(*join.left_keys[i], left), " = ",
                       print_expr(*join.right_keys[i], right), ")");
    }
    out.details.push_back({"Hash Cond", {join.left_keys.size() == 1 ? condition : cat("(", condition, ")")}});
    add_condition("Join Filter", join.residual, input_names(join), &out);
    add_input(*join.inputs[0], &out);
    ExplainNode hash;
    hash.type = "Hash";
    hash.title = "Hash";
    hash.relationship = "Inner";
    add_input(*join.inputs[1], &hash);
    out.inputs.push_back(std::move(hash));
    return out;
  }

  ExplainNode index_join(const IndexJoinPlan& join) {
    ExplainNode out = joined(join, "Nested Loop", "Nested Loop", join.join);
    Names names = output_names(*join.inputs[0]);
    const Names outer = names;
    const Names inner = scan_names(*join.inner);
    names.insert(names.end(), inner.begin(), inner.end());
    add_condition("Join Filter", join.residual, names, &out);
    add_input(*join.inputs[0], &out);
    out.inputs.push_back(table_scan(*join.inner, outer));
    out.inputs.back().relationship = "Inner";
    return out;
  }

  ExplainNode aggregate(const AggregatePlan& plan) {
    const Aggregation& aggregation = plan.aggregation;
    const bool grouped = !aggregation.groups.empty(), final = aggregation.mode == AggregateMode::kFinal;
    const bool sorted = grouped && plan.input_grouped;
    ExplainNode out = made(plan, "Aggregate",
                           cat(final ? "Finalize " : "", !grouped ? "Aggregate"
                                                         : sorted ? "GroupAggregate"
                                                                  : "HashAggregate"));
    out.facts.push_back({"Strategy", !grouped ? "Plain" : sorted ? "Sorted" : "Hashed"});
    out.facts.push_back({"Partial Mode", final ? "Finalize" : "Simple"});
    if (grouped) out.details.push_back({"Group Key", printed(aggregation.groups, input_names(plan)), true});
    add_inputs(plan, &out);
    return out;
  }

  ExplainNode match(const MatchPlan& plan) const {
    static constexpr std::string_view kRows[] = {"One", "All, Show Empty Matches", "All, Omit Empty Matches",
                                                 "All, With Unmatched Rows"};
    static constexpr std::string_view kSkips[] = {"Past Last Row", "To Next Row", "To First ", "To Last "};
    const MatchSpec& spec = plan.spec;
    ExplainNode out = made(plan, "Match Recognize");
    const Names names = input_names(plan);
    if (!spec.partition_by.empty()) out.details.push_back({"Partition Key", printed(spec.partition_by, names), true});
    if (!spec.order.empty()) out.details.push_back({"Order Key", keys_texts(spec.order, names), true});
    out.details.push_back({"Pattern", {spec.pattern_text}});
    out.details.push_back({"Define", spec.definition_texts, true});
    out.details.push_back({"Rows Per Match", {std::string(kRows[static_cast<size_t>(spec.rows)])}});
    out.details.push_back({"Skip", {cat(kSkips[static_cast<size_t>(spec.skip)], spec.skip_name)}});
    return out;
  }

  ExplainNode modify(const PlanNode& plan, const TableWrite& write, std::string_view verb) {
    ExplainNode out = made(plan, "ModifyTable", cat(verb, " on ", sql::quote_identifier(write.table->name)));
    out.facts.push_back({"Operation", std::string(verb)});
    out.facts.push_back({"Relation Name", write.table->name});
    const auto* insert = plan.as<InsertPlan>();
    if (insert != nullptr && insert->conflict) conflict(*insert, write, &out);
    add_inputs(plan, &out);
    return out;
  }
  void conflict(const InsertPlan& insert, const TableWrite& write, ExplainNode* out) const {
    out->details.push_back({"Conflict Resolution", {insert.conflict->update ? "UPDATE" : "NOTHING"}});
    Names arbiters;
    if (insert.conflict->primary_key) {
      for (const ConstraintDef& c : write.table->constraints) {
        if (c.kind == ConstraintKind::primary_key) arbiters.push_back(sql::quote_identifier(c.name));
      }
    }
    for (const IndexPtr& index : insert.conflict->arbiters) arbiters.push_back(sql::quote_identifier(index->name));
    if (!arbiters.empty()) out->details.push_back({"Conflict Arbiter Indexes", std::move(arbiters), true});
    Names names = layout_names(*write.table);
    for (const std::string& name : layout_names(*write.table)) names.push_back(cat("excluded.", name));
    add_condition("Conflict Filter", insert.conflict->where, names, out);
  }

  ExplainNode node(const PlanNode& plan);
  ExplainNode with_inputs(const PlanNode& plan);
  ExplainNode leaf(const PlanNode& plan);

  const StatementPlan& plan_;
  const ExplainOptions& options_;
  int tables_ = 0;
  std::vector<const PlanNode*> marks_;
};

ExplainNode Explainer::node(const PlanNode& plan) {
  switch (plan.kind) {
    case PlanKind::kTableScan: return table_scan(plan.to<TableScanPlan>(), {});
    case PlanKind::kHashJoin: return hash_join(plan.to<HashJoinPlan>());
    case PlanKind::kIndexJoin: return index_join(plan.to<IndexJoinPlan>());
    case PlanKind::kAggregate: return aggregate(plan.to<AggregatePlan>());
    case PlanKind::kInsert: return modify(plan, plan.to<InsertPlan>().write, "Insert");
    case PlanKind::kUpdate: return modify(plan, plan.to<UpdatePlan>().write, "Update");
    case PlanKind::kDelete: return modify(plan, plan.to<DeletePlan>().write, "Delete");
    case PlanKind::kMerge: {
      TableWrite write;
      write.table = plan.to<MergePlan>().table;
      return modify(plan, write, "Merge");
    }
    case PlanKind::kPartitionedChange: {
      TableWrite write;
      write.table = plan.to<PartitionedChangePlan>().table;
      return modify(plan, write, plan.to<PartitionedChangePlan>().removes ? "Delete" : "Update");
    }
    // PostgreSQL computes expressions in every node; a projection of ours is no node of its own.
    case PlanKind::kProject:
      if (!options_.verbose) return node(*plan.inputs[0]);
      break;
    default: break;
  }
  ExplainNode out = plan.inputs.empty() ? leaf(plan) : with_inputs(plan);
  add_inputs(plan, &out);
  return out;
}

ExplainNode Explainer::leaf(const PlanNode& plan) {
  switch (plan.kind) {
    case PlanKind::kValues:
      if (plan.to<ValuesPlan>().rows.empty()) {  // a partitioned table, no partition of which is asked
        ExplainNode nothing = made(plan, "Result");
        nothing.details.push_back({"One-Time Filter", {"false"}});
        return nothing;
      }
      return plan.to<ValuesPlan>().rows.size() == 1 ? made(plan, "Result")
                                                    : made(plan, "Values Scan", "Values Scan on \"*VALUES*\"");
    case PlanKind::kFunctionScan: {
      const auto& call = plan.to<FunctionScanPlan>().calls[0];
      const std::string name(call.function != nullptr ? call.function->name : "value");
      ExplainNode out = made(plan, "Function Scan", cat("Function Scan on ", name));
      out.facts.push_back({"Function Name", name});
      return out;
    }
    case PlanKind::kSystemScan: {
      const auto& scan = plan.to<SystemScanPlan>();
      ExplainNode out = made(plan, "System Scan", cat("System Scan on ", scan.table->name));
      out.facts.push_back({"Relation Name", scan.table->name});
      add_condition("Filter", scan.filter, output_names(plan), &out);
      return out;
    }
    case PlanKind::kCteScan: {
      const std::string name = cat("cte", plan.to<CteScanPlan>().cte);
      ExplainNode out = made(plan, "CTE Scan", cat("CTE Scan on ", name));
      out.facts.push_back({"CTE Name", name});
      return out;
    }
    case PlanKind::kWorkTableScan: return made(plan, "WorkTable Scan");
    default: return with_inputs(plan);
  }
}

ExplainNode Explainer::with_inputs(const PlanNode& plan) {
  switch (plan.kind) {
    case PlanKind::kProject: {
      ExplainNode out = made(plan, "Project");
      out.details.push_back({"Output", output_names(plan), true});
      return out;
    }
    case PlanKind::kFilter: {
      ExplainNode out = made(plan, "Filter");
      add_condition("Filter", plan.to<FilterPlan>().condition, input_names(plan), &out);
      return out;
    }
    case PlanKind::kProjectSet: return made(plan, "ProjectSet");
    case PlanKind::kNestedLoop: {
      const auto& join = plan.to<NestedLoopPlan>();
      ExplainNode out = joined(plan, "Nested Loop", "Nested Loop", join.join);
      add_condition("Join Filter", join.condition, input_names(plan), &out);
      return out;
    }
    case PlanKind::kApply: {
      const auto& apply = plan.to<ApplyPlan>();
      ExplainNode out = made(plan, "Apply", cat("Apply", join_prefix(apply.join), join_suffix(apply, "")));
      out.facts.push_back({"Join Type", join_type(apply.join)});
      add_condition("Join Filter", apply.condition, input_names(plan), &out);
      return out;
    }
    case PlanKind::kWindow: return made(plan, "WindowAgg");
    case PlanKind::kMatch: return match(plan.to<MatchPlan>());
    case PlanKind::kSort:
    case PlanKind::kTopN: {
      const bool sort = plan.kind == PlanKind::kSort;
      ExplainNode out = made(plan, sort ? "Sort" : "Limit");
      const auto& keys = sort ? plan.to<SortPlan>().keys : plan.to<TopNPlan>().keys;
      out.details.push_back({"Sort Key", keys_texts(keys, input_names(plan)), true});
      return out;
    }
    case PlanKind::kLimit: return made(plan, "Limit");
    case PlanKind::kDistinct:
      if (!plan.to<DistinctPlan>().on.empty()) return made(plan, "Unique");
      return made(plan, "Aggregate", "HashAggregate");
    case PlanKind::kSetOperation: {
      static constexpr std::string_view kNames[] = {"Union", "Intersect", "Except"};
      const auto& operation = plan.to<SetOperationPlan>();
      const std::string command = cat(kNames[static_cast<size_t>(operation.operation)], operation.all ? " All" : "");
      ExplainNode out = made(plan, "SetOp", cat("HashSetOp ", command));
      out.facts.push_back({"Strategy", "Hashed"});
      out.facts.push_back({"Command", command});
      return out;
    }
    case PlanKind::kAppend: {
      const auto& order = plan.to<AppendPlan>().order;
      ExplainNode out = made(plan, order.empty() ? "Append" : "Merge Append");
      if (!order.empty()) out.details.push_back({"Sort Key", keys_texts(order, output_names(plan)), true});
      return out;
    }
    case PlanKind::kRecursiveUnion: return made(plan, "Recursive Union");
    case PlanKind::kLockRows: return made(plan, "LockRows");
    default: return made(plan, "Result");
  }
}

}  // namespace

std::vector<std::string> explain_plan(const StatementPlan& plan, std::span<const ActualRun> actual,
                                      std::optional<double> execution_ms) {
  if (!plan.root) return {};
  const ExplainNode root = Explainer(plan).run();
  if (!plan.explain.summary) execution_ms.reset();
  if (plan.explain.format != ExplainOptions::Format::kText) {
    return {explain_as_structure(root, plan.explain, actual, execution_ms)};
  }
  return explain_as_text(root, plan.explain, actual, execution_ms);
}

}  // namespace troupe
