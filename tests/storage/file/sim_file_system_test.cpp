#include "storage/file/sim_file_system.hpp"

#include <catch2/catch.hpp>
#include <set>

namespace troupe {
namespace {

std::unique_ptr<File> make(SimFileSystem& disk, const std::string& path) {
  auto file = disk.open(path, {.write = true, .create = true}).value();
  REQUIRE(disk.sync_directory(".").ok());
  return file;
}

std::string content(SimFileSystem& disk, const std::string& path) { return read_file(disk, path).value(); }

TEST_CASE("synced bytes and names survive a crash", "[file]") {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SimFileSystem disk(seed);
    auto file = make(disk, "a");
    REQUIRE(file->write(0, std::string(2000, 'x')).ok());
    REQUIRE(file->sync().ok());
    disk.crash();
    CHECK(content(disk, "a") == std::string(2000, 'x'));
    CHECK(error_code(file->write(0, "y")) == ErrorCode::kIoError);
  }
}

TEST_CASE("a simulated hole gives room back until it is written again", "[file]") {
  SimFileSystem disk(1);
  disk.set_capacity(64 << 10);
  auto file = make(disk, "a");
  REQUIRE(file->write(0, std::string(60 << 10, 'x')).ok());
  CHECK(error_code(file->write(60 << 10, std::string(8 << 10, 'y'))) == ErrorCode::kDiskFull);
  REQUIRE(file->punch_hole(kHoleBytes, 2 * kHoleBytes).ok());
  CHECK(disk.free_space("a").value() == 12 << 10);
  REQUIRE(file->write(kHoleBytes, std::string(kHoleBytes, 'z')).ok());
  CHECK(disk.free_space("a").value() == 8 << 10);
  CHECK(content(disk, "a") == std::string(kHoleBytes, 'x') + std::string(kHoleBytes, 'z') +
                                  std::string(kHoleBytes, '\0') + std::string((60 << 10) - 3 * kHoleBytes, 'x'));
}

TEST_CASE("what was not synced survives wholly, in part, torn, or not at all", "[file]") {
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SimFileSystem disk(seed);
    auto file = make(disk, "a");
    REQUIRE(file->write(0, std::string(1024, 'o')).ok());
    REQUIRE(file->sync().ok());
    REQUIRE(file->write(0, std::string(1024, 'n')).ok());
    disk.crash();
    seen.insert(content(disk, "a"));
  }
  const std::string old_half(512, 'o');
  const std::string new_half(512, 'n');
  CHECK(seen.contains(old_half + old_half));
  CHECK(seen.contains(new_half + new_half));
  CHECK(seen.contains(old_half + new_half));
  CHECK(seen.contains(new_half + old_half));
  CHECK(seen.size() > 10);  // the torn ones
}

TEST_CASE("a name that was not synced may vanish, and a rename is either done or not", "[file]") {
  int created = 0;
  int renamed = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SimFileSystem disk(seed);
    make(disk, "a");
    REQUIRE(disk.rename("a", "b").ok());
    REQUIRE(disk.open("c", {.write = true, .create = true}).ok());
    disk.crash();
    const bool is_a = disk.exists("a").value();
    const bool is_b = disk.exists("b").value();
    CHECK(is_a != is_b);
    renamed += is_b ? 1 : 0;
    created += disk.exists("c").value() ? 1 : 0;
  }
  CHECK((created > 10 && created < 90));
  CHECK((renamed > 10 && renamed < 90));
}

TEST_CASE("a sync that succeeds after a failed one does not bring the lost bytes to the disk", "[file]") {
  int lost = 0;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SimFileSystem disk(seed);
    auto file = make(disk, "a");
    REQUIRE(file->preallocate(512).ok());
    REQUIRE(file->write(0, "new").ok());
    disk.fail_nth(SimOperation::sync, 1);
    CHECK_FALSE(file->sync().ok());
    CHECK(file->sync().ok());
    disk.crash();
    lost += content(disk, "a").substr(0, 3) == "new" ? 0 : 1;
  }
  CHECK(lost > 0);
}

TEST_CASE("faults strike as ordered", "[file]") {
  SimFileSystem disk(1);
  auto file = make(disk, "a");
  disk.fail_nth(SimOperation::write, 2);
  CHECK(file->write(0, "1").ok());
  CHECK(error_code(file->write(0, "2")) == ErrorCode::kIoError);
  CHECK(file->write(0, "3").ok());
  disk.set_capacity(4);
  CHECK(error_code(file->write(0, "12345")) == ErrorCode::kDiskFull);
  CHECK(disk.free_space(".").value() == 3);
  disk.flip_bit("a", 0, 1);
  CHECK(content(disk, "a") == "1");
  disk.cut_power_after(1);
  CHECK_FALSE(file->sync().ok());
  CHECK(disk.powered_off());
  CHECK_FALSE(disk.open("a", {}).ok());
  disk.crash();
  CHECK(disk.open("a", {}).ok());
}

TEST_CASE("the same seed gives the same disk, also from a fork", "[file]") {
  const auto run = [](SimFileSystem& disk) {
    auto file = make(disk, "a");
    for (int i = 0; i < 20; ++i) REQUIRE(file->write(i * 300, std::string(700, static_cast<char>('a' + i))).ok());
  };
  SimFileSystem disk(7);
  SimFileSystem same(7);
  run(disk);
  run(same);
  auto fork = disk.fork(99);
  auto fork2 = disk.fork(99);
  disk.crash();
  same.crash();
  fork->crash();
  fork2->crash();
  CHECK(content(disk, "a") == content(same, "a"));
  CHECK(content(*fork, "a") == content(*fork2, "a"));
}

TEST_CASE("a replaced file is the old or the new one after a crash", "[file]") {
  for (uint64_t cut = 1; cut < 8; ++cut) {
    for (uint64_t seed = 0; seed < 30; ++seed) {
      SimFileSystem disk(seed);
      REQUIRE(replace_file(disk, "a", std::string(3000, 'o')).ok());
      disk.cut_power_after(cut);
      const bool done = replace_file(disk, "a", std::string(3000, 'n')).ok();
      disk.crash();
      const std::string now = content(disk, "a");
      CHECK((now == std::string(3000, 'n') || (!done && now == std::string(3000, 'o'))));
    }
  }
}

TEST_CASE("what a lying disk has synced may be gone after a crash", "[file]") {
  int lost = 0;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    SimFileSystem disk(seed);
    REQUIRE(replace_file(disk, "a", "old").ok());
    disk.lie_about_syncs(true);
    auto file = disk.open("a", {.write = true});
    REQUIRE((*file)->write(0, "new").ok());
    REQUIRE((*file)->sync().ok());
    disk.crash();
    lost += content(disk, "a") == "new" ? 0 : 1;
  }
  CHECK(lost > 5);
}

TEST_CASE("a simulated directory has one owner until it crashes", "[file]") {
  SimFileSystem disk(1);
  auto lock = disk.lock_directory(".");
  REQUIRE(lock.ok());
  CHECK(error_code(disk.lock_directory(".").status()) == ErrorCode::kObjectInUse);
  disk.crash();
  auto second = disk.lock_directory(".");
  CHECK(second.ok());
  lock->reset();
  CHECK_FALSE(disk.lock_directory(".").ok());
}

}  // namespace
}  // namespace troupe
