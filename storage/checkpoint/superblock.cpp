#include "storage/checkpoint/superblock.hpp"

#include "storage/base/bytes.hpp"
#include "storage/base/crc32c.hpp"

namespace troupe {
namespace {

constexpr uint32_t kSuperblockMagic = 0x53505254;  // "TRPS"
constexpr uint32_t kFormatVersion = 1;

}  // namespace

/// The checksum stands at the end of the slot and covers all of it.
std::string encode_superblock(const Superblock& superblock) {
  std::string out;
  ByteWriter writer(&out);
  writer.u32(kSuperblockMagic);
  writer.u32(kFormatVersion);
  writer.u64(superblock.sequence);
  writer.u16(superblock.partition);
  writer.u64(superblock.covered_scn);
  writer.u64(superblock.directory.word());
  writer.u64(superblock.free_map.word());
  writer.u64(superblock.file_grains);
  writer.raw(superblock.metadata.data(), superblock.metadata.size());
  out.resize(kSuperblockBytes - sizeof(uint32_t), '\0');
  writer.u32(crc32c(out));
  return out;
}

absl::StatusOr<Superblock> decode_superblock(std::string_view bytes, std::string_view path) {
  if (bytes.size() != kSuperblockBytes) {
    return error(ErrorCode::kDataCorrupted, "superblock of ", path, ": only ", bytes.size(), " bytes");
  }
  ByteReader tail(bytes.substr(kSuperblockBytes - sizeof(uint32_t)));
  const uint32_t expected = tail.u32();
  const uint32_t actual = crc32c(bytes.substr(0, kSuperblockBytes - sizeof(uint32_t)));
  ByteReader reader(bytes);
  const uint32_t magic = reader.u32();
  const uint32_t version = reader.u32();
  if (magic != kSuperblockMagic || actual != expected) {
    return error(ErrorCode::kDataCorrupted, "superblock of ", path, ": checksum ", actual, ", expected ", expected);
  }
  if (version != kFormatVersion) {
    return error(ErrorCode::kFeatureNotSupported, path, " has format ", version, "; this troupe reads ",
                 kFormatVersion);
  }
  Superblock superblock;
  superblock.sequence = reader.u64();
  superblock.partition = reader.u16();
  superblock.covered_scn = reader.u64();
  superblock.directory = PageAddress(reader.u64());
  superblock.free_map = PageAddress(reader.u64());
  superblock.file_grains = reader.u64();
  const std::string_view metadata = reader.raw(superblock.metadata.size());
  std::memcpy(superblock.metadata.data(), metadata.data(), metadata.size());
  return superblock;
}

namespace {

absl::StatusOr<Superblock> read_slot(const File& file, uint64_t slot) {
  std::string bytes(kSuperblockBytes, '\0');
  TROUPE_ASSIGN_OR_RETURN(const size_t read, file.read_up_to(slot * kSuperblockBytes, bytes));
  return decode_superblock(std::string_view(bytes).substr(0, read), file.path());
}

/// Damage is for the other slot to make good; everything else is the caller's.
bool fatal(const absl::StatusOr<Superblock>& slot) {
  return !slot.ok() && error_code(slot.status()) != ErrorCode::kDataCorrupted;
}

}  // namespace

absl::StatusOr<Superblock> read_superblock(const File& file) {
  const auto first = read_slot(file, 0);
  const auto second = read_slot(file, 1);
  if (fatal(first) || (first.ok() && !second.ok() && !fatal(second))) return first;
  if (fatal(second) || !first.ok()) return second;
  return first->sequence > second->sequence ? first : second;
}

absl::StatusOr<std::string> repair_superblocks(File& file) {
  TROUPE_ASSIGN_OR_RETURN(const Superblock newest, read_superblock(file));
  std::string problem;
  for (uint64_t slot = 0; slot < 2; ++slot) {
    const auto found = read_slot(file, slot);
    if (found.ok() && found->sequence == newest.sequence) continue;
    if (!found.ok()) problem = std::string(found.status().message());
    TROUPE_RETURN_IF_ERROR(file.write(slot * kSuperblockBytes, encode_superblock(newest)));
    TROUPE_RETURN_IF_ERROR(file.sync());
  }
  return problem;
}

}  // namespace troupe
