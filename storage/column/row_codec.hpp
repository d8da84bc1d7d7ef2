#pragma once
/// Rows as stored: packed, readable column by column.
///   u16 column count · null bitmap (1 = null) · fixed slots · varlen bytes
/// Every column has a slot of its width; a varlen column's slot is the u32 end of its bytes (its start is the end of
/// the varlen column before it). A row written before ADD COLUMN has fewer columns: the missing ones take the default
/// the caller supplies. Dropped columns stay as nulls, so a column's number never changes.
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/error.hpp"
#include "storage/column/physical.hpp"
#include "storage/column/value.hpp"
#include "storage/column/vector.hpp"

namespace troupe {

inline constexpr uint32_t kRowColumnsMax = 1600;

class RowLayout {
 public:
  RowLayout() = default;
  explicit RowLayout(std::vector<Physical> kinds);

  uint32_t columns() const { return static_cast<uint32_t>(kinds_.size()); }
  Physical kind(uint32_t column) const { return kinds_[column]; }
  std::span<const Physical> kinds() const { return kinds_; }
  /// Of the column's slot, from the end of the null bitmap; offset(n) is the fixed part's size for n columns.
  uint32_t offset(uint32_t column) const { return offsets_[column]; }
  static constexpr int32_t kNoVarlen = -1;
  /// The varlen column before `column`, or kNoVarlen.
  int32_t previous_varlen(uint32_t column) const { return previous_varlen_[column]; }

 private:
  std::vector<Physical> kinds_;
  std::vector<uint32_t> offsets_;
  std::vector<int32_t> previous_varlen_;
};

/// One encoded row. Points to the layout and the bytes; owns nothing. Bytes from outside must pass verify() first.
class RowView {
 public:
  RowView(const RowLayout& layout, std::string_view bytes) : layout_{&layout}, bytes_{bytes} {
    uint16_t count;
    std::memcpy(&count, bytes.data(), 2);
    stored_ = count;
    fixed_ = bytes.data() + 2 + (stored_ + 7) / 8;
  }
  static absl::Status verify(const RowLayout& layout, std::string_view bytes);

  uint32_t stored_columns() const { return stored_; }
  bool is_missing(uint32_t column) const { return column >= stored_; }
  /// Missing columns are not null: ask is_missing() first.
  bool is_null(uint32_t column) const { return (static_cast<uint8_t>(bytes_[2 + column / 8]) >> (column % 8)) & 1; }
  template <typename T>
  T get(uint32_t column) const {
    T v;
    std::memcpy(&v, slot(column), sizeof v);
    return v;
  }
  const char* slot(uint32_t column) const { return fixed_ + layout_->offset(column); }
  std::string_view string(uint32_t column) const {
    const int32_t before = layout_->previous_varlen(column);
    const uint32_t from = before < 0 ? 0 : get<uint32_t>(static_cast<uint32_t>(before));
    const char* varlen = fixed_ + layout_->offset(stored_);
    return {varlen + from, get<uint32_t>(column) - from};
  }
  /// `missing` is what a column the row does not store reads as.
  Value value(uint32_t column, const Value& missing) const;
  std::string_view bytes() const { return bytes_; }

 private:
  const RowLayout* layout_;
  std::string_view bytes_;
  const char* fixed_;
  uint32_t stored_;
};

/// Appends the encoded row to `out`.
void encode_row(const RowLayout& layout, std::span<const Value> values, std::string* out);
/// Row `row` of `batch`, whose columns are the layout's in order.
void encode_row(const RowLayout& layout, const Batch& batch, uint32_t row, std::string* out);
/// As above, with column i taken from columns[i] (an UPDATE's mix of old and new vectors).
void encode_row(const RowLayout& layout, std::span<const Vector* const> columns, uint32_t row, std::string* out);
/// The old row with some columns replaced: columns[i] becomes values[i]; missing ones become `defaults`.
/// Columns are in ascending order.
void encode_changed_row(const RowLayout& layout, RowView old, std::span<const uint32_t> columns,
                        std::span<const Value> values, std::span<const Value> defaults, std::string* out);

/// Decodes `columns` of all `rows` into `out` (one vector per entry of `columns`). defaults[c] is what layout column c
/// reads as where missing (may be empty when no row misses any). With `owner`, long strings point into the rows, which
/// `owner` keeps alive; without, they are copied.
void decode_rows(const RowLayout& layout, std::span<const std::string_view> rows, std::span<const uint32_t> columns,
                 std::span<const Value> defaults, Ref<Shared> owner, Batch* out);

}  // namespace troupe
