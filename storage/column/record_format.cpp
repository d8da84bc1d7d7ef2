#include "storage/column/record_format.hpp"

#include <algorithm>
#include <cstring>

#include "storage/base/check.hpp"
#include "storage/column/compare_kind.hpp"
#include "storage/column/value_shape.hpp"

namespace troupe {
namespace {

constexpr size_t kHeaderBytes = 12;

template <typename T>
void store(T v, std::string* out) {
  out->append(reinterpret_cast<const char*>(&v), sizeof v);
}

template <typename T>
T load(const char* at) {
  T v;
  std::memcpy(&v, at, sizeof v);
  return v;
}

}  // namespace

Value RecordField::value() const {
  if (is_null) return Value::null(kind);
  return kind == Physical::kVarlen ? Value::of(bytes) : value_of_bytes(kind, bytes.data());
}

std::string new_record(Oid type) {
  std::string out;
  store(type, &out);
  out.append(3, '\0');
  store(static_cast<uint8_t>(ValueShape::kRecord), &out);
  return out;
}

Oid record_type(std::string_view record) { return load<Oid>(record.data()); }

void append_record_field(Oid type, Physical kind, std::string_view name, const Value& value, std::string* record) {
  std::string_view bytes;
  if (!value.is_null()) {
    bytes = kind == Physical::kVarlen ? value.bytes()
                                      : std::string_view(static_cast<const char*>(value.raw()), width(kind));
  }
  store(type, record);
  store(static_cast<uint8_t>(kind), record);
  store(static_cast<uint8_t>(value.is_null()), record);
  store(static_cast<uint16_t>(name.size()), record);
  store(static_cast<uint32_t>(bytes.size()), record);
  record->append(name);
  record->append(bytes);
}

std::vector<RecordField> record_fields(std::string_view record) {
  std::vector<RecordField> fields;
  record.remove_prefix(kShapeHeaderBytes);
  while (!record.empty()) {
    TROUPE_CHECK(record.size() >= kHeaderBytes);
    const auto name_bytes = load<uint16_t>(record.data() + 6);
    const auto value_bytes = load<uint32_t>(record.data() + 8);
    TROUPE_CHECK(record.size() - kHeaderBytes >= size_t{name_bytes} + value_bytes);
    RecordField& field = fields.emplace_back();
    field.type = load<Oid>(record.data());
    field.kind = static_cast<Physical>(record[4]);
    field.is_null = record[5] != 0;
    field.name = record.substr(kHeaderBytes, name_bytes);
    field.bytes = record.substr(kHeaderBytes + name_bytes, value_bytes);
    record.remove_prefix(kHeaderBytes + name_bytes + value_bytes);
  }
  return fields;
}

namespace {

int compare_fields(const RecordField& a, const RecordField& b) {
  if (a.is_null || b.is_null) return static_cast<int>(a.is_null) - static_cast<int>(b.is_null);
  if (a.type != b.type) return a.type < b.type ? -1 : 1;
  const CompareKind kind = compare_kind(a.type, a.kind);
  return a.kind == Physical::kVarlen ? compare_bytes(kind, a.bytes, b.bytes)
                                     : compare_fixed(kind, a.bytes.data(), b.bytes.data());
}

}  // namespace

int compare_records(std::string_view a, std::string_view b) {
  const std::vector<RecordField> x = record_fields(a), y = record_fields(b);
  RecordField missing;
  missing.is_null = true;
  for (size_t i = 0; i < std::max(x.size(), y.size()); ++i) {
    const int order = compare_fields(i < x.size() ? x[i] : missing, i < y.size() ? y[i] : missing);
    if (order != 0) return order;
  }
  return 0;
}

}  // namespace troupe
