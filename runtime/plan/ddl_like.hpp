#pragma once
/// CREATE TABLE ... (LIKE source INCLUDING ...).
#include "runtime/plan/ddl_binder.hpp"

namespace troupe {

struct LikeSource {
  const sql::LikeTable* clause = nullptr;
  Oid source = kNoOid;
};

/// The source's columns onto a new table. Errors: 42P01, 42809, 42501, 42701.
absl::StatusOr<LikeSource> ddl_like_columns(const sql::LikeTable& like, TableDef* table, DdlBuilder& ddl);
/// What else INCLUDING asks for: CHECKs, keys and indexes, once the table has its own. Errors: 42710, 42P16.
absl::Status ddl_like_parts(const LikeSource& like, TableDef* table, DdlBuilder& ddl);

}  // namespace troupe
