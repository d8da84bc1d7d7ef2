/// pg_notify() and its kin; pg_listening_channels() has rows and is among the system's table functions.
#include "runtime/system/session_function.hpp"

namespace troupe {
namespace {

/// Null is an empty text, as PostgreSQL has it.
absl::Status notify(const BoundFunction&, std::span<const Vector> args, uint32_t rows, EvalContext& context,
                    Vector& out) {
  if (context.extension == nullptr) return error(ErrorCode::kFeatureNotSupported, "this function needs a session");
  auto& session = *static_cast<SystemSession*>(context.extension);
  const auto text = [&](size_t argument, uint32_t row) {
    return args[argument].is_null(row) ? std::string_view() : args[argument].string(row);
  };
  for (uint32_t row = 0; row < rows; ++row) {
    TROUPE_RETURN_IF_ERROR(session.notify(text(0, row), text(1, row)));
    out.set_string(row, "");  // void
  }
  return absl::OkStatus();
}

double queue_usage(SystemSession& session) { return session.notification_queue_usage(); }

}  // namespace

void register_notification_functions(FunctionRegistry& registry) {
  using namespace oid;
  registry.add({.name = "pg_notify",
                .arguments = {kText, kText},
                .result = oid::kVoid,
                .kernel = notify,
                .strict = false,
                .volatility = Volatility::kVolatile});
  SessionFunctions(registry).add<queue_usage>("pg_notification_queue_usage", {}, kFloat8, Volatility::kVolatile);
}

}  // namespace troupe
