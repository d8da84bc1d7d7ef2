#include "storage/checkpoint/hole_rule.hpp"

#include <catch2/catch.hpp>

namespace troupe {
namespace {

constexpr uint64_t kMegabyte = (1u << 20) / kGrainBytes;
constexpr uint64_t kTerabyte = kMegabyte << 20;

}  // namespace

TEST_CASE("up to 64 MB of free space stay the file's, and above that extents below 1 MB", "[checkpoint]") {
  CHECK(smallest_hole(64 * kMegabyte, 100 * kMegabyte, 0, false) == std::nullopt);
  CHECK(smallest_hole(64 * kMegabyte + 1, 100 * kMegabyte, 0, false) == kMegabyte);
}

TEST_CASE("an eighth of a large file stays the file's", "[checkpoint]") {
  CHECK(smallest_hole(kTerabyte / 8, kTerabyte, 0, false) == std::nullopt);
  CHECK(smallest_hole(kTerabyte / 8 + 1, kTerabyte, 0, false) == kMegabyte);
}

TEST_CASE("what two checkpoints write is not punched out between them", "[checkpoint]") {
  constexpr uint64_t kWritten = 160u << 20;
  CHECK(smallest_hole(320 * kMegabyte, 1000 * kMegabyte, kWritten, false) == std::nullopt);
  CHECK(smallest_hole(320 * kMegabyte + 1, 1000 * kMegabyte, kWritten, false) == kMegabyte);
}

TEST_CASE("a full disk gets back whatever can be a hole", "[checkpoint]") {
  CHECK(smallest_hole(1, 100 * kMegabyte, 160u << 20, true) == kHoleBytes / kGrainBytes);
}

}  // namespace troupe
