#include "storage/buffer/page_cache.hpp"

#include <catch2/catch.hpp>

namespace troupe {
namespace {

constexpr uint32_t kPageBytes = 1024;

PageAddress address_of(uint64_t n) { return PageAddress::of({16 + n, 1}); }

/// Reads page n as a tree would: from memory, or by a fault. True: it was in memory.
bool read(PageCache& cache, uint64_t n) {
  if (ResidentPage* page = cache.find(address_of(n).word())) {
    page->referenced = true;
    return true;
  }
  (void)cache.request(address_of(n));
  cache.install(address_of(n), PageImage::allocate(kPageBytes));
  cache.shrink(0);
  return false;
}

}  // namespace

TEST_CASE("clean pages stay within the budget", "[buffer]") {
  PageCache cache(200 * kPageBytes);
  for (uint64_t n = 0; n < 2000; ++n) {
    read(cache, n);
    REQUIRE(cache.clean_bytes() <= 200 * kPageBytes);
  }
  cache.check_invariants();
  cache.shrink(100 * kPageBytes);
  CHECK(cache.clean_bytes() <= 100 * kPageBytes);
}

TEST_CASE("a scan does not push out the pages that are used again and again", "[buffer]") {
  PageCache cache(1000 * kPageBytes);
  for (int round = 0; round < 5; ++round) {
    for (uint64_t n = 0; n < 300; ++n) read(cache, n);
    for (uint64_t n = 0; n < 800; ++n) read(cache, 10000 + 1000 * round + n);
  }
  for (uint64_t n = 50000; n < 55000; ++n) read(cache, n);
  int hits = 0;
  for (uint64_t n = 0; n < 300; ++n) hits += read(cache, n) ? 1 : 0;
  CHECK(hits > 270);
}

TEST_CASE("a page that nobody waits for is not let in", "[buffer]") {
  PageCache cache(1 << 20);
  CHECK_FALSE(cache.install(address_of(1), PageImage::allocate(kPageBytes)));
  (void)cache.request(address_of(2));
  CHECK(cache.cancel_request(address_of(2)));
  CHECK_FALSE(cache.install(address_of(2), PageImage::allocate(kPageBytes)));
  (void)cache.request(address_of(3));
  CHECK(cache.install(address_of(3), PageImage::allocate(kPageBytes)));
  CHECK_FALSE(cache.install(address_of(3), PageImage::allocate(kPageBytes)));
  CHECK_FALSE(cache.cancel_request(address_of(3)));
}

}  // namespace troupe
