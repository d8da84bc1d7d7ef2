/// Statement to plan: binds, plans, numbers the nodes, notes what the plan depends on.
#include "runtime/plan/bind_function.hpp"
#include "runtime/plan/ddl_continuous.hpp"
#include "runtime/plan/query_planner.hpp"
#include "runtime/plan/row_order.hpp"

namespace troupe {
namespace {

/// Numbers the nodes of a tree that nobody else has seen yet.
void number_nodes(const PlanPtr& node, uint32_t* next) {
  const_cast<PlanNode&>(*node).id = (*next)++;
  for (const PlanPtr& input : node->inputs) number_nodes(input, next);
  if (const auto* join = node->as<IndexJoinPlan>()) number_nodes(join->inner, next);
  if (const auto* merge = node->as<MergePlan>()) {
    for (const MergeClause& clause : merge->clauses) {
      if (clause.change) number_nodes(clause.change, next);
    }
  }
  if (const auto* partitions = node->as<PartitionedChangePlan>()) {
    for (const PartitionedChangePlan::Leaf& leaf : partitions->leaves) number_nodes(leaf.change, next);
  }
}

/// One look-up of one key and nothing else.
bool is_point(const PlanNode& node) {
  switch (node.kind) {
    case PlanKind::kTableScan: return node.to<TableScanPlan>().one_partition;
    case PlanKind::kProject:
    case PlanKind::kFilter:
    case PlanKind::kLimit:
    case PlanKind::kLockRows: return is_point(*node.inputs[0]);
    case PlanKind::kUpdate: {
      const auto& update = node.to<UpdatePlan>();
      return update.direct && update.write.indexes.empty() && !update.changes_key && is_point(*node.inputs[0]);
    }
    case PlanKind::kDelete: {
      const auto& remove = node.to<DeletePlan>();
      return remove.direct && remove.write.indexes.empty() && is_point(*node.inputs[0]);
    }
    case PlanKind::kInsert: {
      const auto& insert = node.to<InsertPlan>();
      if (insert.partitions) return false;
      if (!insert.write.indexes.empty() || insert.write.table->primary_key.empty()) return false;
      const auto* values = insert.inputs[0]->as<ValuesPlan>();
      return values != nullptr && values->rows.size() == 1;
    }
    default: return false;
  }
}

/// A call that is all of a statement.
struct LoneCall {
  const sql::FunctionCall* call = nullptr;  ///< null: it is not
  bool spreads = false;                     ///< SELECT * FROM f()
  std::string name;                         ///< of its only column
};

LoneCall lone_call(const sql::SelectStatement& select) {
  const bool plain = select.operation == sql::SetOperation::kNone && !select.is_values && select.with == nullptr &&
                     select.where == nullptr && select.group_by.empty() && select.having == nullptr &&
                     select.order_by.empty() && select.limit == nullptr && select.offset == nullptr &&
                     !select.distinct && select.distinct_on.empty() && select.locking.empty() &&
                     select.windows.empty() && select.connect_by == nullptr && select.targets.size() == 1;
  if (!plain) return {};
  const sql::Target& target = *select.targets[0];
  if (select.from.empty()) {
    return {target.value->as<sql::FunctionCall>(), false,
            std::string(target.alias.empty() ? std::string_view() : target.alias)};
  }
  const auto* star = target.value->as<sql::ColumnRef>();
  const auto* function = select.from[0]->as<sql::FunctionRef>();
  const bool all = star != nullptr && star->star && star->name.empty();
  if (!all || select.from.size() > 1 || function == nullptr || function->ordinality || function->functions.size() > 1 ||
      !function->functions[0].columns.empty() || (function->alias != nullptr && !function->alias->columns.empty())) {
    return {};
  }
  return {function->functions[0].call->as<sql::FunctionCall>(), true,
          function->alias == nullptr ? std::string() : std::string(function->alias->name)};
}

class StatementPlanner {
 public:
  explicit StatementPlanner(const PlanContext& context) : binder_{context}, planner_{context, binder_}, context_{context} {}

