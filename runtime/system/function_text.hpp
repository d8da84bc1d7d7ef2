#pragma once
/// Users' functions as SQL text, in the words of pg_get_functiondef() and its sisters. `schemas`: those of the search
/// path; what they do not lead to is named with its schema.
#include <span>
#include <string>

#include "storage/catalog/catalog.hpp"
#include "storage/catalog/function_def.hpp"

namespace troupe {

/// Null when it is none of a user.
const FunctionDef* find_function(const Catalog& catalog, int64_t oid);
/// "name(integer,text)", or with the name only.
std::string function_name_text(const FunctionDef& function, const Catalog& catalog, std::span<const Oid> schemas,
                               bool types);
/// "a integer, OUT b text DEFAULT 'x'::text"
std::string function_arguments_text(const FunctionDef& function, const Catalog& catalog, std::span<const Oid> schemas,
                                    bool defaults);
/// "SETOF integer", "TABLE(a integer)".
std::string function_result_text(const FunctionDef& function, const Catalog& catalog, std::span<const Oid> schemas);
/// RETURN ... or BEGIN ATOMIC ... END; empty: it has no standard body.
std::string function_body_text(const FunctionDef& function, const Catalog& catalog, std::span<const Oid> schemas);
/// CREATE OR REPLACE FUNCTION ...
std::string function_definition(const FunctionDef& function, const Catalog& catalog, std::span<const Oid> schemas);

}  // namespace troupe
