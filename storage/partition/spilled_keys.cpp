#include "storage/partition/spilled_keys.hpp"

#include "storage/base/bytes.hpp"
#include "storage/base/check.hpp"

namespace troupe {
namespace {

/// A value: whether the key was written once, then command, operation and row of each entry.
void encode(const PendingKey& key, std::string* bytes) {
  ByteWriter out(bytes);
  out.u8(key.written_once ? 1 : 0);
  for (const PendingEntry& entry : key.entries) {
    out.varint(entry.command);
    out.u8(static_cast<uint8_t>(entry.op));
    out.bytes(entry.row);
  }
}

void decode(std::string_view bytes, const CommandRanges& taken_back, PendingKey* key) {
  ByteReader in(bytes);
  key->written_once = in.u8() != 0;
  while (in.ok() && !in.at_end()) {
    PendingEntry entry;
    entry.command = static_cast<CommandId>(in.varint());
    entry.op = static_cast<ChangeOp>(in.u8());
    entry.row = in.bytes();
    if (taken_back.contains(entry.command)) {
      key->written_once = false;
    } else {
      key->entries.push_back(entry);
    }
  }
  TROUPE_CHECK(in.ok());
}

}  // namespace

PageFault SpilledKeys::read(const ValueRef& value, const CommandRanges& taken_back, PendingKey* found) {
  found->entries.clear();
  found->written_once = true;
  std::string_view bytes;
  if (const PageFault fault = tree_.load(value, &bytes); fault.needed()) return fault;
  decode(bytes, taken_back, found);
  return {};
}

PageFault SpilledKeys::find(std::string_view key, const CommandRanges& taken_back, PendingKey* found) {
  found->entries.clear();
  found->written_once = true;
  const Tree::Lookup lookup = tree_.find(key);
  return lookup.found ? read(lookup.value, taken_back, found) : lookup.fault;
}

PageFault SpilledKeys::add(std::string_view key, const PendingKey& newer, const CommandRanges& taken_back) {
  encoded_.clear();
  PendingKey merged;
  if (const PageFault fault = find(key, taken_back, &merged); fault.needed()) return fault;
  merged.written_once = newer.written_once && merged.written_once && merged.entries.empty();
  for (const PendingEntry& entry : newer.entries) merged.put(entry);
  encode(merged, &encoded_);
  return tree_.put(key, encoded_);
}

}  // namespace troupe
