#pragma once
/// cat(): absl::StrCat that also takes std::string_view (Debian's Abseil has a string_view of its own).
#include <string>
#include <string_view>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace troupe {

inline absl::string_view absl_view(std::string_view v) { return {v.data(), v.size()}; }
inline std::string_view std_view(absl::string_view v) { return {v.data(), v.size()}; }

template <typename T>
decltype(auto) cat_piece(const T& v) {
  if constexpr (std::is_same_v<T, std::string_view>) {
    return absl_view(v);
  } else {
    return (v);
  }
}

template <typename... Pieces>
std::string cat(const Pieces&... pieces) {
  return absl::StrCat(cat_piece(pieces)...);
}

}  // namespace troupe
