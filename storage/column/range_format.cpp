#include "storage/column/range_format.hpp"

#include <cstring>

#include "storage/base/check.hpp"
#include "storage/column/compare_kind.hpp"
#include "storage/column/value_shape.hpp"

namespace troupe {
namespace {

using namespace range_flags;

template <typename T>
T load(const char* at) {
  T v;
  std::memcpy(&v, at, sizeof v);
  return v;
}

template <typename T>
void store(T v, std::string* out) {
  out->append(reinterpret_cast<const char*>(&v), sizeof v);
}

bool has_bound(uint8_t flags, uint8_t infinite) { return (flags & (kEmpty | infinite)) == 0; }

/// Takes one bound's value off the front; false when there is less than one.
bool take_bound(Physical kind, std::string_view* rest, std::string_view* bound) {
  size_t size = width(kind);
  if (kind == Physical::kVarlen) {
    if (rest->size() < sizeof(uint32_t)) return false;
    size = load<uint32_t>(rest->data());
    rest->remove_prefix(sizeof(uint32_t));
  }
  if (rest->size() < size) return false;
  *bound = rest->substr(0, size);
  rest->remove_prefix(size);
  return true;
}

void append_bound(Physical kind, std::string_view bytes, std::string* out) {
  if (kind == Physical::kVarlen) store(static_cast<uint32_t>(bytes.size()), out);
  out->append(bytes);
}

void append_header(Oid subtype, Physical kind, uint8_t flags, std::string* out) {
  store(subtype, out);
  store(static_cast<uint8_t>(kind), out);
  store(flags, out);
  store(uint8_t{0}, out);
  store(static_cast<uint8_t>(ValueShape::kRange), out);
}

}  // namespace

RangeView::RangeView(std::string_view bytes)
    : subtype_{load<Oid>(bytes.data())},
      kind_{static_cast<Physical>(bytes[4])},
      flags_{static_cast<uint8_t>(bytes[5])} {
  lower_ = {(flags_ & kLowerInfinite) != 0, (flags_ & kLowerInclusive) != 0, true, {}};
  upper_ = {(flags_ & kUpperInfinite) != 0, (flags_ & kUpperInclusive) != 0, false, {}};
  bytes.remove_prefix(kShapeHeaderBytes);
  if (has_bound(flags_, kLowerInfinite)) TROUPE_CHECK(take_bound(kind_, &bytes, &lower_.bytes));
  if (has_bound(flags_, kUpperInfinite)) TROUPE_CHECK(take_bound(kind_, &bytes, &upper_.bytes));
}

bool RangeView::is_valid(std::string_view bytes) {
  if (bytes.size() < kShapeHeaderBytes || value_shape(bytes) != ValueShape::kRange) return false;
  const auto kind = static_cast<Physical>(bytes[4]);
  const auto flags = static_cast<uint8_t>(bytes[5]);
  if (static_cast<uint8_t>(kind) > static_cast<uint8_t>(Physical::kVarlen)) return false;
  bytes.remove_prefix(kShapeHeaderBytes);
  std::string_view bound;
  if (has_bound(flags, kLowerInfinite) && !take_bound(kind, &bytes, &bound)) return false;
  if (has_bound(flags, kUpperInfinite) && !take_bound(kind, &bytes, &bound)) return false;
  return bytes.empty();
}

Value bound_value(Physical kind, const RangeBound& bound) {
  if (bound.infinite) return Value::null(kind);
  return kind == Physical::kVarlen ? Value::of(bound.bytes) : value_of_bytes(kind, bound.bytes.data());
}

std::string_view bound_bytes(const Value& value) {
  if (value.is_null()) return {};
  if (value.kind() == Physical::kVarlen) return value.bytes();
  return {static_cast<const char*>(value.raw()), width(value.kind())};
}

std::string pack_range(Oid subtype, Physical kind, const RangeBound& lower, const RangeBound& upper) {
  uint8_t flags = 0;
  if (lower.infinite) flags |= kLowerInfinite;
  if (lower.inclusive) flags |= kLowerInclusive;
  if (upper.infinite) flags |= kUpperInfinite;
  if (upper.inclusive) flags |= kUpperInclusive;
  std::string out;
  append_header(subtype, kind, flags, &out);
  if (!lower.infinite) append_bound(kind, lower.bytes, &out);
  if (!upper.infinite) append_bound(kind, upper.bytes, &out);
  return out;
}

std::string pack_empty_range(Oid subtype, Physical kind) {
  std::string out;
  append_header(subtype, kind, kEmpty, &out);
  return out;
}

int compare_bound_values(Oid subtype, Physical kind, const RangeBound& a, const RangeBound& b) {
  const CompareKind compare = compare_kind(subtype, kind);
  const int order = kind == Physical::kVarlen ? compare_bytes(compare, a.bytes, b.bytes)
                                              : compare_fixed(compare, a.bytes.data(), b.bytes.data());
  return order == 0 ? 0 : (order < 0 ? -1 : 1);
}

int compare_bounds(Oid subtype, Physical kind, const RangeBound& a, const RangeBound& b) {
  if (a.infinite && b.infinite) return a.is_lower == b.is_lower ? 0 : (a.is_lower ? -1 : 1);
  if (a.infinite) return a.is_lower ? -1 : 1;
  if (b.infinite) return b.is_lower ? 1 : -1;
  if (const int order = compare_bound_values(subtype, kind, a, b); order != 0) return order;
  // An exclusive lower bound is just after its value, an exclusive upper one just before.
  const auto offset = [](const RangeBound& bound) { return bound.inclusive ? 0 : (bound.is_lower ? 1 : -1); };
  const int x = offset(a), y = offset(b);
  return x == y ? 0 : (x < y ? -1 : 1);
}

int compare_ranges(std::string_view a, std::string_view b) {
  const RangeView x(a), y(b);
  if (x.is_empty() || y.is_empty()) return static_cast<int>(y.is_empty()) - static_cast<int>(x.is_empty());
  if (const int order = compare_bounds(x.subtype(), x.kind(), x.lower(), y.lower()); order != 0) return order;
  return compare_bounds(x.subtype(), x.kind(), x.upper(), y.upper());
}

}  // namespace troupe
