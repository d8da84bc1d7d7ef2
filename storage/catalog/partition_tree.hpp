#pragma once
/// A partition and the tables above it: columns are the same when they are called the same.
#include <vector>

#include "storage/catalog/catalog.hpp"

namespace troupe {

/// The table, and the partitioned tables that it is a part of, from below.
std::vector<const TableDef*> table_and_above(const TableDef& table, const Catalog& catalog);
/// The same column of another table of the tree; 0 for what is none.
int16_t same_column(int16_t attnum, const TableDef& from, const TableDef& to);
std::vector<int16_t> same_columns(const std::vector<int16_t>& attnums, const TableDef& from, const TableDef& to);
/// Which of the tables below `root` this is, counted from 1 as they stand in the tree, a table before its partitions;
/// 0: it is not below it.
int place_below(const TableDef& root, Oid table, const Catalog& catalog);

}  // namespace troupe
