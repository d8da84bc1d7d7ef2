#include "storage/file/overlay_file_system.hpp"

#include <algorithm>
#include <cstring>

#include "storage/base/text.hpp"

namespace troupe {

/// Blocks that were written; the others are those of the file below, up to `below_bytes`, and zeros behind.
struct OverlayInode {
  static constexpr uint64_t kBlockBytes = 4096;

  std::shared_ptr<const File> below;  ///< null: made here
  uint64_t below_bytes = 0;
  uint64_t size = 0;
  std::map<uint64_t, std::string> blocks;

  absl::Status read_below(uint64_t offset, std::span<char> out) const {
    std::fill(out.begin(), out.end(), '\0');
    if (below == nullptr || offset >= below_bytes) return absl::OkStatus();
    return below->read_up_to(offset, out.first(std::min<uint64_t>(out.size(), below_bytes - offset))).status();
  }

  absl::Status read(uint64_t offset, std::span<char> out) const {
    TROUPE_RETURN_IF_ERROR(read_below(offset, out));
    for (auto at = blocks.lower_bound(offset / kBlockBytes); at != blocks.end(); ++at) {
      const uint64_t begin = at->first * kBlockBytes;
      if (begin >= offset + out.size()) break;
      const uint64_t from = std::max(begin, offset);
      const uint64_t to = std::min(begin + kBlockBytes, offset + out.size());
      std::memcpy(out.data() + (from - offset), at->second.data() + (from - begin), to - from);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::string*> block(uint64_t number) {
    const auto [at, is_new] = blocks.try_emplace(number);
    if (is_new) {
      at->second.resize(kBlockBytes);
      TROUPE_RETURN_IF_ERROR(read_below(number * kBlockBytes, at->second));
    }
    return &at->second;
  }

  absl::Status write(uint64_t offset, std::string_view data) {
    size = std::max(size, offset + data.size());
    while (!data.empty()) {
      const uint64_t in_block = offset % kBlockBytes;
      const size_t part = std::min<size_t>(data.size(), kBlockBytes - in_block);
      TROUPE_ASSIGN_OR_RETURN(std::string* const bytes, block(offset / kBlockBytes));
      std::memcpy(bytes->data() + in_block, data.data(), part);
      offset += part;
      data.remove_prefix(part);
    }
    return absl::OkStatus();
  }

  absl::Status truncate(uint64_t bytes) {
    if (bytes < size && bytes % kBlockBytes != 0) {  // what was behind must not come back when it grows again
      const std::string zeros(std::min(size, (bytes / kBlockBytes + 1) * kBlockBytes) - bytes, '\0');
      TROUPE_RETURN_IF_ERROR(write(bytes, zeros));
    }
    blocks.erase(blocks.lower_bound((bytes + kBlockBytes - 1) / kBlockBytes), blocks.end());
    below_bytes = std::min(below_bytes, bytes);
    size = bytes;
    return absl::OkStatus();
  }
};

namespace {

class OverlayFile final : public File {
 public:
  OverlayFile(const std::string& path, std::shared_ptr<OverlayInode> inode) : File(path), inode_{std::move(inode)} {}

  absl::Status read(uint64_t offset, std::span<char> out) const override {
    if (offset + out.size() > inode_->size) {
      return error(ErrorCode::kDataCorrupted, "\"", path(), "\" ends before byte ", offset + out.size());
    }
    return inode_->read(offset, out);
  }
  absl::StatusOr<size_t> read_up_to(uint64_t offset, std::span<char> out) const override {
    const size_t there = offset >= inode_->size ? 0 : std::min<uint64_t>(out.size(), inode_->size - offset);
    TROUPE_RETURN_IF_ERROR(inode_->read(offset, out.first(there)));
    return there;
  }
  absl::Status write(uint64_t offset, std::string_view data) override { return inode_->write(offset, data); }
  absl::Status truncate(uint64_t size) override { return inode_->truncate(size); }
  absl::Status allocate(uint64_t size) override {
    inode_->size = std::max(inode_->size, size);
    return absl::OkStatus();
  }
  absl::Status preallocate(uint64_t size) override { return allocate(size); }
  absl::Status punch_hole(uint64_t, uint64_t) override { return absl::OkStatus(); }
  absl::Status sync() override { return absl::OkStatus(); }
  absl::StatusOr<uint64_t> size() const override { return inode_->size; }

 private:
  std::shared_ptr<OverlayInode> inode_;
};

absl::Status no_such_file(const std::string& path) {
  return error(ErrorCode::kUndefinedFile, "there is no \"", path, "\"");
}

}  // namespace

OverlayFileSystem::~OverlayFileSystem() = default;

absl::StatusOr<std::shared_ptr<OverlayInode>> OverlayFileSystem::find(const std::string& path) {
  if (const auto at = inodes_.find(path); at != inodes_.end()) return at->second;
  if (hidden_.contains(path)) return nullptr;
  TROUPE_ASSIGN_OR_RETURN(const bool there, below_.exists(path));
  if (!there) return nullptr;
  auto inode = std::make_shared<OverlayInode>();
  TROUPE_ASSIGN_OR_RETURN(inode->below, below_.open(path, {}));
  TROUPE_ASSIGN_OR_RETURN(inode->size, inode->below->size());
  inode->below_bytes = inode->size;
  inodes_.emplace(path, inode);
  return inode;
}

absl::StatusOr<std::unique_ptr<File>> OverlayFileSystem::open(const std::string& path, OpenOptions options) {
  TROUPE_ASSIGN_OR_RETURN(std::shared_ptr<OverlayInode> inode, find(path));
  if (inode == nullptr && !options.create) return no_such_file(path);
  if (inode != nullptr && options.create && options.exclusive) {
    return error(ErrorCode::kDuplicateFile, "\"", path, "\" exists");
  }
  if (inode == nullptr) {
    inode = std::make_shared<OverlayInode>();
    inodes_.insert_or_assign(path, inode);
  }
  if (options.write && options.truncate) TROUPE_RETURN_IF_ERROR(inode->truncate(0));
  return std::make_unique<OverlayFile>(path, std::move(inode));
}

void OverlayFileSystem::hide(const std::string& path) {
  inodes_.erase(path);
  hidden_.insert(path);
}

absl::Status OverlayFileSystem::remove(const std::string& path) {
  TROUPE_ASSIGN_OR_RETURN(const auto inode, find(path));
  if (inode == nullptr) return no_such_file(path);
  hide(path);
  return absl::OkStatus();
}

absl::Status OverlayFileSystem::rename(const std::string& from, const std::string& to) {
  TROUPE_ASSIGN_OR_RETURN(auto inode, find(from));
  if (inode == nullptr) return no_such_file(from);
  hide(from);
  inodes_.insert_or_assign(to, std::move(inode));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> OverlayFileSystem::list(const std::string& path) {
  std::set<std::string> names;
  TROUPE_ASSIGN_OR_RETURN(const bool below, below_.exists(path));
  if (below) {
    TROUPE_ASSIGN_OR_RETURN(const std::vector<std::string> there, below_.list(path));
    for (const std::string& name : there) {
      if (!hidden_.contains(join_path(path, name))) names.insert(name);
    }
  } else if (!directories_.contains(path)) {
    return no_such_file(path);
  }
  for (const auto& [file, inode] : inodes_) {
    if (parent_path(file) == path) names.insert(file.substr(file.rfind('/') + 1));
  }
  return std::vector<std::string>(names.begin(), names.end());
}

absl::Status OverlayFileSystem::create_directory(const std::string& path) {
  directories_.insert(path);
  return absl::OkStatus();
}

absl::Status OverlayFileSystem::remove_directory(const std::string& path) {
  return directories_.erase(path) == 1 ? absl::OkStatus() : no_such_file(path);
}

absl::StatusOr<bool> OverlayFileSystem::exists(const std::string& path) {
  if (inodes_.contains(path) || directories_.contains(path)) return true;
  if (hidden_.contains(path)) return false;
  return below_.exists(path);
}

absl::StatusOr<uint64_t> OverlayFileSystem::file_size(const std::string& path) {
  TROUPE_ASSIGN_OR_RETURN(const auto inode, find(path));
  if (inode == nullptr) return no_such_file(path);
  return inode->size;
}

absl::StatusOr<std::unique_ptr<DirectoryLock>> OverlayFileSystem::lock_directory(const std::string&) {
  return std::make_unique<DirectoryLock>();
}

}  // namespace troupe
