#pragma once
/// Users' types as the catalog has them, for runtime/types.
#include <vector>

#include "runtime/types/user_types.hpp"
#include "storage/catalog/catalog.hpp"

namespace troupe {

/// The type under all domains.
Type base_type_of(const TypeDef& domain, const Catalog& catalog);
/// A domain and those it is made of, the innermost first.
std::vector<const TypeDef*> domain_chain(const TypeDef& domain, const Catalog& catalog);
UserType user_type_of(const TypeDef& type, const Catalog& catalog);
/// Tells runtime/types of every type in the catalog.
void know_types(const Catalog& catalog);

}  // namespace troupe
