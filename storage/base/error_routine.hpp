#pragma once
/// The R field of PostgreSQL's ErrorResponse: the function of its source that raises the error. Only errors by whose
/// routine clients decide what to do have one here: drivers prepare a statement again when they see
/// RevalidateCachedQuery.
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace troupe {

/// To be called last: what else changes a status drops its routine.
absl::Status with_routine(absl::Status status, std::string_view routine);
/// Empty: it has none.
std::string routine_of(const absl::Status& status);

}  // namespace troupe