  absl::StatusOr<StatementPlanPtr> plan(const sql::Statement& statement) {
    TROUPE_RETURN_IF_ERROR(plan_any(statement));
    return finish();
  }

 private:
  absl::Status plan_any(const sql::Statement& statement) {
    switch (statement.kind) {
      case sql::NodeKind::kSelect: {
        const auto& select = statement.to<sql::SelectStatement>();
        if (select.into != nullptr) return plan_into(*select.into, select, "SELECT INTO");
        TROUPE_ASSIGN_OR_RETURN(const bool is_script, plan_if_script(select));
        if (is_script) return absl::OkStatus();
        return plan_select(select);
      }
      case sql::NodeKind::kInsert: {
        TROUPE_ASSIGN_OR_RETURN(auto modify, binder_.bind_insert(statement.to<sql::InsertStatement>()));
        return plan_modify(StatementKind::kInsert, *modify);
      }
      case sql::NodeKind::kUpdate: {
        TROUPE_ASSIGN_OR_RETURN(auto modify, binder_.bind_update(statement.to<sql::UpdateStatement>()));
        return plan_modify(StatementKind::kUpdate, *modify);
      }
      case sql::NodeKind::kDelete: {
        TROUPE_ASSIGN_OR_RETURN(auto modify, binder_.bind_delete(statement.to<sql::DeleteStatement>()));
        return plan_modify(StatementKind::kDelete, *modify);
      }
      case sql::NodeKind::kCall: return plan_call(statement.to<sql::CallStatement>());
      case sql::NodeKind::kMerge: return plan_merge(statement.to<sql::MergeStatement>());
      case sql::NodeKind::kExplain: return plan_explain(statement.to<sql::ExplainStatement>());
      case sql::NodeKind::kRefreshView: return plan_refresh(statement.to<sql::RefreshViewStatement>());
      case sql::NodeKind::kCreateTableAs: return plan_create_as(statement.to<sql::CreateTableAsStatement>());
      default: break;
    }
    TROUPE_ASSIGN_OR_RETURN(auto ddl, bind_ddl(statement, context_, binder_));
    if (ddl) {
      result_->kind = StatementKind::kDdl;
      result_->read_only = false;
      result_->ddl = std::move(ddl);
    }
    return absl::OkStatus();
  }

  absl::Status plan_select(const sql::SelectStatement& select) {
    TROUPE_ASSIGN_OR_RETURN(const QueryPtr query, binder_.bind_select(select, nullptr));
    TROUPE_RETURN_IF_ERROR(fit_function(&query->targets));
    TROUPE_RETURN_IF_ERROR(binder_.finish_parameters());
    output_columns(query->targets);
    if (context_.for_cursor) add_row_keys(query.get());
    TROUPE_ASSIGN_OR_RETURN(Rel rel, planner_.plan_top(query));
    TROUPE_RETURN_IF_ERROR(planner_.plan_modifying_ctes());
    result_->kind = StatementKind::kSelect;
    result_->root = std::move(rel.plan);
    return absl::OkStatus();
  }

  /// Of a cursor: where its rows come from, if each comes from one row of a table, or names those that it locks.
  void add_row_keys(BoundQuery* query) {
    const bool simple = !query->operation && !query->recursive && !query->aggregated && !query->match &&
                        !query->distinct && query->distinct_on.empty() && query->windows.empty() &&
                        !query->has_table_functions;
    result_->locks_rows = !query->locks.empty();
    if (!simple) return;
    const auto add = [&](const BoundRelation& relation) {
      if (relation.kind != BoundRelation::Kind::kTable || !relation.security.empty()) return;
      result_->row_keys.push_back({relation.table->oid, static_cast<uint32_t>(query->targets.size())});
      query->targets.push_back({make_column(Type{oid::kBytea}, kRowKeyColumn, relation.number), {}});
    };
    if (!result_->locks_rows) {
      if (query->from.size() == 1 && query->from[0]->relation) add(*query->from[0]->relation);
      return;
    }
    const auto add_locked = [&](const auto& self, const FromTree& tree) -> void {
      if (!tree.relation) {
        self(self, *tree.left);
        self(self, *tree.right);
      } else if (std::any_of(query->locks.begin(), query->locks.end(), [&](const BoundLock& lock) {
                   return lock.relation == tree.relation->number;
                 })) {
        add(*tree.relation);
      }
    };
    for (const FromPtr& tree : query->from) add_locked(add_locked, *tree);
  }

