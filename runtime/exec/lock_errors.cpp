#include "runtime/exec/lock_errors.hpp"

#include "storage/base/text.hpp"

namespace troupe {

absl::Status with_lock_context(const absl::Status& status, std::string_view doing, const TableDef& table) {
  const ErrorCode code = error_code(status);
  if (code != ErrorCode::kLockNotAvailable && code != ErrorCode::kDeadlockDetected) return status;
  ErrorFields fields = error_fields(status);
  if (fields.message == kRowIsLocked) {
    fields.message += cat(" in relation \"", table.name, "\"");
  } else {
    fields.where = cat("while ", doing, " tuple in relation \"", table.name, "\"");
  }
  return make_error(fields);
}

}  // namespace troupe
