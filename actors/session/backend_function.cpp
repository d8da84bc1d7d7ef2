/// Functions that are run statement by statement: CALL, and SELECT f(...) by itself where f's body is more than one
/// query.
#include <algorithm>
#include <utility>

#include "actors/session/backend.hpp"
#include "runtime/plan/bind_function.hpp"
#include "runtime/plan/refusal.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

constexpr int kScriptDepthMax = 50;

absl::Status in_function(const absl::Status& status, const FunctionDef& function, size_t statement) {
  ErrorFields fields = error_fields(status);
  const std::string where = cat("SQL function \"", function.name, "\" statement ", statement + 1);
  fields.where += cat(fields.where.empty() ? "" : "\n", where);
  fields.position = 0;
  return make_error(fields);
}

std::string_view transaction_word(const sql::TransactionStatement& statement) {
  switch (statement.verb) {
    case sql::TransactionVerb::kBegin: return "BEGIN";
    case sql::TransactionVerb::kStart: return "START TRANSACTION";
    case sql::TransactionVerb::kCommit: return "COMMIT";
    case sql::TransactionVerb::kSavepoint: return "SAVEPOINT";
    case sql::TransactionVerb::kRelease: return "RELEASE SAVEPOINT";
    case sql::TransactionVerb::kRollbackTo: return "ROLLBACK TO SAVEPOINT";
    case sql::TransactionVerb::kPrepare: return "PREPARE TRANSACTION";
    default: return "ROLLBACK";
  }
}

}  // namespace

/// While it lives, the session is the function's: with its owner's rights and its settings.
class Backend::InFunction {
 public:
  InFunction(Backend& backend, const FunctionDef& function)
      : backend_{backend},
        role_{backend.role_},
        user_{backend.user_},
        mark_{backend.parameters_.mark()},
        sets_{!function.settings.empty()} {
    ++backend_.function_depth_;
    if (!function.security_definer) return;
    backend_.role_ = function.owner;
    const ObjectDef* owner = backend_.transaction_.catalog()->find(function.owner);
    if (owner != nullptr) backend_.user_ = owner->name;
    backend_.eval_.user = backend_.user_;
  }
  ~InFunction() {
    --backend_.function_depth_;
    backend_.role_ = role_;
    backend_.user_ = std::move(user_);
    backend_.eval_.user = backend_.user_;
    if (sets_) backend_.parameters_.rollback_to(mark_);
  }
  InFunction(const InFunction&) = delete;
  InFunction& operator=(const InFunction&) = delete;

  absl::Status apply(const FunctionDef& function) {
    for (const auto& [name, value] : function.settings) {
      TROUPE_RETURN_IF_ERROR(backend_.set_parameter(name, value, SetScope::kLocal));
    }
    return absl::OkStatus();
  }

 private:
  Backend& backend_;
  const Oid role_;
  std::string user_;
  const size_t mark_;
  const bool sets_;
};

/// The one row that the plan's root computes.
Task<absl::StatusOr<std::vector<Value>>> Backend::evaluate_script_arguments(Portal& portal) {
  const StatementPlan& plan = *portal.plan;
  if (const absl::Status filled = fill_exec_context(plan, &portal.context); !filled.ok()) co_return filled;
  auto executable = ExecutablePlan::compile(portal.plan);
  if (!executable.ok()) co_return executable.status();
  Execution execution(*executable, std::move(portal.parameters), portal.context);
  auto fetching = execution.next();
  auto batch = co_await fetching;
  if (!batch.ok()) co_return batch.status();
  std::vector<Value> values;
  if (batch->rows == 0) co_return values;
  const size_t count = plan.script->callee.args.size();
  for (size_t i = 0; i < count; ++i) values.push_back(batch->columns[i].value(0));
  co_return values;
}

