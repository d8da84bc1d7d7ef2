#include "storage/page/page_format.hpp"

#include <lz4.h>
#include <zstd.h>

#include <cstring>

#include "absl/strings/str_format.h"
#include "storage/base/check.hpp"
#include "storage/base/crc32c.hpp"

namespace troupe {
namespace {

constexpr uint8_t kPageVersion = 1;
/// zstd's fastest useful level: a checkpoint must keep up with the writers.
constexpr int kZstdLevel = 3;

uint32_t extent_crc(std::string_view extent) {
  constexpr uint32_t kZero = 0;
  const size_t crc_at = offsetof(PageHeader, crc);
  uint32_t crc = crc32c(extent.substr(0, crc_at));
  crc = crc32c({reinterpret_cast<const char*>(&kZero), sizeof kZero}, crc);
  return crc32c(extent.substr(crc_at + sizeof kZero), crc);
}

size_t compress_bound(PageCodec codec, size_t size) {
  return codec == PageCodec::kZstd ? ZSTD_compressBound(size)
                                   : static_cast<size_t>(LZ4_compressBound(static_cast<int>(size)));
}

/// 0: could not.
size_t compress(PageCodec codec, std::string_view raw, std::string* out) {
  if (codec == PageCodec::kZstd) {
    const size_t size = ZSTD_compress(out->data(), out->size(), raw.data(), raw.size(), kZstdLevel);
    return ZSTD_isError(size) ? 0 : size;
  }
  const int size =
      LZ4_compress_default(raw.data(), out->data(), static_cast<int>(raw.size()), static_cast<int>(out->size()));
  return static_cast<size_t>(size);
}

bool decompress(PageCodec codec, std::string_view stored, PageImage* image) {
  switch (codec) {
    case PageCodec::kNone:
      if (stored.size() != image->size()) return false;
      std::memcpy(image->mutable_data(), stored.data(), stored.size());
      return true;
    case PageCodec::kLz4:
      return LZ4_decompress_safe(stored.data(), image->mutable_data(), static_cast<int>(stored.size()),
                                 static_cast<int>(image->size())) == static_cast<int>(image->size());
    case PageCodec::kZstd:
      return ZSTD_decompress(image->mutable_data(), image->size(), stored.data(), stored.size()) == image->size();
  }
  return false;
}

absl::Status corrupted(std::string_view path, PageAddress address, const std::string& what) {
  return with_hint(error(ErrorCode::kDataCorrupted, "page at byte ", address.offset_bytes(), " of ", path, " (",
                         address.size_bytes(), " bytes): ", what),
                   "Restore this file from a replica or the newest backup; the log replays what came later.");
}

std::string mismatch(std::string_view what, uint64_t actual, uint64_t expected) {
  return cat(what, " ", absl::StrFormat("%x", actual), ", expected ", absl::StrFormat("%x", expected));
}

}  // namespace

uint64_t PageEncoder::prepare(std::string_view raw) {
  raw_ = raw;
  stored_ = raw;
  used_ = PageCodec::kNone;
  const uint64_t plain_grains = grains_for(sizeof(PageHeader) + raw.size());
  if (codec_ == PageCodec::kNone || raw.size() > LZ4_MAX_INPUT_SIZE) return plain_grains;
  const size_t bound = compress_bound(codec_, raw.size());
  if (compressed_.size() < bound) compressed_.resize(bound);
  const size_t size = compress(codec_, raw, &compressed_);
  const uint64_t grains = grains_for(sizeof(PageHeader) + size);
  if (size == 0 || grains >= plain_grains) return plain_grains;
  used_ = codec_;
  stored_ = {compressed_.data(), size};
  return grains;
}

void PageEncoder::append(PageKind kind, PageAddress address, uint64_t sequence, std::string* out) {
  PageHeader header{};
  header.magic = kPageMagic;
  header.address = address.word();
  header.kind = kind;
  header.codec = used_;
  header.version = kPageVersion;
  header.raw_size = static_cast<uint32_t>(raw_.size());
  header.stored_size = static_cast<uint32_t>(stored_.size());
  header.sequence = sequence;
  const size_t start = out->size();
  out->append(reinterpret_cast<const char*>(&header), sizeof header);
  out->append(stored_);
  TROUPE_CHECK(out->size() - start <= address.size_bytes());
  out->resize(start + address.size_bytes(), '\0');
  const uint32_t crc = extent_crc(std::string_view(*out).substr(start));
  std::memcpy(out->data() + start + offsetof(PageHeader, crc), &crc, sizeof crc);
}

absl::StatusOr<PageImage> decode_page(std::string_view extent, PageAddress address, std::string_view path,
                                      PageKind* kind, PageProof proof) {
  if (extent.size() != address.size_bytes() || extent.size() < sizeof(PageHeader)) {
    return corrupted(path, address, cat("only ", extent.size(), " bytes could be read"));
  }
  PageHeader header;
  std::memcpy(&header, extent.data(), sizeof header);
  if (header.magic != kPageMagic) return corrupted(path, address, mismatch("magic", header.magic, kPageMagic));
  if (const uint32_t crc = extent_crc(extent); crc != header.crc && proof == PageProof::kWhole) {
    return corrupted(path, address, mismatch("checksum", crc, header.crc));
  }
  if (header.address != address.word()) {
    return corrupted(path, address, mismatch("its own address", header.address, address.word()));
  }
  if (header.version != kPageVersion || header.cipher != 0) {
    return corrupted(
        path, address,
        cat("version ", uint32_t{header.version}, ", cipher ", uint32_t{header.cipher}, ": written by a newer troupe"));
  }
  if (header.stored_size > extent.size() - sizeof header) {
    return corrupted(path, address, cat("stored size ", header.stored_size, " exceeds its extent"));
  }
  PageImage image = PageImage::allocate(header.raw_size);
  if (!decompress(header.codec, extent.substr(sizeof header, header.stored_size), &image)) {
    return corrupted(path, address, cat("cannot be decompressed to ", header.raw_size, " bytes"));
  }
  *kind = header.kind;
  return image;
}

}  // namespace troupe
