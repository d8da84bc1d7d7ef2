#include "storage/file/posix_file_system.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <cstdlib>

namespace troupe {
namespace {

/// A directory of its own per test, removed afterwards with the files in it.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    char name[] = "/tmp/troupe_file_test_XXXXXX";
    path = ::mkdtemp(name);
  }
  ~ScratchDirectory() {
    PosixFileSystem files;
    const auto names = files.list(path);
    if (names.ok()) {
      for (const std::string& name : *names) files.remove(join_path(path, name)).IgnoreError();
    }
    files.remove_directory(path).IgnoreError();
  }
  std::string at(std::string_view name) const { return join_path(path, name); }
  std::string path;
};

TEST_CASE("what is written to a file is read back", "[file]") {
  ScratchDirectory scratch;
  PosixFileSystem files;
  auto file = files.open(scratch.at("a"), {.write = true, .create = true}).value();
  REQUIRE(file->write(3, "hello").ok());
  REQUIRE(file->sync().ok());
  CHECK(file->size().value() == 8);
  std::string bytes(5, ' ');
  REQUIRE(file->read(3, bytes).ok());
  CHECK(bytes == "hello");
  CHECK(file->read_up_to(6, bytes).value() == 2);
  CHECK(error_code(file->read(6, bytes)) == ErrorCode::kDataCorrupted);
}

TEST_CASE("preallocation keeps the bytes that are there and adds zeros", "[file]") {
  ScratchDirectory scratch;
  PosixFileSystem files;
  auto file = files.open(scratch.at("a"), {.write = true, .create = true}).value();
  REQUIRE(file->write(0, "abc").ok());
  REQUIRE(file->preallocate(3 << 20).ok());
  CHECK(file->size().value() == 3 << 20);
  std::string bytes(3 << 20, 'x');
  REQUIRE(file->read(0, bytes).ok());
  CHECK(bytes == "abc" + std::string((3 << 20) - 3, '\0'));
}

TEST_CASE("a hole reads as zeros and takes no room", "[file]") {
  ScratchDirectory scratch;
  PosixFileSystem files;
  auto file = files.open(scratch.at("a"), {.write = true, .create = true}).value();
  REQUIRE(file->write(0, std::string(1 << 20, 'x')).ok());
  REQUIRE(file->sync().ok());
  const auto blocks = [&] {
    struct stat info {};
    REQUIRE(::stat(scratch.at("a").c_str(), &info) == 0);
    return info.st_blocks;
  };
  const auto before = blocks();
  REQUIRE(file->punch_hole(kHoleBytes, 100 * kHoleBytes).ok());
  CHECK(file->size().value() == 1 << 20);
  std::string bytes(101 * kHoleBytes + 1, ' ');
  REQUIRE(file->read(0, bytes).ok());
  CHECK(bytes == std::string(kHoleBytes, 'x') + std::string(100 * kHoleBytes, '\0') + "x");
  CHECK(blocks() < before);
}

TEST_CASE("errors name the path and say what the system said", "[file]") {
  ScratchDirectory scratch;
  PosixFileSystem files;
  const absl::Status missing = files.open(scratch.at("none"), {}).status();
  CHECK(error_code(missing) == ErrorCode::kUndefinedFile);
  CHECK(std::string(missing.message()) == "opening \"" + scratch.at("none") + "\": No such file or directory");
  REQUIRE(replace_file(files, scratch.at("a"), "1").ok());
  CHECK(error_code(files.open(scratch.at("a"), {.write = true, .create = true, .exclusive = true}).status()) ==
        ErrorCode::kDuplicateFile);
  CHECK(error_code(files.list(scratch.at("none")).status()) == ErrorCode::kUndefinedFile);
  auto full = files.open("/dev/full", {.write = true});
  if (full.ok()) CHECK(error_code((*full)->write(0, "x")) == ErrorCode::kDiskFull);
}

TEST_CASE("a file is replaced as a whole", "[file]") {
  ScratchDirectory scratch;
  PosixFileSystem files;
  REQUIRE(replace_file(files, scratch.at("a"), "one").ok());
  REQUIRE(replace_file(files, scratch.at("a"), "second").ok());
  CHECK(read_file(files, scratch.at("a")).value() == "second");
  CHECK(files.list(scratch.path).value() == std::vector<std::string>{"a"});
  CHECK(files.free_space(scratch.path).value() > 0);
}

TEST_CASE("directories are made with their parents", "[file]") {
  ScratchDirectory scratch;
  PosixFileSystem files;
  REQUIRE(files.create_directory(scratch.at("x/y")).ok());
  REQUIRE(files.create_directory(scratch.at("x/y")).ok());
  CHECK(files.exists(scratch.at("x/y")).value());
  REQUIRE(files.remove_directory(scratch.at("x/y")).ok());
  REQUIRE(files.remove_directory(scratch.at("x")).ok());
  CHECK_FALSE(files.exists(scratch.at("x")).value());
}

TEST_CASE("two nodes cannot use one directory", "[file]") {
  ScratchDirectory scratch;
  PosixFileSystem files;
  auto lock = files.lock_directory(scratch.path);
  REQUIRE(lock.ok());
  const absl::Status second = files.lock_directory(scratch.path).status();
  CHECK(error_code(second) == ErrorCode::kObjectInUse);
  CHECK(std::string(second.message()).find("process " + std::to_string(::getpid())) != std::string::npos);
  lock->reset();
  CHECK(files.lock_directory(scratch.path).ok());
}

TEST_CASE("a file opened past the page cache takes whole blocks", "[file]") {
  ScratchDirectory scratch;
  PosixFileSystem files;
  auto file = files.open(scratch.at("d"), {.write = true, .create = true, .direct = true});
  if (!file.ok()) return;  // not every file system can
  REQUIRE((*file)->preallocate(2 * kDirectAlignment).ok());
  void* block = std::aligned_alloc(kDirectAlignment, kDirectAlignment);
  std::memset(block, 'x', kDirectAlignment);
  CHECK((*file)->write(kDirectAlignment, {static_cast<char*>(block), kDirectAlignment}).ok());
  CHECK((*file)->read(kDirectAlignment, {static_cast<char*>(block), kDirectAlignment}).ok());
  std::free(block);
}

}  // namespace
}  // namespace troupe
