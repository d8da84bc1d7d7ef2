#pragma once
/// COPY TO: batches of rows as CopyData messages.
/// Owner: one statement.
#include <span>
#include <string>
#include <vector>

#include "runtime/plan/statement_plan.hpp"
#include "runtime/protocol/copy_writer.hpp"
#include "runtime/types/eval_context.hpp"
#include "storage/column/vector.hpp"

namespace troupe {

class CopyOut {
 public:
  /// `context` outlives it.
  CopyOut(CopyOptions options, std::span<const OutputColumn> columns, const EvalContext& context);

  void begin(BackendWriter& out);
  /// Errors: 22P05 for a character that the encoding asked for does not have.
  absl::Status write(const Batch& batch, uint32_t row, BackendWriter& out);
  void finish(BackendWriter& out);

 private:
  enum class Form : uint8_t { kInt16, kInt32, kInt64, kString, kAny };
  struct Column {
    Type type;
    Form form;
  };
  absl::Status field(const Column& column, const Vector& values, uint32_t row);
  absl::Status text_field(std::string_view text);

  bool binary_;
  bool latin1_;
  const EvalContext& context_;
  std::vector<Column> columns_;
  CopyWriter writer_;
  std::string scratch_, encoded_;
};

}  // namespace troupe
