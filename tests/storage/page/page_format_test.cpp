#include "storage/page/page_format.hpp"

#include <catch2/catch.hpp>

#include "storage/base/random.hpp"

namespace troupe {
namespace {

std::string encode(PageCodec codec, std::string_view raw, uint64_t first_grain, PageAddress* address) {
  PageEncoder encoder(codec);
  *address = PageAddress::of({first_grain, encoder.prepare(raw)});
  std::string extent;
  encoder.append(PageKind::kLeaf, *address, 3, &extent);
  return extent;
}

std::string compressible(size_t size) {
  std::string raw;
  for (size_t i = 0; raw.size() < size; ++i) raw += cat("row ", i, ";");
  raw.resize(size);
  return raw;
}

}  // namespace

TEST_CASE("a page comes back as it was written, whatever the codec", "[page]") {
  Random random(1);
  std::string noise(5000, '\0');
  for (char& c : noise) c = static_cast<char>(random.next());
  for (const PageCodec codec : {PageCodec::kNone, PageCodec::kLz4, PageCodec::kZstd}) {
    for (const std::string& raw : {std::string(), std::string("x"), compressible(16384), compressible(300000), noise}) {
      PageAddress address;
      const std::string extent = encode(codec, raw, 16, &address);
      CHECK(extent.size() == address.size_bytes());
      PageKind kind;
      const auto image = decode_page(extent, address, "f", &kind);
      REQUIRE(image.ok());
      CHECK(image->view() == raw);
      CHECK(kind == PageKind::kLeaf);
    }
  }
  PageAddress plain;
  PageAddress compressed;
  (void)encode(PageCodec::kNone, compressible(16384), 16, &plain);
  (void)encode(PageCodec::kLz4, compressible(16384), 16, &compressed);
  CHECK(compressed.size_bytes() < plain.size_bytes() / 2);
}

TEST_CASE("a flipped bit in any byte of a page is noticed", "[page]") {
  for (const PageCodec codec : {PageCodec::kNone, PageCodec::kLz4}) {
    PageAddress address;
    std::string extent = encode(codec, compressible(1500), 16, &address);
    for (size_t byte = 0; byte < extent.size(); ++byte) {
      const char bit = static_cast<char>(1 << (byte % 8));
      extent[byte] ^= bit;
      PageKind kind;
      const auto image = decode_page(extent, address, "partition-0.data", &kind);
      REQUIRE_FALSE(image.ok());
      CHECK(error_code(image.status()) == ErrorCode::kDataCorrupted);
      extent[byte] ^= bit;
    }
  }
}

TEST_CASE("a page at another page's address is noticed and named", "[page]") {
  PageAddress address;
  const std::string extent = encode(PageCodec::kLz4, compressible(1500), 16, &address);
  const PageAddress other = PageAddress::of({99, address.extent().count});
  PageKind kind;
  const auto image = decode_page(extent, other, "partition-0.data", &kind);
  REQUIRE_FALSE(image.ok());
  const std::string message = error_fields(image.status()).message;
  CHECK(message.find("partition-0.data") != std::string::npos);
  CHECK(message.find(cat(other.offset_bytes())) != std::string::npos);
  CHECK(message.find("expected") != std::string::npos);
}

}  // namespace troupe
