#pragma once
/// Partition keys and bounds as PostgreSQL writes them.
#include <string>

#include "runtime/types/eval_context.hpp"
#include "runtime/types/type.hpp"
#include "storage/catalog/catalog.hpp"

namespace troupe {

/// "RANGE (a, lower(b))"
std::string partition_key_text(const TableDef& table);
/// "FOR VALUES FROM (1) TO (MAXVALUE)", "DEFAULT"
std::string partition_bound_text(const PartitionBoundDef& bound, const PartitionKeyDef& key,
                                 const EvalContext& context);
/// What the rows of a partition satisfy, as PostgreSQL shows it; empty when it is no partition.
std::string partition_constraint_text(const TableDef& partition, const Catalog& catalog, const EvalContext& context);
std::string bound_datum_text(const BoundDatum& datum, Type type, const EvalContext& context);
/// A constant as in deparsed expressions where its type goes without saying.
std::string bound_value_text(const Value& value, Type type, const EvalContext& context);

}  // namespace troupe
