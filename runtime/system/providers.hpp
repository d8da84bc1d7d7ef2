#pragma once
/// Who makes the rows of which system relation. A relation may have rows that never change (made once a process),
/// rows that follow from the catalog (made once a catalog snapshot and cell), and rows that only the session knows
/// (made for each scan). Only for runtime/system.
#include <string_view>

#include "runtime/system/relation.hpp"
#include "runtime/system/row_writer.hpp"
#include "runtime/system/system_session.hpp"

namespace troupe {

/// What rows of the middle kind may look at.
struct CatalogScan {
  const Catalog& catalog;
  Oid database_oid;
  std::string database;  ///< its name: information_schema's catalog columns
};

using BuiltinRows = void (*)(RowWriter& out);
using CatalogRows = void (*)(const CatalogScan& scan, RowWriter& out);
using SessionRows = void (*)(const SystemSession& session, RowWriter& out);

class Providers {
 public:
  virtual ~Providers() = default;
  /// The relation is in pg_catalog unless `name` says otherwise ("sys.actors").
  virtual void builtin(std::string_view name, BuiltinRows rows) = 0;
  virtual void catalog(std::string_view name, CatalogRows rows) = 0;
  virtual void session(std::string_view name, SessionRows rows) = 0;
};

void provide_relations(Providers& to);     ///< pg_class, pg_attribute, pg_index, ...
void provide_partitions(Providers& to);    ///< pg_inherits, pg_partitioned_table
void provide_dependencies(Providers& to);  ///< pg_constraint, pg_depend, pg_description, ...
void provide_types(Providers& to);         ///< pg_type, pg_enum, pg_cast, pg_collation
void provide_functions(Providers& to);     ///< pg_proc, pg_operator, pg_opclass, pg_am, ...
void provide_user_functions(Providers& to);  ///< pg_proc's rows of users' functions
void provide_roles(Providers& to);         ///< pg_authid, pg_database, pg_namespace, ...
void provide_views(Providers& to);         ///< pg_tables, pg_indexes, pg_stats, ...
void provide_policies(Providers& to);      ///< pg_policy, pg_policies
void provide_replication(Providers& to);   ///< pg_publication ..., pg_replication_slots, pg_stat_replication
void provide_streams(Providers& to);       ///< sys.streams, sys.consumer_groups
void provide_statistics(Providers& to);    ///< pg_stat_*, pg_statio_*
void provide_session(Providers& to);       ///< pg_settings, pg_stat_activity, pg_locks, sys.*
void provide_information_schema(Providers& to);
void provide_information_schema_constraints(Providers& to);
void provide_information_schema_grants(Providers& to);
void provide_information_schema_standard(Providers& to);  ///< features, roles, routines

}  // namespace troupe
