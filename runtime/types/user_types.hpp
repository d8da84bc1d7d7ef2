#pragma once
/// Types that users have made, by oid. One table for the whole process, because values are read and shown wherever rows
/// are; an oid never means two types. What was known stays known: values outlive the catalogs that named them.
/// What a transaction has changed of a type that others know is known when it has committed, not before.
/// A value of an enumeration is a number, so that its order is the labels' order.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/types/type.hpp"

namespace troupe {

inline constexpr Oid kFirstUserTypeOid = 16384;

enum class UserTypeKind : uint8_t { kEnum, kDomain, kComposite, kRange, kMultirange };

/// A field of a composite type. One that was dropped keeps its place, because values have it.
struct Attribute {
  std::string name;
  Type type;
  bool dropped = false;
  bool operator==(const Attribute&) const = default;
};

struct UserType {
  Oid oid = oid::kInvalid;
  Oid array = oid::kInvalid;
  std::string name;
  UserTypeKind kind = UserTypeKind::kEnum;
  Type base;                         ///< of a domain; a range's subtype; a multirange's range
  std::vector<std::string> labels;   ///< of an enumeration, in order
  std::vector<int64_t> values;       ///< parallel, ascending
  std::vector<Attribute> attributes; ///< of a composite type
  Oid multirange = oid::kInvalid;    ///< of a range
  bool is_enum() const { return kind == UserTypeKind::kEnum; }
  bool is_domain() const { return kind == UserTypeKind::kDomain; }
  bool operator==(const UserType&) const = default;
};

/// How new a description is: of two the later one, and a committed one rather than one that may be rolled back.
struct TypeVersion {
  bool committed = true;
  uint64_t number = 0;
  auto operator<=>(const TypeVersion&) const = default;
};

class Registrar;
/// Functions of enumerations and domains.
void register_enums(Registrar& to);

/// From here on type_info() and its kin know the type as this, unless they know something newer.
void know_user_type(UserType type, TypeVersion version = {});
/// Null: not one of them. Never goes away.
const UserType* find_user_type(Oid oid);
/// Of the type or of its array; null when unknown.
const TypeInfo* find_user_type_info(Oid oid);

/// Errors: 22P02 `invalid input value for enum mood: "x"`.
absl::StatusOr<int64_t> enum_value(const UserType& type, std::string_view label);
/// Empty for a value that has no label.
std::string_view enum_label(const UserType& type, int64_t value);

}  // namespace troupe
