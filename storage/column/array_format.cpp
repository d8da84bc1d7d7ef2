#include "storage/column/array_format.hpp"

#include <algorithm>
#include <cstring>

#include "storage/base/check.hpp"
#include "storage/column/compare_kind.hpp"

namespace troupe {
namespace {

constexpr size_t kHeaderBytes = 8;
constexpr int64_t kElementsMax = 1 << 27;

template <typename T>
T load(const char* at) {
  T v;
  std::memcpy(&v, at, sizeof v);
  return v;
}

template <typename T>
void store(std::string* out, T v) {
  out->append(reinterpret_cast<const char*>(&v), sizeof v);
}

}  // namespace

ArrayView::ArrayView(std::string_view bytes)
    : bytes_{bytes},
      element_type_{load<Oid>(bytes.data())},
      element_kind_{static_cast<Physical>(bytes[4])},
      dimensions_{static_cast<uint8_t>(bytes[5])} {
  if (dimensions_ == 0) size_ = 0;
  for (int d = 0; d < dimensions_; ++d) size_ *= static_cast<uint32_t>(length(d));
  const char* at = bytes.data() + kHeaderBytes + static_cast<size_t>(dimensions_) * 8;
  if (bytes[6] != 0) {
    nulls_ = at;
    at += (size_ + 7) / 8;
  }
  elements_ = at;
}

bool ArrayView::is_valid(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes) return false;
  const auto kind = static_cast<uint8_t>(bytes[4]);
  const auto dimensions = static_cast<uint8_t>(bytes[5]);
  if (kind > static_cast<uint8_t>(Physical::kVarlen) || dimensions > kArrayDimensionsMax) return false;
  size_t need = kHeaderBytes + static_cast<size_t>(dimensions) * 8;
  if (bytes.size() < need) return false;
  int64_t size = dimensions == 0 ? 0 : 1;
  for (int d = 0; d < dimensions; ++d) {
    const auto length = load<int32_t>(bytes.data() + kHeaderBytes + static_cast<size_t>(d) * 8);
    if (length < 0 || (size *= length) > kElementsMax) return false;
  }
  if (bytes[6] != 0) need += static_cast<size_t>(size + 7) / 8;
  const bool varlen = static_cast<Physical>(kind) == Physical::kVarlen;
  const size_t elements_at = need;
  need += static_cast<size_t>(size) * (varlen ? 4 : width(static_cast<Physical>(kind)));
  if (bytes.size() < need) return false;
  if (!varlen) return true;
  uint32_t end = 0;
  for (int64_t i = 0; i < size; ++i) {
    const auto next = load<uint32_t>(bytes.data() + elements_at + static_cast<size_t>(i) * 4);
    if (next < end || next > bytes.size() - need) return false;
    end = next;
  }
  return true;
}

int32_t ArrayView::read_dimension(int dimension, int which) const {
  return load<int32_t>(bytes_.data() + kHeaderBytes + static_cast<size_t>(dimension) * 8 +
                       static_cast<size_t>(which) * 4);
}

std::string_view ArrayView::string(uint32_t i) const {
  const uint32_t from = i == 0 ? 0 : load<uint32_t>(elements_ + (static_cast<size_t>(i) - 1) * 4);
  const auto end = load<uint32_t>(elements_ + static_cast<size_t>(i) * 4);
  return {elements_ + static_cast<size_t>(size_) * 4 + from, end - from};
}

Value ArrayView::value(uint32_t i) const {
  if (is_null(i)) return Value::null(element_kind_);
  return element_kind_ == Physical::kVarlen ? Value::of(string(i)) : value_of_bytes(element_kind_, fixed(i));
}

std::string pack_array(Oid element_type, Physical element_kind, std::span<const ArrayDimension> dimensions,
                       std::span<const Value> elements) {
  TROUPE_CHECK(dimensions.size() <= kArrayDimensionsMax);
  std::string out;
  const bool nulls = std::any_of(elements.begin(), elements.end(), [](const Value& v) { return v.is_null(); });
  store(&out, element_type);
  store(&out, static_cast<uint8_t>(element_kind));
  store(&out, static_cast<uint8_t>(elements.empty() ? 0 : dimensions.size()));
  store(&out, static_cast<uint8_t>(nulls));
  store(&out, uint8_t{0});
  if (elements.empty()) return out;
  for (const ArrayDimension& d : dimensions) {
    store(&out, d.length);
    store(&out, d.lower_bound);
  }
  if (nulls) {
    const size_t at = out.size();
    out.resize(at + (elements.size() + 7) / 8, '\0');
    for (size_t i = 0; i < elements.size(); ++i) {
      if (elements[i].is_null()) out[at + i / 8] |= static_cast<char>(1 << (i % 8));
    }
  }
  if (element_kind != Physical::kVarlen) {
    for (const Value& v : elements) out.append(static_cast<const char*>(v.raw()), width(element_kind));
    return out;
  }
  uint32_t end = 0;
  for (const Value& v : elements) store(&out, end += static_cast<uint32_t>(v.bytes().size()));
  for (const Value& v : elements) out.append(v.bytes());
  return out;
}

std::string pack_array(Oid element_type, Physical element_kind, std::span<const Value> elements) {
  const ArrayDimension one{static_cast<int32_t>(elements.size()), 1};
  return pack_array(element_type, element_kind, {&one, 1}, elements);
}

int compare_arrays(std::string_view a, std::string_view b) {
  const ArrayView x(a), y(b);
  const CompareKind kind = compare_kind(x.element_type(), x.element_kind());
  const uint32_t common = std::min(x.size(), y.size());
  for (uint32_t i = 0; i < common; ++i) {
    // Nulls are equal to each other and greater than anything else.
    if (x.is_null(i) || y.is_null(i)) {
      if (x.is_null(i) != y.is_null(i)) return x.is_null(i) ? 1 : -1;
      continue;
    }
    const int c = x.element_kind() == Physical::kVarlen ? compare_bytes(kind, x.string(i), y.string(i))
                                                        : compare_fixed(kind, x.fixed(i), y.fixed(i));
    if (c != 0) return c;
  }
  if (x.size() != y.size()) return x.size() < y.size() ? -1 : 1;
  if (x.dimensions() != y.dimensions()) return x.dimensions() < y.dimensions() ? -1 : 1;
  for (int d = 0; d < x.dimensions(); ++d) {
    if (x.length(d) != y.length(d)) return x.length(d) < y.length(d) ? -1 : 1;
  }
  for (int d = 0; d < x.dimensions(); ++d) {
    if (x.lower_bound(d) != y.lower_bound(d)) return x.lower_bound(d) < y.lower_bound(d) ? -1 : 1;
  }
  return 0;
}

}  // namespace troupe
