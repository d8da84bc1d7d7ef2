#include "actors/session/copy_out.hpp"

#include <charconv>

#include "runtime/types/binary_io.hpp"
#include "runtime/types/latin1.hpp"
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
      latin1_{options.encoding == CopyEncoding::kLatin1 && options.format != CopyFormat::kBinary},
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

absl::Status CopyOut::write(const Batch& batch, uint32_t row, BackendWriter& out) {
  writer_.begin_row(&out);
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (batch.columns[i].is_null(row)) {
      writer_.null_field();
    } else {
      absl::Status status = field(columns_[i], batch.columns[i], row);
      if (status.ok()) continue;
      out.abandon_row();
      return status;
    }
  }
  writer_.end_row();
  return absl::OkStatus();
}

absl::Status CopyOut::field(const Column& column, const Vector& values, uint32_t row) {
  char digits[24];
  const auto integer = [&](auto number) {
    const char* end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    writer_.field({digits, static_cast<size_t>(end - digits)});
    return absl::OkStatus();
  };
  if (!binary_) {
    switch (column.form) {
      case Form::kInt16: return integer(values.get<int16_t>(row));
      case Form::kInt32: return integer(values.get<int32_t>(row));
      case Form::kInt64: return integer(values.get<int64_t>(row));
      case Form::kString: return text_field(values.string(row));
      case Form::kAny: break;
    }
  }
  scratch_.clear();
  if (binary_) {
    send_binary(column.type, values, row, &scratch_);
    writer_.field(scratch_);
    return absl::OkStatus();
  }
  format_text(column.type, values, row, context_, &scratch_);
  return text_field(scratch_);
}

absl::Status CopyOut::text_field(std::string_view text) {
  if (latin1_) {
    TROUPE_ASSIGN_OR_RETURN(encoded_, latin1_of_utf8(text));
    text = encoded_;
  }
  writer_.field(text);
  return absl::OkStatus();
}

void CopyOut::finish(BackendWriter& out) {
  writer_.finish(&out);
  out.copy_done();
}

}  // namespace troupe