  /// Of the statement whose rows a function returns.
  absl::Status fit_function(std::vector<BoundTarget>* targets) {
    if (context_.result.empty()) return absl::OkStatus();
    FunctionShape shape;
    shape.record = context_.result.size() > 1;
    shape.types.assign(context_.result.begin(), context_.result.end());
    shape.names.resize(shape.types.size());
    return binder_.fit_result(*context_.function->function, shape, targets);
  }

  /// SELECT f(...) or SELECT * FROM f(...) and nothing else, of a function that is not one query that only reads.
  absl::StatusOr<bool> plan_if_script(const sql::SelectStatement& select) {
    const LoneCall lone = lone_call(select);
    if (lone.call == nullptr) return false;
    Binder probe(context_);
    const auto callee = probe.bind_callee(*lone.call, false);
    if (!callee.ok() || *callee == nullptr) return false;  // whoever binds it says what is wrong
    TROUPE_ASSIGN_OR_RETURN(FunctionBody body, parse_body(*(*callee)->function));
    const bool drops_rows = (*callee)->result.oid == oid::kVoid;
    if (body.inlines && !drops_rows) return false;
    return plan_script(lone, std::move(body), false);
  }

  absl::Status plan_call(const sql::CallStatement& call) {
    TROUPE_ASSIGN_OR_RETURN(const bool found, plan_script({call.call, false, {}}, std::nullopt, true));
    if (found) return absl::OkStatus();
    return with_hint(
        with_position(error(ErrorCode::kWrongObjectType, dotted(call.call->name), " is not a procedure"),
                      sql::character_position(context_.text, call.call->position)),
        "To call a function, use SELECT.");
  }

  absl::StatusOr<bool> plan_script(const LoneCall& lone, std::optional<FunctionBody> body, bool call) {
    TROUPE_ASSIGN_OR_RETURN(const auto callee, binder_.bind_callee(*lone.call, call));
    if (callee == nullptr) return false;
    if (!body) {
      TROUPE_ASSIGN_OR_RETURN(body, parse_body(*callee->function));
    }
    const FunctionShape shape = binder_.shape_of(*callee);
    if (!lone.spreads && !call && (shape.record || shape.unknown)) {
      return with_hint(not_supported_yet("a function of several statements that returns a record, in a select list"),
                       "Use SELECT * FROM f(...).");
    }
    if (lone.spreads && shape.unknown) return not_supported_yet("a function of several statements that returns record");
    auto query = std::make_shared<BoundQuery>();
    for (const ExprPtr& arg : callee->args) query->targets.push_back({arg, "argument"});
    if (query->targets.empty()) query->targets.push_back({make_bool(true), "argument"});
    TROUPE_RETURN_IF_ERROR(binder_.finish_parameters());
    const bool returns = !call || callee->result.oid != oid::kVoid;
    for (size_t i = 0; returns && i < shape.types.size(); ++i) {
      const bool named = shape.record || (lone.spreads && !callee->function->outputs().empty());
      const std::string name = named || lone.name.empty() ? shape.names[i] : lone.name;
      result_->columns.push_back({name, shape.types[i], kNoOid, 0});
    }
    TROUPE_ASSIGN_OR_RETURN(Rel rel, planner_.plan_top(query));
    result_->kind = StatementKind::kSelect;
    result_->root = std::move(rel.plan);
    result_->read_only = false;
    result_->script = std::make_shared<const FunctionScript>(FunctionScript{*callee, *std::move(body), lone.spreads, call});
    return true;
  }

  absl::Status plan_modify(StatementKind kind, BoundModify& modify) {
    TROUPE_RETURN_IF_ERROR(fit_function(&modify.returning));
    TROUPE_RETURN_IF_ERROR(binder_.finish_parameters());
    output_columns(modify.returning);
    TROUPE_ASSIGN_OR_RETURN(result_->root, planner_.plan_modify(modify));
    TROUPE_RETURN_IF_ERROR(planner_.plan_modifying_ctes());
    result_->kind = kind;
    return absl::OkStatus();
  }

