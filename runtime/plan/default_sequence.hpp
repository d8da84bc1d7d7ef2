#pragma once
/// Which sequence a column's default takes its values from.
#include "storage/catalog/catalog.hpp"

namespace troupe {

/// That of the first nextval('name') in the default's text; kNoOid: none. The text is what is kept of a default, so a
/// name without a schema is looked for in public and where the table is.
Oid sequence_of_default(const Catalog& catalog, const TableDef& table, std::string_view text);
/// The sequence of a serial column without a default of its own, or that of its default; an identity column has none.
Oid sequence_of_default(const Catalog& catalog, const TableDef& table, const ColumnDef& column);

}  // namespace troupe
