#include "storage/catalog/references.hpp"

#include <algorithm>
#include <functional>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "storage/catalog/function_def.hpp"
#include "storage/catalog/publication.hpp"
#include "storage/catalog/row_type.hpp"
#include "storage/catalog/stream_def.hpp"

namespace troupe {
namespace {

/// Calls `look` for every object that this one cannot be without: with its kind, its oid (of an array type that type's)
/// and the error for when it is gone. What the system has built in is left out.
using Look = std::function<absl::Status(ObjectKind, Oid, ErrorCode)>;

absl::Status refer_published(const PublicationDef& publication, const Look& refer) {
  for (const PublishedTable& table : publication.tables) {
    TROUPE_RETURN_IF_ERROR(refer(ObjectKind::table, table.table, ErrorCode::kUndefinedTable));
  }
  for (const PublishedSchema& in : publication.schemas) {
    TROUPE_RETURN_IF_ERROR(refer(ObjectKind::schema, in.schema, ErrorCode::kInvalidSchemaName));
  }
  return absl::OkStatus();
}

absl::Status refer_streamed(const StreamDef& stream, const Look& refer) {
  for (const StreamedTable& table : stream.tables) {
    TROUPE_RETURN_IF_ERROR(refer(ObjectKind::table, table.table, ErrorCode::kUndefinedTable));
  }
  return absl::OkStatus();
}

absl::Status for_each_reference(const ObjectDef& object, const Look& look) {
  const auto refer = [&](ObjectKind kind, Oid oid, ErrorCode code) {
    if (const Oid relation = relation_of_row_type(oid); relation != kNoOid) {
      return look(ObjectKind::table, relation, ErrorCode::kUndefinedTable);
    }
    return oid < kFirstUserOid ? absl::OkStatus() : look(kind, oid, code);
  };
  TROUPE_RETURN_IF_ERROR(refer(ObjectKind::schema, object.schema, ErrorCode::kInvalidSchemaName));
  TROUPE_RETURN_IF_ERROR(refer(ObjectKind::role, object.owner, ErrorCode::kUndefinedObject));
  if (object.kind == ObjectKind::table) {
    for (const ColumnDef& column : static_cast<const TableDef&>(object).columns) {
      if (column.dropped) continue;
      TROUPE_RETURN_IF_ERROR(refer(ObjectKind::type, column.type, ErrorCode::kUndefinedObject));
      TROUPE_RETURN_IF_ERROR(refer(ObjectKind::type, column.domain, ErrorCode::kUndefinedObject));
    }
    for (const PolicyDef& policy : static_cast<const TableDef&>(object).policies) {
      for (const Oid role : policy.roles) {
        TROUPE_RETURN_IF_ERROR(refer(ObjectKind::role, role, ErrorCode::kUndefinedObject));
      }
    }
  } else if (object.kind == ObjectKind::type) {
    const auto& type = static_cast<const TypeDef&>(object);
    for (const ColumnDef& attribute : type.attributes) {
      if (attribute.dropped) continue;
      TROUPE_RETURN_IF_ERROR(refer(ObjectKind::type, attribute.type, ErrorCode::kUndefinedObject));
      TROUPE_RETURN_IF_ERROR(refer(ObjectKind::type, attribute.domain, ErrorCode::kUndefinedObject));
    }
    return refer(ObjectKind::type, type.base, ErrorCode::kUndefinedObject);
  } else if (object.kind == ObjectKind::function) {
    const auto& function = static_cast<const FunctionDef&>(object);
    TROUPE_RETURN_IF_ERROR(refer(ObjectKind::type, function.result, ErrorCode::kUndefinedObject));
    for (const ArgumentDef& argument : function.arguments) {
      TROUPE_RETURN_IF_ERROR(refer(ObjectKind::type, argument.type, ErrorCode::kUndefinedObject));
    }
    TROUPE_RETURN_IF_ERROR(refer(ObjectKind::table, function.result_relation, ErrorCode::kUndefinedTable));
    for (const Oid used : function.depends_on) {
      TROUPE_RETURN_IF_ERROR(refer(ObjectKind::table, used, ErrorCode::kUndefinedTable));
    }
  }
  if (object.kind == ObjectKind::publication) return refer_published(static_cast<const PublicationDef&>(object), refer);
  if (object.kind == ObjectKind::stream) return refer_streamed(static_cast<const StreamDef&>(object), refer);
  const auto view = view_text(object);
  for (size_t i = 0; view && i < view->depends_on->size(); ++i) {
    TROUPE_RETURN_IF_ERROR(refer(ObjectKind::table, (*view->depends_on)[i], ErrorCode::kUndefinedTable));
  }
  return absl::OkStatus();
}

/// What else goes by the name of a type: its array, a range's multirange.
std::vector<Oid> other_oids(const TypeDef& type) {
  std::vector<Oid> oids{type.array_type};
  if (type.multirange_type != kNoOid) oids.insert(oids.end(), {type.multirange_type, type.multirange_array});
  return oids;
}

/// The snapshot with the changes, by oid only.
class Changed {
 public:
  Changed(const Catalog& whole, const std::vector<CatalogChange>& changes) : whole_{whole} {
    for (const CatalogChange& change : changes) changes_[change.oid] = change.object.get();
  }