  absl::Status plan_merge(const sql::MergeStatement& statement) {
    TROUPE_ASSIGN_OR_RETURN(const auto merge, binder_.bind_merge(statement));
    TROUPE_RETURN_IF_ERROR(binder_.finish_parameters());
    TROUPE_ASSIGN_OR_RETURN(result_->root, planner_.plan_merge(*merge));
    TROUPE_RETURN_IF_ERROR(planner_.plan_modifying_ctes());
    result_->kind = StatementKind::kMerge;
    return absl::OkStatus();
  }

  absl::Status plan_create_as(const sql::CreateTableAsStatement& create) {
    const std::string_view tag = create.materialized_view ? "CREATE MATERIALIZED VIEW" : "CREATE TABLE AS";
    const auto* select = create.query->as<sql::SelectStatement>();
    if (select == nullptr) {
      return error(ErrorCode::kFeatureNotSupported, "CREATE TABLE AS EXECUTE is not supported yet");
    }
    if (create.if_not_exists && relation_exists(*create.into->table, context_)) {
      auto ddl = std::make_shared<DdlPlan>();
      ddl->tag = tag;
      ddl->counters = context_.catalog->counters();
      ddl->notices.push_back({"NOTICE", ErrorCode::kDuplicateTable,
                              cat("relation \"", create.into->table->name, "\" already exists, skipping"), {}});
      result_->kind = StatementKind::kDdl;
      result_->ddl = std::move(ddl);
      return absl::OkStatus();
    }
    TROUPE_RETURN_IF_ERROR(plan_into(create, *select, tag));
    return create.with_data ? absl::OkStatus() : only_define();
  }

  /// No rows are put into what is defined.
  absl::Status only_define() {
    result_->kind = StatementKind::kDdl;
    result_->root = nullptr;
    return absl::OkStatus();
  }

  absl::Status plan_into(const sql::IntoClause& into, const sql::SelectStatement& select, std::string_view tag) {
    TROUPE_RETURN_IF_ERROR(plan_select(select));
    TROUPE_ASSIGN_OR_RETURN(result_->ddl, create_table_as(into, result_->columns, tag, context_));
    return run_as_definition();
  }

  /// As plan_into() of its clause; a materialized view keeps the query.
  absl::Status plan_into(const sql::CreateTableAsStatement& create, const sql::SelectStatement& select,
                         std::string_view tag) {
    if (!create.materialized_view) return plan_into(*create.into, select, tag);
    NamesFound names;
    binder_.names_found = &names;
    const absl::Status planned = plan_select(select);
    binder_.names_found = nullptr;
    names.functions = binder_.functions_found;
    TROUPE_RETURN_IF_ERROR(planned);
    if (!binder_.parameters.empty()) {
      return error(ErrorCode::kFeatureNotSupported, "materialized views may not be defined using bound parameters");
    }
    const MaterializedQuery query{select, names, binder_.dependencies, create.with_data};
    TROUPE_ASSIGN_OR_RETURN(result_->ddl, create_table_as(*create.into, result_->columns, tag, context_, &query));
    TROUPE_RETURN_IF_ERROR(run_as_definition());
    TROUPE_ASSIGN_OR_RETURN(const bool continuous, ddl_wants_continuous(create.into->options));
    return continuous ? only_define() : absl::OkStatus();
  }

  absl::Status run_as_definition() {
    result_->columns.clear();
    result_->kind = StatementKind::kCreateTableAs;
    result_->read_only = false;
    return absl::OkStatus();
  }

