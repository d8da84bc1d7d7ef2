#include "runtime/types/user_types.hpp"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <memory>
#include <mutex>

#include "absl/container/flat_hash_map.h"

namespace troupe {
namespace {

/// One type with what its descriptions point into.
struct Known {
  UserType type;
  std::string array_name, sql_array_name, sql_name;
  TypeInfo info{}, array_info{};
};

std::string quoted(const std::string& name) {
  const bool plain = !name.empty() && (std::islower(static_cast<unsigned char>(name[0])) != 0 || name[0] == '_') &&
                     std::all_of(name.begin(), name.end(), [](unsigned char c) {
                       return std::islower(c) != 0 || std::isdigit(c) != 0 || c == '_';
                     });
  if (plain) return name;
  std::string out = "\"";
  for (const char c : name) out.append(c == '"' ? 2 : 1, c);
  return out + "\"";
}

std::unique_ptr<const Known> describe(UserType type) {
  auto known = std::make_unique<Known>();
  known->type = std::move(type);
  const UserType& own = known->type;
  known->array_name = cat("_", own.name);
  known->sql_name = quoted(own.name);
  known->sql_array_name = cat(known->sql_name, "[]");
  TypeInfo& info = known->info;
  if (own.is_enum()) {
    info = {.typlen = 4,
            .category = 'E',
            .align = 'i',
            .by_value = true,
            .kind = 'e',
            .physical = Physical::kInt64,
            .compare = CompareKind::kInt64};
  } else {
    info = type_info(own.base.oid);
    info.kind = 'd';
    info.preferred = false;
  }
  info.oid = own.oid;
  info.name = own.name;
  info.sql_name = known->sql_name;
  info.array = own.array;
  known->array_info = {.oid = own.array,
                       .name = known->array_name,
                       .sql_name = known->sql_array_name,
                       .typlen = -1,
                       .category = 'A',
                       .align = info.align,
                       .element = own.oid,
                       .kind = 'b',
                       .physical = Physical::kVarlen,
                       .compare = CompareKind::kArray};
  return known;
}

/// By the oids of types and of their arrays.
using Table = absl::flat_hash_map<Oid, const Known*>;

struct Registry {
  std::mutex mutex;  ///< of writers
  std::vector<std::unique_ptr<const Known>> kept;
  std::vector<std::unique_ptr<const Table>> tables;
  std::atomic<const Table*> newest{nullptr};
};

Registry& registry() {
  static Registry* one = new Registry;
  return *one;
}

const Known* find_known(Oid oid) {
  const Table* table = registry().newest.load(std::memory_order_acquire);
  if (table == nullptr) return nullptr;
  const auto at = table->find(oid);
  return at == table->end() ? nullptr : at->second;
}

}  // namespace

void know_user_type(UserType type) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  const Known* before = find_known(type.oid);
  if (before != nullptr && before->type == type) return;
  all.kept.push_back(describe(std::move(type)));
  const Known* known = all.kept.back().get();
  const Table* old = all.newest.load(std::memory_order_relaxed);
  auto table = old == nullptr ? std::make_unique<Table>() : std::make_unique<Table>(*old);
  (*table)[known->type.oid] = known;
  if (known->type.array != oid::kInvalid) (*table)[known->type.array] = known;
  all.newest.store(table.get(), std::memory_order_release);
  all.tables.push_back(std::move(table));
}

const UserType* find_user_type(Oid oid) {
  const Known* known = find_known(oid);
  return known == nullptr || known->type.oid != oid ? nullptr : &known->type;
}

const TypeInfo* find_user_type_info(Oid oid) {
  const Known* known = find_known(oid);
  if (known == nullptr) return nullptr;
  return known->type.oid == oid ? &known->info : &known->array_info;
}

absl::StatusOr<int64_t> enum_value(const UserType& type, std::string_view label) {
  const auto at = std::find(type.labels.begin(), type.labels.end(), label);
  if (at != type.labels.end()) return type.values[static_cast<size_t>(at - type.labels.begin())];
  return error(ErrorCode::kInvalidTextRepresentation, "invalid input value for enum ", format_type(type.oid), ": \"",
               label, "\"");
}

std::string_view enum_label(const UserType& type, int64_t value) {
  const auto at = std::lower_bound(type.values.begin(), type.values.end(), value);
  if (at == type.values.end() || *at != value) return {};
  return type.labels[static_cast<size_t>(at - type.values.begin())];
}

}  // namespace troupe
