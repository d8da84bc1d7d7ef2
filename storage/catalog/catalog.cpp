#include "storage/catalog/catalog.hpp"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "storage/base/bytes.hpp"
#include "storage/base/check.hpp"

namespace troupe {

std::string encode_counters(const CatalogCounters& counters) {
  std::string out;
  ByteWriter writer(&out);
  writer.u32(counters.next_oid);
  writer.u32(counters.next_tree);
  return out;
}

absl::StatusOr<CatalogCounters> decode_counters(std::string_view bytes) {
  ByteReader in(bytes);
  CatalogCounters counters;
  counters.next_oid = in.u32();
  counters.next_tree = in.u32();
  if (!in.ok()) return error(ErrorCode::kDataCorrupted, "the catalog's counters are damaged");
  return counters;
}

/// Builds the next snapshot: copies the buckets that change, once each.
class CatalogBuilder {
 public:
  explicit CatalogBuilder(const Catalog& base) : catalog_{new Catalog(base)} {}

  Catalog& catalog() { return *catalog_; }

  void erase(const ObjectDef& object) {
    objects(object.oid).erase(object.oid);
    names(Catalog::name_of(object)).erase(Catalog::name_of(object));
  }

  absl::Status insert(ObjectPtr object) {
    const Catalog::Name name = Catalog::name_of(*object);
    if (!names(name).emplace(name, object).second) return name_taken(*object);
    objects(object->oid)[object->oid] = std::move(object);
    return absl::OkStatus();
  }

  CatalogPtr finish() { return CatalogPtr(catalog_.release()); }

 private:
  static absl::Status name_taken(const ObjectDef& object) {
    switch (object.name_class()) {
      case NameClass::schema:
        return error(ErrorCode::kDuplicateSchema, "schema \"", object.name, "\" already exists");
      case NameClass::relation:
        return error(ErrorCode::kDuplicateTable, "relation \"", object.name, "\" already exists");
      case NameClass::type: return error(ErrorCode::kDuplicateObject, "type \"", object.name, "\" already exists");
      case NameClass::role: return error(ErrorCode::kDuplicateObject, "role \"", object.name, "\" already exists");
      case NameClass::database:
        return error(ErrorCode::kDuplicateDatabase, "database \"", object.name, "\" already exists");
    }
    return error(ErrorCode::kDuplicateObject, "\"", object.name, "\" already exists");
  }

  template <typename Bucket>
  static Bucket& own(std::shared_ptr<const Bucket>& shared, bool& owned) {
    if (!owned) {
      shared = shared ? std::make_shared<Bucket>(*shared) : std::make_shared<Bucket>();
      owned = true;
    }
    return const_cast<Bucket&>(*shared);  // made by this builder, seen by nobody else yet
  }
  Catalog::ObjectBucket& objects(Oid oid) {
    const size_t at = Catalog::bucket_of(oid);
    return own(catalog_->objects_[at], owned_objects_[at]);
  }
  Catalog::NameBucket& names(const Catalog::Name& name) {
    const size_t at = Catalog::bucket_of(name);
    return own(catalog_->names_[at], owned_names_[at]);
  }

