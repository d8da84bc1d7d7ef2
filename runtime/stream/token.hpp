#pragma once
/// A resume token: "every change up to this one has been seen". Its text is "<scn>.<event>".
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "storage/base/error.hpp"
#include "storage/base/ids.hpp"

namespace troupe {

struct StreamToken {
  Scn scn = kNoScn;
  /// Which of the commit's changes, from 1, counting those of every table, so that a token means the same for every
  /// set of tables; 0: none of them.
  uint64_t event = 0;

  auto operator<=>(const StreamToken&) const = default;
};

void append_token(StreamToken token, std::string* out);
/// Errors: 22023 for anything that append_token() does not write.
absl::StatusOr<StreamToken> parse_token(std::string_view text);

}  // namespace troupe
