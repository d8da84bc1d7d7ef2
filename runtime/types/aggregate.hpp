#pragma once
/// Aggregate functions as state machines over raw memory. A state is `state_bytes` (a multiple of 16) of memory that
/// may be moved by memcpy; it lives from init() to destroy(). DISTINCT, ORDER BY and FILTER are the executor's: it
/// feeds the rows that count, in the order that counts.
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/types/eval_context.hpp"
#include "runtime/types/type.hpp"
#include "storage/column/vector.hpp"

namespace troupe {

struct Aggregate;

struct BoundAggregate {
  const Aggregate* aggregate = nullptr;
  std::vector<Type> arguments;  ///< what each argument must be cast to first
  Type result;
};

/// Where rows go: row i belongs to the state at base + groups[i] * state_bytes; groups null = all to the first.
struct GroupStates {
  std::byte* base = nullptr;
  const uint32_t* groups = nullptr;
};

struct Aggregate {
  std::string name;
  std::vector<Oid> arguments;  ///< empty: count(*)
  Oid result = oid::kInvalid;
  uint32_t state_bytes = 16;
  /// Null arguments are skipped by update() itself where SQL says so.
  void (*init)(const BoundAggregate& call, std::byte* state) = nullptr;
  absl::Status (*update)(const BoundAggregate& call, GroupStates states, std::span<const Vector> args, uint32_t rows,
                         EvalContext& context) = nullptr;
  /// Adds what `from` has seen to `into`; `from` stays valid. into's rows come before from's.
  absl::Status (*combine)(const BoundAggregate& call, std::byte* into, const std::byte* from) = nullptr;
  /// A partial state as bytes, and back into memory that has been through init().
  void (*serialize)(const BoundAggregate& call, const std::byte* state, std::string* out) = nullptr;
  absl::Status (*deserialize)(const BoundAggregate& call, std::string_view bytes, std::byte* state) = nullptr;
  /// Appends the result to `out` (made with reset_empty(result's kind)); the state stays (window frames go on).
  absl::Status (*finalize)(const BoundAggregate& call, const std::byte* state, EvalContext& context,
                           Vector& out) = nullptr;
  /// Null when there is nothing to free.
  void (*destroy)(std::byte* state) = nullptr;
  /// Takes rows out again, for sliding window frames; null when it cannot.
  absl::Status (*retract)(const BoundAggregate& call, GroupStates states, std::span<const Vector> args, uint32_t rows,
                          EvalContext& context) = nullptr;
  /// min, max, bool_and ...: seeing a value twice changes nothing, so DISTINCT may be dropped.
  bool ignores_duplicates = false;
  /// The result depends on the order of rows (array_agg, string_agg).
  bool ordered = false;
  /// Only with WITHIN GROUP (ORDER BY value): the value is the last argument here.
  bool ordered_set = false;
};

/// All aggregates, in a fixed order; resolve_aggregate() picks one.
std::span<const Aggregate> all_aggregates();

}  // namespace troupe
