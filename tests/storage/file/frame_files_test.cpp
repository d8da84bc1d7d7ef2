#include "storage/file/frame_files.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "storage/base/text.hpp"

namespace troupe {
namespace {

struct Directory {
  Directory() {
    std::string name = "/tmp/frame_files.XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Directory() { std::filesystem::remove_all(path); }
  std::string path;
};

/// Of this process, mapped files.
uint64_t resident_file_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssFile:")) return std::strtoull(line.c_str() + 8, nullptr, 10) << 10;
  }
  return 0;
}

}  // namespace

TEST_CASE("a frame in a file is a frame as any other, and leaves no file behind", "[file]") {
  const Directory directory;
  FrameFiles files;
  const std::string bytes(300'000, 'x');
  const auto in_memory = files.copy_of(bytes);
  REQUIRE(in_memory.ok());
  files.use_directory(directory.path);
  auto frame = files.copy_of(bytes);
  REQUIRE(frame.ok());
  CHECK(frame->view() == in_memory->view());
  CHECK(std::filesystem::is_empty(directory.path));
  FrameBytes again = *frame;
  frame = FrameBytes();
  again.mutable_data()[0] = 'y';
  FrameFiles::let_go(again);
  FrameFiles::let_go(*in_memory);
  FrameFiles::let_go({});
  CHECK(again.view() == "y" + bytes.substr(1));
}

TEST_CASE("pages of a frame in a file that were let go of are in memory no more", "[file]") {
  const Directory directory;
  FrameFiles files;
  files.use_directory(directory.path);
  const std::string bytes(1 << 20, 'x');
  const uint64_t before = resident_file_bytes();
  std::vector<FrameBytes> frames;
  for (int i = 0; i < 64; ++i) frames.push_back(files.copy_of(bytes).value());
  CHECK(resident_file_bytes() < before + (8 << 20));
  for (const FrameBytes& frame : frames) CHECK(frame.view() == bytes);
  CHECK(resident_file_bytes() > before + (32 << 20));
}

TEST_CASE("frames in files are made and freed on any thread", "[file]") {
  const Directory directory;
  FrameFiles files;
  files.use_directory(directory.path);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&files, t] {
      std::vector<FrameBytes> kept;
      for (int i = 0; i < 200; ++i) {
        const std::string text = cat("frame ", t, ".", i);
        auto frame = i % 3 == 0 ? absl::StatusOr<FrameBytes>(FrameBytes::copy_of(text)) : files.copy_of(text);
        if (frame.ok() && frame->view() == text) kept.push_back(*std::move(frame));
      }
      if (kept.size() != 200) std::abort();
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_CASE("a frame in a directory that cannot be written is an error", "[file]") {
  FrameFiles files;
  files.use_directory("/tmp/no such directory");
  CHECK(error_code(files.make(100).status()) == ErrorCode::kIoError);
}

}  // namespace troupe
