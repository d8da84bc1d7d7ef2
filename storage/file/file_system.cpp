#include "storage/file/file_system.hpp"

namespace troupe {

std::string join_path(std::string_view directory, std::string_view name) {
  if (directory.empty()) return std::string(name);
  return directory.back() == '/' ? cat(directory, name) : cat(directory, "/", name);
}

std::string parent_path(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string(path.substr(0, slash == 0 ? 1 : slash));
}

absl::StatusOr<std::string> read_file(FileSystem& files, const std::string& path) {
  TROUPE_ASSIGN_OR_RETURN(const auto file, files.open(path, {}));
  TROUPE_ASSIGN_OR_RETURN(const uint64_t size, file->size());
  std::string content(size, '\0');
  TROUPE_RETURN_IF_ERROR(file->read(0, content));
  return content;
}

absl::Status replace_file(FileSystem& files, const std::string& path, std::string_view content) {
  const std::string fresh = cat(path, ".new");
  {
    TROUPE_ASSIGN_OR_RETURN(const auto file, files.open(fresh, {.write = true, .create = true, .truncate = true}));
    TROUPE_RETURN_IF_ERROR(file->write(0, content));
    TROUPE_RETURN_IF_ERROR(file->sync());
  }
  TROUPE_RETURN_IF_ERROR(files.rename(fresh, path));
  return files.sync_directory(parent_path(path));
}

}  // namespace troupe
