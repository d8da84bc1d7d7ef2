#pragma once
/// What the names in a query meant when a definition was made of it, so that its text can be written in a way that
/// means the same for every reader and for ever: relations with their schemas, `*` as the columns there were.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "runtime/plan/scope.hpp"
#include "runtime/sql/ast_select.hpp"
#include "storage/catalog/catalog.hpp"

namespace troupe {

/// The users' functions that calls mean.
using FunctionsFound = absl::flat_hash_map<const sql::FunctionCall*, Oid>;

/// Filled by the Binder while it binds.
struct NamesFound {
  absl::flat_hash_map<const sql::TableRef*, Oid> relations;                    ///< of users
  absl::flat_hash_map<const sql::ColumnRef*, std::vector<std::string>> stars;  ///< columns as SQL
  struct Column {
    uint32_t relation = 0;  ///< its number in the statement
    int32_t position = 0;   ///< of the column, from 0
  };
  absl::flat_hash_map<const sql::ColumnRef*, Column> columns;
  absl::flat_hash_map<uint32_t, Oid> numbers;  ///< tables and views by their numbers
  FunctionsFound functions;                                                     ///< Binder::functions_found
};

/// The item's columns as `*` has them, each as SQL that names it.
std::vector<std::string> star_columns(const FromNames& item);

/// schema.name of a call of a user's function; nothing for any other.
std::optional<std::string> function_text(const sql::FunctionCall& call, const FunctionsFound& found,
                                         const Catalog& catalog);
/// The query with what its names mean written out. Temporary relations keep their names.
std::string stored_text(const sql::SelectStatement& query, const NamesFound& found, const Catalog& catalog);
std::string stored_text(const sql::Expr& expr, const NamesFound& found, const Catalog& catalog);
/// A stored query in which a schema or a relation has a new name.
struct NewName {
  std::string_view schema, relation;  ///< as it was; no relation: the schema itself
  std::string_view name;
};
std::string renamed_text(std::string_view query_sql, const NewName& renamed);
/// The same of an expression, in which `own` is what the table's own columns are qualified with.
std::string renamed_expression(std::string_view sql, const NewName& renamed, bool own);
/// An expression of a table's own columns, without a subquery, one of which has a new name.
struct NewColumnName {
  std::string_view table, column;  ///< as they were
  std::string_view name;
};
std::string renamed_expression(std::string_view sql, const NewColumnName& renamed);

}  // namespace troupe
