#include "storage/log/bulk_record.hpp"

#include <lz4.h>

namespace troupe {
namespace {
/// Far above log.record_bytes_max, so that a damaged size cannot make us allocate much.
constexpr uint32_t kRawBytesMax = 256u << 20;
}  // namespace

BulkFrame build_bulk(TxnId txn, uint32_t record, uint32_t change_count, std::string_view changes) {
  auto& builder = frame_builder();
  const auto raw_bytes = static_cast<int>(changes.size());
  std::string packed;
  packed.resize(static_cast<size_t>(LZ4_compressBound(raw_bytes)));
  const int size = LZ4_compress_default(changes.data(), packed.data(), raw_bytes, static_cast<int>(packed.size()));
  const auto bytes = builder.CreateVector(reinterpret_cast<const uint8_t*>(packed.data()), static_cast<size_t>(size));
  const schema::BulkHead head(txn, record, change_count, static_cast<uint32_t>(raw_bytes));
  return finish_frame(builder, schema::CreateBulk(builder, &head, bytes));
}

absl::Status unpack_bulk(const schema::Bulk& bulk, std::string* changes) {
  const uint32_t raw_bytes = bulk.head()->raw_bytes();
  const std::string_view packed = bytes_view(bulk.changes());
  const auto damaged = [&] {
    return error(ErrorCode::kDataCorrupted, "bulk record ", bulk.head()->record(), " of transaction ",
                 bulk.head()->txn(), " cannot be decompressed to ", raw_bytes, " bytes");
  };
  if (raw_bytes > kRawBytesMax) return damaged();
  changes->resize(raw_bytes);
  const int size = LZ4_decompress_safe(packed.data(), changes->data(), static_cast<int>(packed.size()),
                                       static_cast<int>(raw_bytes));
  return size == static_cast<int>(raw_bytes) ? absl::OkStatus() : damaged();
}

}  // namespace troupe
