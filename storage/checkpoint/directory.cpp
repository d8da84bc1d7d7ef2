#include "storage/checkpoint/directory.hpp"

#include "storage/base/bytes.hpp"

namespace troupe {

std::string encode_directory(const Directory& directory) {
  std::string out;
  ByteWriter writer(&out);
  writer.varint(directory.trees.size());
  for (const DirectoryEntry& tree : directory.trees) {
    writer.varint(tree.id);
    writer.u64(tree.root.word);
    writer.u8(tree.root.level);
    writer.varint(tree.root.entries);
    writer.varint(tree.root.overflow_entries);
    writer.varint(tree.dropped_at);
    writer.varint(tree.tombstones);
  }
  writer.varint(directory.reclaim.size());
  for (const ReclaimItem& item : directory.reclaim) {
    writer.u64(item.word);
    writer.u8(item.level);
    writer.u8(item.has_overflow ? 1 : 0);
  }
  return out;
}

absl::StatusOr<Directory> decode_directory(std::string_view bytes) {
  Directory directory;
  ByteReader reader(bytes);
  for (uint64_t left = reader.varint(); left > 0 && reader.ok(); --left) {
    DirectoryEntry tree;
    tree.id = static_cast<TreeId>(reader.varint());
    tree.root.word = reader.u64();
    tree.root.level = reader.u8();
    tree.root.entries = reader.varint();
    tree.root.overflow_entries = reader.varint();
    tree.dropped_at = reader.varint();
    tree.tombstones = reader.varint();
    directory.trees.push_back(tree);
  }
  for (uint64_t left = reader.varint(); left > 0 && reader.ok(); --left) {
    ReclaimItem item;
    item.word = reader.u64();
    item.level = reader.u8();
    item.has_overflow = reader.u8() != 0;
    directory.reclaim.push_back(item);
  }
  if (!reader.ok() || !reader.at_end()) return error(ErrorCode::kDataCorrupted, "tree directory: malformed");
  return directory;
}

}  // namespace troupe
