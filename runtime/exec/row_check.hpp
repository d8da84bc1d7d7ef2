#pragma once
/// NOT NULL and CHECK constraints of new rows, with PostgreSQL's words.
#include <string>
#include <vector>

#include "runtime/exec/program.hpp"
#include "runtime/plan/modify_plan.hpp"

namespace troupe {

/// Ready to run; whoever compiles it says how expressions and column numbers map to the vectors it will see.
class RowCheck {
 public:
  struct Column {
    std::string name;
    uint32_t vector = 0;  ///< which of the input's columns holds it
  };
  struct Condition {
    std::string name;
    Program program;
    bool of_view = false;  ///< WITH CHECK OPTION
    bool of_partition = false;
  };
  std::string table;
  std::vector<Column> not_null;
  std::vector<Condition> conditions;

  bool empty() const { return not_null.empty() && conditions.empty(); }
  /// The first row that fails: its number in *row. `in` has the new rows.
  /// Errors: 23502, 23514, 44000, without the detail: add it with failing_row_detail().
  absl::Status run(const EvalInput& in, uint32_t* row) const;
};

/// Whether an error of RowCheck::run is about the whole row: not one of a domain, whose value fails.
bool is_about_row(const absl::Status& status);
/// "Failing row contains (1, null, x)." `values` are the row's columns that are not dropped, with their types.
std::string failing_row_detail(std::span<const Value> values, std::span<const Type> types, const EvalContext& context);

/// "(a, b)=(1, x)"
std::string key_text(std::span<const std::string> columns, std::span<const Value> values, std::span<const Type> types,
                     const EvalContext& context);
/// "Key (a, b)=(1, x) already exists."
std::string existing_key_detail(std::span<const std::string> columns, std::span<const Value> values,
                                std::span<const Type> types, const EvalContext& context);
/// 23505 with schema-independent fields; the detail is added by the caller.
absl::Status unique_violation(std::string_view table, std::string_view constraint);

}  // namespace troupe
