/// Statements that the session runs on its own account, within the transaction that is under way.
#include "actors/session/as_owner.hpp"
#include "actors/session/backend.hpp"
#include "actors/session/own_words.hpp"

namespace troupe {

Task<absl::Status> Backend::prepare_as_owner(Prepared& prepared) {
  constexpr int kAttemptsMax = 16;
  const auto plan = [&] {
    const AsOwner as_owner(&role_);
    const Oid elements =
        prepared.name == kOwnWords ? std::exchange(element_schema_, kPgCatalogSchema) : element_schema_;
    std::string schema = schema_name_;
    absl::Status planned = plan_prepared(prepared);
    element_schema_ = elements;
    schema_name_ = std::move(schema);
    eval_.schema = schema_name_;
    return planned;
  };
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    absl::Status status = plan();
    if (!status.ok()) co_return status;
    auto locking = take_table_locks(prepared);
    status = co_await locking;
    if (!status.ok()) co_return status;
    if (!is_current(*prepared.plan, *transaction_.catalog())) continue;
    if (prepared.executable == nullptr) {
      auto executable = ExecutablePlan::compile(prepared.plan);
      if (!executable.ok()) co_return executable.status();
      prepared.executable = *std::move(executable);
    }
    co_return absl::OkStatus();
  }
  co_return error(ErrorCode::kLockNotAvailable, "the table's definition keeps changing");
}

Task<absl::StatusOr<std::vector<Batch>>> Backend::run_internal(std::string_view text, std::vector<Type> types,
                                                               std::vector<Value> values) {
  std::shared_ptr<Prepared> prepared = internal_[std::string(text)];
  if (prepared == nullptr) {
    prepared = std::make_shared<Prepared>();
    auto parsed = sql::parse_statement(text);
    if (!parsed.ok()) co_return parsed.status();
    prepared->parsed = *std::move(parsed);
    prepared->raw = &prepared->parsed->statements()[0];
    prepared->declared = std::move(types);
    prepared->name = kOwnWords;
    internal_[std::string(text)] = prepared;
  }
  auto preparing = prepare_as_owner(*prepared);
  const absl::Status ready = co_await preparing;
  if (!ready.ok()) co_return ready;
  transaction_.state().next_command();
  ExecContext context;
  const absl::Status filled = fill_exec_context(*prepared->plan, &context);
  if (!filled.ok()) co_return filled;
  Execution execution(prepared->executable, std::move(values), context);
  std::vector<Batch> rows;
  while (true) {
    auto fetching = execution.next();
    BatchResult batch = co_await fetching;
    if (!batch.ok()) co_return batch.status();
    if (batch->rows == 0) break;
    rows.push_back(*std::move(batch));
  }
  co_return rows;
}

}  // namespace troupe
