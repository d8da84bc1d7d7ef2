#include "runtime/stream/catalog_history.hpp"

#include "storage/catalog/codec.hpp"
#include "storage/partition/change_codec.hpp"

namespace troupe {
namespace {

Oid oid_of_key(std::string_view key) {
  Oid oid = 0;
  for (const char byte : key) oid = (oid << 8) | static_cast<uint8_t>(byte);
  return oid;
}

/// What an image says; null for one of a dropped object.
absl::StatusOr<ObjectPtr> object_of(std::string_view image) {
  if (image == encode_dropped()) return ObjectPtr();
  TROUPE_ASSIGN_OR_RETURN(std::shared_ptr<ObjectDef> object, decode_object(image));
  return ObjectPtr(std::move(object));
}

/// Some objects are there without ever having been written.
ObjectPtr from_the_beginning(Oid oid) {
  static const CatalogPtr first = Catalog::bootstrap();
  return first->find_shared(oid);
}

/// Calls visit(oid, before, after) for each change of an object.
template <typename Visit>
absl::Status for_each_object(std::string_view changes, const Visit& visit) {
  ChangeReader reader(changes);
  Change change;
  while (reader.next(&change)) {
    if (change.tree != kCatalogObjectTree || !changes_row(change.op)) continue;
    const Oid oid = oid_of_key(change.key);
    if (oid == kNoOid) continue;  // the counters
    ObjectPtr before, after;
    if (change.has_before) {
      TROUPE_ASSIGN_OR_RETURN(before, object_of(change.before));
    } else {
      before = from_the_beginning(oid);
    }
    if (change.has_after) {
      TROUPE_ASSIGN_OR_RETURN(after, object_of(change.after));
    }
    visit(oid, std::move(before), std::move(after));
  }
  return reader.status();
}

}  // namespace

absl::Status CatalogHistory::look_back(std::string_view changes) {
  return for_each_object(
      changes, [&](Oid oid, ObjectPtr before, const ObjectPtr&) { before_.try_emplace(oid, std::move(before)); });
}

absl::Status CatalogHistory::settle(Scn place) {
  std::vector<CatalogChange> changes;
  for (auto& [oid, object] : before_) changes.push_back({oid, std::move(object)});
  before_.clear();
  if (changes.empty()) return absl::OkStatus();
  TROUPE_ASSIGN_OR_RETURN(catalog_, catalog_->with_changes(changes, place));
  return absl::OkStatus();
}

absl::StatusOr<bool> CatalogHistory::learn(std::string_view changes, Scn scn) {
  std::vector<CatalogChange> learned;
  TROUPE_RETURN_IF_ERROR(for_each_object(changes, [&](Oid oid, const ObjectPtr&, ObjectPtr after) {
    learned.push_back({oid, std::move(after)});
  }));
  if (learned.empty()) return false;
  TROUPE_ASSIGN_OR_RETURN(catalog_, catalog_->with_changes(learned, scn));
  return true;
}

}  // namespace troupe
