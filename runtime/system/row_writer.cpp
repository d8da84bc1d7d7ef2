#include "runtime/system/row_writer.hpp"

#include "absl/strings/match.h"
#include "storage/base/text.hpp"
#include "storage/column/array_format.hpp"

namespace troupe {
namespace {

template <typename Range, typename Make>
Value make_array(Oid element, Physical kind, int32_t lower_bound, const Range& values, const Make& make) {
  std::vector<Value> elements;
  for (const auto& value : values) elements.push_back(make(value));
  const ArrayDimension dimension{static_cast<int32_t>(elements.size()), lower_bound};
  const std::span<const ArrayDimension> dimensions(&dimension, elements.empty() ? 0 : 1);
  return Value::text(pack_array(element, kind, dimensions, elements));
}

Value of_int2(int16_t v) { return Value::of(v); }
Value of_oid(Oid v) { return Value::of(int64_t{v}); }
Value of_text(const std::string& v) { return Value::text(v); }

}  // namespace

RowWriter::RowWriter(const SystemRelation& relation) : relation_{relation} {
  batch_.columns.resize(relation.columns.size());
  for (size_t i = 0; i < relation.columns.size(); ++i) {
    batch_.columns[i].reset_empty(physical_of(relation.columns[i].type), 64);
  }
}

RowWriter& RowWriter::row() {
  if (open_) {
    while (next_ < relation_.columns.size()) append_default(next_++);
    ++batch_.rows;
  }
  open_ = true;
  next_ = 0;
  return *this;
}

Batch RowWriter::finish() {
  row();
  open_ = false;
  return std::move(batch_);
}

size_t RowWriter::advance_to(std::string_view column) {
  while (next_ < relation_.columns.size() && relation_.columns[next_].name != column) append_default(next_++);
  TROUPE_CHECK_MSG(next_ < relation_.columns.size(),
                   std::string(relation_.name) + " has no further " + std::string(column));
  return next_++;
}

void RowWriter::append_default(size_t column) {
  const RelationColumn& info = relation_.columns[column];
  Vector& out = batch_.columns[column];
  if (!info.not_null) {
    out.append_null();
  } else if (out.kind() == Physical::kBool) {
    out.append(false);
  } else if (out.kind() == Physical::kFloat32 || out.kind() == Physical::kFloat64) {
    append_float(column, 0);
  } else if (out.kind() != Physical::kVarlen) {
    append_integer(column, 0);
  } else if (info.type.oid == oid::kInt2Vector) {
    out.append_value(int2_vector({}));
  } else if (info.type.oid == oid::kOidVector) {
    out.append_value(oid_vector({}));
  } else if (is_array_type(info.type.oid)) {
    const Oid element = element_type_of(info.type.oid);
    out.append_value(Value::text(pack_array(element, physical_of(Type{element}), {}, {})));
  } else {
    out.append_string("");
  }
}

void RowWriter::append_integer(size_t column, int64_t value) {
  Vector& out = batch_.columns[column];
  switch (out.kind()) {
    case Physical::kInt16: out.append(static_cast<int16_t>(value)); return;
    case Physical::kInt32: out.append(static_cast<int32_t>(value)); return;
    case Physical::kInt64: out.append(value); return;
    case Physical::kFloat32:
    case Physical::kFloat64: append_float(column, static_cast<double>(value)); return;
    default: TROUPE_CHECK_MSG(false, std::string(relation_.columns[column].name) + " is not a number");
  }
}

void RowWriter::append_char(size_t column, char value) {
  TROUPE_CHECK(relation_.columns[column].type.oid == oid::kChar);
  append_integer(column, static_cast<unsigned char>(value));
}

void RowWriter::append_float(size_t column, double value) {
  Vector& out = batch_.columns[column];
  if (out.kind() == Physical::kFloat32) {
    out.append(static_cast<float>(value));
  } else {
    TROUPE_CHECK(out.kind() == Physical::kFloat64);
    out.append(value);
  }
}

Value int2_vector(std::span<const int16_t> values) {
  return make_array(oid::kInt2, Physical::kInt16, 0, values, of_int2);
}
Value oid_vector(std::span<const Oid> values) { return make_array(oid::kOid, Physical::kInt64, 0, values, of_oid); }
Value int2_array(std::span<const int16_t> values) {
  return make_array(oid::kInt2, Physical::kInt16, 1, values, of_int2);
}
Value oid_array(std::span<const Oid> values) { return make_array(oid::kOid, Physical::kInt64, 1, values, of_oid); }
Value text_array(std::span<const std::string> values) {
  return make_array(oid::kText, Physical::kVarlen, 1, values, of_text);
}
Value name_array(std::span<const std::string> values) {
  return make_array(oid::kName, Physical::kVarlen, 1, values, of_text);
}
Value float4_array(std::span<const double> values) {
  return make_array(oid::kFloat4, Physical::kFloat32, 1, values,
                    [](double v) { return Value::of(static_cast<float>(v)); });
}

std::string quote_array_element(std::string_view text) {
  const bool plain = !text.empty() && text.find_first_of("{},\"\\ \t\n\r\v\f") == std::string_view::npos &&
                     !absl::EqualsIgnoreCase(absl_view(text), "null");
  if (plain) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + '"';
}

}  // namespace troupe
