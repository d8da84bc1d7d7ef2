#include "storage/buffer/load_page.hpp"

namespace troupe {
namespace {

absl::StatusOr<PageImage> load(const File& file, PageAddress address, PageKind* kind,
                               PageProof proof = PageProof::kWhole) {
  PageImage extent = PageImage::allocate(static_cast<uint32_t>(address.size_bytes()));
  TROUPE_RETURN_IF_ERROR(file.read(address.offset_bytes(), {extent.mutable_data(), extent.size()}));
  return decode_page(extent.view(), address, file.path(), kind, proof);
}

}  // namespace

absl::StatusOr<PageImage> load_page(const File& file, PageAddress address, PageProof proof) {
  PageKind kind;
  return load(file, address, &kind, proof);
}

absl::StatusOr<std::optional<PageImage>> load_page_at_hand(const File& file, PageAddress address,
                                                           PageProof proof) {
  PageImage extent = PageImage::allocate(static_cast<uint32_t>(address.size_bytes()));
  TROUPE_ASSIGN_OR_RETURN(const bool read,
                          file.read_at_hand(address.offset_bytes(), {extent.mutable_data(), extent.size()}));
  if (!read) return std::nullopt;
  PageKind kind;
  TROUPE_ASSIGN_OR_RETURN(PageImage image, decode_page(extent.view(), address, file.path(), &kind, proof));
  return image;
}

absl::StatusOr<PageImage> load_page(const File& file, PageAddress address, PageKind kind) {
  PageKind found;
  TROUPE_ASSIGN_OR_RETURN(PageImage image, load(file, address, &found));
  if (found != kind) {
    return error(ErrorCode::kDataCorrupted, "page at byte ", address.offset_bytes(), " of ", file.path(), ": kind ",
                 static_cast<uint32_t>(found), ", expected ", static_cast<uint32_t>(kind));
  }
  return image;
}

}  // namespace troupe
