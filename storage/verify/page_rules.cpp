#include "storage/verify/page_rules.hpp"

#include <algorithm>
#include <cstring>

#include "storage/base/text.hpp"
#include "storage/page/slotted_page.hpp"
#include "storage/tree/tree.hpp"

namespace troupe {
namespace {

/// Of an overflow value: its page's word, its size, its first bytes.
constexpr uint32_t kOverflowValueBytes = 2 * sizeof(uint64_t) + kOverflowHeadBytes;

bool has_all_its_bytes(const PageImage& image) {
  if (image.size() < sizeof(SlottedHeader)) return false;
  const SlottedHeader& header = SlottedPage(image.data()).header();
  return header.bytes == image.size() &&
         sizeof(SlottedHeader) + uint64_t{header.count} * sizeof(Slot) + header.heap_bytes <= header.bytes;
}

Slot slot_of(const PageImage& image, uint32_t i) {
  Slot slot;
  std::memcpy(&slot, image.data() + sizeof(SlottedHeader) + i * sizeof(Slot), sizeof slot);
  return slot;
}

/// The entry lies inside the heap, and has the form that its level wants.
bool is_whole(const PageImage& image, uint32_t i) {
  const SlottedPage page(image.data());
  const uint32_t from_end = slot_of(image, i).from_end;
  if (from_end > page.header().heap_bytes || from_end < sizeof(EntryHeader)) return false;
  EntryHeader entry;
  std::memcpy(&entry, image.data() + image.size() - from_end, sizeof entry);
  if (sizeof entry + uint64_t{entry.key_size} + entry.value_size > from_end) return false;
  if (!page.is_leaf()) return entry.overflow == 0 && entry.value_size == sizeof(uint64_t);
  return entry.overflow == 0 || entry.value_size == kOverflowValueBytes;
}

/// Where a search compares integers, they are of the key.
bool is_found(const PageImage& image, uint32_t i) {
  const SlottedPage page(image.data());
  const std::string_view key = page.key(i);
  const SlottedHeader& header = page.header();
  const size_t prefix = std::min<size_t>(header.shared_bytes, sizeof header.shared_prefix);
  return key.size() >= header.shared_bytes && key.substr(0, prefix) == std::string_view(header.shared_prefix, prefix) &&
         slot_of(image, i).head == key_head(key, header.shared_bytes);
}

}  // namespace

std::optional<std::string> page_problem(const PageImage& image, uint8_t level) {
  if (!has_all_its_bytes(image)) return "its content is malformed";
  const SlottedPage page(image.data());
  if (page.level() != level) return cat("of level ", uint32_t{page.level()}, ", expected ", uint32_t{level});
  if (page.count() == 0) return "it is empty";
  uint32_t overflows = 0;
  for (uint32_t i = 0; i < page.count(); ++i) {
    if (!is_whole(image, i)) return cat("entry ", i, " is malformed");
    overflows += page.is_overflow(i) ? 1 : 0;
  }
  if (overflows != page.header().overflow_count) return "another number of overflow values than its header says";
  // The first key of an inner page bounds nothing.
  const uint32_t first = page.is_leaf() ? 0 : 1;
  for (uint32_t i = first; i < page.count(); ++i) {
    if (i > first && page.key(i) <= page.key(i - 1)) return "keys do not ascend";
    if (!is_found(image, i)) return cat("entry ", i, " is not where a search looks for it");
  }
  return std::nullopt;
}

}  // namespace troupe
