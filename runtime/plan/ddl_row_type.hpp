#pragma once
/// What definitions ask about the row types of tables and views: where their values are kept, and what goes with them.
#include <string>
#include <vector>

#include "runtime/plan/ddl_binder.hpp"

namespace troupe {

/// "table.column" that has values of the type, maybe within values of other types; empty: none.
std::string ddl_stored_in(const TypeDef& type, const DdlBuilder& ddl);
/// What changes the rows of `table` leaves values of its row type as they are. Errors: 0A000 when a column has such.
absl::Status ddl_check_rows_unused(const TableDef& table, const DdlBuilder& ddl);
/// Columns and attributes of the relation's row type, but of relations that are `going`; ascending.
std::vector<TypeUse> ddl_uses_of_rows(const ObjectDef& relation, const std::vector<Oid>& going, const DdlBuilder& ddl);
/// Errors: 42P16 for a column of the table's own row type.
absl::Status ddl_check_no_member(const TableDef& table, Oid type);
/// A new relation has a row type of its name. Errors: 42710 when there is a type of that name already.
absl::Status ddl_check_no_type(Oid schema, std::string_view name, const DdlBuilder& ddl);
/// Where a name is that of a table or view, of whose row type more cannot be said than the relation says. Errors: 42809
/// for ALTER TYPE, 2BP01 for DROP TYPE.
absl::Status ddl_check_no_row_type(sql::Name name, bool drop, const DdlBuilder& ddl);

}  // namespace troupe
