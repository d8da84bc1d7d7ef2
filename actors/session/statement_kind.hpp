#pragma once
/// Which statements the session runs itself, and which need a fresh plan each time.
#include "runtime/plan/statement_plan.hpp"
#include "runtime/sql/ast_all.hpp"

namespace troupe {

/// Run from the syntax tree, without a plan.
bool is_utility(const sql::Statement& statement);
/// Changes definitions: planned when it runs, because planning it takes object ids.
bool is_definition(const sql::Statement& statement);
/// CREATE TEMPORARY ...
bool makes_temporary(const sql::Statement& statement);
/// COMMIT, ROLLBACK and the like: allowed in a failed transaction.
bool ends_transaction(const sql::Statement& statement);
/// Of EXPLAIN EXECUTE, else null.
const sql::ExecuteStatement* explained_execute(const sql::Statement& statement);
/// Run by the executor.
bool reads_or_writes(StatementKind kind);

/// SET's values as text, one per element.
std::vector<std::string> set_values(sql::ExprList values);

}  // namespace troupe
