#include "runtime/system/information_types.hpp"

#include "runtime/types/type.hpp"
#include "storage/catalog/row_type.hpp"

namespace troupe {
namespace {

constexpr int32_t kTextBytesMax = 1 << 30, kBytesPerCharacterMax = 4;

void describe_string(Type type, TypeFacets* out) {
  const bool counted = type.oid == oid::kVarchar || type.oid == oid::kBpchar;
  if (!counted && type.oid != oid::kText) return;
  if (counted && type.typmod >= 0) {
    out->character_length = typmod_length(type);
    out->character_bytes = *out->character_length * kBytesPerCharacterMax;
  } else {
    out->character_bytes = kTextBytesMax;
  }
}

void describe_number(Type type, TypeFacets* out) {
  const auto binary = [&](int32_t bits, bool integer) {
    out->numeric_precision = bits;
    out->numeric_radix = 2;
    if (integer) out->numeric_scale = 0;
  };
  switch (type.oid) {
    case oid::kInt2: return binary(16, true);
    case oid::kInt4: return binary(32, true);
    case oid::kInt8: return binary(64, true);
    case oid::kFloat4: return binary(24, false);
    case oid::kFloat8: return binary(53, false);
    case oid::kNumeric:
      out->numeric_radix = 10;
      if (type.typmod >= 0) {
        out->numeric_precision = (type.typmod - kVarHeader) >> 16 & 0xFFFF;
        out->numeric_scale = (type.typmod - kVarHeader) & 0xFFFF;
      }
      return;
    default: return;
  }
}

void describe_datetime(Type type, TypeFacets* out) {
  constexpr int32_t kFull = 6, kNotGiven = 0xFFFF;
  switch (type.oid) {
    case oid::kDate: out->datetime_precision = 0; return;
    case oid::kTime:
    case oid::kTimetz:
    case oid::kTimestamp:
    case oid::kTimestamptz: out->datetime_precision = type.typmod < 0 ? kFull : type.typmod; return;
    case oid::kInterval: {
      const int32_t precision = type.typmod < 0 ? kNotGiven : type.typmod & 0xFFFF;
      out->datetime_precision = precision == kNotGiven ? kFull : precision;
      return;
    }
    default: return;
  }
}

}  // namespace

TypeFacets facets_of(const Catalog& catalog, Oid type, int32_t typmod) {
  if (const ObjectDef* own = find_type_object(catalog, type)) {
    const ObjectDef* schema = catalog.find(own->schema);
    const std::string schema_name = schema != nullptr ? schema->name : std::string();
    const auto* domain = own->kind == ObjectKind::type ? static_cast<const TypeDef*>(own) : nullptr;
    if (domain != nullptr && domain->type_kind == TypeKind::domain) {
      TypeFacets out = facets_of(catalog, domain->base, domain->base_typmod);
      out.domain_schema = schema_name;
      out.domain_name = own->name;
      return out;
    }
    TypeFacets out;
    out.data_type = "USER-DEFINED";
    out.udt_schema = schema_name;
    out.udt_name = own->name;
    return out;
  }
  TypeFacets out;
  out.udt_schema = "pg_catalog";
  const TypeInfo* info = find_type(type);
  if (info == nullptr) return out;
  const Type whole{type, typmod};
  out.udt_name = std::string(info->name);
  out.data_type = info->name.starts_with('_') ? std::string("ARRAY") : format_type(type);
  describe_string(whole, &out);
  describe_number(whole, &out);
  describe_datetime(whole, &out);
  if (type == oid::kBit || type == oid::kVarbit) {
    if (typmod >= 0) out.character_length = typmod;
  }
  return out;
}

}  // namespace troupe
