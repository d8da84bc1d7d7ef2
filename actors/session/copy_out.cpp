#include "actors/session/copy_out.hpp"

#include <charconv>

#include "runtime/types/binary_io.hpp"
#include "runtime/types/text_io.hpp"

namespace troupe {
namespace {

std::vector<std::string> names_of(std::span<const OutputColumn> columns) {
  std::vector<std::string> names;
  for (const OutputColumn& column : columns) names.push_back(column.name);
  return names;
}

}  // namespace

CopyOut::CopyOut(CopyOptions options, std::span<const OutputColumn> columns, const EvalContext& context)
    : binary_{options.format == CopyFormat::kBinary},
      context_{context},
      writer_{std::move(options), names_of(columns)} {
  for (const OutputColumn& column : columns) {
    Form form = Form::kAny;
    switch (column.type.oid) {
      case oid::kInt2: form = Form::kInt16; break;
      case oid::kInt4: form = Form::kInt32; break;
      case oid::kInt8: form = Form::kInt64; break;
      case oid::kText:
      case oid::kVarchar:
      case oid::kBpchar: form = Form::kString; break;
      default: break;
    }
    columns_.push_back({column.type, form});
  }
}

void CopyOut::begin(BackendWriter& out) {
  out.copy_out_response(binary_, static_cast<uint16_t>(columns_.size()));
  writer_.begin(&out);
}

void CopyOut::write(const Batch& batch, uint32_t row, BackendWriter& out) {
  writer_.begin_row(&out);
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (batch.columns[i].is_null(row)) {
      writer_.null_field();
    } else {
      field(columns_[i], batch.columns[i], row);
    }
  }
  writer_.end_row();
}

void CopyOut::field(const Column& column, const Vector& values, uint32_t row) {
  char digits[24];
  const auto integer = [&](auto number) {
    const char* end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    writer_.field({digits, static_cast<size_t>(end - digits)});
  };
  if (!binary_) {
    switch (column.form) {
      case Form::kInt16: return integer(values.get<int16_t>(row));
      case Form::kInt32: return integer(values.get<int32_t>(row));
      case Form::kInt64: return integer(values.get<int64_t>(row));
      case Form::kString: return writer_.field(values.string(row));
      case Form::kAny: break;
    }
  }
  scratch_.clear();
  if (binary_) {
    send_binary(column.type, values, row, &scratch_);
  } else {
    format_text(column.type, values, row, context_, &scratch_);
  }
  writer_.field(scratch_);
}

void CopyOut::finish(BackendWriter& out) {
  writer_.finish(&out);
  out.copy_done();
}

}  // namespace troupe
