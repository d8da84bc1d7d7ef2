#include "storage/column/batch_codec.hpp"

#include "storage/base/bytes.hpp"

namespace troupe {
namespace {

// u32 rows · u32 columns · per column a header · then, aligned: values, validity words, string bytes.
constexpr uint8_t kFlagConstant = 1, kFlagNulls = 2;
constexpr size_t kAlign = 16;
constexpr uint32_t kRowsMax = 1u << 28, kColumnsMax = 4096;

struct ColumnHeader {
  uint8_t kind = 0;
  uint8_t flags = 0;
  uint16_t unused = 0;
  uint32_t values_at = 0;  ///< from the batch's start
  uint32_t nulls_at = 0;
  uint32_t strings_at = 0;
  uint32_t strings_size = 0;
};
static_assert(sizeof(ColumnHeader) == 20);

absl::Status corrupt_batch(std::string_view what) {
  return error(ErrorCode::kDataCorrupted, "damaged batch: ", what);
}

class BatchEncoder {
 public:
  explicit BatchEncoder(std::string* out) : out_{out}, start_{out->size()} {}

  void encode(const Batch& batch) {
    ByteWriter writer(out_);
    writer.u32(batch.rows);
    writer.u32(static_cast<uint32_t>(batch.columns.size()));
    const size_t headers = out_->size();
    out_->resize(headers + batch.columns.size() * sizeof(ColumnHeader));
    for (size_t i = 0; i < batch.columns.size(); ++i) {
      const ColumnHeader header = column(batch.columns[i]);
      std::memcpy(out_->data() + headers + i * sizeof header, &header, sizeof header);
    }
  }

 private:
  ColumnHeader column(const Vector& v) {
    ColumnHeader header;
    header.kind = static_cast<uint8_t>(v.kind());
    const uint32_t stored = v.is_constant() ? 1 : v.size();
    if (v.is_constant()) header.flags |= kFlagConstant;
    header.values_at = align();
    if (v.kind() == Physical::kVarlen) {
      strings(v, stored, &header);
    } else {
      out_->append(reinterpret_cast<const char*>(v.values<uint8_t>()), static_cast<size_t>(stored) * width(v.kind()));
    }
    if (v.may_have_nulls()) nulls(v, stored, &header);
    return header;
  }
  void strings(const Vector& v, uint32_t stored, ColumnHeader* header) {
    const size_t ends = out_->size();
    out_->resize(ends + static_cast<size_t>(stored) * 4);
    const size_t bytes = out_->size();
    for (uint32_t i = 0; i < stored; ++i) {
      if (!v.is_null(i)) out_->append(v.string(i));
      const auto end = static_cast<uint32_t>(out_->size() - bytes);
      std::memcpy(out_->data() + ends + static_cast<size_t>(i) * 4, &end, 4);
    }
    header->strings_at = static_cast<uint32_t>(bytes - start_);
    header->strings_size = static_cast<uint32_t>(out_->size() - bytes);
  }
  void nulls(const Vector& v, uint32_t stored, ColumnHeader* header) {
    header->flags |= kFlagNulls;
    header->nulls_at = align();
    const size_t words = (static_cast<size_t>(stored) + 63) / 64;
    if (v.bit_offset() == 0) {
      out_->append(reinterpret_cast<const char*>(v.validity_words()), words * 8);
      return;
    }
    const size_t at = out_->size();
    out_->resize(at + words * 8, '\0');
    for (uint32_t i = 0; i < stored; ++i) {
      if (!v.is_null(i)) (*out_)[at + i / 8] |= static_cast<char>(1 << (i % 8));
    }
  }
  uint32_t align() {
    const size_t size = (out_->size() - start_ + kAlign - 1) / kAlign * kAlign;
    out_->resize(start_ + size);
    return static_cast<uint32_t>(size);
  }

  std::string* out_;
  size_t start_;
};

class BatchDecoder {
 public:
  BatchDecoder(std::string_view bytes, Ref<Shared> owner) : bytes_{bytes}, owner_{std::move(owner)} {}

  absl::StatusOr<Batch> decode() {
    ByteReader reader(bytes_);
    Batch batch;
    batch.rows = reader.u32();
    const uint32_t columns = reader.u32();
    if (!reader.ok() || batch.rows > kRowsMax || columns > kColumnsMax) return corrupt_batch("its header");
    batch.columns.reserve(columns);
    for (uint32_t i = 0; i < columns; ++i) {
      const std::string_view raw = reader.raw(sizeof(ColumnHeader));
      if (!reader.ok()) return corrupt_batch("its columns' headers");
      ColumnHeader header;
      std::memcpy(&header, raw.data(), sizeof header);
      TROUPE_ASSIGN_OR_RETURN(Vector column, this->column(header, batch.rows));
      batch.columns.push_back(std::move(column));
    }
    return batch;
  }

