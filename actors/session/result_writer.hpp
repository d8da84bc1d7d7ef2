#pragma once
/// Rows to DataRow messages: a formatter per column is chosen once, then a row costs no look-up.
#include <span>
#include <vector>

#include "runtime/protocol/backend_writer.hpp"
#include "runtime/types/text_io.hpp"
#include "runtime/types/type.hpp"
#include "storage/column/vector.hpp"

namespace troupe {

class ResultWriter {
 public:
  /// `binary` per column; the context outlives this object.
  void prepare(std::span<const Type> types, const std::vector<bool>& binary, const EvalContext& context);
  /// Appends rows [from, to) as DataRow messages.
  void write(const Batch& batch, uint32_t from, uint32_t to, BackendWriter& out);

 private:
  enum class Shape : uint8_t {
    kBoolText, kInt16Text, kInt32Text, kInt64Text, kStringText, kAnyText,
    kBoolBinary, kInt16Binary, kInt32Binary, kInt64Binary, kFloat32Binary, kFloat64Binary, kStringBinary, kAnyBinary,
  };
  struct Column {
    Type type;
    Shape shape;
  };
  static Shape shape_of(Type type, bool binary);
  void write_field(const Column& column, const Vector& values, uint32_t row, BackendWriter& out);

  std::vector<Column> columns_;
  const EvalContext* context_ = nullptr;
  std::string scratch_;
};

}  // namespace troupe
