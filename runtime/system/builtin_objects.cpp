#include "runtime/system/builtin_objects.hpp"

#include <algorithm>
#include <charconv>

#include "absl/strings/str_split.h"
#include "runtime/system/oid_text.hpp"
#include "runtime/types/type.hpp"
#include "storage/base/check.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

Oid to_oid(std::string_view text) {
  Oid value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// Each entry's fields.
template <typename Take>
void for_each_entry(std::initializer_list<std::string_view> texts, const Take& take) {
  for (const std::string_view text : texts) {
    for (const absl::string_view entry : absl::StrSplit(absl_view(text), ' ', absl::SkipEmpty())) {
      const std::vector<absl::string_view> pieces = absl::StrSplit(entry, ',');
      std::vector<std::string_view> fields;
      for (const absl::string_view piece : pieces) fields.push_back(std_view(piece));
      take(fields);
    }
  }
}

std::vector<OperatorFamily> parse_families() {
  std::vector<OperatorFamily> all;
  for_each_entry({system_text::kOperatorFamilyOids, system_text::kRangeOperatorFamilyOids}, [&](const auto& f) {
    all.push_back({to_oid(f[0]), to_oid(f[1]), f[2]});
  });
  return all;
}

std::vector<OperatorClass> parse_classes() {
  std::vector<OperatorClass> all;
  for_each_entry({system_text::kOperatorClassOids, system_text::kRangeOperatorClassOids}, [&](const auto& f) {
    all.push_back({to_oid(f[0]), to_oid(f[1]), f[2], to_oid(f[3]), to_oid(f[4]), f[5] == "1"});
  });
  return all;
}

std::vector<CastOids> parse_casts() {
  std::vector<CastOids> all;
  for_each_entry({system_text::kCastOids, system_text::kRangeCastOids}, [&](const auto& f) {
    all.push_back({to_oid(f[0]), to_oid(f[1]), to_oid(f[2]), to_oid(f[3])});
  });
  return all;
}

std::vector<TypeSupport> parse_support() {
  std::vector<TypeSupport> all;
  for_each_entry({system_text::kTypeSupport, system_text::kRangeTypeSupport}, [&](const auto& f) {
    all.push_back({to_oid(f[0]), to_oid(f[1]), to_oid(f[2]), to_oid(f[3]), to_oid(f[4]), to_oid(f[5]), to_oid(f[6]),
                   to_oid(f[7]), to_oid(f[8]), f[9][0], to_oid(f[10])});
  });
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.type < b.type; });
  return all;
}

/// The type whose operator class serves `type`: varchar sorts as text, every array and enum by its kind.
Oid class_type(Oid type) {
  if (type == oid::kVarchar) return oid::kText;
  if (type == oid::kCidr) return oid::kInet;
  const TypeInfo* info = find_type(type);
  if (info == nullptr) return oid::kAnyEnum;
  if (info->kind == 'r') return oid::kAnyRange;
  if (info->kind == 'm') return oid::kAnyMultirange;
  if (info->kind == 'c') return oid::kRecord;
  return is_array_type(type) && type != oid::kOidVector ? oid::kAnyArray : type;
}

}  // namespace

std::span<const OperatorFamily> operator_families() {
  static const std::vector<OperatorFamily> all = parse_families();
  return all;
}

std::span<const OperatorClass> operator_classes() {
  static const std::vector<OperatorClass> all = parse_classes();
  return all;
}

std::span<const CastOids> cast_oids() {
  static const std::vector<CastOids> all = parse_casts();
  return all;
}

const TypeSupport* find_type_support(Oid type) {
  static const std::vector<TypeSupport> all = parse_support();
  const auto at =
      std::lower_bound(all.begin(), all.end(), type, [](const TypeSupport& s, Oid wanted) { return s.type < wanted; });
  return at != all.end() && at->type == type ? &*at : nullptr;
}

Oid access_method_oid(std::string_view name) {
  if (name == "heap") return 2;
  if (name == "hash") return 405;
  if (name == "gist") return 783;
  if (name == "spgist") return 4000;
  return 403;
}

Oid operator_of(std::string_view name, Oid type) {
  const Oid wanted = class_type(type);
  for (const BuiltinOperator& op : builtin_operators()) {
    if (op.name == name && op.left == wanted && op.right == wanted) return op.oid;
  }
  return 0;
}

Oid default_operator_class(std::string_view method, Oid type) {
  const Oid wanted = class_type(type), method_oid = access_method_oid(method);
  for (const OperatorClass& c : operator_classes()) {
    if (c.is_default && c.method == method_oid && c.type == wanted) return c.oid;
  }
  return 0;
}

}  // namespace troupe
