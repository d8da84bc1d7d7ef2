#pragma once
/// How a partitioned table divides its rows among other tables, and which of them one of these takes.
#include <cstdint>
#include <string>
#include <vector>

#include "storage/catalog/names.hpp"
#include "storage/column/physical.hpp"
#include "storage/column/value.hpp"

namespace troupe {

/// On disk as a number: append only.
enum class PartitionMethod : uint8_t { none = 0, range = 1, list = 2, hash = 3 };

/// A column, or an expression, that says where a row goes.
struct PartitionKeyPart {
  int16_t attnum = 0;  ///< 0: an expression, in expression_sql
  std::string expression_sql;
  Oid type = kNoOid;  ///< of a domain its base type
  int32_t typmod = -1;
  Physical physical = Physical::kVarlen;
  std::string operator_class;  ///< as it was given; kept to be told
  std::string collation;
};

struct PartitionKeyDef {
  PartitionMethod method = PartitionMethod::none;
  std::vector<PartitionKeyPart> parts;
};

enum class BoundKind : uint8_t { value = 0, minvalue = 1, maxvalue = 2 };

/// One column's end of a range.
struct BoundDatum {
  BoundKind kind = BoundKind::value;
  Value value;
};

/// FOR VALUES ... of a partition; values are of the key's types.
struct PartitionBoundDef {
  PartitionMethod method = PartitionMethod::none;
  bool is_default = false;
  std::vector<Value> values;             ///< list; a null among them is IN (NULL)
  std::vector<BoundDatum> lower, upper;  ///< range: lower <= row < upper
  int32_t modulus = 0;                   ///< hash
  int32_t remainder = 0;
};

}  // namespace troupe
