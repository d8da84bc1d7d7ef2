#pragma once
/// A row as a tree holds it: the SCN that wrote it, flags, the row's bytes. A deletion leaves a row of its header only.
#include <array>
#include <cstring>
#include <string_view>

#include "storage/base/ids.hpp"
#include "storage/tree/tree.hpp"

namespace troupe {

inline constexpr size_t kRowHeaderBytes = sizeof(Scn) + 1;
static_assert(kRowHeaderBytes <= kOverflowHeadBytes, "the leaf alone tells a row's SCN");
inline constexpr uint8_t kRowDeleted = 1;

/// The header's bytes, to be written before the row.
class RowHeader {
 public:
  RowHeader(Scn scn, uint8_t flags) {
    std::memcpy(bytes_.data(), &scn, sizeof scn);
    bytes_[sizeof scn] = static_cast<char>(flags);
  }
  std::string_view view() const { return {bytes_.data(), bytes_.size()}; }

 private:
  std::array<char, kRowHeaderBytes> bytes_;
};

inline Scn stored_scn(const ValueRef& value) {
  Scn scn;
  std::memcpy(&scn, value.head.data(), sizeof scn);
  return scn;
}
inline bool stored_deleted(const ValueRef& value) { return (value.head[sizeof(Scn)] & kRowDeleted) != 0; }

}  // namespace troupe
