#pragma once
/// The bytes of a record value (a row as one value), which say themselves what is in it:
///   u32 oid of the composite type, or of record · three bytes 0 · u8 ValueShape::kRecord
/// and per field:
///   u32 type oid · u8 physical · u8 is null · u16 name bytes · u32 value bytes · the name · the value
/// A field without a name is called as the composite type says, or f1, f2 ... by its place. Fields that a composite type
/// was given later are missing at the end and null.
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

/// An empty record; `type` is a composite type's oid or record's.
std::string new_record(Oid type = 2249);
Oid record_type(std::string_view record);
void append_record_field(Oid type, Physical kind, std::string_view name, const Value& value, std::string* record);
/// In place; the bytes must stay.
std::vector<RecordField> record_fields(std::string_view record);

/// Field by field, nulls last; what is missing at the end is null. Types that differ order by their oids.
int compare_records(std::string_view a, std::string_view b);

}  // namespace troupe