  absl::Status plan_refresh(const sql::RefreshViewStatement& refresh) {
    DdlBuilder ddl(context_, binder_, "REFRESH MATERIALIZED VIEW");
    TROUPE_ASSIGN_OR_RETURN(const TablePtr view, ddl_view_to_refresh(refresh, ddl));
    binder_.dependencies.push_back({view->oid, view->version});
    if (is_continuous(*view)) {
      TROUPE_RETURN_IF_ERROR(ddl_refresh_continuous(*view, refresh.with_data, ddl));
      result_->ddl = ddl.finish();
      TROUPE_RETURN_IF_ERROR(run_as_definition());
      return only_define();
    }
    if (refresh.concurrently) {
      // Readers go on; whoever else refreshes it waits.
      ddl.lock(view->oid, false);
      TROUPE_ASSIGN_OR_RETURN(auto modify, binder_.bind_refresh(refresh_text(*view, ddl.catalog()), *view));
      TROUPE_RETURN_IF_ERROR(plan_modify(StatementKind::kInsert, *modify));
    } else {
      TROUPE_RETURN_IF_ERROR(ddl_refresh_view(*view, refresh.with_data, ddl));
      TROUPE_ASSIGN_OR_RETURN(const QueryPtr query, binder_.bind_stored_query(view->query_sql, view->owner));
      TROUPE_ASSIGN_OR_RETURN(Rel rel, planner_.plan_top(query));
      TROUPE_RETURN_IF_ERROR(planner_.plan_modifying_ctes());
      result_->root = std::move(rel.plan);
    }
    ddl.plan().tells_rows = false;
    result_->ddl = ddl.finish();
    TROUPE_RETURN_IF_ERROR(run_as_definition());
    return refresh.with_data ? absl::OkStatus() : only_define();
  }

  /// The statement itself, or the query that it runs.
  const sql::Statement& explained(const sql::ExplainStatement& explain) const {
    if (const auto* declare = explain.query->as<sql::DeclareCursorStatement>()) return *declare->query;
    const auto* create = explain.query->as<sql::CreateTableAsStatement>();
    if (create != nullptr && !create->materialized_view && !result_->explain.analyze) return *create->query;
    return *explain.query;
  }

  absl::Status plan_explain(const sql::ExplainStatement& explain) {
    TROUPE_RETURN_IF_ERROR(read_explain_options(explain, &result_->explain));
    TROUPE_RETURN_IF_ERROR(plan_any(explained(explain)));
    if (result_->script != nullptr) return not_supported_yet("EXPLAIN of a function of several statements");
    if (!result_->root) return error(ErrorCode::kFeatureNotSupported, "EXPLAIN of this statement is not supported yet");
    result_->explained = result_->kind;
    result_->kind = StatementKind::kExplain;
    using Format = ExplainOptions::Format;
    const Format format = result_->explain.format;
    const Oid type = format == Format::kJson ? oid::kJson : format == Format::kXml ? oid::kXml : oid::kText;
    result_->columns = {{"QUERY PLAN", Type{type}, kNoOid, 0}};
    return absl::OkStatus();
  }

  absl::Status read_explain_options(const sql::ExplainStatement& explain, ExplainOptions* out);

  void output_columns(const std::vector<BoundTarget>& targets) {
    result_->columns.reserve(targets.size());
    for (const BoundTarget& target : targets) {
      result_->columns.push_back({target.name, target.value->type, target.origin.table, target.origin.attnum});
    }
  }

  absl::Status check_rights() {
    for (const BoundCte& cte : binder_.ctes) {
      if (cte.references == 0 && !cte.query->modify) binder_.rights.forget(cte.first_relation, cte.end_relation);
    }
    return binder_.rights.check();
  }

