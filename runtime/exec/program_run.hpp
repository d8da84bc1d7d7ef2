#pragma once
/// How a Program runs. Private to runtime/exec: see program.hpp.
#include "absl/container/inlined_vector.h"
#include "runtime/exec/program.hpp"

namespace troupe {

using ArgVectors = absl::InlinedVector<Vector, 4>;

/// One run of a program: evaluates node after node, each for the rows that reach it.
class Program::Run {
 public:
  explicit Run(const Program& program) : program_{program} {}

  absl::Status evaluate(uint32_t node_index, const Rows& rows, Vector* out);

 private:
  const Node& child(const Node& node, uint32_t i) const { return program_.nodes_[child_index(node, i)]; }
  uint32_t child_index(const Node& node, uint32_t i) const { return program_.children_[node.first_child + i]; }
  absl::Status evaluate_children(const Node& node, const Rows& rows, ArgVectors* out);

  void column(const Node& node, const Rows& rows, Vector* out);
  absl::Status call(const Node& node, const Rows& rows, Vector* out);
  // program_logic.cpp
  absl::Status and_or(const Node& node, const Rows& rows, Vector* out);
  absl::Status negate(const Node& node, const Rows& rows, Vector* out);
  absl::Status null_test(const Node& node, const Rows& rows, Vector* out);
  absl::Status row_null_test(const Node& node, const Rows& rows, Vector* out);
  absl::Status boolean_test(const Node& node, const Rows& rows, Vector* out);
  absl::Status distinct_test(const Node& node, const Rows& rows, Vector* out);
  absl::Status in_set(const Node& node, const Rows& rows, Vector* out);
  absl::Status in_list(const Node& node, const Rows& rows, Vector* out);
  // program_branches.cpp
  absl::Status case_branches(const Node& node, const Rows& rows, Vector* out);
  absl::Status coalesce(const Node& node, const Rows& rows, Vector* out);
  absl::Status null_if(const Node& node, const Rows& rows, Vector* out);
  absl::Status extreme(const Node& node, const Rows& rows, Vector* out);
  // program_array.cpp
  absl::Status array_compare(const Node& node, const Rows& rows, Vector* out);
  absl::Status make_array(const Node& node, const Rows& rows, Vector* out);
  absl::Status make_record(const Node& node, const Rows& rows, Vector* out);
  absl::Status subscript(const Node& node, const Rows& rows, Vector* out);
  absl::Status sequence(const Node& node, const Rows& rows, Vector* out);
  absl::Status named_setting(const Node& node, const Rows& rows, Vector* out);

  const Program& program_;
};

/// Three-valued truth of row `row` of a boolean vector.
enum class Tristate : uint8_t { kFalse, kTrue, kNull };
inline Tristate truth_at(const Vector& condition, uint32_t row) {
  if (condition.is_null(row)) return Tristate::kNull;
  return condition.get<bool>(row) ? Tristate::kTrue : Tristate::kFalse;
}
inline void set_truth(Vector* out, uint32_t row, Tristate truth) {
  if (truth == Tristate::kNull) {
    out->set_null(row);
  } else {
    out->set(row, truth == Tristate::kTrue);
  }
}

/// Row i of `from` becomes row positions[i] of `to`, which has rows of the same kind.
void scatter(const Vector& from, std::span<const uint32_t> positions, Vector* to);

}  // namespace troupe
