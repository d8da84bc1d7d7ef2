#pragma once
/// How information_schema describes a type: the same columns in columns, domains, element_types ... Only for
/// runtime/system.
#include <optional>
#include <string>

#include "runtime/system/row_writer.hpp"
#include "storage/catalog/catalog.hpp"

namespace troupe {

struct TypeFacets {
  std::string data_type;
  std::optional<int32_t> character_length, character_bytes;
  std::optional<int32_t> numeric_precision, numeric_radix, numeric_scale;
  std::optional<int32_t> datetime_precision;
  std::optional<std::string> interval_type;
  std::string udt_schema, udt_name;
  std::optional<std::string> domain_schema, domain_name;
};

/// Of a column's type; of a domain the facets of its base.
TypeFacets facets_of(const Catalog& catalog, Oid type, int32_t typmod);

inline std::string_view yes_or_no(bool v) { return v ? "YES" : "NO"; }

}  // namespace troupe
