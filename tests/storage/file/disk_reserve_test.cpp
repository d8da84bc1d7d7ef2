#include "storage/file/disk_reserve.hpp"

#include <catch2/catch.hpp>

#include "storage/file/sim_file_system.hpp"

namespace troupe {
namespace {

TEST_CASE("a reserve takes room while it is held", "[file]") {
  SimFileSystem files(1);
  DiskReserve reserve(files, "disk.reserve", 4096);
  REQUIRE(reserve.hold().ok());
  CHECK(*files.file_size("disk.reserve") == 4096);
  CHECK(reserve.hold().ok());
  reserve.give_up();
  CHECK_FALSE(*files.exists("disk.reserve"));
}

TEST_CASE("where not all of it fits a part will do, and the rest is taken later", "[file]") {
  SimFileSystem files(1);
  DiskReserve reserve(files, "disk.reserve", 4096);
  files.fail_nth(SimOperation::preallocate, 1, ErrorCode::kDiskFull);
  REQUIRE(reserve.hold().ok());
  CHECK(*files.file_size("disk.reserve") == 2048);
  REQUIRE(reserve.hold().ok());
  CHECK(*files.file_size("disk.reserve") == 4096);
}

TEST_CASE("where less than a fourth fits nothing is taken", "[file]") {
  SimFileSystem files(1);
  files.set_capacity(900);
  DiskReserve reserve(files, "disk.reserve", 4096);
  CHECK(error_code(reserve.hold()) == ErrorCode::kDiskFull);
  CHECK_FALSE(*files.exists("disk.reserve"));
}

TEST_CASE("a reserve of no bytes is no file", "[file]") {
  SimFileSystem files(1);
  DiskReserve reserve(files, "disk.reserve", 0);
  CHECK(reserve.hold().ok());
  CHECK_FALSE(*files.exists("disk.reserve"));
}

}  // namespace
}  // namespace troupe
