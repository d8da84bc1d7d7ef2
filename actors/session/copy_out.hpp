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
  void write(const Batch& batch, uint32_t row, BackendWriter& out);
  void finish(BackendWriter& out);

 private:
  enum class Form : uint8_t { kInt16, kInt32, kInt64, kString, kAny };
  struct Column {
    Type type;
    Form form;
  };
  void field(const Column& column, const Vector& values, uint32_t row);

  bool binary_;
  const EvalContext& context_;
  std::vector<Column> columns_;
  CopyWriter writer_;
  std::string scratch_;
};

}  // namespace troupe
