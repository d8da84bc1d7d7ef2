#pragma once
/// Users' aggregates, made ready to run: the transition is a Program, run for one row after the other.
#include "runtime/types/aggregate.hpp"

namespace troupe {

/// The same aggregate, or of a user's (runtime/plan/user_aggregate.hpp) one with functions. It stays.
absl::StatusOr<BoundAggregate> runnable_aggregate(BoundAggregate call);

}  // namespace troupe
