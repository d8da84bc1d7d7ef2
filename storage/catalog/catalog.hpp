#pragma once
/// Catalog: one immutable snapshot of every object. Shared between cells by pointer; a DDL commit makes the next
/// snapshot, which shares all but the changed buckets with this one. What a session works with is its database's view of
/// the snapshot (in_database()): the same buckets, in which it sees what is in its database or in none.
/// Invariants: an object is found by its oid and, in its schema and class, by its name; a view shows nothing that is in
/// another database.
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "storage/base/error.hpp"
#include "storage/catalog/objects.hpp"

namespace troupe {

class Catalog;
struct FunctionDef;  // storage/catalog/function_def.hpp
using CatalogPtr = std::shared_ptr<const Catalog>;

/// From here on versions are of snapshots that only the transaction sees that has made them.
inline constexpr Scn kFirstPrivateVersion = Scn{1} << 63;

/// `object` absent: the object is dropped.
struct CatalogChange {
  Oid oid = kNoOid;
  ObjectPtr object;
};

/// The next numbers to give out. They only grow; a number taken by a transaction that aborts is lost.
struct CatalogCounters {
  Oid next_oid = kFirstUserOid;
  TreeId next_tree = kFirstUserTree;
};
std::string encode_counters(const CatalogCounters& counters);
absl::StatusOr<CatalogCounters> decode_counters(std::string_view bytes);

/// Makes the runtime's lock for a table that is new.
using GateFactory = std::function<std::shared_ptr<void>(const TableDef&)>;

class Catalog {
 public:
  /// Schemas, role and database that every node has; version kNoScn.
  static CatalogPtr bootstrap(GateFactory make_gate = {});

  /// The snapshot as one database sees it, the same pointer for every caller; null when there is no such database.
  CatalogPtr in_database(Oid database) const;
  /// kNoOid: this is the whole snapshot.
  Oid database() const { return database_; }

  Scn version() const { return version_; }
  /// The newest change of a role or a schema: who may do what may have changed with it.
  Scn rights_version() const { return rights_version_; }
  /// The newest change of a type, in whatever database.
  Scn types_version() const { return types_version_; }
  const CatalogCounters& counters() const { return counters_; }

  /// The snapshot after the changes. Every changed object gets `version`; a table keeps its gate.
  /// Errors: kDuplicateTable, kDuplicateSchema or kDuplicateObject when a name is taken.
  absl::StatusOr<CatalogPtr> with_changes(const std::vector<CatalogChange>& changes, Scn version,
                                          CatalogCounters counters) const;
  absl::StatusOr<CatalogPtr> with_changes(const std::vector<CatalogChange>& changes, Scn version) const {
    return with_changes(changes, version, counters_);
  }

  /// Null when there is none. The pointers live as long as the snapshot.
  const ObjectDef* find(Oid oid) const;
  const ObjectDef* find(NameClass name_class, Oid scope, std::string_view name) const;
  /// Of whatever database.
  const ObjectDef* find_anywhere(Oid oid) const;
  /// As find(), and null too when the object is of another kind.
  template <typename Def>
  const Def* find_as(Oid oid) const {
    return dynamic_cast<const Def*>(find(oid));
  }
  ObjectPtr find_shared(Oid oid) const;

  /// Of this database, or the system's. In the whole snapshot: the system's only.
  const SchemaDef* find_schema(std::string_view name) const;
  const RoleDef* find_role(std::string_view name) const;
  const DatabaseDef* find_database(std::string_view name) const;
  const ObjectDef* find_relation(Oid schema, std::string_view name) const {
    return find(NameClass::relation, schema, name);
  }
  /// All functions and procedures of a name, by oid.
  std::span<const std::shared_ptr<const FunctionDef>> functions(Oid schema, std::string_view name) const;
  const TableDef* find_table(Oid oid) const {
    const ObjectDef* object = find(oid);
    return object != nullptr && object->kind == ObjectKind::table ? static_cast<const TableDef*>(object) : nullptr;
  }
  const IndexDef* find_index(Oid oid) const {
    const ObjectDef* object = find(oid);
    return object != nullptr && object->kind == ObjectKind::index ? static_cast<const IndexDef*>(object) : nullptr;
  }

  /// Every object, ordered by oid: for system views and checkpoints, not for hot paths.
  std::vector<ObjectPtr> objects() const;
  std::vector<ObjectPtr> objects(ObjectKind kind) const;
  /// Views, materialized ones among them.
  std::vector<ObjectPtr> views() const;
  /// At hand, because whoever changes rows asks whether they are published. Of all databases.
  const std::vector<ObjectPtr>& publications() const { return publications_; }
  /// Of all databases.
  const std::vector<ObjectPtr>& streams() const { return streams_; }
  /// What is in a database, whichever this snapshot's is.
  std::vector<ObjectPtr> objects_of(Oid database) const;

  void check_invariants() const;

 private:
  static constexpr size_t kBuckets = 64;
  struct Name {
    NameClass name_class;
    Oid scope;
    std::string_view text;  ///< lies in the object's definition
    bool operator==(const Name&) const = default;
    template <typename H>
    friend H AbslHashValue(H hash, const Name& name) {
      return H::combine(std::move(hash), name.name_class, name.scope, absl_view(name.text));
    }
  };
  using ObjectBucket = absl::flat_hash_map<Oid, ObjectPtr>;
  /// The object is held, because the name's text is its.
  using NameBucket = absl::flat_hash_map<Name, ObjectPtr>;

  using Overloads = std::vector<std::shared_ptr<const FunctionDef>>;
  using FunctionNames = absl::flat_hash_map<std::pair<Oid, std::string>, Overloads>;

  Catalog() = default;
  void note_functions();
  static size_t bucket_of(Oid oid) { return oid % kBuckets; }
  static size_t bucket_of(const Name& name);
  static Name name_of(const ObjectDef& object) { return {object.name_class(), object.name_scope(), object.unique_name()}; }

  bool shows(const ObjectDef& object) const {
    return database_ == kNoOid || object.database == kNoOid || object.database == database_;
  }
  template <typename Wanted>
  std::vector<ObjectPtr> collect(const Wanted& wanted) const;
  void make_views();

  friend class CatalogBuilder;

  Oid database_ = kNoOid;
  Scn version_ = kNoScn;
  Scn rights_version_ = kNoScn;
  Scn types_version_ = kNoScn;
  CatalogCounters counters_;
  GateFactory make_gate_;
  std::array<std::shared_ptr<const ObjectBucket>, kBuckets> objects_;
  std::array<std::shared_ptr<const NameBucket>, kBuckets> names_;
  std::shared_ptr<const FunctionNames> functions_;  ///< by schema and name; null: there are none
  std::vector<ObjectPtr> publications_;
  std::vector<ObjectPtr> streams_;
  std::vector<std::pair<Oid, CatalogPtr>> views_;  ///< of the whole snapshot: one per database, by oid
};

}  // namespace troupe
