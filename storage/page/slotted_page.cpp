#include "storage/page/slotted_page.hpp"

#include <bit>

#include "storage/base/check.hpp"

namespace troupe {
namespace {

constexpr uint32_t kImageBytesMin = 1024;
constexpr uint32_t kDoublingBytesMax = 16 * 1024;
constexpr uint32_t kImageStepBytes = 4 * 1024;

/// Doubles while small, so that a growing page is copied a few times; steps when large.
uint32_t image_bytes_for(uint32_t needed) {
  if (needed <= kImageBytesMin) return kImageBytesMin;
  if (needed <= kDoublingBytesMax) return std::bit_ceil(needed);
  return (needed + kImageStepBytes - 1) / kImageStepBytes * kImageStepBytes;
}

uint32_t gap_bytes(const SlottedHeader& h) {
  return h.bytes - h.heap_bytes - static_cast<uint32_t>(sizeof(SlottedHeader) + h.count * sizeof(Slot));
}

uint32_t shared_prefix(std::string_view a, std::string_view b) {
  const size_t size = std::min(a.size(), b.size());
  size_t i = 0;
  while (i < size && a[i] == b[i]) ++i;
  return static_cast<uint32_t>(i);
}

}  // namespace

void SlottedPage::append_packed(std::string* out) const {
  const SlottedHeader& h = header();
  const size_t start = out->size();
  const size_t front = sizeof(SlottedHeader) + h.count * sizeof(Slot);
  out->append(data_, front);
  out->append(data_ + h.bytes - h.heap_bytes, h.heap_bytes);
  const auto bytes = static_cast<uint32_t>(front + h.heap_bytes);
  std::memcpy(out->data() + start + offsetof(SlottedHeader, bytes), &bytes, sizeof bytes);
}

void SlottedPage::check_invariants() const {
  const SlottedHeader& h = header();
  TROUPE_CHECK(sizeof(SlottedHeader) + h.count * sizeof(Slot) + h.heap_bytes <= h.bytes);
  uint32_t live = 0;
  uint32_t overflows = 0;
  for (uint32_t i = 0; i < h.count; ++i) {
    TROUPE_CHECK(slots()[i].from_end <= h.heap_bytes);
    live += space_of(i) - static_cast<uint32_t>(sizeof(Slot));
    overflows += is_overflow(i) ? 1 : 0;
    if (i < first_searched()) continue;
    TROUPE_CHECK(i == first_searched() || key(i - 1) < key(i));
    TROUPE_CHECK(key(i).size() >= h.shared_bytes &&
                 key(i).substr(0, h.shared_bytes) == key(first_searched()).substr(0, h.shared_bytes));
    const size_t prefix = std::min<size_t>(h.shared_bytes, sizeof h.shared_prefix);
    TROUPE_CHECK(key(i).substr(0, prefix) == std::string_view(h.shared_prefix, prefix));
    TROUPE_CHECK(slots()[i].head == key_head(key(i), h.shared_bytes));
  }
  TROUPE_CHECK(live + h.garbage_bytes == h.heap_bytes && overflows == h.overflow_count);
}

PageImage SlottedEditor::make_page(PageKind kind, uint8_t level, uint32_t bytes) {
  const uint32_t size = image_bytes_for(bytes);
  PageImage image = PageImage::allocate(size);
  *reinterpret_cast<SlottedHeader*>(image.mutable_data()) = {.kind = kind,
                                                             .level = level,
                                                             .unused = 0,
                                                             .count = 0,
                                                             .bytes = size,
                                                             .heap_bytes = 0,
                                                             .garbage_bytes = 0,
                                                             .shared_bytes = 0,
                                                             .overflow_count = 0,
                                                             .ascending_run = 0,
                                                             .shared_prefix = {}};
  return image;
}

PageImage SlottedEditor::copy_of(const PageImage& from, uint32_t room) {
  const SlottedPage old(from.data());
  const SlottedHeader& h = old.header();
  PageImage image = make_page(h.kind, h.level, old.used_bytes() + room);
  SlottedEditor editor(&image);
  const uint32_t bytes = editor.header().bytes;
  editor.header() = h;
  editor.header().bytes = bytes;
  std::memcpy(editor.slots(), old.slots(), h.count * sizeof(Slot));
  if (h.garbage_bytes == 0) {
    std::memcpy(image.mutable_data() + bytes - h.heap_bytes, old.data_ + h.bytes - h.heap_bytes, h.heap_bytes);
    return image;
  }
  editor.header().heap_bytes = 0;
  editor.header().garbage_bytes = 0;
  for (uint32_t i = 0; i < h.count; ++i) {
    const uint32_t size = old.space_of(i) - static_cast<uint32_t>(sizeof(Slot));
    std::memcpy(editor.push_entry(size), old.entry(i), size);
    editor.slots()[i].from_end = editor.header().heap_bytes;
  }
  return image;
}

void SlottedEditor::make_room(uint32_t bytes) {
  if (gap_bytes(header()) < bytes) *image_ = copy_of(*image_, bytes);
}

/// Takes `size` bytes of the gap; the caller has made room.
char* SlottedEditor::push_entry(uint32_t size) {
  header().heap_bytes += size;
  return image_->mutable_data() + header().bytes - header().heap_bytes;
}

void SlottedEditor::write_entry(uint32_t i, std::string_view key, std::string_view head, std::string_view body,
                                bool overflow) {
  const EntryHeader entry_header{static_cast<uint16_t>(key.size()), static_cast<uint16_t>(head.size() + body.size()),
                                 overflow};
  char* at =
      push_entry(SlottedPage::space_for(key.size(), head.size() + body.size()) - static_cast<uint32_t>(sizeof(Slot)));
  std::memcpy(at, &entry_header, sizeof entry_header);
  at += sizeof entry_header;
  if (!key.empty()) std::memcpy(at, key.data(), key.size());
  if (!head.empty()) std::memcpy(at + key.size(), head.data(), head.size());
  if (!body.empty()) std::memcpy(at + key.size() + head.size(), body.data(), body.size());
  slots()[i].from_end = header().heap_bytes;
}

void SlottedEditor::insert(uint32_t i, std::string_view key, std::string_view head, std::string_view body,
                           bool overflow) {
  TROUPE_CHECK(key.size() <= kKeyBytesMax && head.size() + body.size() <= kInlineValueBytesMax);
  make_room(SlottedPage::space_for(key.size(), head.size() + body.size()));
  std::memmove(slots() + i + 1, slots() + i, (header().count - i) * sizeof(Slot));
  header().count += 1;
  header().overflow_count += overflow ? 1 : 0;
  write_entry(i, key, head, body, overflow);
  adopt_key(i);
}

/// Gives the new slot its head. Only a new first or last key can change what all keys share.
void SlottedEditor::adopt_key(uint32_t i) {
  const uint32_t first = page().first_searched();
  if (i < first) {
    slots()[i].head = 0;
    return;
  }
  const bool inside = i > first && i + 1 < header().count;
  const uint32_t shared = header().shared_bytes;
  if (!inside) {
    const uint32_t other = i == first ? header().count - 1 : first;
    const bool alone = other == i;
    if (alone || shared_prefix(page().key(i), page().key(other)) < shared) {
      recompute_heads();
      return;
    }
  }
  slots()[i].head = key_head(page().key(i), shared);
}

void SlottedEditor::recompute_heads() {
  const uint32_t first = page().first_searched();
  const uint32_t count = header().count;
  if (count <= first) return;
  const uint32_t shared = shared_prefix(page().key(first), page().key(count - 1));
  header().shared_bytes = shared;
  std::memcpy(header().shared_prefix, page().key(first).data(),
              std::min<size_t>(shared, sizeof header().shared_prefix));
  for (uint32_t i = first; i < count; ++i) slots()[i].head = key_head(page().key(i), shared);
}

void SlottedEditor::replace(uint32_t i, std::string_view head, std::string_view body, bool overflow) {
  EntryHeader old = SlottedPage::entry_header(entry(i));
  const auto size = static_cast<uint32_t>(head.size() + body.size());
  TROUPE_CHECK(size <= kInlineValueBytesMax);
  header().overflow_count += (overflow ? 1 : 0) - static_cast<uint32_t>(old.overflow);
  if (size <= old.value_size) {
    header().garbage_bytes += old.value_size - size;
    char* at = entry(i) + sizeof old + old.key_size;
    old.value_size = static_cast<uint16_t>(size);
    old.overflow = overflow;
    std::memcpy(entry(i), &old, sizeof old);
    if (!head.empty()) std::memcpy(at, head.data(), head.size());
    if (!body.empty()) std::memcpy(at + head.size(), body.data(), body.size());
    return;
  }
  make_room(SlottedPage::space_for(old.key_size, size));
  header().garbage_bytes += page().space_of(i) - static_cast<uint32_t>(sizeof(Slot));
  write_entry(i, page().key(i), head, body, overflow);
}

void SlottedEditor::erase_range(uint32_t begin, uint32_t end) {
  for (uint32_t i = begin; i < end; ++i) {
    header().garbage_bytes += page().space_of(i) - static_cast<uint32_t>(sizeof(Slot));
    header().overflow_count -= page().is_overflow(i) ? 1 : 0;
  }
  std::memmove(slots() + begin, slots() + end, (header().count - end) * sizeof(Slot));
  header().count -= end - begin;
  header().ascending_run = 0;
  if (header().count == 0) {
    header().heap_bytes = 0;
    header().garbage_bytes = 0;
    header().shared_bytes = 0;
  } else if (end - begin > 1) {
    recompute_heads();
  }
}

void SlottedEditor::append_from(const SlottedPage& from, uint32_t begin, uint32_t end) {
  uint32_t room = 0;
  for (uint32_t i = begin; i < end; ++i) room += from.space_of(i);
  make_room(room);
  for (uint32_t i = begin; i < end; ++i) {
    const uint32_t at = header().count++;
    const uint32_t size = from.space_of(i) - static_cast<uint32_t>(sizeof(Slot));
    std::memcpy(push_entry(size), from.entry(i), size);
    slots()[at] = {0, header().heap_bytes};
    header().overflow_count += from.is_overflow(i) ? 1 : 0;
  }
  recompute_heads();
}

void SlottedEditor::set_word(uint32_t i, uint64_t word) {
  char* at = entry(i);
  std::memcpy(at + sizeof(EntryHeader) + SlottedPage::entry_header(at).key_size, &word, sizeof word);
}

void SlottedEditor::clear_first_key() {
  const std::string value(page().value(0));
  make_room(SlottedPage::space_for(0, value.size()));
  header().garbage_bytes += page().space_of(0) - static_cast<uint32_t>(sizeof(Slot));
  write_entry(0, {}, value, {}, false);
  slots()[0].head = 0;
}

}  // namespace troupe
