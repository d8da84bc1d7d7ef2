#pragma once
/// A file of the server's machine that COPY reads or writes, with PostgreSQL's errors. Everything here may block.
/// Owner: one statement; its work goes on one piece after the other, on other threads.
#include <string>
#include <string_view>

#include "storage/base/error.hpp"

namespace troupe {

class ServerFile {
 public:
  explicit ServerFile(std::string path) : path_{std::move(path)} {}
  ~ServerFile();
  ServerFile(const ServerFile&) = delete;
  ServerFile& operator=(const ServerFile&) = delete;

  /// Errors: 58P01, 42501, 42809 ...
  absl::Status open_to_read();
  /// Made, or emptied; nobody but its owner may write it. Errors: 42602 for a path that does not begin at the root.
  absl::Status open_to_write();
  /// The next piece, empty at the end.
  absl::Status read(std::string* piece);
  absl::Status write(std::string_view piece);
  absl::Status close();

 private:
  absl::Status cannot_open(int number, std::string_view purpose) const;

  std::string path_;
  int descriptor_ = -1;
};

}  // namespace troupe
