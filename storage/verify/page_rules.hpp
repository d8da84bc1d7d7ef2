#pragma once
/// What a page of a tree must be like beyond its checksum, which only proves that it is what was written.
#include <optional>
#include <string>

#include "storage/page/page_image.hpp"

namespace troupe {

/// Why the page cannot be used at `level` of a tree (0: a leaf); nothing when it can: whoever reads it then finds every
/// entry inside of it, and keys where a search looks for them.
std::optional<std::string> page_problem(const PageImage& image, uint8_t level);

}  // namespace troupe
