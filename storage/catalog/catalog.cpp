#include "storage/catalog/catalog.hpp"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "storage/base/bytes.hpp"
#include "storage/base/check.hpp"
#include "storage/catalog/function_def.hpp"
#include "storage/catalog/rights.hpp"
#include "storage/catalog/stream_tables.hpp"
#include "storage/catalog/subscription_tables.hpp"

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
  explicit CatalogBuilder(const Catalog& base) : catalog_{new Catalog(base)} { catalog_->views_.clear(); }

  Catalog& catalog() { return *catalog_; }

  void erase(const ObjectDef& object) {
    if (object.kind == ObjectKind::publication) {
      std::erase_if(catalog_->publications_, [&](const ObjectPtr& known) { return known->oid == object.oid; });
    }
    if (object.kind == ObjectKind::stream) {
      std::erase_if(catalog_->streams_, [&](const ObjectPtr& known) { return known->oid == object.oid; });
    }
    objects(object.oid).erase(object.oid);
    names(Catalog::name_of(object)).erase(Catalog::name_of(object));
  }

  absl::Status insert(ObjectPtr object) {
    const Catalog::Name name = Catalog::name_of(*object);
    if (!names(name).emplace(name, object).second) return name_taken(*object);
    if (object->kind == ObjectKind::publication) catalog_->publications_.push_back(object);
    if (object->kind == ObjectKind::stream) catalog_->streams_.push_back(object);
    objects(object->oid)[object->oid] = std::move(object);
    return absl::OkStatus();
  }

  void note_functions() { catalog_->note_functions(); }

  CatalogPtr finish() {
    if (catalog_->database_ == kNoOid) catalog_->make_views();
    return CatalogPtr(catalog_.release());
  }

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
      case NameClass::function:
        return error(ErrorCode::kDuplicateFunction, "function \"", object.name,
                     "\" already exists with same argument types");
      case NameClass::publication:
        return error(ErrorCode::kDuplicateObject, "publication \"", object.name, "\" already exists");
      case NameClass::stream:
        return error(ErrorCode::kDuplicateObject, "stream \"", object.name, "\" already exists");
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

CatalogPtr Catalog::in_database(Oid database) const {
  for (const auto& [oid, view] : views_) {
    if (oid == database) return view;
  }
  return nullptr;
}

void Catalog::make_views() {
  for (const ObjectPtr& object : objects(ObjectKind::database)) {
    auto view = std::shared_ptr<Catalog>(new Catalog(*this));
    view->views_.clear();
    view->database_ = object->oid;
    views_.emplace_back(object->oid, std::move(view));
  }
}

const ObjectDef* Catalog::find_anywhere(Oid oid) const {
  const auto& bucket = objects_[bucket_of(oid)];
  if (!bucket) return nullptr;
  const auto found = bucket->find(oid);
  return found == bucket->end() ? nullptr : found->second.get();
}

const ObjectDef* Catalog::find(Oid oid) const {
  const ObjectDef* object = find_anywhere(oid);
  return object == nullptr || shows(*object) ? object : nullptr;
}

ObjectPtr Catalog::find_shared(Oid oid) const {
  const auto& bucket = objects_[bucket_of(oid)];
  if (!bucket) return nullptr;
  const auto found = bucket->find(oid);
  return found == bucket->end() || !shows(*found->second) ? nullptr : found->second;
}

const ObjectDef* Catalog::find(NameClass name_class, Oid scope, std::string_view name) const {
  const Name key{name_class, scope, name};
  const auto& bucket = names_[bucket_of(key)];
  if (!bucket) return nullptr;
  const auto found = bucket->find(key);
  return found == bucket->end() ? nullptr : found->second.get();
}

const SchemaDef* Catalog::find_schema(std::string_view name) const {
  const ObjectDef* schema = database_ == kNoOid ? nullptr : find(NameClass::schema, database_, name);
  if (schema == nullptr) schema = find(NameClass::schema, kNoOid, name);
  return static_cast<const SchemaDef*>(schema);
}

const RoleDef* Catalog::find_role(std::string_view name) const {
  return static_cast<const RoleDef*>(find(NameClass::role, kNoOid, name));
}

const DatabaseDef* Catalog::find_database(std::string_view name) const {
  return static_cast<const DatabaseDef*>(find(NameClass::database, kNoOid, name));
}

template <typename Wanted>
std::vector<ObjectPtr> Catalog::collect(const Wanted& wanted) const {
  std::vector<ObjectPtr> all;
  for (const auto& bucket : objects_) {
    if (!bucket) continue;
    for (const auto& [oid, object] : *bucket) {
      if (wanted(*object)) all.push_back(object);
    }
  }
  std::sort(all.begin(), all.end(), [](const ObjectPtr& a, const ObjectPtr& b) { return a->oid < b->oid; });
  return all;
}

