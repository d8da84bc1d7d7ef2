#pragma once
/// Numbers and names that exist before the first user object: PostgreSQL's oids where it has one.
#include <string>
#include <string_view>

#include "storage/base/ids.hpp"

namespace troupe {

inline constexpr Oid kNoOid = 0;
inline constexpr Oid kPgCatalogSchema = 11;
inline constexpr Oid kPublicSchema = 2200;  ///< of the default database; others have their own
inline constexpr Oid kInformationSchema = 13183;
inline constexpr Oid kSysSchema = 13184;  ///< Troupe's own system relations (sys.actors, ...)
inline constexpr Oid kBootstrapRole = 10;
inline constexpr Oid kTemplateDatabase = 1;  ///< template1: what CREATE DATABASE starts from
inline constexpr Oid kPristineDatabase = 4;  ///< template0, to which nobody can connect
inline constexpr Oid kDefaultDatabase = 5;   ///< postgres
/// Schema public of the other two.
inline constexpr Oid kTemplatePublicSchema = 13186;
inline constexpr Oid kPristinePublicSchema = 13187;
/// The first oid of an object made by a user (PostgreSQL's FirstNormalObjectId).
inline constexpr Oid kFirstUserOid = 16384;

/// The catalog's own trees, all in partition 0. Ids below kFirstUserTree are the system's.
inline constexpr TreeId kCatalogObjectTree = 1;  ///< object_key(oid) -> encoded object
inline constexpr TreeId kCatalogNameTree = 2;    ///< name_key(...) -> oid; its uniqueness keeps names unique
inline constexpr TreeId kSequenceTree = 3;       ///< sequence oid -> its state
inline constexpr TreeId kPreparedTree = 4;       ///< transaction, part -> a piece of the prepared transaction
inline constexpr TreeId kFirstUserTree = 100;

/// Row key of an object in kCatalogObjectTree; ordered by oid.
std::string object_key(Oid oid);

/// Objects of one class must differ in their names within a schema, schemas and publications within a database. Tables,
/// views, indexes and sequences share one class; streams have one of their own.
enum class NameClass : uint8_t { schema = 1, relation = 2, type = 3, role = 4, database = 5, function = 6,
                                 publication = 7, stream = 8 };

/// Row key of a name in kCatalogNameTree. `scope` is the schema, a schema's or publication's database, kNoOid for what all
/// share.
std::string name_key(NameClass name_class, Oid scope, std::string_view name);

/// The key under which allocation counters are kept in kCatalogObjectTree (oid 0 names no object).
std::string counters_key();

}  // namespace troupe
