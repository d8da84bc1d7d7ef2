#include "storage/column/vector.hpp"

#include <algorithm>

namespace troupe {
namespace {

size_t data_bytes(Physical kind, uint32_t rows) {
  return (static_cast<size_t>(rows) * width(kind) + 15) & ~size_t{15};
}
size_t bitmap_words(uint32_t rows) { return (static_cast<size_t>(rows) + 63) / 64; }

}  // namespace

Vector Vector::constant(const Value& value, uint32_t rows) {
  Vector v(value.kind(), 1);
  v.set_value(0, value);
  v.constant_ = true;
  v.size_ = rows;
  return v;
}

Vector Vector::null_constant(Physical kind, uint32_t rows) { return constant(Value::null(kind), rows); }

Vector Vector::view(Physical kind, uint32_t rows, const void* data, const uint64_t* validity, Ref<Shared> owner) {
  Vector v;
  v.kind_ = kind;
  v.size_ = rows;
  v.data_ = static_cast<uint8_t*>(const_cast<void*>(data));
  v.validity_ = const_cast<uint64_t*>(validity);
  v.owner_ = std::move(owner);
  return v;
}

void Vector::reset(Physical kind, uint32_t rows) {
  reset_empty(kind, rows);
  size_ = rows;
}

void Vector::reset_empty(Physical kind, uint32_t capacity) {
  const size_t bytes = data_bytes(kind, capacity) + bitmap_words(capacity) * 8;
  Ref<Buffer> buffer = Buffer::allocate(std::max<size_t>(bytes, 1));
  kind_ = kind;
  constant_ = false;
  size_ = 0;
  capacity_ = capacity;
  bit_offset_ = 0;
  data_ = buffer->data();
  validity_ = nullptr;
  owner_ = std::move(buffer);
  heap_ = {};
  heap_is_shared_ = false;
}

void Vector::make_validity() {
  TROUPE_CHECK_MSG(capacity_ > 0 && !constant_, "a shared vector is never written");
  validity_ = reinterpret_cast<uint64_t*>(data_ + data_bytes(kind_, capacity_));
  std::memset(validity_, 0xFF, bitmap_words(capacity_) * 8);
}

void Vector::set_null(uint32_t row) {
  if (validity_ == nullptr) make_validity();
  validity_[row >> 6] &= ~(uint64_t{1} << (row & 63));
  // Readers that look before asking for nulls must find no wild pointer.
  std::memset(data_ + static_cast<size_t>(row) * width(kind_), 0, width(kind_));
}

void Vector::set_all_null() {
  if (size_ == 0) return;
  if (validity_ == nullptr) make_validity();
  std::memset(validity_, 0, bitmap_words(capacity_) * 8);
  std::memset(data_, 0, static_cast<size_t>(size_) * width(kind_));
}

void Vector::set_value(uint32_t row, const Value& v) {
  if (v.is_null()) {
    set_null(row);
  } else if (kind_ == Physical::kVarlen) {
    set_string(row, v.bytes());
  } else {
    std::memcpy(data_ + static_cast<size_t>(row) * width(kind_), v.raw(), width(kind_));
  }
}

StringHeap& Vector::heap() {
  if (!heap_) {
    heap_ = StringHeap::make();
  } else if (heap_is_shared_) {
    Ref<StringHeap> own = StringHeap::make();
    own->keep(heap_);
    heap_ = std::move(own);
  }
  heap_is_shared_ = false;
  return *heap_;
}

void Vector::keep(Ref<Shared> owner) { heap().keep(std::move(owner)); }

void Vector::keep_strings_of(const Vector& other) {
  // A view's strings may point into the view's owner.
  if (other.capacity_ == 0 && other.owner_) keep(other.owner_);
  if (!other.heap_ || other.heap_.get() == heap_.get()) return;
  if (!heap_) {
    heap_ = other.heap_;
    heap_is_shared_ = true;
  } else {
    keep(other.heap_);
  }
}

void Vector::grow() {
  TROUPE_CHECK_MSG(!constant_ && (capacity_ > 0 || data_ == nullptr || size_ == 0), "a shared vector is never written");
  const uint32_t wanted = std::max<uint32_t>(capacity_ * 2, 16);
  Ref<Buffer> buffer = Buffer::allocate(data_bytes(kind_, wanted) + bitmap_words(wanted) * 8);
  if (size_ > 0) std::memcpy(buffer->data(), data_, static_cast<size_t>(size_) * width(kind_));
  uint64_t* validity = nullptr;
  if (validity_ != nullptr) {
    validity = reinterpret_cast<uint64_t*>(buffer->data() + data_bytes(kind_, wanted));
    std::memset(validity, 0xFF, bitmap_words(wanted) * 8);
    std::memcpy(validity, validity_, bitmap_words(size_) * 8);
  }
  data_ = buffer->data();
  validity_ = validity;
  capacity_ = wanted;
  owner_ = std::move(buffer);
}

void Vector::append_null() {
  reserve_one();
  ++size_;
  set_null(size_ - 1);
}

void Vector::append_value(const Value& v) {
  reserve_one();
  ++size_;
  set_value(size_ - 1, v);
}

void Vector::append_from(const Vector& other, uint32_t row) {
  reserve_one();
  const uint32_t at = other.position(row);
  ++size_;
  if (other.is_null(row)) {
    set_null(size_ - 1);
    return;
  }
  const uint32_t bytes = width(kind_);
  std::memcpy(data_ + static_cast<size_t>(size_ - 1) * bytes, other.data_ + static_cast<size_t>(at) * bytes, bytes);
  if (kind_ == Physical::kVarlen && !values<StringRef>()[size_ - 1].is_inline()) keep_strings_of(other);
}

void Vector::append_all(const Vector& other) {
  for (uint32_t row = 0; row < other.size(); ++row) append_from(other, row);
}

Value Vector::value(uint32_t row) const {
  if (is_null(row)) return Value::null(kind_);
  if (kind_ == Physical::kVarlen) return Value::of(get<StringRef>(row));
  return value_of_bytes(kind_, data_ + static_cast<size_t>(position(row)) * width(kind_));
}

uint32_t Vector::null_count() const {
  if (validity_ == nullptr) return 0;
  if (constant_) return valid_at(0) ? 0 : size_;
  uint32_t nulls = 0;
  for (uint32_t i = 0; i < size_; ++i) nulls += valid_at(i) ? 0 : 1;
  return nulls;
}

Vector Vector::slice(uint32_t from, uint32_t rows) const {
  TROUPE_CHECK(from + rows <= size_);
  Vector v = *this;
  v.size_ = rows;
  v.capacity_ = 0;
  if (!constant_) {
    v.data_ += static_cast<size_t>(from) * width(kind_);
    v.bit_offset_ += from;
  }
  v.heap_is_shared_ = true;
  return v;
}

Vector Vector::resized_constant(uint32_t rows) const {
  TROUPE_CHECK(constant_);
  Vector v = *this;
  v.capacity_ = 0;
  v.size_ = rows;
  return v;
}

namespace {

template <typename T>
void gather_values(const uint8_t* from, std::span<const uint32_t> selection, uint8_t* to) {
  const T* source = reinterpret_cast<const T*>(from);
  T* target = reinterpret_cast<T*>(to);
  for (size_t i = 0; i < selection.size(); ++i) target[i] = source[selection[i]];
}

void gather_by_width(uint32_t bytes, const uint8_t* from, std::span<const uint32_t> selection, uint8_t* to) {
  switch (bytes) {
    case 1: return gather_values<uint8_t>(from, selection, to);
    case 2: return gather_values<uint16_t>(from, selection, to);
    case 4: return gather_values<uint32_t>(from, selection, to);
    case 8: return gather_values<uint64_t>(from, selection, to);
    default: return gather_values<Fixed16>(from, selection, to);
  }
}

}  // namespace

Vector Vector::gather(std::span<const uint32_t> selection) const {
  const auto rows = static_cast<uint32_t>(selection.size());
  if (constant_) return resized_constant(rows);
  Vector v(kind_, rows);
  gather_by_width(width(kind_), data_, selection, v.data_);
  if (validity_ != nullptr) {
    for (uint32_t i = 0; i < rows; ++i) {
      if (!valid_at(selection[i])) v.set_null(i);
    }
  }
  if (kind_ == Physical::kVarlen) v.keep_strings_of(*this);
  return v;
}

Vector Vector::flattened() const {
  if (!constant_) return *this;
  Vector v(kind_, size_);
  if (is_null(0)) {
    v.set_all_null();
    return v;
  }
  const uint32_t bytes = width(kind_);
  for (uint32_t i = 0; i < size_; ++i) std::memcpy(v.data_ + static_cast<size_t>(i) * bytes, data_, bytes);
  if (kind_ == Physical::kVarlen) v.keep_strings_of(*this);
  return v;
}

void Vector::merge_nulls(const Vector& other) {
  if (other.validity_ == nullptr || size_ == 0) return;
  if (other.constant_) {
    if (!other.valid_at(0)) set_all_null();
    return;
  }
  if (other.bit_offset_ == 0) {
    // Bits beyond size_ are never read, so whole words may be merged.
    if (validity_ == nullptr) make_validity();
    for (size_t w = 0; w < bitmap_words(size_); ++w) validity_[w] &= other.validity_[w];
    return;
  }
  for (uint32_t i = 0; i < size_; ++i) {
    if (!other.valid_at(i)) set_null(i);
  }
}

size_t Vector::memory_bytes() const {
  return static_cast<size_t>(capacity_) * width(kind_) + (heap_ ? heap_->allocated_bytes() : 0);
}

void Vector::check_invariants() const {
  TROUPE_CHECK(size_ == 0 || data_ != nullptr);
  TROUPE_CHECK(constant_ || capacity_ == 0 || size_ <= capacity_);
  TROUPE_CHECK(reinterpret_cast<uintptr_t>(validity_) % 8 == 0);
  if (kind_ != Physical::kVarlen) return;
  for (uint32_t i = 0; i < size_; ++i) {
    if (!is_null(i)) TROUPE_CHECK(get<StringRef>(i).data() != nullptr);
  }
}

Batch Batch::slice(uint32_t from, uint32_t count) const {
  Batch out;
  out.rows = count;
  out.columns.reserve(columns.size());
  for (const Vector& column : columns) out.columns.push_back(column.slice(from, count));
  return out;
}

Batch Batch::gather(std::span<const uint32_t> selection) const {
  Batch out;
  out.rows = static_cast<uint32_t>(selection.size());
  out.columns.reserve(columns.size());
  for (const Vector& column : columns) out.columns.push_back(column.gather(selection));
  return out;
}

size_t Batch::memory_bytes() const {
  size_t bytes = 0;
  for (const Vector& column : columns) bytes += column.memory_bytes();
  return bytes;
}

void Batch::check_invariants() const {
  for (const Vector& column : columns) {
    TROUPE_CHECK(column.size() == rows);
    column.check_invariants();
  }
}

}  // namespace troupe
