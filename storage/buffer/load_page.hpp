#pragma once
/// What a reader thread runs on a page fault: one blocking read, verify, decompress. Touches no shared state.
#include <optional>

#include "storage/file/file_system.hpp"
#include "storage/page/page_format.hpp"

namespace troupe {

/// Errors: kDataCorrupted (with file, address, expected and found), and the file's.
absl::StatusOr<PageImage> load_page(const File& file, PageAddress address, PageProof proof = PageProof::kWhole);
/// Nothing when that would have to wait for the disk.
absl::StatusOr<std::optional<PageImage>> load_page_at_hand(const File& file, PageAddress address,
                                                           PageProof proof = PageProof::kWhole);
/// The same, for a page that must be of `kind`.
absl::StatusOr<PageImage> load_page(const File& file, PageAddress address, PageKind kind);

}  // namespace troupe
