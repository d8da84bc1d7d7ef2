/// The simple protocol: a text of any number of statements. Several of them outside a block are one transaction.
#include "actors/session/backend.hpp"

namespace troupe {

Task<Backend::Flow> Backend::on_query(std::string_view sql) {
  executing_ = true;
  data_.begin_statement();
  // The unnamed statement does not survive a simple query.
  unnamed_ = nullptr;
  portals_.erase("");
  auto running = run_query_text(sql);
  const absl::Status status = co_await running;
  executing_ = false;
  if (!status.ok()) {
    send_error(status);
    fail_transaction();
  }
  if (!end_reason_.ok()) co_return end_now();
  report_parameters();
  ready_for_query();
  co_return Flow::kContinue;
}

Task<absl::Status> Backend::run_query_text(std::string_view sql) {
  begin_clock(sql);
  const auto parsed = sql::parse_sql(sql);
  if (!parsed.ok()) co_return parsed.status();
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
