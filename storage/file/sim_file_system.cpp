#include "storage/file/sim_file_system.hpp"

#include <algorithm>

#include "storage/base/check.hpp"
#include "storage/file/sim_inode.hpp"

namespace troupe {
namespace {

constexpr std::array<const char*, kSimOperations> kDoing = {"opening",  "reading",    "writing",
                                                            "syncing",  "truncating", "allocating",
                                                            "renaming", "removing",   "syncing directory"};

bool changes_the_disk(SimOperation operation) {
  return operation != SimOperation::open && operation != SimOperation::read;
}

absl::Status injected(SimOperation operation, const std::string& path, ErrorCode code) {
  return error(code, kDoing[static_cast<size_t>(operation)], " \"", path, "\": injected fault");
}

absl::Status no_such_file(std::string_view doing, const std::string& path) {
  return error(ErrorCode::kUndefinedFile, doing, " \"", path, "\": No such file or directory");
}

}  // namespace

class SimFile final : public File {
 public:
  SimFile(SimFileSystem& disk, std::string path, SimFileSystem::InodePointer inode, bool writable)
      : File(std::move(path)),
        disk_{disk},
        inode_{std::move(inode)},
        writable_{writable},
        incarnation_{disk.incarnation_} {}

  absl::Status read(uint64_t offset, std::span<char> out) const override {
    TROUPE_ASSIGN_OR_RETURN(const size_t size, read_up_to(offset, out));
    if (size == out.size()) return absl::OkStatus();
    return error(ErrorCode::kDataCorrupted, "reading \"", path(), "\": ", out.size(), " bytes at ", offset,
                 ", but the file ends after ", size);
  }

  absl::StatusOr<size_t> read_up_to(uint64_t offset, std::span<char> out) const override {
    const std::lock_guard lock(disk_.mutex_);
    TROUPE_RETURN_IF_ERROR(enter(SimOperation::read));
    const std::string& bytes = inode_->current();
    if (offset >= bytes.size()) return 0;
    size_t size = std::min<uint64_t>(out.size(), bytes.size() - offset);
    if (disk_.short_read_every_ != 0 && size > 0 && disk_.random_.below(disk_.short_read_every_) == 0) {
      size -= 1 + disk_.random_.below(size);
    }
    std::copy_n(bytes.data() + offset, size, out.data());
    return size;
  }

  absl::Status write(uint64_t offset, std::string_view data) override {
    const std::lock_guard lock(disk_.mutex_);
    TROUPE_CHECK(writable_);
    if (const absl::Status status = enter(SimOperation::write); !status.ok()) {
      if (incarnation_ == disk_.incarnation_ && !data.empty() && (!disk_.powered_off_ || disk_.dying_)) {
        inode_->write(offset, data.substr(0, disk_.random_.below(data.size())));
      }
      return status;
    }
    const uint64_t size = inode_->current().size();
    const uint64_t end = offset + data.size();
    const uint64_t more = (end > size ? end - size : 0) + inode_->hole_bytes(offset, end);
    if (more > 0) TROUPE_RETURN_IF_ERROR(disk_.reserve(more, path()));
    inode_->write(offset, data);
    return absl::OkStatus();
  }

  absl::Status truncate(uint64_t size) override {
    const std::lock_guard lock(disk_.mutex_);
    TROUPE_CHECK(writable_);
    TROUPE_RETURN_IF_ERROR(enter(SimOperation::truncate));
    if (size > inode_->current().size()) {
      TROUPE_RETURN_IF_ERROR(disk_.reserve(size - inode_->current().size(), path()));
    }
    inode_->truncate(size);
    return absl::OkStatus();
  }

  absl::Status allocate(uint64_t size) override { return preallocate(size); }

  absl::Status preallocate(uint64_t size) override {
    const std::lock_guard lock(disk_.mutex_);
    TROUPE_CHECK(writable_);
    TROUPE_RETURN_IF_ERROR(enter(SimOperation::preallocate));
    const uint64_t old_size = inode_->current().size();
    if (size > old_size) TROUPE_RETURN_IF_ERROR(disk_.reserve(size - old_size, path()));
    inode_->preallocate(size);
    return absl::OkStatus();
  }