void Catalog::note_functions() {
  auto names = std::make_shared<FunctionNames>();
  for (const ObjectPtr& object : collect([](const ObjectDef& o) { return o.kind == ObjectKind::function; })) {
    (*names)[{object->schema, object->name}].push_back(std::static_pointer_cast<const FunctionDef>(object));
  }
  functions_ = names->empty() ? nullptr : std::move(names);
}

std::span<const std::shared_ptr<const FunctionDef>> Catalog::functions(Oid schema, std::string_view name) const {
  if (!functions_) return {};
  const auto found = functions_->find(std::pair<Oid, std::string>(schema, name));
  if (found == functions_->end()) return {};
  return found->second;
}

std::vector<ObjectPtr> Catalog::views() const {
  return collect([this](const ObjectDef& object) { return shows(object) && view_text(object).has_value(); });
}

std::vector<ObjectPtr> Catalog::objects() const {
  return collect([this](const ObjectDef& object) { return shows(object); });
}

std::vector<ObjectPtr> Catalog::objects(ObjectKind kind) const {
  return collect([&](const ObjectDef& object) { return object.kind == kind && shows(object); });
}

std::vector<ObjectPtr> Catalog::objects_of(Oid database) const {
  return collect([&](const ObjectDef& object) { return object.database == database; });
}

namespace {

/// The definition as the snapshot keeps it: with its database, version, shape and gate.
ObjectPtr seal(const ObjectDef& object, const Catalog& catalog, Scn version, const ObjectDef* before,
               const GateFactory& make_gate) {
  std::shared_ptr<ObjectDef> sealed = copy_object(object);
  sealed->version = version;
  if (const ObjectDef* schema = catalog.find_anywhere(object.schema)) sealed->database = schema->database;
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
  const ObjectDef* table = catalog.find_anywhere(index.table);
  TROUPE_CHECK_MSG(table != nullptr && table->kind == ObjectKind::table, "an index without its table");
  auto sealed = std::make_shared<IndexDef>(index);
  sealed->shape = make_shape(*sealed, static_cast<const TableDef&>(*table));
  return sealed;
}

bool decides_rights(const ObjectDef& object) {
  return object.kind == ObjectKind::role || object.kind == ObjectKind::schema;
}

bool has_function(const std::vector<CatalogChange>& changes) {
  return std::any_of(changes.begin(), changes.end(), [](const CatalogChange& change) {
    return change.object != nullptr && change.object->kind == ObjectKind::function;
  });
}

/// Schemas first: what is in them is in their database.
std::vector<CatalogChange> in_order(const std::vector<CatalogChange>& changes) {
  std::vector<CatalogChange> ordered = changes;
  std::stable_partition(ordered.begin(), ordered.end(), [](const CatalogChange& change) {
    return change.object != nullptr && change.object->kind == ObjectKind::schema;
  });
  return ordered;
}

}  // namespace

absl::StatusOr<CatalogPtr> Catalog::with_changes(const std::vector<CatalogChange>& changes, Scn version,
                                                 CatalogCounters counters) const {
  CatalogBuilder builder(*this);
  builder.catalog().version_ = version;
  builder.catalog().counters_ = counters;
  bool functions_change = has_function(changes);
  // Names go first, so that objects may swap theirs.
  for (const CatalogChange& change : changes) {
    const ObjectDef* before = builder.catalog().find_anywhere(change.oid);
    if (before == nullptr) continue;
    functions_change = functions_change || before->kind == ObjectKind::function;
    if (decides_rights(*before)) builder.catalog().rights_version_ = version;
    builder.erase(*before);
  }
  std::vector<ObjectPtr> indexes;
  for (const CatalogChange& change : in_order(changes)) {
    if (!change.object) continue;
    TROUPE_CHECK(change.object->oid == change.oid && change.oid != kNoOid);
    if (const ObjectDef* twice = builder.catalog().find_anywhere(change.oid)) builder.erase(*twice);
    if (change.object->kind == ObjectKind::type) builder.catalog().types_version_ = version;
    ObjectPtr sealed =
        seal(*change.object, builder.catalog(), version, find_anywhere(change.oid), make_gate_);
    if (sealed->kind == ObjectKind::index) indexes.push_back(sealed);
    TROUPE_RETURN_IF_ERROR(builder.insert(std::move(sealed)));
  }
  for (const ObjectPtr& index : indexes) {
    const ObjectPtr current = index;
    if (builder.catalog().find_anywhere(index->oid) != index.get()) continue;  // changed twice
    ObjectPtr sealed = seal_index(current, builder.catalog());
    builder.erase(*current);
    TROUPE_RETURN_IF_ERROR(builder.insert(std::move(sealed)));
  }
  if (functions_change) builder.note_functions();
  return builder.finish();
}

