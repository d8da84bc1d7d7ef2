#pragma once
/// Which lines a chunk of COPY's rows was read from, for the context of errors that are found later.
/// Owner: one CopyIn.
#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

class CopySources {
 public:
  void clear() {
    lines_.clear();
    text_.clear();
    ends_.clear();
    left_.clear();
    filtered_ = false;
  }
  void add(uint64_t line, std::string_view text) {
    lines_.push_back(line);
    text_.append(text.substr(0, kShownBytes));
    ends_.push_back(static_cast<uint32_t>(text_.size()));
  }
  /// Of the rows only these are left.
  void keep(std::span<const uint32_t> selection) {
    std::vector<uint32_t> left;
    for (const uint32_t row : selection) left.push_back(filtered_ ? left_[row] : row);
    left_ = std::move(left);
    filtered_ = true;
  }
  /// All that were read are wanted again.
  void keep_all() { filtered_ = false; }
  uint64_t line(uint32_t row) const { return lines_[read_as(row)]; }
  std::string_view text(uint32_t row) const {
    const uint32_t at = read_as(row);
    const uint32_t begin = at == 0 ? 0 : ends_[at - 1];
    return std::string_view(text_).substr(begin, ends_[at] - begin);
  }

 private:
  static constexpr size_t kShownBytes = 101;  ///< one more than is shown, so that it is known to be cut

  uint32_t read_as(uint32_t row) const { return filtered_ ? left_[row] : row; }

  std::vector<uint64_t> lines_;
  std::string text_;
  std::vector<uint32_t> ends_;
  std::vector<uint32_t> left_;
  bool filtered_ = false;
};

}  // namespace troupe