  std::unique_ptr<Catalog> catalog_;
  std::array<bool, Catalog::kBuckets> owned_objects_{};
  std::array<bool, Catalog::kBuckets> owned_names_{};
};

size_t Catalog::bucket_of(const Name& name) { return absl::HashOf(name) % kBuckets; }

const ObjectDef* Catalog::find(Oid oid) const {
  const auto& bucket = objects_[bucket_of(oid)];
  if (!bucket) return nullptr;
  const auto found = bucket->find(oid);
  return found == bucket->end() ? nullptr : found->second.get();
}

ObjectPtr Catalog::find_shared(Oid oid) const {
  const auto& bucket = objects_[bucket_of(oid)];
  if (!bucket) return nullptr;
  const auto found = bucket->find(oid);
  return found == bucket->end() ? nullptr : found->second;
}

const ObjectDef* Catalog::find(NameClass name_class, Oid schema, std::string_view name) const {
  const Name key{name_class, schema, name};
  const auto& bucket = names_[bucket_of(key)];
  if (!bucket) return nullptr;
  const auto found = bucket->find(key);
  return found == bucket->end() ? nullptr : found->second.get();
}

const SchemaDef* Catalog::find_schema(std::string_view name) const {
  return static_cast<const SchemaDef*>(find(NameClass::schema, kNoOid, name));
}

std::vector<ObjectPtr> Catalog::objects() const {
  std::vector<ObjectPtr> all;
  for (const auto& bucket : objects_) {
    if (!bucket) continue;
    for (const auto& [oid, object] : *bucket) all.push_back(object);
  }
  std::sort(all.begin(), all.end(), [](const ObjectPtr& a, const ObjectPtr& b) { return a->oid < b->oid; });
  return all;
}

std::vector<ObjectPtr> Catalog::objects(ObjectKind kind) const {
  std::vector<ObjectPtr> all = objects();
  std::erase_if(all, [kind](const ObjectPtr& object) { return object->kind != kind; });
  return all;
}

namespace {

/// The definition as the snapshot keeps it: with its version, shape and gate.
ObjectPtr seal(const ObjectDef& object, Scn version, const ObjectDef* before, const GateFactory& make_gate) {
  std::shared_ptr<ObjectDef> sealed = copy_object(object);
  sealed->version = version;
  if (sealed->kind == ObjectKind::table) {
    auto& table = static_cast<TableDef&>(*sealed);
    table.shape = make_shape(table);
    if (before != nullptr && before->kind == ObjectKind::table) {
      table.gate = static_cast<const TableDef*>(before)->gate;
    } else if (!table.gate && make_gate) {
      table.gate = make_gate(table);
    }
  }
  return sealed;
}

/// An index's shape needs its table, which may come with the same changes.
ObjectPtr seal_index(const ObjectPtr& object, const Catalog& catalog) {
  const auto& index = static_cast<const IndexDef&>(*object);
  const TableDef* table = catalog.find_table(index.table);
  TROUPE_CHECK_MSG(table != nullptr, "an index without its table");
  auto sealed = std::make_shared<IndexDef>(index);
  sealed->shape = make_shape(*sealed, *table);
  return sealed;
}

}  // namespace

absl::StatusOr<CatalogPtr> Catalog::with_changes(const std::vector<CatalogChange>& changes, Scn version,
                                                 CatalogCounters counters) const {
  CatalogBuilder builder(*this);
  builder.catalog().version_ = version;
  builder.catalog().counters_ = counters;
  // Names go first, so that objects may swap theirs.
  for (const CatalogChange& change : changes) {
    if (const ObjectDef* before = builder.catalog().find(change.oid)) builder.erase(*before);
  }
  std::vector<ObjectPtr> indexes;
  for (const CatalogChange& change : changes) {
    if (!change.object) continue;
    TROUPE_CHECK(change.object->oid == change.oid && change.oid != kNoOid);
    if (const ObjectDef* twice = builder.catalog().find(change.oid)) builder.erase(*twice);
    ObjectPtr sealed = seal(*change.object, version, find(change.oid), make_gate_);
    if (sealed->kind == ObjectKind::index) indexes.push_back(sealed);
    TROUPE_RETURN_IF_ERROR(builder.insert(std::move(sealed)));
  }
  for (const ObjectPtr& index : indexes) {
    ObjectPtr current = builder.catalog().find_shared(index->oid);
    if (current != index) continue;
    ObjectPtr sealed = seal_index(current, builder.catalog());
    builder.erase(*current);
    TROUPE_RETURN_IF_ERROR(builder.insert(std::move(sealed)));
  }
  return builder.finish();
}

namespace {

template <typename Def>
CatalogChange built_in(Oid oid, std::string_view name) {
  auto object = std::make_shared<Def>();
  object->oid = oid;
  object->name = name;
  return {oid, std::move(object)};
}

CatalogChange bootstrap_role() {
  auto role = std::make_shared<RoleDef>();
  role->oid = kBootstrapRole;
  role->name = "postgres";
  role->superuser = role->can_login = role->create_role = role->create_database = role->replication = true;
  return {kBootstrapRole, std::move(role)};
}

}  // namespace

CatalogPtr Catalog::bootstrap(GateFactory make_gate) {
  Catalog empty;
  empty.make_gate_ = std::move(make_gate);
  const std::vector<CatalogChange> changes = {
      built_in<SchemaDef>(kPgCatalogSchema, "pg_catalog"),
      built_in<SchemaDef>(kPublicSchema, "public"),
      built_in<SchemaDef>(kInformationSchema, "information_schema"),
      built_in<SchemaDef>(kSysSchema, "sys"),
      bootstrap_role(),
      built_in<DatabaseDef>(kDefaultDatabase, "postgres"),
  };
  return *empty.with_changes(changes, kNoScn);
}

void Catalog::check_invariants() const {
  size_t objects_count = 0, names_count = 0;
  for (const auto& bucket : names_) names_count += bucket ? bucket->size() : 0;
  for (const ObjectPtr& object : objects()) {
    ++objects_count;
    TROUPE_CHECK(find(object->name_class(), object->schema, object->name) == object.get());
    if (object->kind == ObjectKind::table) {
      const auto& table = static_cast<const TableDef&>(*object);
      TROUPE_CHECK(table.shape != nullptr && table.shape->layout.columns() == table.columns.size());
      for (const Oid index : table.indexes) {
        const IndexDef* def = find_index(index);
        TROUPE_CHECK(def != nullptr && def->table == table.oid);
      }
    }
    if (object->kind == ObjectKind::index) TROUPE_CHECK(static_cast<const IndexDef&>(*object).shape != nullptr);
  }
  TROUPE_CHECK(objects_count == names_count);
}

}  // namespace troupe
