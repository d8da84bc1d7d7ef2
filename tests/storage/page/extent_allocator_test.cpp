#include "storage/page/extent_allocator.hpp"

#include <catch2/catch.hpp>

#include <map>

#include "storage/base/random.hpp"

namespace troupe {

TEST_CASE("extents in use never overlap, and free space is found again after a restart", "[page]") {
  Random random(4);
  ExtentAllocator allocator(16, 16, 128);
  std::map<uint64_t, uint64_t> used;
  uint64_t used_grains = 0;
  for (int i = 0; i < 20000; ++i) {
    const bool shrink = (i / 2000) % 2 == 1;
    if (used.empty() || random.chance(shrink ? 0.3 : 0.7)) {
      const Extent extent = allocator.allocate(1 + random.below(random.chance(0.01) ? 3000 : 40));
      const auto next = used.lower_bound(extent.first);
      REQUIRE((next == used.end() || extent.end() <= next->first));
      REQUIRE((next == used.begin() || std::prev(next)->first + std::prev(next)->second <= extent.first));
      REQUIRE((extent.first >= 16 && extent.end() <= allocator.end()));
      used.emplace(extent.first, extent.count);
      used_grains += extent.count;
    } else {
      auto victim = used.lower_bound(random.below(allocator.end()));
      if (victim == used.end()) victim = used.begin();
      allocator.release({victim->first, victim->second});
      used_grains -= victim->second;
      used.erase(victim);
    }
    REQUIRE(allocator.free_grains() + used_grains == allocator.end() - 16);
    if (i % 500 == 0) {
      allocator.check_invariants();
      auto decoded = ExtentAllocator::decode(allocator.encode(), 128);
      REQUIRE(decoded.ok());
      REQUIRE(decoded->encode() == allocator.encode());
      allocator = *std::move(decoded);
    }
  }
}

TEST_CASE("a hole is told of once, until it was used", "[page]") {
  ExtentAllocator allocator(16, 16, 4096);
  const Extent first = allocator.allocate(100), second = allocator.allocate(200);
  allocator.release(first);
  const auto holes = [&] {
    uint64_t grains = 0;
    for (const Extent hole : allocator.take_holes(50)) grains += hole.count;
    return grains;
  };
  CHECK(holes() == allocator.free_grains());  // what lies ahead too
  CHECK(holes() == 0);
  allocator.release(second);
  CHECK(holes() == allocator.free_grains());  // one extent now
  CHECK(holes() == 0);
  static_cast<void>(allocator.allocate(10));
  allocator.check_invariants();
  CHECK(holes() == allocator.free_grains());
}

TEST_CASE("pages written one after the other lie one after the other", "[page]") {
  ExtentAllocator allocator(16, 16, 4096);
  uint64_t at = allocator.allocate(7).end();
  for (int i = 0; i < 200; ++i) {
    const Extent extent = allocator.allocate(1 + i % 9);
    CHECK(extent.first == at);
    at = extent.end();
  }
}

TEST_CASE("a damaged free map is refused", "[page]") {
  ExtentAllocator allocator(16, 16, 64);
  (void)allocator.allocate(10);
  std::string bytes = allocator.encode();
  CHECK_FALSE(ExtentAllocator::decode(std::string_view(bytes).substr(0, bytes.size() - 1), 64).ok());
  bytes[2] = 99;  // more extents than there are
  CHECK_FALSE(ExtentAllocator::decode(bytes, 64).ok());
}

TEST_CASE("an extent across the place where a run ended can be released", "[allocator]") {
  constexpr uint64_t kRun = 256 * 1024 / kGrainBytes;
  ExtentAllocator allocator(0, 0, kRun);
  for (uint64_t i = 0; i < 2 * kRun / 4; ++i) allocator.allocate(4);
  for (uint64_t i = 0; i < kRun / 4; ++i) allocator.release({i * 4, 4});
  for (uint64_t i = 0; i < kRun / 4; ++i) allocator.allocate(4);  // the run ends where the second half begins
  allocator.release({kRun - 4, 4});
  allocator.release({kRun, 4});
  const Extent across = allocator.allocate(8);
  CHECK(across.first == kRun - 4);
  allocator.release(across);
  allocator.check_invariants();
  CHECK(allocator.free_grains() == 8);
}

}  // namespace troupe