 private:
  absl::StatusOr<Vector> column(const ColumnHeader& header, uint32_t rows) {
    if (header.kind > static_cast<uint8_t>(Physical::kVarlen)) return corrupt_batch("an unknown kind");
    const auto kind = static_cast<Physical>(header.kind);
    const bool constant = (header.flags & kFlagConstant) != 0;
    const uint32_t stored = constant ? 1 : rows;
    const uint64_t* nulls = nullptr;
    if ((header.flags & kFlagNulls) != 0) {
      const size_t words = (static_cast<size_t>(stored) + 63) / 64;
      if (!inside(header.nulls_at, words * 8)) return corrupt_batch("nulls are outside it");
      nulls = reinterpret_cast<const uint64_t*>(bytes_.data() + header.nulls_at);
    }
    Vector v;
    if (kind == Physical::kVarlen) {
      TROUPE_ASSIGN_OR_RETURN(v, strings(header, stored, nulls));
    } else {
      TROUPE_ASSIGN_OR_RETURN(v, fixed(header, kind, stored, nulls));
    }
    return constant ? as_constant(v, rows) : v;
  }
  absl::StatusOr<Vector> fixed(const ColumnHeader& header, Physical kind, uint32_t stored, const uint64_t* nulls) {
    const size_t size = static_cast<size_t>(stored) * width(kind);
    if (!inside(header.values_at, size)) return corrupt_batch("values are outside it");
    const char* values = bytes_.data() + header.values_at;
    const bool aligned = reinterpret_cast<uintptr_t>(values) % std::min<uint32_t>(width(kind), 8) == 0 &&
                         reinterpret_cast<uintptr_t>(nulls) % 8 == 0;
    if (aligned && owner_) return Vector::view(kind, stored, values, nulls, owner_);
    Vector v(kind, stored);
    std::memcpy(v.mutable_values<uint8_t>(), values, size);
    copy_nulls(nulls, &v);
    return v;
  }
  absl::StatusOr<Vector> strings(const ColumnHeader& header, uint32_t stored, const uint64_t* nulls) {
    if (!inside(header.values_at, static_cast<size_t>(stored) * 4) ||
        !inside(header.strings_at, header.strings_size)) {
      return corrupt_batch("strings are outside it");
    }
    Vector v(Physical::kVarlen, stored);
    if (owner_) v.keep(owner_);
    StringRef* to = v.mutable_values<StringRef>();
    const char* bytes = bytes_.data() + header.strings_at;
    uint32_t from = 0;
    for (uint32_t i = 0; i < stored; ++i) {
      uint32_t end;
      std::memcpy(&end, bytes_.data() + header.values_at + static_cast<size_t>(i) * 4, 4);
      if (end < from || end > header.strings_size) return corrupt_batch("a string is outside it");
      const std::string_view text(bytes + from, end - from);
      to[i] = owner_ ? StringRef(text) : v.store(text);
      from = end;
    }
    copy_nulls(nulls, &v);
    return v;
  }
  static void copy_nulls(const uint64_t* nulls, Vector* v) {
    if (nulls == nullptr) return;
    const auto* bits = reinterpret_cast<const uint8_t*>(nulls);
    for (uint32_t i = 0; i < v->size(); ++i) {
      if (((bits[i / 8] >> (i % 8)) & 1) == 0) v->set_null(i);
    }
  }
  static Vector as_constant(const Vector& one, uint32_t rows) { return Vector::constant(one.value(0), rows); }
  bool inside(size_t at, size_t size) const { return at <= bytes_.size() && size <= bytes_.size() - at; }

  std::string_view bytes_;
  Ref<Shared> owner_;
};

absl::StatusOr<Value> decode_value(ByteReader* reader) {
  const uint8_t tag = reader->u8();
  const uint8_t raw_kind = tag & 0x7F;
  if (!reader->ok() || raw_kind > static_cast<uint8_t>(Physical::kVarlen)) {
    return error(ErrorCode::kDataCorrupted, "damaged value list");
  }
  const auto kind = static_cast<Physical>(raw_kind);
  if ((tag & 0x80) != 0) return Value::null(kind);
  if (kind == Physical::kVarlen) return Value::text(std::string(reader->bytes()));
  const std::string_view payload = reader->raw(width(kind));
  if (!reader->ok()) return error(ErrorCode::kDataCorrupted, "damaged value list");
  return value_of_bytes(kind, payload.data());
}

}  // namespace

void encode_batch(const Batch& batch, std::string* out) { BatchEncoder(out).encode(batch); }

absl::StatusOr<Batch> decode_batch(std::string_view bytes, Ref<Shared> owner) {
  return BatchDecoder(bytes, std::move(owner)).decode();
}

absl::StatusOr<Batch> decode_batch(std::string_view bytes, const FrameBytes& frame) {
  return BatchDecoder(bytes, FrameHolder::of(frame)).decode();
}

void encode_values(std::span<const Value> values, std::string* out) {
  ByteWriter writer(out);
  writer.varint(values.size());
  for (const Value& v : values) {
    writer.u8(static_cast<uint8_t>(static_cast<uint8_t>(v.kind()) | (v.is_null() ? 0x80 : 0)));
    if (v.is_null()) continue;
    if (v.kind() == Physical::kVarlen) {
      writer.bytes(v.bytes());
    } else {
      writer.raw(v.raw(), width(v.kind()));
    }
  }
}

absl::StatusOr<std::vector<Value>> decode_values(std::string_view bytes) {
  ByteReader reader(bytes);
  const uint64_t count = reader.varint();
  if (!reader.ok() || count > reader.remaining()) return error(ErrorCode::kDataCorrupted, "damaged value list");
  std::vector<Value> values;
  values.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    TROUPE_ASSIGN_OR_RETURN(Value v, decode_value(&reader));
    values.push_back(std::move(v));
  }
  if (!reader.ok()) return error(ErrorCode::kDataCorrupted, "damaged value list");
  return values;
}

}  // namespace troupe