/// Leaves portal.tag; its rows go out.
Task<absl::Status> Backend::run_script(Portal& portal) {
  const StatementPlanPtr plan = portal.plan;
  const FunctionScript& script = *plan->script;
  const FunctionDef& function = *script.callee.function;
  if (function_depth_ >= kScriptDepthMax) {
    co_return with_hint(error(ErrorCode::kStatementTooComplex, "stack depth limit exceeded"),
                        "The function calls itself too often.");
  }
  if (portal.cursor_query != nullptr) co_return not_supported_yet("a cursor over a function of several statements");
  if (!plan->denied.ok()) co_return plan->denied;
  auto evaluating = evaluate_script_arguments(portal);
  auto values = co_await evaluating;
  if (!values.ok()) co_return values.status();
  if (portal.describe_first && !portal.described && !plan->columns.empty()) {
    describe_simple(portal, plan->columns);
    portal.described = true;
  }
  uint64_t rows = 0;
  const bool has_null = std::any_of(values->begin(), values->end(), [](const Value& value) { return value.is_null(); });
  if (!function.strict || !has_null) {
    const std::shared_ptr<const FunctionDef> kept = script.callee.function;
    InFunction inside(*this, *kept);
    if (const absl::Status applied = inside.apply(*kept); !applied.ok()) co_return applied;
    auto running = run_function_statements(portal, script, *values, &rows);
    const absl::Status status = co_await running;
    if (!status.ok()) co_return status;
  }
  if (rows == 0 && !function.returns_set && !plan->columns.empty()) {
    writer_.begin_row(static_cast<uint16_t>(plan->columns.size()));
    for (size_t i = 0; i < plan->columns.size(); ++i) writer_.null_field();
    writer_.end_row();
    rows = 1;
  }
  portal.tag = script.call ? "CALL" : cat("SELECT ", rows);
  portal.rows_sent = rows;
  portal.finished = true;
  co_return absl::OkStatus();
}

/// Each sees what those before it have changed.
Task<absl::Status> Backend::run_function_statements(Portal& portal, const FunctionScript& script,
                                                    const std::vector<Value>& values, uint64_t* rows) {
  const auto frame =
      std::make_shared<FunctionFrame>(FunctionFrame{script.callee.function.get(), script.callee.types, 0, nullptr});
  const auto statements = script.body.parsed->statements();
  std::vector<Type> result;
  for (const OutputColumn& column : portal.plan->columns) result.push_back(column.type);
  const bool returns = !result.empty() && result[0].oid != oid::kVoid;
  for (size_t i = 0; i < statements.size(); ++i) {
    const sql::Statement& statement = *statements[i].node;
    if (const auto* control = statement.as<sql::TransactionStatement>()) {
      co_return in_function(
          error(ErrorCode::kFeatureNotSupported, transaction_word(*control), " is not allowed in an SQL function"),
          *script.callee.function, i);
    }
    const bool last = i + 1 == statements.size();
    Portal inner;
    inner.prepared = std::make_shared<Prepared>();
    inner.prepared->parsed = script.body.parsed;
    inner.prepared->raw = &statements[i];
    inner.prepared->declared = script.callee.types;
    inner.prepared->function = frame;
    if (last && returns) inner.prepared->result = result;
    inner.parameters = values;
    inner.passes = !(last && returns);
    inner.result_formats = portal.result_formats;
    transaction_.state().next_command();
    if (suspended_portals_ == 0) transaction_.release_statement_snapshot();
    bool suspended = false;
    const bool one_row = last && returns && !script.callee.function->returns_set;
    auto running = is_utility(statement) ? run_utility(inner) : run_planned(inner, one_row ? 1 : 0, &suspended);
    const absl::Status status = co_await running;
    if (inner.suspended) --suspended_portals_;
    if (!status.ok()) co_return in_function(status, *script.callee.function, i);
    if (last && returns) *rows = inner.rows_sent;
  }
  co_return absl::OkStatus();
}

}  // namespace troupe
