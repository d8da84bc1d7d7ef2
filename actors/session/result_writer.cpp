#include "actors/session/result_writer.hpp"

#include "runtime/types/binary_io.hpp"

namespace troupe {

ResultWriter::Shape ResultWriter::shape_of(Type type, bool binary) {
  switch (type.oid) {
    case oid::kBool: return binary ? Shape::kBoolBinary : Shape::kBoolText;
    case oid::kInt2: return binary ? Shape::kInt16Binary : Shape::kInt16Text;
    case oid::kInt4: return binary ? Shape::kInt32Binary : Shape::kInt32Text;
    case oid::kInt8: return binary ? Shape::kInt64Binary : Shape::kInt64Text;
    case oid::kFloat4: return binary ? Shape::kFloat32Binary : Shape::kAnyText;
    case oid::kFloat8: return binary ? Shape::kFloat64Binary : Shape::kAnyText;
    case oid::kText:
    case oid::kVarchar:
    case oid::kBpchar:
    case oid::kName:
    case oid::kUnknown: return binary ? Shape::kStringBinary : Shape::kStringText;
    default: return binary ? Shape::kAnyBinary : Shape::kAnyText;
  }
}

void ResultWriter::prepare(std::span<const Type> types, const std::vector<bool>& binary, const EvalContext& context) {
  context_ = &context;
  columns_.clear();
  columns_.reserve(types.size());
  for (size_t i = 0; i < types.size(); ++i) columns_.push_back({types[i], shape_of(types[i], binary[i])});
}

void ResultWriter::write_field(const Column& column, const Vector& values, uint32_t row, BackendWriter& out) {
  switch (column.shape) {
    case Shape::kBoolText: out.bool_field(values.get<bool>(row)); break;
    case Shape::kInt16Text: out.int_field(values.get<int16_t>(row)); break;
    case Shape::kInt32Text: out.int_field(values.get<int32_t>(row)); break;
    case Shape::kInt64Text: out.int_field(values.get<int64_t>(row)); break;
    case Shape::kBoolBinary: out.bool_binary_field(values.get<bool>(row)); break;
    case Shape::kInt16Binary: out.int2_binary_field(values.get<int16_t>(row)); break;
    case Shape::kInt32Binary: out.int4_binary_field(values.get<int32_t>(row)); break;
    case Shape::kInt64Binary: out.int8_binary_field(values.get<int64_t>(row)); break;
    case Shape::kFloat32Binary: out.float4_binary_field(values.get<float>(row)); break;
    case Shape::kFloat64Binary: out.float8_binary_field(values.get<double>(row)); break;
    case Shape::kStringText:
    case Shape::kStringBinary: out.field(values.string(row)); break;
    case Shape::kAnyText:
      scratch_.clear();
      format_text(column.type, values, row, *context_, &scratch_);
      out.field(scratch_);
      break;
    case Shape::kAnyBinary:
      scratch_.clear();
      send_binary(column.type, values, row, &scratch_);
      out.field(scratch_);
      break;
  }
}

void ResultWriter::write(const Batch& batch, uint32_t from, uint32_t to, BackendWriter& out) {
  const auto columns = static_cast<uint16_t>(columns_.size());
  for (uint32_t row = from; row < to; ++row) {
    out.begin_row(columns);
    for (size_t i = 0; i < columns; ++i) {
      const Vector& values = batch.columns[i];
      if (values.is_null(row)) {
        out.null_field();
      } else {
        write_field(columns_[i], values, row, out);
      }
    }
    out.end_row();
  }
}

}  // namespace troupe
