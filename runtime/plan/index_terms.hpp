#pragma once
/// What indexes of expressions and of some rows are of, and when a query may use one.
#include <string>
#include <vector>

#include "runtime/plan/modify_plan.hpp"

namespace troupe {

/// A part of an index as its definition has it: a column's name, f(x), or (a + b).
std::string index_part_text(const TableDef& table, const IndexDef& index, size_t part);
Type index_part_type(const TableDef& table, const IndexColumn& part);
/// What messages about a key call its parts, and what these hold.
struct KeyPart {
  std::string name;
  Type type;
};
std::vector<KeyPart> primary_key_parts(const TableDef& table);
std::vector<KeyPart> index_parts(const TableDef& table, const IndexDef& index);
std::string index_expression_text(std::string_view sql);

/// Whether every row that satisfies the conditions satisfies the predicate.
bool implies(const ExprList& conditions, const ExprPtr& predicate, const EvalContext& context);

}  // namespace troupe