  absl::Status punch_hole(uint64_t offset, uint64_t size) override {
    const std::lock_guard lock(disk_.mutex_);
    TROUPE_CHECK(writable_ && offset % kHoleBytes == 0 && size % kHoleBytes == 0);
    TROUPE_RETURN_IF_ERROR(enter(SimOperation::truncate));
    inode_->punch_hole(offset, size);
    return absl::OkStatus();
  }

  absl::Status sync() override {
    const std::lock_guard lock(disk_.mutex_);
    if (const absl::Status status = enter(SimOperation::sync); !status.ok()) {
      if (incarnation_ == disk_.incarnation_) inode_->fail_sync();
      return status;
    }
    if (!disk_.lies_) inode_->sync();
    return absl::OkStatus();
  }

  absl::StatusOr<uint64_t> size() const override {
    const std::lock_guard lock(disk_.mutex_);
    TROUPE_RETURN_IF_ERROR(disk_.check_power(path()));
    return inode_->current().size();
  }

 private:
  absl::Status enter(SimOperation operation) const {
    if (incarnation_ != disk_.incarnation_) {
      return error(ErrorCode::kIoError, kDoing[static_cast<size_t>(operation)], " \"", path(),
                   "\": opened before the crash");
    }
    return disk_.enter(operation, path());
  }

  SimFileSystem& disk_;
  SimFileSystem::InodePointer inode_;
  bool writable_;
  uint64_t incarnation_;
};

class SimDirectoryLock final : public DirectoryLock {
 public:
  SimDirectoryLock(SimFileSystem& disk, std::string path)
      : disk_{disk}, path_{std::move(path)}, incarnation_{disk.incarnation_} {}
  ~SimDirectoryLock() override {
    const std::lock_guard lock(disk_.mutex_);
    if (incarnation_ == disk_.incarnation_) disk_.locked_.erase(path_);
  }

 private:
  SimFileSystem& disk_;
  std::string path_;
  uint64_t incarnation_;
};

SimFileSystem::SimFileSystem(uint64_t seed) : random_{seed}, directories_{".", "/"}, capacity_bytes_{UINT64_MAX} {}
SimFileSystem::~SimFileSystem() = default;

absl::Status SimFileSystem::check_power(const std::string& path) const {
  if (powered_off_) return error(ErrorCode::kIoError, "using \"", path, "\": the power is off");
  return absl::OkStatus();
}

absl::Status SimFileSystem::enter(SimOperation operation, const std::string& path) {
  dying_ = false;
  TROUPE_RETURN_IF_ERROR(check_power(path));
  const auto index = static_cast<size_t>(operation);
  ++counts_[index];
  if (power_cut_in_ > 0 && changes_the_disk(operation) && --power_cut_in_ == 0) {
    powered_off_ = true;
    dying_ = true;
    return check_power(path);
  }
  Fault& fault = faults_[index];
  const bool this_one = fault.countdown > 0 && --fault.countdown == 0;
  const bool regularly = fault.every > 0 && counts_[index] % fault.every == 0;
  return this_one || regularly ? injected(operation, path, fault.code) : absl::OkStatus();
}

absl::StatusOr<SimFileSystem::InodePointer> SimFileSystem::find(const std::string& path) const {
  const auto found = names_.find(path);
  if (found == names_.end()) return no_such_file("looking for", path);
  return found->second;
}

uint64_t SimFileSystem::used_bytes() const {
  uint64_t bytes = 0;
  for (const auto& [path, inode] : names_) bytes += inode->used_bytes();
  return bytes;
}

absl::Status SimFileSystem::reserve(uint64_t more_bytes, const std::string& path) {
  if (capacity_bytes_ == UINT64_MAX || used_bytes() + more_bytes <= capacity_bytes_) return absl::OkStatus();
  return error(ErrorCode::kDiskFull, "writing \"", path, "\": No space left on device");
}

void SimFileSystem::apply(const NameChange& change, std::map<std::string, InodePointer>& names) {
  if (!change.from.empty()) {
    const auto found = names.find(change.from);
    if (found != names.end() && found->second == change.inode) names.erase(found);
  }
  if (change.to.empty()) return;
  names[change.to] = change.inode;
}

void SimFileSystem::change_name(NameChange change) {
  apply(change, names_);
  name_changes_.push_back(std::move(change));
}

absl::StatusOr<std::unique_ptr<File>> SimFileSystem::open(const std::string& path, OpenOptions options) {
  const std::lock_guard lock(mutex_);
  TROUPE_RETURN_IF_ERROR(enter(SimOperation::open, path));
  auto inode = find(path);
  if (inode.ok() && options.create && options.exclusive) {
    return error(ErrorCode::kDuplicateFile, "opening \"", path, "\": File exists");
  }
  if (!inode.ok()) {
    if (!options.create || !directories_.contains(parent_path(path))) return no_such_file("opening", path);
    inode = std::make_shared<SimInode>();
    change_name({.from = {}, .to = path, .inode = *inode});
  } else if (options.write && options.truncate) {
    (*inode)->truncate(0);
  }
  return std::make_unique<SimFile>(*this, path, *std::move(inode), options.write);
}

absl::Status SimFileSystem::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  TROUPE_RETURN_IF_ERROR(enter(SimOperation::remove, path));
  TROUPE_ASSIGN_OR_RETURN(InodePointer inode, find(path));
  change_name({.from = path, .to = {}, .inode = std::move(inode)});
  return absl::OkStatus();
}

