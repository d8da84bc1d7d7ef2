#pragma once
/// Value: one owned scalar, for constants, parameters and defaults. Which SQL type it has is known elsewhere.
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "storage/base/check.hpp"
#include "storage/column/physical.hpp"
#include "storage/column/string_ref.hpp"

namespace troupe {

/// The Physical whose values are stored as T (bool, int16_t, …, StringRef).
template <typename T>
constexpr Physical physical_of() {
  if constexpr (std::is_same_v<T, bool>) return Physical::kBool;
  else if constexpr (std::is_same_v<T, int16_t>) return Physical::kInt16;
  else if constexpr (std::is_same_v<T, int32_t>) return Physical::kInt32;
  else if constexpr (std::is_same_v<T, int64_t>) return Physical::kInt64;
  else if constexpr (std::is_same_v<T, float>) return Physical::kFloat32;
  else if constexpr (std::is_same_v<T, double>) return Physical::kFloat64;
  else if constexpr (std::is_same_v<T, StringRef> || std::is_same_v<T, std::string_view>) return Physical::kVarlen;
  else return Physical::kFixed16;
}

class Value {
 public:
  /// NULL (of kBool).
  Value() = default;
  static Value null(Physical kind) {
    Value v;
    v.kind_ = kind;
    return v;
  }
  /// of(int32_t), of(true), of(2.5), of(Interval{...}) ...: the C++ type decides the physical kind.
  template <typename T>
  static Value of(const T& payload) {
    Value v;
    v.null_ = false;
    v.kind_ = physical_of<T>();
    std::memcpy(v.payload_, &payload, sizeof payload);
    return v;
  }
  static Value text(std::string bytes) {
    Value v;
    v.null_ = false;
    v.kind_ = Physical::kVarlen;
    v.bytes_ = std::move(bytes);
    return v;
  }

  bool is_null() const { return null_; }
  Physical kind() const { return kind_; }
  template <typename T>
  T get() const {
    static_assert(sizeof(T) <= 16 && !std::is_same_v<T, StringRef>);
    T v;
    std::memcpy(&v, payload_, sizeof v);
    return v;
  }
  /// kVarlen only.
  std::string_view bytes() const { return bytes_; }
  const std::string& string() const { return bytes_; }
  /// Any fixed-width kind's raw payload.
  const void* raw() const { return payload_; }

  /// Same kind and same bits (1.0 and 1.00 differ; see compare_kind.hpp for SQL's equality).
  bool operator==(const Value& other) const {
    return kind_ == other.kind_ && null_ == other.null_ &&
           (null_ || (kind_ == Physical::kVarlen ? bytes_ == other.bytes_
                                                 : std::memcmp(payload_, other.payload_, width(kind_)) == 0));
  }

 private:
  Physical kind_ = Physical::kBool;
  bool null_ = true;
  alignas(8) uint8_t payload_[16] = {};
  std::string bytes_;
};

template <>
inline Value Value::of<std::string_view>(const std::string_view& payload) {
  return text(std::string(payload));
}
template <>
inline Value Value::of<StringRef>(const StringRef& payload) {
  return text(payload.str());
}

/// A fixed-width value from its (maybe unaligned) payload.
inline Value value_of_bytes(Physical kind, const void* payload) {
  Fixed16 raw{};
  std::memcpy(&raw, payload, width(kind));
  const auto as = [&raw]<typename T>(T v) {
    std::memcpy(&v, &raw, sizeof v);
    return Value::of(v);
  };
  switch (kind) {
    case Physical::kBool: return as(false);
    case Physical::kInt16: return as(int16_t{});
    case Physical::kInt32: return as(int32_t{});
    case Physical::kInt64: return as(int64_t{});
    case Physical::kFloat32: return as(float{});
    case Physical::kFloat64: return as(double{});
    default: return Value::of(raw);
  }
}

}  // namespace troupe
