#pragma once
/// The bytes of a record value (a row as one value), which say themselves what is in it. Per field:
///   u32 type oid · u8 physical · u8 is null · u16 name bytes · u32 value bytes · the name · the value
/// A field without a name is called f1, f2 ... by its place.
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/ids.hpp"
#include "storage/column/physical.hpp"
#include "storage/column/value.hpp"

namespace troupe {

struct RecordField {
  Oid type = 0;
  Physical kind = Physical::kVarlen;
  bool is_null = false;
  std::string_view name;
  std::string_view bytes;  ///< the value as a Value holds it
  Value value() const;
};

void append_record_field(Oid type, Physical kind, std::string_view name, const Value& value, std::string* record);
/// In place; the bytes must stay.
std::vector<RecordField> record_fields(std::string_view record);

/// Field by field, nulls last; then by how many there are. Types that differ order by their oids.
int compare_records(std::string_view a, std::string_view b);

}  // namespace troupe
