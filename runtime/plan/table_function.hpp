#pragma once
/// Set-returning functions: generate_series, unnest, ... They yield rows in batches, so that a LIMIT stops them early.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/types/eval_context.hpp"
#include "runtime/types/type.hpp"
#include "storage/base/error.hpp"
#include "storage/column/value.hpp"
#include "storage/column/vector.hpp"

namespace troupe {

/// One call under way.
class TableFunctionCursor {
 public:
  virtual ~TableFunctionCursor() = default;
  /// Sets `out` to the next rows, at most `rows_max`; 0 rows: the end.
  virtual absl::Status next(uint32_t rows_max, EvalContext& context, Batch& out) = 0;
};

struct TableFunction {
  std::string name;
  std::vector<Oid> arguments;             ///< kAnyArray: any array; kAnyElement: anything
  std::vector<std::string> column_names;  ///< of several columns; one column is named after the function (or its alias)
  std::vector<Oid> columns;               ///< kAnyElement: the array's element type, or that argument's
  bool strict = true;                     ///< a null argument yields no rows; the cursor is not opened
  double rows = 1000;                     ///< estimate
  absl::StatusOr<std::unique_ptr<TableFunctionCursor>> (*open)(std::span<const Type> types,
                                                               std::span<const Value> args,
                                                               EvalContext& context) = nullptr;
};

struct BoundTableFunction {
  const TableFunction* function = nullptr;
  std::vector<Type> arguments;
  std::vector<Type> columns;
};

/// json_array_elements, json_each, json_object_keys and their like (table_function_json.cpp).
std::vector<TableFunction> json_table_functions();

/// json_populate_recordset and jsonb_populate_recordset (table_function_record.cpp).
std::vector<TableFunction> json_populate_functions();

/// json_to_record and its like, whose columns the statement defines (table_function_record.cpp); null: it is none.
const TableFunction* record_function(std::string_view name);

void add_table_function(TableFunction function);
bool is_table_function(std::string_view name);
/// Errors: 42883, 42725 as for other functions.
absl::StatusOr<BoundTableFunction> resolve_table_function(std::string_view name, std::span<const Type> arguments);

}  // namespace troupe