absl::Status SimFileSystem::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  TROUPE_RETURN_IF_ERROR(enter(SimOperation::rename, from));
  TROUPE_ASSIGN_OR_RETURN(InodePointer inode, find(from));
  if (!directories_.contains(parent_path(to))) return no_such_file("renaming to", to);
  change_name({.from = from, .to = to, .inode = std::move(inode)});
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> SimFileSystem::list(const std::string& path) {
  const std::lock_guard lock(mutex_);
  TROUPE_RETURN_IF_ERROR(check_power(path));
  if (!directories_.contains(path)) return no_such_file("listing", path);
  std::vector<std::string> names;
  const auto take = [&](const std::string& entry) {
    if (entry != path && parent_path(entry) == path) names.push_back(entry.substr(entry.rfind('/') + 1));
  };
  for (const auto& [name, inode] : names_) take(name);
  for (const std::string& directory : directories_) take(directory);
  std::sort(names.begin(), names.end());
  return names;
}

absl::Status SimFileSystem::create_directory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  TROUPE_RETURN_IF_ERROR(check_power(path));
  for (std::string at = path; directories_.insert(at).second;) at = parent_path(at);
  return absl::OkStatus();
}

absl::Status SimFileSystem::remove_directory(const std::string& path) {
  TROUPE_ASSIGN_OR_RETURN(const auto names, list(path));
  if (!names.empty()) return error(ErrorCode::kIoError, "removing directory \"", path, "\": Directory not empty");
  const std::lock_guard lock(mutex_);
  directories_.erase(path);
  return absl::OkStatus();
}

absl::Status SimFileSystem::sync_directory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  TROUPE_RETURN_IF_ERROR(enter(SimOperation::sync_directory, path));
  if (!directories_.contains(path)) return no_such_file("syncing directory", path);
  const auto in_directory = [&](const std::string& name) { return !name.empty() && parent_path(name) == path; };
  std::erase_if(name_changes_, [&](const NameChange& change) {
    if (!in_directory(change.from) && !in_directory(change.to)) return false;
    apply(change, durable_names_);
    return true;
  });
  return absl::OkStatus();
}

absl::StatusOr<bool> SimFileSystem::exists(const std::string& path) {
  const std::lock_guard lock(mutex_);
  TROUPE_RETURN_IF_ERROR(check_power(path));
  return names_.contains(path) || directories_.contains(path);
}

absl::StatusOr<uint64_t> SimFileSystem::file_size(const std::string& path) {
  const std::lock_guard lock(mutex_);
  TROUPE_RETURN_IF_ERROR(check_power(path));
  TROUPE_ASSIGN_OR_RETURN(const InodePointer inode, find(path));
  return inode->current().size();
}

