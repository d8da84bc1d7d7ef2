#pragma once
/// The choice among overloads, shared by functions, operators and aggregates (resolve.hpp).
/// Source of the rules: PostgreSQL 15 documentation, sections 10.2 and 10.3.
#include <optional>
#include <span>
#include <vector>

#include "runtime/types/type.hpp"

namespace troupe {

struct Candidate {
  std::span<const Oid> arguments;
  Oid result;
  bool variadic;
  const void* source;
};

/// The winner with its polymorphic types filled in.
struct Chosen {
  const Candidate* candidate;
  std::vector<Type> arguments;
  Type result;
  bool undetermined;  ///< a polymorphic type with only unknown literals to tell it from
};

/// Nothing when none fits, or (with *ambiguous) when none fits best.
std::optional<Chosen> choose_candidate(std::span<const Candidate> candidates, std::span<const Type> arguments,
                                       bool is_operator, bool* ambiguous);

}  // namespace troupe
