#include "storage/column/row_codec.hpp"

#include <algorithm>

namespace troupe {
namespace {

constexpr uint32_t kVarlenSlotBytes = 4;

uint32_t slot_width(Physical kind) { return kind == Physical::kVarlen ? kVarlenSlotBytes : width(kind); }

/// Writes one row: every column once, in order.
class RowBuilder {
 public:
  RowBuilder(const RowLayout& layout, std::string* out) : layout_{layout}, out_{out}, start_{out->size()} {
    const uint32_t n = layout.columns();
    bitmap_ = start_ + 2;
    fixed_ = bitmap_ + (n + 7) / 8;
    out->resize(fixed_ + layout.offset(n), '\0');
    const auto count = static_cast<uint16_t>(n);
    std::memcpy(out->data() + start_, &count, 2);
  }
  void null(uint32_t column) {
    (*out_)[bitmap_ + column / 8] |= static_cast<char>(1 << (column % 8));
    if (layout_.kind(column) == Physical::kVarlen) end_varlen(column);
  }
  void fixed(uint32_t column, const void* payload) {
    std::memcpy(out_->data() + fixed_ + layout_.offset(column), payload, width(layout_.kind(column)));
  }
  void varlen(uint32_t column, std::string_view bytes) {
    out_->append(bytes);
    end_varlen(column);
  }
  void value(uint32_t column, const Value& v) {
    if (v.is_null()) {
      null(column);
    } else if (layout_.kind(column) == Physical::kVarlen) {
      varlen(column, v.bytes());
    } else {
      fixed(column, v.raw());
    }
  }
  void from_vector(uint32_t column, const Vector& v, uint32_t row) {
    if (v.is_null(row)) {
      null(column);
    } else if (layout_.kind(column) == Physical::kVarlen) {
      varlen(column, v.string(row));
    } else {
      fixed(column, v.values<uint8_t>() + static_cast<size_t>(v.position(row)) * width(v.kind()));
    }
  }

 private:
  void end_varlen(uint32_t column) {
    const auto end = static_cast<uint32_t>(out_->size() - fixed_ - layout_.offset(layout_.columns()));
    std::memcpy(out_->data() + fixed_ + layout_.offset(column), &end, sizeof end);
  }

  const RowLayout& layout_;
  std::string* out_;
  size_t start_, bitmap_, fixed_;
};

/// One column of many rows into `out`.
class ColumnDecoder {
 public:
  ColumnDecoder(const RowLayout& layout, std::span<const std::string_view> rows, uint32_t column, const Value* missing)
      : layout_{layout}, rows_{rows}, column_{column}, missing_{missing} {}

  void decode(const Ref<Shared>& owner, Vector* out) {
    out->reset(layout_.kind(column_), static_cast<uint32_t>(rows_.size()));
    switch (layout_.kind(column_)) {
      case Physical::kBool: return fixed<uint8_t>(out);
      case Physical::kInt16: return fixed<uint16_t>(out);
      case Physical::kInt32:
      case Physical::kFloat32: return fixed<uint32_t>(out);
      case Physical::kInt64:
      case Physical::kFloat64: return fixed<uint64_t>(out);
      case Physical::kFixed16: return fixed<Fixed16>(out);
      case Physical::kVarlen: return strings(owner, out);
    }
  }

 private:
  template <typename T>
  void fixed(Vector* out) {
    T* to = out->mutable_values<T>();
    for (uint32_t i = 0; i < rows_.size(); ++i) {
      const RowView row(layout_, rows_[i]);
      if (present(row, i, out)) to[i] = row.get<T>(column_);
    }
  }
  void strings(const Ref<Shared>& owner, Vector* out) {
    if (owner) out->keep(owner);
    StringRef* to = out->mutable_values<StringRef>();
    for (uint32_t i = 0; i < rows_.size(); ++i) {
      const RowView row(layout_, rows_[i]);
      if (!present(row, i, out)) continue;
      const std::string_view bytes = row.string(column_);
      to[i] = owner ? StringRef(bytes) : out->store(bytes);
    }
  }
  /// False when it has set the row itself: a null or a missing column's default.
  bool present(const RowView& row, uint32_t i, Vector* out) {
    if (row.is_missing(column_)) {
      if (missing_ == nullptr || missing_->is_null()) {
        out->set_null(i);
      } else {
        out->set_value(i, *missing_);
      }
      return false;
    }
    if (!row.is_null(column_)) return true;
    out->set_null(i);
    return false;
  }