  absl::StatusOr<StatementPlanPtr> finish() {
    StatementPlan& plan = *result_;
    plan.parameters = std::move(binder_.parameters);
    plan.ctes = std::move(planner_.ctes);
    plan.modifying_ctes = std::move(planner_.modifying_ctes);
    plan.init_plans = std::move(planner_.init_plans);
    plan.slots = planner_.slots;
    plan.work_tables = binder_.work_tables;
    plan.dependencies = std::move(binder_.dependencies);
    plan.catalog_version = context_.catalog->version();
    plan.rights_version = context_.catalog->rights_version();
    plan.role = context_.role;
    plan.row_security = context_.row_security;
    plan.hides_rows = binder_.hides_rows;
    // A definition has looked for itself; a view's query is asked about when it is read.
    if (plan.kind != StatementKind::kDdl) plan.denied = check_rights();
    if (plan.kind != StatementKind::kDdl && plan.denied.ok()) plan.denied = binder_.unreadable;
    plan.uses_snapshot = planner_.uses_tables;
    if (planner_.changes_rows || binder_.moves_sequences) plan.read_only = false;
    for (PlanPtr& cte : plan.ctes) cte = in_row_order(cte);
    for (InitPlan& init : plan.init_plans) init.plan = in_row_order(init.plan);
    if (plan.root) {
      plan.root = in_row_order(plan.root);
      number_nodes(plan.root, &plan.nodes);
      plan.one_partition = plan.ctes.empty() && plan.init_plans.empty() && is_point(*plan.root);
    }
    for (const PlanPtr& cte : plan.ctes) number_nodes(cte, &plan.nodes);
    for (const InitPlan& init : plan.init_plans) number_nodes(init.plan, &plan.nodes);
    return StatementPlanPtr(std::move(result_));
  }

  Binder binder_;
  QueryPlanner planner_;
  const PlanContext& context_;
  std::shared_ptr<StatementPlan> result_ = std::make_shared<StatementPlan>();
};

absl::StatusOr<bool> boolean_option(const sql::Option& option) {
  if (option.value == nullptr) return true;
  const auto* literal = option.value->as<sql::Literal>();
  if (literal != nullptr) {
    if (literal->type == sql::LiteralType::kBoolean) return literal->integer != 0;
    if (literal->type == sql::LiteralType::kInt4 && literal->integer <= 1) return literal->integer == 1;
    if (literal->text == "true" || literal->text == "on") return true;
    if (literal->text == "false" || literal->text == "off") return false;
  }
  return error(ErrorCode::kSyntaxError, option.name, " requires a Boolean value");
}

absl::Status StatementPlanner::read_explain_options(const sql::ExplainStatement& explain, ExplainOptions* out) {
  const std::pair<std::string_view, bool*> switches[] = {
      {"analyze", &out->analyze}, {"verbose", &out->verbose}, {"costs", &out->costs},       {"buffers", &out->buffers},
      {"timing", &out->timing},   {"summary", &out->summary}, {"settings", &out->settings}, {"wal", &out->wal}};
  bool summary_given = false;
  for (const sql::Option* option : explain.options) {
    bool known = false;
    for (const auto& [name, target] : switches) {
      if (option->name != name) continue;
      known = true;
      TROUPE_ASSIGN_OR_RETURN(*target, boolean_option(*option));
      summary_given = summary_given || name == "summary";
    }
    if (option->name == "format") {
      known = true;
      const auto* literal = option->value != nullptr ? option->value->as<sql::Literal>() : nullptr;
      const std::string_view format = literal != nullptr ? literal->text : std::string_view();
      if (format == "json") {
        out->format = ExplainOptions::Format::kJson;
      } else if (format == "xml") {
        out->format = ExplainOptions::Format::kXml;
      } else if (format == "yaml") {
        out->format = ExplainOptions::Format::kYaml;
      } else if (format != "text") {
        return with_position(error(ErrorCode::kInvalidParameterValue, "unrecognized value for EXPLAIN option \"format\": \"",
                                   format, "\""),
                             sql::character_position(context_.text, option->position));
      }
    }
    if (!known) {
      return with_position(error(ErrorCode::kSyntaxError, "unrecognized EXPLAIN option \"", option->name, "\""),
                           sql::character_position(context_.text, option->position));
    }
  }
  if (!summary_given) out->summary = out->analyze;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<StatementPlanPtr> plan_statement(const sql::Statement& statement, const PlanContext& context) {
  return StatementPlanner(context).plan(statement);
}

bool is_current(const StatementPlan& plan, const Catalog& catalog) {
  if (plan.catalog_version == catalog.version()) return true;
  if (plan.rights_version != catalog.rights_version()) return false;
  for (const PlanDependency& dependency : plan.dependencies) {
    const ObjectDef* object = catalog.find(dependency.oid);
    if (object == nullptr || object->version != dependency.version) return false;
  }
  return !plan.ddl;
}

}  // namespace troupe
