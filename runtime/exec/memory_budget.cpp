#include "runtime/exec/memory_budget.hpp"

namespace troupe {

absl::Status MemoryBudget::exceeded() const {
  absl::Status status = error(ErrorCode::kOutOfMemory, "the statement needs too much memory");
  status = with_detail(std::move(status), cat("It holds ", used_, " bytes; the limit is ", limit_, "."));
  return with_hint(std::move(status), "Raise limits.sort_bytes_max, or make it read fewer rows.");
}

}  // namespace troupe
