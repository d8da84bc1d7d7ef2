/// The simple protocol: a text of any number of statements. Several of them outside a block are one transaction.
#include "actors/session/backend.hpp"
#include "runtime/protocol/replication_command.hpp"

namespace troupe {
namespace {

bool returns_the_same(const StatementPlan& a, const StatementPlan& b) {
  return std::equal(a.columns.begin(), a.columns.end(), b.columns.begin(), b.columns.end(),
                    [](const OutputColumn& x, const OutputColumn& y) { return x.type == y.type && x.name == y.name; });
}

}  // namespace

Task<Backend::Flow> Backend::on_query(std::string_view sql) {
  executing_ = true;
  data_.begin_statement();
  record_->tell.interrupt->clear();
  // The unnamed statement does not survive a simple query.
  unnamed_ = nullptr;
  portals_.erase("");
  forget_slot_snapshot();
  auto running = replicates_ && is_replication_command(sql) ? run_replication_command(sql) : run_query_text(sql);
  const absl::Status status = co_await running;
  executing_ = false;
  record_->tell.interrupt->clear();
  if (!status.ok()) {
    send_error(status);
    fail_transaction();
  }
  if (!end_reason_.ok()) co_return end_now();
  if (may_notify()) {
    auto delivering = deliver_notifications();
    co_await delivering;
  }
  report_parameters();
  ready_for_query();
  co_return Flow::kContinue;
}

Task<absl::Status> Backend::run_query_text(std::string_view sql) {
  begin_clock(sql);
  if (std::unique_ptr<Portal> portal = portal_of_known(sql)) {
    bool suspended = false;
    auto running = run_portal(*portal, 0, &suspended);
    const absl::Status status = co_await running;
    if (!portal->outdated) co_return status;
  }
  const auto parsed = sql::parse_sql(sql);
  if (!parsed.ok()) co_return parsed.status();
  tell_of_cut_names(**parsed);
  const auto statements = (*parsed)->statements();
  if (statements.empty()) {
    writer_.empty_query_response();
    co_return absl::OkStatus();
  }
  const bool several = statements.size() > 1;
  for (const sql::RawStatement& raw : statements) {
    if (several) transaction_.state().begin_implicit_block();
    auto running = run_simple(*parsed, raw);
    const absl::Status status = co_await running;
    if (!status.ok()) co_return status;
  }
  if (several) {
    auto ending = end_implicit_block();
    co_return co_await ending;
  }
  co_return absl::OkStatus();
}

/// A portal of the kept plan of a statement that differs only in its constants; null: parse and plan the text.
std::unique_ptr<Portal> Backend::portal_of_known(std::string_view sql) {
  PlanCache::Entry* known = plan_cache_.find(sql, parameters_.version());
  if (known == nullptr || known->refused || !transaction_.state().check_usable().ok()) return nullptr;
  if (known->prepared == nullptr || !is_planned(*known->prepared)) {
    known->prepared = plan_with_parameters(sql, &known->refused);
    if (known->prepared == nullptr) return nullptr;
  }
  auto portal = std::make_unique<Portal>();
  if (!plan_cache_.bind(sql, *known->prepared->plan, eval_, &portal->parameters)) return nullptr;
  portal->prepared = known->prepared;
  portal->describe_first = portal->of_known_plan = true;
  return portal;
}

/// Null: an error, which is left to the text as it is, whose positions are the client's; or, `refused`, the plan could be
/// another with the constants than with parameters in their place.
std::shared_ptr<Prepared> Backend::plan_with_parameters(std::string_view sql, bool* refused) {
  auto parsed = sql::parse_statement(sql);
  if (!parsed.ok()) return nullptr;
  Prepared as_it_is;
  as_it_is.parsed = *std::move(parsed);
  as_it_is.raw = &as_it_is.parsed->statements()[0];
  if (!plan_prepared(as_it_is).ok()) return nullptr;
  std::shared_ptr<Prepared> prepared = plan_cache_.parse_with_parameters(sql);
  *refused = prepared == nullptr || !plan_prepared(*prepared).ok() ||
             (!plan_cache_.constants().empty() && !is_independent_of_values(*prepared->plan)) ||
             !returns_the_same(*as_it_is.plan, *prepared->plan);
  return *refused ? nullptr : prepared;
}

Task<absl::Status> Backend::run_simple(const sql::ParsedSqlPtr& parsed, const sql::RawStatement& raw) {
  Portal portal;
  portal.prepared = std::make_shared<Prepared>();
  portal.prepared->parsed = parsed;
  portal.prepared->raw = &raw;
  // PREPARE's parameters are those of the statement that it prepares.
  if (raw.parameter_count > 0 && raw.node->kind != sql::NodeKind::kPrepare) {
    co_return error(ErrorCode::kUndefinedParameter, "there is no parameter $", raw.parameter_count);
  }
  portal.describe_first = true;
  bool suspended = false;
  auto running = run_portal(portal, 0, &suspended);
  co_return co_await running;
}

Task<absl::Status> Backend::end_implicit_block() {
  if (transaction_.state().in_block() || !transaction_.state().implicit_block()) co_return absl::OkStatus();
  auto ending = end_transaction(true);
  co_return co_await ending;
}

}  // namespace troupe