  const RowLayout& layout_;
  std::span<const std::string_view> rows_;
  uint32_t column_;
  const Value* missing_;
};

absl::Status corrupt_row(std::string_view what) { return error(ErrorCode::kDataCorrupted, "damaged row: ", what); }

}  // namespace

RowLayout::RowLayout(std::vector<Physical> kinds) : kinds_{std::move(kinds)} {
  TROUPE_CHECK(kinds_.size() <= kRowColumnsMax);
  offsets_.reserve(kinds_.size() + 1);
  previous_varlen_.reserve(kinds_.size());
  uint32_t offset = 0;
  int32_t varlen = kNoVarlen;
  for (uint32_t i = 0; i < kinds_.size(); ++i) {
    offsets_.push_back(offset);
    previous_varlen_.push_back(varlen);
    offset += slot_width(kinds_[i]);
    if (kinds_[i] == Physical::kVarlen) varlen = static_cast<int32_t>(i);
  }
  offsets_.push_back(offset);
}

absl::Status RowView::verify(const RowLayout& layout, std::string_view bytes) {
  if (bytes.size() < 2) return corrupt_row("no column count");
  uint16_t stored;
  std::memcpy(&stored, bytes.data(), 2);
  if (stored > layout.columns()) return corrupt_row("more columns than the table");
  const size_t fixed_end = 2 + (stored + 7u) / 8 + layout.offset(stored);
  if (bytes.size() < fixed_end) return corrupt_row("its fixed part is cut");
  const RowView row(layout, bytes);
  uint32_t end = 0;
  for (uint32_t c = 0; c < stored; ++c) {
    if (layout.kind(c) != Physical::kVarlen) continue;
    const auto next = row.get<uint32_t>(c);
    if (next < end || next > bytes.size() - fixed_end) return corrupt_row("a string is outside it");
    end = next;
  }
  return absl::OkStatus();
}

Value RowView::value(uint32_t column, const Value& missing) const {
  if (is_missing(column)) return missing;
  const Physical kind = layout_->kind(column);
  if (is_null(column)) return Value::null(kind);
  return kind == Physical::kVarlen ? Value::of(string(column)) : value_of_bytes(kind, slot(column));
}

void encode_row(const RowLayout& layout, std::span<const Value> values, std::string* out) {
  TROUPE_CHECK(values.size() == layout.columns());
  RowBuilder row(layout, out);
  for (uint32_t c = 0; c < layout.columns(); ++c) row.value(c, values[c]);
}

void encode_row(const RowLayout& layout, const Batch& batch, uint32_t row, std::string* out) {
  TROUPE_CHECK(batch.columns.size() == layout.columns());
  RowBuilder builder(layout, out);
  for (uint32_t c = 0; c < layout.columns(); ++c) builder.from_vector(c, batch.columns[c], row);
}

void encode_row(const RowLayout& layout, std::span<const Vector* const> columns, uint32_t row, std::string* out) {
  TROUPE_CHECK(columns.size() == layout.columns());
  RowBuilder builder(layout, out);
  for (uint32_t c = 0; c < layout.columns(); ++c) builder.from_vector(c, *columns[c], row);
}

void encode_changed_row(const RowLayout& layout, RowView old, std::span<const uint32_t> columns,
                        std::span<const Value> values, std::span<const Value> defaults, std::string* out) {
  RowBuilder row(layout, out);
  size_t next = 0;
  for (uint32_t c = 0; c < layout.columns(); ++c) {
    if (next < columns.size() && columns[next] == c) {
      row.value(c, values[next++]);
    } else if (old.is_missing(c)) {
      row.value(c, c < defaults.size() ? defaults[c] : Value{});
    } else if (old.is_null(c)) {
      row.null(c);
    } else if (layout.kind(c) == Physical::kVarlen) {
      row.varlen(c, old.string(c));
    } else {
      row.fixed(c, old.slot(c));
    }
  }
  TROUPE_CHECK_MSG(next == columns.size(), "changed columns must ascend");
}

void decode_rows(const RowLayout& layout, std::span<const std::string_view> rows, std::span<const uint32_t> columns,
                 std::span<const Value> defaults, Ref<Shared> owner, Batch* out) {
  out->rows = static_cast<uint32_t>(rows.size());
  out->columns.resize(columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    const Value* missing = columns[i] < defaults.size() ? &defaults[columns[i]] : nullptr;
    ColumnDecoder(layout, rows, columns[i], missing).decode(owner, &out->columns[i]);
  }
}

}  // namespace troupe