  const ObjectDef* find(Oid oid) const {
    const auto changed = changes_.find(oid);
    return changed == changes_.end() ? whole_.find_anywhere(oid) : changed->second;
  }

  bool has(ObjectKind kind, Oid oid) {
    if (find(oid) != nullptr) return true;
    if (kind != ObjectKind::type) return false;
    if (!arrays_known_) note_arrays();
    return arrays_.contains(oid);
  }

 private:
  void note_arrays() {
    arrays_known_ = true;
    const auto note = [this](const ObjectDef* object) {
      if (object == nullptr || object->kind != ObjectKind::type) return;
      for (const Oid other : other_oids(static_cast<const TypeDef&>(*object))) arrays_.insert(other);
    };
    for (const ObjectPtr& type : whole_.objects(ObjectKind::type)) note(find(type->oid));
    for (const auto& [oid, object] : changes_) note(object);
  }

  const Catalog& whole_;
  absl::flat_hash_map<Oid, const ObjectDef*> changes_;
  absl::flat_hash_set<Oid> arrays_;
  bool arrays_known_ = false;
};

std::string_view name_of(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::schema: return "schema";
    case ObjectKind::role: return "role";
    case ObjectKind::type: return "type";
    default: return "relation";
  }
}

/// What is dropped and others may refer to, with the arrays of types.
struct Dropped {
  std::vector<Oid> oids;  ///< ascending
  bool relations_only = true;
};

Dropped find_dropped(const Catalog& whole, const std::vector<CatalogChange>& changes) {
  Dropped dropped;
  for (const CatalogChange& change : changes) {
    const ObjectDef* before = change.object == nullptr ? whole.find_anywhere(change.oid) : nullptr;
    if (before == nullptr || before->kind == ObjectKind::index || before->kind == ObjectKind::sequence) continue;
    dropped.oids.push_back(before->oid);
    if (before->kind == ObjectKind::type) {
      for (const Oid other : other_oids(static_cast<const TypeDef&>(*before))) dropped.oids.push_back(other);
    }
    const bool relation = before->kind == ObjectKind::table || before->kind == ObjectKind::view ||
                          before->kind == ObjectKind::function;
    dropped.relations_only = dropped.relations_only && relation;
  }
  std::sort(dropped.oids.begin(), dropped.oids.end());
  return dropped;
}

}  // namespace

absl::Status check_references(const Catalog& whole, const std::vector<CatalogChange>& changes) {
  Changed changed(whole, changes);
  for (const CatalogChange& change : changes) {
    if (change.object == nullptr) continue;
    TROUPE_RETURN_IF_ERROR(
        for_each_reference(*change.object, [&](ObjectKind kind, Oid oid, ErrorCode code) -> absl::Status {
          if (changed.has(kind, oid)) return absl::OkStatus();
          return with_hint(error(code, name_of(kind), " with OID ", oid, " does not exist"),
                           "Another transaction has dropped it meanwhile.");
        }));
  }
  const Dropped dropped = find_dropped(whole, changes);
  if (dropped.oids.empty()) return absl::OkStatus();
  // Only views, functions, publications and streams refer to relations here, so that a DROP TABLE does not look at every table.
  std::vector<ObjectPtr> others = dropped.relations_only ? whole.views() : whole.objects();
  if (dropped.relations_only) {
    const std::vector<ObjectPtr> functions = whole.objects(ObjectKind::function);
    others.insert(others.end(), functions.begin(), functions.end());
    others.insert(others.end(), whole.publications().begin(), whole.publications().end());
    others.insert(others.end(), whole.streams().begin(), whole.streams().end());
  }
  for (const ObjectPtr& object : others) {
    if (changed.find(object->oid) != object.get()) continue;  // goes too, or has been looked at
    TROUPE_RETURN_IF_ERROR(for_each_reference(*object, [&](ObjectKind kind, Oid oid, ErrorCode) -> absl::Status {
      if (!std::binary_search(dropped.oids.begin(), dropped.oids.end(), oid)) return absl::OkStatus();
      return with_detail(error(ErrorCode::kDependentObjectsStillExist, "cannot drop ", name_of(kind), " with OID ", oid,
                               " because other objects depend on it"),
                         cat("\"", object->name, "\" was made by another transaction meanwhile."));
    }));
  }
  return absl::OkStatus();
}

}  // namespace troupe