namespace {

/// Everybody may use it; of what is in a database, the database's owner is the owner.
CatalogChange built_in_schema(Oid oid, std::string_view name, Oid database) {
  auto schema = std::make_shared<SchemaDef>();
  schema->oid = oid;
  schema->name = name;
  schema->database = database;
  if (database != kNoOid) schema->owner = kDatabaseOwnerRole;
  schema->acl = {true, {{schema->owner, schema->owner, kUsage | kCreate, 0}, {kNoOid, schema->owner, kUsage, 0}}};
  return {oid, std::move(schema)};
}

CatalogChange built_in_role(Oid oid, std::string_view name) {
  auto role = std::make_shared<RoleDef>();
  role->oid = oid;
  role->name = name;
  return {oid, std::move(role)};
}

/// pg_monitor, which is a member of three others.
CatalogChange monitor_role() {
  auto role = std::make_shared<RoleDef>();
  role->oid = 3373;
  role->name = "pg_monitor";
  for (const Oid group : {Oid{3374}, Oid{3375}, Oid{3377}}) role->member_of.push_back({group, false, kBootstrapRole});
  return {role->oid, std::move(role)};
}

CatalogChange built_in_database(Oid oid, std::string_view name, std::string_view comment) {
  auto database = std::make_shared<DatabaseDef>();
  database->oid = oid;
  database->name = name;
  database->comment = comment;
  database->is_template = oid != kDefaultDatabase;
  database->allow_connections = oid != kPristineDatabase;
  return {oid, std::move(database)};
}

CatalogChange bootstrap_role() {
  auto role = std::make_shared<RoleDef>();
  role->oid = kBootstrapRole;
  role->name = "postgres";
  role->superuser = role->can_login = role->create_role = role->create_database = role->replication = true;
  role->bypass_row_security = true;
  return {kBootstrapRole, std::move(role)};
}

}  // namespace

CatalogPtr Catalog::bootstrap(GateFactory make_gate) {
  Catalog empty;
  empty.make_gate_ = std::move(make_gate);
  std::vector<CatalogChange> changes = {
      built_in_schema(kPgCatalogSchema, "pg_catalog", kNoOid),
      built_in_schema(kInformationSchema, "information_schema", kNoOid),
      built_in_schema(kSysSchema, "sys", kNoOid),
      built_in_schema(kPublicSchema, "public", kDefaultDatabase),
      built_in_schema(kTemplatePublicSchema, "public", kTemplateDatabase),
      built_in_schema(kPristinePublicSchema, "public", kPristineDatabase),
      bootstrap_role(),
      built_in_role(kDatabaseOwnerRole, "pg_database_owner"),
      built_in_role(6181, "pg_read_all_data"),
      built_in_role(6182, "pg_write_all_data"),
      monitor_role(),
      built_in_role(3374, "pg_read_all_settings"),
      built_in_role(3375, "pg_read_all_stats"),
      built_in_role(3377, "pg_stat_scan_tables"),
      built_in_role(4569, "pg_read_server_files"),
      built_in_role(4570, "pg_write_server_files"),
      built_in_role(4571, "pg_execute_server_program"),
      built_in_role(4200, "pg_signal_backend"),
      built_in_role(4544, "pg_checkpoint"),
      built_in_database(kDefaultDatabase, "postgres", "default administrative connection database"),
      built_in_database(kTemplateDatabase, "template1", "default template for new databases"),
      built_in_database(kPristineDatabase, "template0", "unmodifiable empty database"),
  };
  std::vector<CatalogChange> tables = built_in_stream_tables();
  std::move(tables.begin(), tables.end(), std::back_inserter(changes));
  std::vector<CatalogChange> subscriptions = built_in_subscription_tables();
  std::move(subscriptions.begin(), subscriptions.end(), std::back_inserter(changes));
  return *empty.with_changes(changes, kNoScn);
}

void Catalog::check_invariants() const {
  size_t objects_count = 0, names_count = 0;
  for (const auto& bucket : names_) names_count += bucket ? bucket->size() : 0;
  for (const ObjectPtr& object : objects()) {
    ++objects_count;
    TROUPE_CHECK(find(object->name_class(), object->name_scope(), object->unique_name()) == object.get());
    TROUPE_CHECK(object->schema == kNoOid || find_anywhere(object->schema) == nullptr ||
                 find_anywhere(object->schema)->database == object->database);
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
  TROUPE_CHECK(database_ != kNoOid || objects_count == names_count);
  for (const auto& [database, view] : views_) view->check_invariants();
}

}  // namespace troupe
