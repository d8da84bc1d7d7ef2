#pragma once
/// What stands directly below a node of the syntax tree, for whoever looks for something anywhere in a query.
/// Knows expressions, everything a query is made of, and INSERT, UPDATE, DELETE and MERGE; other nodes have no children
/// here. Types and names are not visited.
#include "absl/functional/function_ref.h"
#include "runtime/sql/ast.hpp"

namespace troupe::sql {

/// In the order of the text, as far as the tree tells it.
void for_each_child(const Node& node, absl::FunctionRef<void(const Node&)> visit);

}  // namespace troupe::sql
