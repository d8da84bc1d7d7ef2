#include "runtime/types/user_types.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <mutex>

#include "runtime/types/utf8.hpp"

namespace troupe {
namespace {

/// One type with what its descriptions point into.
struct Known {
  UserType type;
  TypeVersion version;  ///< the registry's mutex is for this
  std::string array_name, sql_array_name, sql_name;
  TypeInfo info{}, array_info{};
};

TypeInfo varlen_info(char category, char kind) {
  return {.typlen = -1,
          .category = category,
          .align = 'd',
          .kind = kind,
          .physical = Physical::kVarlen,
          .compare = CompareKind::kOwn};
}

/// All but what the name and the oids say.
TypeInfo start_info(const UserType& own) {
  switch (own.kind) {
    case UserTypeKind::kEnum:
      return {.typlen = 4,
              .category = 'E',
              .align = 'i',
              .by_value = true,
              .kind = 'e',
              .physical = Physical::kInt64,
              .compare = CompareKind::kInt64};
    case UserTypeKind::kDomain: {
      TypeInfo info = type_info(own.base.oid);
      info.kind = 'd';
      info.preferred = false;
      return info;
    }
    case UserTypeKind::kComposite: return varlen_info('C', 'c');
    case UserTypeKind::kRange:
    case UserTypeKind::kMultirange: break;
  }
  TypeInfo info = varlen_info('R', own.kind == UserTypeKind::kRange ? 'r' : 'm');
  const TypeInfo* base = find_type(own.base.oid);
  info.align = base != nullptr && base->align == 'd' ? 'd' : 'i';
  return info;
}

std::unique_ptr<Known> describe(UserType type, TypeVersion version) {
  auto known = std::make_unique<Known>();
  known->type = std::move(type);
  known->version = version;
  const UserType& own = known->type;
  known->array_name = cat("_", own.name);
  known->sql_name = quote_identifier(own.name);
  known->sql_array_name = cat(known->sql_name, "[]");
  TypeInfo& info = known->info;
  info = start_info(own);
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
                       .compare = CompareKind::kOwn};
  return known;
}

/// What is known by an oid: of a type, or of its array. Older descriptions come after newer ones.
struct Entry {
  Oid oid;
  Known* known;
  const Entry* next;
};

/// Read without a lock. Nothing is ever taken out.
struct Registry {
  static constexpr size_t kChains = 4'096;
  std::mutex mutex;  ///< of writers
  std::deque<Entry> entries;
  std::vector<std::unique_ptr<Known>> kept;
  std::array<std::atomic<const Entry*>, kChains> chains{};

  std::atomic<const Entry*>& chain_of(Oid oid) { return chains[oid % kChains]; }

  Known* find(Oid oid) {
    const Entry* entry = chain_of(oid).load(std::memory_order_acquire);
    while (entry != nullptr && entry->oid != oid) entry = entry->next;
    return entry == nullptr ? nullptr : entry->known;
  }
  void add(Oid oid, Known* known) {
    auto& chain = chain_of(oid);
    entries.push_back({oid, known, chain.load(std::memory_order_relaxed)});
    chain.store(&entries.back(), std::memory_order_release);
  }
};

Registry& registry() {
  static Registry* one = new Registry;
  return *one;
}

}  // namespace

void know_user_type(UserType type, TypeVersion version) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  Known* before = all.find(type.oid);
  if (before != nullptr && version <= before->version) return;
  if (before != nullptr && before->type == type) {
    before->version = version;
    return;
  }
  all.kept.push_back(describe(std::move(type), version));
  Known* known = all.kept.back().get();
  all.add(known->type.oid, known);
  if (known->type.array != oid::kInvalid) all.add(known->type.array, known);
}

const UserType* find_user_type(Oid oid) {
  const Known* known = registry().find(oid);
  return known == nullptr || known->type.oid != oid ? nullptr : &known->type;
}

const TypeInfo* find_user_type_info(Oid oid) {
  const Known* known = registry().find(oid);
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
