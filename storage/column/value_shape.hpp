#pragma once
/// Values of several values: arrays, ranges, records. Each begins with eight bytes of which the last says which it is,
/// so that a value of a user's type can be compared without knowing the type:
///   u32 type oid · three bytes of the shape's own · u8 ValueShape
#include <cstdint>
#include <string_view>

namespace troupe {

/// On disk as a number: append only.
enum class ValueShape : uint8_t { kArray = 0, kRange = 1, kRecord = 2 };

inline constexpr size_t kShapeHeaderBytes = 8;

inline ValueShape value_shape(std::string_view bytes) {
  return bytes.size() < kShapeHeaderBytes ? ValueShape::kArray : static_cast<ValueShape>(bytes[kShapeHeaderBytes - 1]);
}

}  // namespace troupe
