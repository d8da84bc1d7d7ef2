#pragma once
/// Stored rows of one table as JSON objects: numbers and booleans bare, null, everything else as the string of its text
/// output. What each column needs is worked out once.
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/types/eval_context.hpp"
#include "runtime/types/type.hpp"
#include "storage/catalog/objects.hpp"

namespace troupe {

class RowJson {
 public:
  /// `columns`: attnums; empty: all.
  explicit RowJson(std::shared_ptr<const TableDef> table, const std::vector<int16_t>& columns = {});

  /// Appends the object. Dropped columns are left out. Errors: kDataCorrupted for bytes that are no row of the table.
  absl::Status append(std::string_view row, const EvalContext& context, std::string* out);
  /// The same of values, by their position in the row.
  void append(std::span<const Value> row, const EvalContext& context, std::string* out);

 private:
  enum class Form : uint8_t { kBool, kInt16, kInt32, kInt64, kString, kNumber, kText };
  struct Column {
    uint32_t position = 0;
    Form form = Form::kText;
    Type type;
    std::string label;  ///< `{"a":` of the first, `,"b":` of the others
  };
  static Form form_of(Oid type);
  void append_value(const Column& column, const RowView& row, const EvalContext& context, std::string* out);
  void append_formatted(const Column& column, const Value& value, const EvalContext& context, std::string* out);

  std::shared_ptr<const TableDef> table_;
  std::vector<Column> columns_;
  std::string scratch_;
};

}  // namespace troupe
