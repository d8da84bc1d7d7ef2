#pragma once
/// Users' types as the catalog has them, for runtime/types.
#include <span>
#include <vector>

#include "runtime/sql/ast.hpp"
#include "runtime/types/user_types.hpp"
#include "storage/catalog/catalog.hpp"

namespace troupe {

/// The type under all domains.
Type base_type_of(const TypeDef& domain, const Catalog& catalog);
/// A domain and those it is made of, the innermost first.
std::vector<const TypeDef*> domain_chain(const TypeDef& domain, const Catalog& catalog);
UserType user_type_of(const TypeDef& type, const Catalog& catalog);
/// The table or view whose rows a type name without [] means: of the schema that is named, or the first along the path.
/// Null: none, or a type is what is meant.
const ObjectDef* relation_as_type(const Catalog& catalog, std::span<const Oid> path, sql::Name name);
/// Whether everybody knows the rows of the table or view by the columns that it has here. Else this transaction, or one
/// that is not seen here, has changed it.
bool is_row_type_known(const ObjectDef& relation);
/// Tells runtime/types of every type in the catalog, those of tables' rows among them.
void know_types(const Catalog& catalog);

}  // namespace troupe
