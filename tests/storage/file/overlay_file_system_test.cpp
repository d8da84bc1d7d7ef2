#include "storage/file/overlay_file_system.hpp"

#include <catch2/catch.hpp>

#include <map>

#include "storage/base/random.hpp"
#include "storage/base/text.hpp"
#include "storage/file/sim_file_system.hpp"

namespace troupe {
namespace {

std::map<std::string, std::string> contents(FileSystem& files) {
  std::map<std::string, std::string> all;
  const auto names = files.list("d");
  REQUIRE(names.ok());
  for (const std::string& name : *names) {
    const auto content = read_file(files, join_path("d", name));
    REQUIRE(content.ok());
    all[name] = *content;
  }
  return all;
}

void write(FileSystem& files, const std::string& path, uint64_t offset, std::string_view data) {
  const auto file = files.open(path, {.write = true, .create = true});
  REQUIRE(file.ok());
  REQUIRE((*file)->write(offset, data).ok());
}

TEST_CASE("what is written on top is read there, and the files below stay as they are", "[file]") {
  SimFileSystem below(1);
  REQUIRE(below.create_directory("d").ok());
  write(below, "d/a", 0, std::string(10'000, 'a'));
  write(below, "d/b", 0, "b");
  const auto before = contents(below);
  OverlayFileSystem overlay(below);
  CHECK(contents(overlay) == before);
  write(overlay, "d/a", 4'090, std::string(20, 'x'));
  write(overlay, "d/c", 3, "new");
  REQUIRE(overlay.rename("d/b", "d/e").ok());
  CHECK(contents(overlay)["a"].substr(4'088, 24) == "aa" + std::string(20, 'x') + "aa");
  CHECK(contents(overlay)["c"] == std::string("\0\0\0new", 6));
  CHECK(!*overlay.exists("d/b"));
  CHECK(contents(overlay)["e"] == "b");
  REQUIRE(overlay.remove("d/a").ok());
  CHECK(error_code(overlay.open("d/a", {}).status()) == ErrorCode::kUndefinedFile);
  CHECK(contents(below) == before);
}

TEST_CASE("the overlay does what a file system does", "[file]") {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    SimFileSystem below(seed), model(seed);
    Random random(seed);
    for (FileSystem* files : {static_cast<FileSystem*>(&below), static_cast<FileSystem*>(&model)}) {
      REQUIRE(files->create_directory("d").ok());
      write(*files, "d/0", 0, std::string(20'000, '0'));
      write(*files, "d/1", 5'000, "one");
    }
    OverlayFileSystem overlay(below);
    for (int i = 0; i < 60; ++i) {
      const std::string path = cat("d/", random.below(4)), other = cat("d/", random.below(4));
      const uint64_t what = random.below(6), offset = random.below(15'000), size = random.below(9'000);
      for (FileSystem* files : {static_cast<FileSystem*>(&overlay), static_cast<FileSystem*>(&model)}) {
        const bool there = *files->exists(path);
        if (what < 3) write(*files, path, offset, std::string(size + 1, static_cast<char>('a' + i % 26)));
        if (what == 3 && there) REQUIRE((*files->open(path, {.write = true}))->truncate(offset).ok());
        if (what == 4 && there) REQUIRE(files->remove(path).ok());
        if (what == 5 && there && path != other) REQUIRE(files->rename(path, other).ok());
      }
      INFO("seed " << seed << ", step " << i);
      REQUIRE(contents(overlay) == contents(model));
    }
  }
}

}  // namespace
}  // namespace troupe
