#pragma once
/// COPY FROM in text and csv: CopyLines finds the lines, this class their fields.
#include <string>

#include "runtime/protocol/copy_lines.hpp"
#include "runtime/protocol/copy_reader.hpp"

namespace troupe {

class CopyLineReader final : public CopyReader {
 public:
  CopyLineReader(CopyOptions options, CopyTarget target);

  void feed(std::string_view data) override { lines_.feed(data); }
  void finish() override { lines_.finish(); }
  CopyRead next_row() override;

 private:
  CopyRead on_end();
  CopyRead row_from(std::string_view line);
  CopyRead header_from(std::string_view line);
  absl::Status split(std::string_view line);
  /// Without escapes or quotes a field is what stands between two delimiters.
  void split_plain(std::string_view line);
  absl::Status split_escaped(std::string_view line);
  absl::Status split_quoted(std::string_view line);
  /// One csv field from `*at`, which it moves behind the delimiter; true when one was there.
  absl::StatusOr<bool> quoted_field(std::string_view line, size_t* at);
  void add_field(std::string_view value, std::string_view raw);
  absl::Status check_field_count() const;
  void apply_force_null();

  CopyLines lines_;
  std::string decoded_;  // as long as the line, so that views into it stay
  size_t decoded_size_ = 0;
  bool header_pending_;
};

}  // namespace troupe
