#pragma once
/// A page on disk: a 64-byte header, the stored bytes (compressed unless that gains nothing), zeros up to the grain.
/// The checksum covers every byte of the extent but itself, and the header holds the page's own address, so a torn,
/// rotten, misplaced or stale page is told from a good one.
#include <cstdint>
#include <string>
#include <string_view>

#include "storage/base/error.hpp"
#include "storage/page/page_address.hpp"
#include "storage/page/page_image.hpp"

namespace troupe {

enum class PageKind : uint8_t { kLeaf = 1, kInner = 2, kOverflow = 3, kDirectory = 4, kFreeMap = 5 };
enum class PageCodec : uint8_t { kNone = 0, kLz4 = 1, kZstd = 2 };
/// What a page has to prove before it is used; less than all of it only as a planted bug.
enum class PageProof : uint8_t { kWhole, kNoChecksum };

inline constexpr uint32_t kPageMagic = 0x47505254;  // "TRPG"

struct PageHeader {
  uint32_t magic;
  uint32_t crc;  ///< CRC-32C of the extent, this field taken as zero
  uint64_t address;
  PageKind kind;
  PageCodec codec;
  uint8_t cipher;  ///< 0: not encrypted
  uint8_t version;
  uint32_t raw_size;
  uint32_t stored_size;
  uint32_t reserved;
  uint64_t sequence;   ///< of the checkpoint that wrote it
  uint8_t sealed[24];  ///< nonce and tag of a cipher; zeros without one
};
static_assert(sizeof(PageHeader) == 64);

/// Compresses pages and lays them out. Keeps its buffers from page to page; one thread at a time.
class PageEncoder {
 public:
  explicit PageEncoder(PageCodec codec) : codec_{codec} {}

  /// Prepares the page; returns how many grains it takes.
  uint64_t prepare(std::string_view raw);
  /// Appends the prepared page, at home at `address`, to `out`.
  void append(PageKind kind, PageAddress address, uint64_t sequence, std::string* out);

 private:
  PageCodec codec_;
  PageCodec used_ = PageCodec::kNone;
  std::string_view raw_;
  std::string compressed_;
  std::string_view stored_;
};

/// Verifies and decompresses one extent's bytes. `path` is for the message.
/// Errors: kDataCorrupted with file, address, what was expected and what was found.
absl::StatusOr<PageImage> decode_page(std::string_view extent, PageAddress address, std::string_view path,
                                      PageKind* kind, PageProof proof = PageProof::kWhole);

}  // namespace troupe
