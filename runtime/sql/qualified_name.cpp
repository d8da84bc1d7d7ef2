#include "runtime/sql/qualified_name.hpp"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "storage/base/error.hpp"
#include "storage/base/text.hpp"

namespace troupe {

absl::StatusOr<std::vector<std::string>> split_qualified_name(std::string_view text) {
  const auto malformed = [] { return error(ErrorCode::kInvalidName, "invalid name syntax"); };
  std::vector<std::string> parts;
  for (size_t at = 0; at <= text.size();) {
    std::string part;
    if (at < text.size() && text[at] == '"') {
      const size_t begin = ++at;
      for (;; ++at) {
        if (at >= text.size()) return malformed();
        if (text[at] != '"') continue;
        if (at + 1 >= text.size() || text[at + 1] != '"') break;
        ++at;
      }
      for (size_t i = begin; i < at; ++i) {
        part.push_back(text[i]);
        if (text[i] == '"') ++i;
      }
      ++at;
    } else {
      const size_t end = std::min(text.find('.', at), text.size());
      part = absl::AsciiStrToLower(absl::StripAsciiWhitespace(absl_view(text.substr(at, end - at))));
      at = end;
    }
    if (part.empty() || (at < text.size() && text[at] != '.')) return malformed();
    parts.push_back(std::move(part));
    ++at;
    if (at > text.size()) break;
    if (at == text.size()) return malformed();  // a dot at the end
  }
  if (parts.empty()) return malformed();
  return parts;
}

}  // namespace troupe
