#pragma once
/// Vector: a column of up to kBatchRows values (or more) of one physical kind, with a validity bitmap (1 = not null).
/// Copying shares the data. Slices and views into frames cost no copy; what is shared is never written again: only
/// the vector that reset() or append() made its buffer writes, before it gives copies away.
/// Sizes: rows. A constant vector has one stored value standing for size() rows.
#include <span>
#include <string_view>
#include <vector>

#include "storage/base/check.hpp"
#include "storage/column/buffer.hpp"
#include "storage/column/physical.hpp"
#include "storage/column/string_ref.hpp"
#include "storage/column/value.hpp"

namespace troupe {

inline constexpr uint32_t kBatchRows = 2048;

class Vector {
 public:
  Vector() = default;
  explicit Vector(Physical kind, uint32_t rows = 0) { reset(kind, rows); }
  /// One value for `rows` rows.
  static Vector constant(const Value& value, uint32_t rows);
  static Vector null_constant(Physical kind, uint32_t rows);
  /// A view: `data` (aligned for the kind) and `validity` (null = all valid) live in `owner`.
  static Vector view(Physical kind, uint32_t rows, const void* data, const uint64_t* validity, Ref<Shared> owner);

  Physical kind() const { return kind_; }
  uint32_t size() const { return size_; }
  bool is_constant() const { return constant_; }
  /// Where row i's value lies: 0 for every row of a constant.
  uint32_t position(uint32_t row) const { return constant_ ? 0 : row; }

  bool may_have_nulls() const { return validity_ != nullptr; }
  bool is_null(uint32_t row) const { return validity_ != nullptr && !valid_at(position(row)); }
  uint32_t null_count() const;

  /// T must fit the kind: bool, int16_t, int32_t, int64_t, float, double, Fixed16/Interval/TimeTz, StringRef.
  template <typename T>
  const T* values() const {
    return reinterpret_cast<const T*>(data_);
  }
  template <typename T>
  const T& get(uint32_t row) const {
    return values<T>()[position(row)];
  }
  std::string_view string(uint32_t row) const { return get<StringRef>(row).view(); }
  Value value(uint32_t row) const;

  // --- building; only on a vector whose buffer is its own ---

  /// Makes it a fresh vector of `rows` uninitialised values, all valid.
  void reset(Physical kind, uint32_t rows);
  /// Fresh and empty, with room for `capacity` appends without growing.
  void reset_empty(Physical kind, uint32_t capacity = kBatchRows);
  template <typename T>
  T* mutable_values() {
    return reinterpret_cast<T*>(data_);
  }
  template <typename T>
  void set(uint32_t row, const T& v) {
    mutable_values<T>()[row] = v;
  }
  /// Copies a long string to the vector's heap.
  void set_string(uint32_t row, std::string_view text) { mutable_values<StringRef>()[row] = store(text); }
  void set_null(uint32_t row);
  /// All rows null; values zeroed.
  void set_all_null();
  void set_value(uint32_t row, const Value& v);
  /// `text` as a StringRef whose bytes this vector keeps.
  StringRef store(std::string_view text) {
    return text.size() <= StringRef::kInlineMax ? StringRef(text) : StringRef(heap().append(text));
  }
  /// Room for a long string to be written in place; wrap it in StringRef when filled.
  char* allocate_bytes(size_t size) { return heap().allocate(size); }
  StringHeap& heap();
  /// Strings of this vector may point into what `owner` holds.
  void keep(Ref<Shared> owner);
  /// Strings of this vector may point into whatever `other`'s strings point into.
  void keep_strings_of(const Vector& other);

  template <typename T>
  void append(const T& v) {
    reserve_one();
    mutable_values<T>()[size_++] = v;
  }
  void append_string(std::string_view text) {
    reserve_one();
    mutable_values<StringRef>()[size_++] = store(text);
  }
  void append_null();
  void append_value(const Value& v);
  /// Row `row` of `other` (same kind); long strings are shared, not copied.
  void append_from(const Vector& other, uint32_t row);
  void append_all(const Vector& other);
  /// Forgets rows from `rows` on.
  void truncate(uint32_t rows) { size_ = rows; }

  // --- deriving ---

  /// Rows [from, from + rows) sharing the data.
  Vector slice(uint32_t from, uint32_t rows) const;
  /// Rows selection[0..n): a copy of fixed parts, strings shared. A constant stays one.
  Vector gather(std::span<const uint32_t> selection) const;
  /// A constant spelled out; anything else is itself.
  Vector flattened() const;
  /// The same constant for another number of rows.
  Vector resized_constant(uint32_t rows) const;
  /// Combines `other`'s nulls (same number of rows, or constant) into this one's own bitmap.
  void merge_nulls(const Vector& other);

  /// Raw validity words starting at this vector's first row, or null when all are valid. Only for bit_offset() == 0.
  const uint64_t* validity_words() const { return validity_; }
  uint32_t bit_offset() const { return bit_offset_; }
  /// Bytes it keeps alive itself, roughly.
  size_t memory_bytes() const;
  void check_invariants() const;

 private:
  bool valid_at(uint32_t position) const {
    const uint32_t bit = bit_offset_ + position;
    return (validity_[bit >> 6] >> (bit & 63)) & 1;
  }
  void reserve_one() {
    if (size_ == capacity_) [[unlikely]] grow();
  }
  void grow();
  void make_validity();

  Physical kind_ = Physical::kBool;
  bool constant_ = false;
  bool heap_is_shared_ = false;  ///< another vector made the heap: append to a new one
  uint32_t size_ = 0;
  uint32_t capacity_ = 0;    ///< rows its own buffer has room for; 0 for views
  uint32_t bit_offset_ = 0;  ///< of row 0 in validity_
  uint8_t* data_ = nullptr;
  uint64_t* validity_ = nullptr;
  Ref<Shared> owner_;  ///< of data_ and validity_
  Ref<StringHeap> heap_;
};

/// Columns of equally many rows.
struct Batch {
  std::vector<Vector> columns;
  uint32_t rows = 0;

  Batch slice(uint32_t from, uint32_t count) const;
  Batch gather(std::span<const uint32_t> selection) const;
  size_t memory_bytes() const;
  void check_invariants() const;
};

}  // namespace troupe
