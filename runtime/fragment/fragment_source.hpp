#pragma once
#include <memory>
#include <string_view>

#include "absl/status/statusor.h"

namespace troupe {

class Fragment;

/// A fragment from its definition's bytes. Errors: kDataCorrupted, 42883, 0A000.
absl::StatusOr<std::shared_ptr<const Fragment>> compile_fragment(std::string_view definition);

}  // namespace troupe