absl::StatusOr<uint64_t> SimFileSystem::free_space(const std::string& path) {
  const std::lock_guard lock(mutex_);
  TROUPE_RETURN_IF_ERROR(check_power(path));
  const uint64_t used = used_bytes();
  return used < capacity_bytes_ ? capacity_bytes_ - used : 0;
}

absl::StatusOr<std::unique_ptr<DirectoryLock>> SimFileSystem::lock_directory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  TROUPE_RETURN_IF_ERROR(check_power(path));
  if (!directories_.contains(path)) return no_such_file("locking", path);
  if (!locked_.insert(path).second) {
    return error(ErrorCode::kObjectInUse, "data directory \"", path, "\" is in use by another simulated node");
  }
  return std::make_unique<SimDirectoryLock>(*this, path);
}

void SimFileSystem::crash() {
  const std::lock_guard lock(mutex_);
  // Either the journal was written up to some change, or (a file system without one) each change on its own.
  const bool journaled = random_.chance(0.5);
  const uint64_t written = random_.below(name_changes_.size() + 1);
  for (size_t i = 0; i < name_changes_.size(); ++i) {
    if (journaled ? i < written : random_.chance(0.5)) apply(name_changes_[i], durable_names_);
  }
  name_changes_.clear();
  names_ = durable_names_;
  std::set<SimInode*> crashed;  // one file may stand under two names after a rename that was half written
  for (const auto& [path, inode] : names_) {
    if (crashed.insert(inode.get()).second) inode->crash(random_);
  }
  locked_.clear();
  faults_ = {};
  power_cut_in_ = 0;
  powered_off_ = false;
  dying_ = false;
  ++incarnation_;
}

void SimFileSystem::cut_power_after(uint64_t changing_operations) {
  const std::lock_guard lock(mutex_);
  power_cut_in_ = changing_operations;
}

bool SimFileSystem::powered_off() const {
  const std::lock_guard lock(mutex_);
  return powered_off_;
}

void SimFileSystem::fail_nth(SimOperation operation, uint64_t n, ErrorCode code) {
  const std::lock_guard lock(mutex_);
  faults_[static_cast<size_t>(operation)].countdown = n;
  faults_[static_cast<size_t>(operation)].code = code;
}

void SimFileSystem::fail_every(SimOperation operation, uint64_t n, ErrorCode code) {
  const std::lock_guard lock(mutex_);
  faults_[static_cast<size_t>(operation)].every = n;
  faults_[static_cast<size_t>(operation)].code = code;
}

void SimFileSystem::flip_bit(const std::string& path, uint64_t offset, int bit) {
  const std::lock_guard lock(mutex_);
  const auto inode = find(path);
  TROUPE_CHECK(inode.ok() && offset < (*inode)->current().size());
  (*inode)->flip_bit(offset, bit);
}

void SimFileSystem::set_capacity(uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  capacity_bytes_ = bytes;
}

void SimFileSystem::lie_about_syncs(bool lies) {
  const std::lock_guard lock(mutex_);
  lies_ = lies;
}

void SimFileSystem::short_reads(uint64_t n) {
  const std::lock_guard lock(mutex_);
  short_read_every_ = n;
}

uint64_t SimFileSystem::count(SimOperation operation) const {
  const std::lock_guard lock(mutex_);
  return counts_[static_cast<size_t>(operation)];
}

std::unique_ptr<SimFileSystem> SimFileSystem::fork(uint64_t seed) const {
  const std::lock_guard lock(mutex_);
  auto copy = std::make_unique<SimFileSystem>(seed);
  std::map<const SimInode*, InodePointer> copies;
  const auto copied = [&](const InodePointer& inode) {
    InodePointer& target = copies[inode.get()];
    if (target == nullptr) target = std::make_shared<SimInode>(*inode);
    return target;
  };
  for (const auto& [path, inode] : names_) copy->names_[path] = copied(inode);
  for (const auto& [path, inode] : durable_names_) copy->durable_names_[path] = copied(inode);
  for (const NameChange& change : name_changes_) {
    copy->name_changes_.push_back({change.from, change.to, copied(change.inode)});
  }
  copy->directories_ = directories_;
  copy->capacity_bytes_ = capacity_bytes_;
  copy->lies_ = lies_;
  return copy;
}

}  // namespace troupe
