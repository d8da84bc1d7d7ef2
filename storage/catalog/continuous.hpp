#pragma once
/// Continuous views in the catalog: materialized views with the option continuous, each with tables in the schema
/// pg_continuous: rows_<oid> has its rows, stage_<oid>_1 and so on what they are made of, place_<oid> how far they are.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/catalog/catalog.hpp"

namespace troupe {

inline constexpr std::string_view kContinuousSchema = "pg_continuous";
inline constexpr std::string_view kContinuousOption = "continuous";

bool is_continuous(const TableDef& table);
/// The object is one of those tables, which nobody changes but whoever keeps the views.
bool is_continuous_state(const ObjectDef& object, const Catalog& catalog);
/// "pg_continuous.rows_16400"
std::string continuous_rows_name(Oid view);
std::string continuous_stage_name(Oid view, size_t number);
std::string continuous_place_name(Oid view);
/// Null: there is none.
const TableDef* continuous_rows(Oid view, const Catalog& catalog);
const TableDef* continuous_stage(Oid view, size_t number, const Catalog& catalog);
const TableDef* continuous_place(Oid view, const Catalog& catalog);
/// The trees that the rows of these tables are in: their own, or those of their partitions.
std::vector<TreeId> trees_of(const std::vector<Oid>& tables, const Catalog& catalog);
/// The view whose rows are in the table; kNoOid: it is no such table.
Oid continuous_view_of(const ObjectDef& object, const Catalog& catalog);

}  // namespace troupe
