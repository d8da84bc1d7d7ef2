#pragma once
/// COPY FROM in binary: a signature, then for each row a count of fields and each field with its size.
#include <string>

#include "runtime/protocol/copy_reader.hpp"

namespace troupe {

/// "PGCOPY\n\377\r\n\0": shows whether a transfer changed line ends or cut the eighth bit.
inline constexpr std::string_view kCopyBinarySignature{"PGCOPY\n\377\r\n\0", 11};

class CopyBinaryReader final : public CopyReader {
 public:
  CopyBinaryReader(CopyOptions options, CopyTarget target) : CopyReader(std::move(options), std::move(target)) {
    // Beyond the small-string size, so that swapping them moves no byte and views stay.
    carry_.reserve(256);
    row_carry_.reserve(256);
  }

  void feed(std::string_view data) override;
  void finish() override { finished_ = true; }
  CopyRead next_row() override;

 private:
  enum class Parsed { kDone, kMore, kError };

  /// Bytes from the start of the unit (header or row) that is being read.
  std::string_view unit() const { return carry_.empty() ? data_ : std::string_view(carry_); }
  void consume(size_t size);
  Parsed parse_header();
  Parsed parse_row();
  CopyRead need_more();
  Parsed broken(std::string_view message);

  std::string_view data_;
  std::string carry_;      // what a unit that is not whole has so far, then the piece fed
  std::string row_carry_;  // what the views of the last row point into
  size_t wanted_ = 0;      // a unit shorter than this is not looked at again
  bool header_read_ = false;
  bool trailer_read_ = false;
  bool finished_ = false;
};

}  // namespace troupe
