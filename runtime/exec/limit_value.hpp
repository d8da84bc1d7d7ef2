#pragma once
#include "runtime/exec/program.hpp"

namespace troupe {

/// LIMIT's number of rows; UINT64_MAX for null. Errors: 2201W when negative.
absl::StatusOr<uint64_t> evaluate_limit(const Program& limit, const EvalInput& in);
/// OFFSET's; 0 for null. Errors: 2201X.
absl::StatusOr<uint64_t> evaluate_offset(const Program& offset, const EvalInput& in);

}  // namespace troupe
