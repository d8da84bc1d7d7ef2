#pragma once
/// What WITH RECURSIVE may refer to, and the order in which its queries can be bound (PostgreSQL's parse_cte.c).
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "runtime/sql/ast_all.hpp"

namespace troupe {

struct OrderedWithQuery {
  const sql::CommonTable* table = nullptr;
  bool recursive = false;  ///< mentions itself
};

/// Without RECURSIVE in the order of the text, each seeing those before it. With it a query may use any other one: those
/// that are used come first. Errors: queries that use each other (0A000), and places where a query must not mention
/// itself (42P19); `at` adds the node's position to them.
using AtNode = absl::FunctionRef<absl::Status(absl::Status, const sql::Node&)>;
absl::StatusOr<std::vector<OrderedWithQuery>> order_with_queries(const sql::WithClause& with, AtNode at);

}  // namespace troupe
