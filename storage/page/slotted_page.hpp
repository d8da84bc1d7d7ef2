#pragma once
/// Leaf and inner pages of the tree: sorted slots at the front, entries growing down from the end. Used as it was
/// read, without a parse step: what is searched most, four bytes of each key after the bytes all keys share (its
/// head), stands in the slots, so a search compares integers and touches about one entry.
///
/// An entry's place is counted from the page's end, so a page is packed for the disk by leaving out its middle, and
/// grows by moving its two halves apart. In an inner page entry i's key is the lower bound of child i (entry 0 bounds
/// nothing; its key is ignored) and its value the child's address word.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "storage/page/page_format.hpp"
#include "storage/page/page_image.hpp"

namespace troupe {

inline constexpr uint32_t kKeyBytesMax = 8 * 1024;
inline constexpr uint32_t kInlineValueBytesMax = 0x7FFF;

struct SlottedHeader {
  PageKind kind;
  uint8_t level;  ///< 0: leaf
  uint16_t unused;
  uint32_t count;
  uint32_t bytes;       ///< the page's size; entries are counted from here
  uint32_t heap_bytes;  ///< entries and garbage, at the end
  uint32_t garbage_bytes;
  uint32_t shared_bytes;    ///< how many first bytes all searched keys share
  uint32_t overflow_count;  ///< entries whose value is in an overflow page
  uint32_t ascending_run;   ///< inserts in a row at the end
  char shared_prefix[16];   ///< the first of the shared bytes: a search does not touch an entry for them
};
static_assert(sizeof(SlottedHeader) == 48);

struct Slot {
  uint32_t head;      ///< four key bytes after the shared ones, big endian
  uint32_t from_end;  ///< the entry starts that many bytes before the end
};

/// Precedes key and value in the heap.
struct EntryHeader {
  uint16_t key_size;
  uint16_t value_size : 15;
  uint16_t overflow : 1;
};
static_assert(sizeof(EntryHeader) == 4);

/// Header and slots of a typical leaf.
inline constexpr size_t kSearchedBytes = 1024;

inline uint32_t key_head(std::string_view key, size_t skip) {
  uint32_t head = 0;
  if (key.size() >= skip + 4) {
    std::memcpy(&head, key.data() + skip, 4);
    return __builtin_bswap32(head);
  }
  for (size_t i = skip; i < key.size(); ++i)
    head |= static_cast<uint32_t>(static_cast<uint8_t>(key[i])) << (24 - 8 * (i - skip));
  return head;
}

/// Reads a page. Cheap to copy; valid while the image is.
class SlottedPage {
 public:
  explicit SlottedPage(const char* data) : data_{data} {}

  const SlottedHeader& header() const { return *reinterpret_cast<const SlottedHeader*>(data_); }
  uint32_t count() const { return header().count; }
  uint8_t level() const { return header().level; }
  bool is_leaf() const { return header().level == 0; }

  std::string_view key(uint32_t i) const {
    const char* at = entry(i);
    return {at + sizeof(EntryHeader), entry_header(at).key_size};
  }
  std::string_view value(uint32_t i) const {
    const char* at = entry(i);
    const EntryHeader header = entry_header(at);
    return {at + sizeof header + header.key_size, header.value_size};
  }
  bool is_overflow(uint32_t i) const { return entry_header(entry(i)).overflow != 0; }
  /// Of an inner page's child, or the first word of a value.
  uint64_t word(uint32_t i) const {
    uint64_t word;
    std::memcpy(&word, value(i).data(), sizeof word);
    return word;
  }

  struct Position {
    uint32_t index;
    bool exact;
  };
  /// The first entry whose key is not below `key`.
  Position lower_bound(std::string_view key) const;
  /// Inner pages: the child whose range holds `key`.
  uint32_t child_for(std::string_view key) const {
    const Position at = lower_bound(key);
    return at.exact ? at.index : at.index - 1;
  }

  static uint32_t space_for(size_t key_size, size_t value_size) {
    return static_cast<uint32_t>(sizeof(Slot) + sizeof(EntryHeader) + key_size + value_size);
  }
  uint32_t space_of(uint32_t i) const {
    const EntryHeader header = entry_header(entry(i));
    return space_for(header.key_size, header.value_size);
  }
  /// Without the gap and the garbage.
  uint32_t used_bytes() const {
    const SlottedHeader& h = header();
    return static_cast<uint32_t>(sizeof(SlottedHeader) + h.count * sizeof(Slot)) + h.heap_bytes - h.garbage_bytes;
  }
  /// Appends the page without its gap: what goes to the disk.
  void append_packed(std::string* out) const;

  /// Fetches what a search of a page that is not in the processor's caches will look at, all at once.
  static void prefetch(const char* data) {
    for (size_t at = 0; at < kSearchedBytes; at += 64) __builtin_prefetch(data + at);
  }

  void check_invariants() const;

 private:
  friend class SlottedEditor;
  const Slot* slots() const { return reinterpret_cast<const Slot*>(data_ + sizeof(SlottedHeader)); }
  const char* entry(uint32_t i) const { return data_ + header().bytes - slots()[i].from_end; }
  static EntryHeader entry_header(const char* at) {
    EntryHeader header;
    std::memcpy(&header, at, sizeof header);
    return header;
  }
  uint32_t first_searched() const { return header().level == 0 ? 0 : 1; }

  const char* data_;
};

/// Changes a page in place; grows its image when it must. The image must be the caller's alone.
class SlottedEditor {
 public:
  explicit SlottedEditor(PageImage* image) : image_{image} {}

  static PageImage make_page(PageKind kind, uint8_t level, uint32_t bytes);
  /// A copy with room for `room` more bytes, its gap and garbage taken out.
  static PageImage copy_of(const PageImage& from, uint32_t room);

  SlottedPage page() const { return SlottedPage(image_->data()); }

  /// The value is `head` followed by `body`.
  void insert(uint32_t i, std::string_view key, std::string_view head, std::string_view body, bool overflow);
  void replace(uint32_t i, std::string_view head, std::string_view body, bool overflow);
  void erase(uint32_t i) { erase_range(i, i + 1); }
  void erase_range(uint32_t begin, uint32_t end);
  /// Appends entries [begin, end) of `from` at the end.
  void append_from(const SlottedPage& from, uint32_t begin, uint32_t end);
  void set_word(uint32_t i, uint64_t word);
  void set_ascending_run(uint32_t run) { header().ascending_run = run; }
  /// In an inner page: entry 0's key is not searched; keeps it from taking space.
  void clear_first_key();

 private:
  SlottedHeader& header() { return *reinterpret_cast<SlottedHeader*>(image_->mutable_data()); }
  Slot* slots() { return reinterpret_cast<Slot*>(image_->mutable_data() + sizeof(SlottedHeader)); }
  char* entry(uint32_t i) { return image_->mutable_data() + header().bytes - slots()[i].from_end; }
  void make_room(uint32_t bytes);
  char* push_entry(uint32_t size);
  void write_entry(uint32_t i, std::string_view key, std::string_view head, std::string_view body, bool overflow);
  void adopt_key(uint32_t i);
  void recompute_heads();

  PageImage* image_;
};

inline SlottedPage::Position SlottedPage::lower_bound(std::string_view key) const {
  const SlottedHeader& h = header();
  const uint32_t first = first_searched();
  if (h.count <= first) return {h.count, false};
  const uint32_t shared = h.shared_bytes;
  if (shared > 0) {
    const size_t size = std::min<size_t>(shared, key.size());
    const char* prefix = shared <= sizeof h.shared_prefix ? h.shared_prefix : this->key(first).data();
    const int order = size == 0 ? 0 : std::memcmp(key.data(), prefix, size);
    if (order < 0 || (order == 0 && key.size() < shared)) return {first, false};
    if (order > 0) return {h.count, false};
  }
  const uint32_t head = key_head(key, shared);
  const Slot* base = slots() + first;
  uint32_t length = h.count - first;
  while (length > 1) {  // without branches: the processor cannot guess the way
    const uint32_t half = length / 2;
    base += half & (0u - static_cast<uint32_t>(base[half - 1].head < head));
    length -= half;
  }
  uint32_t low = static_cast<uint32_t>(base - slots()) + (base->head < head ? 1 : 0);
  if (low == h.count || slots()[low].head != head) return {low, false};
  uint32_t high = low + 1;  // [low, high): equal heads
  if (high < h.count && slots()[high].head == head) {
    uint32_t end = h.count;
    while (high < end) {
      const uint32_t middle = high + (end - high) / 2;
      if (slots()[middle].head <= head) {
        high = middle + 1;
      } else {
        end = middle;
      }
    }
  }
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    const int order = this->key(middle).compare(key);
    if (order == 0) return {middle, true};
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return {low, false};
}

}  // namespace troupe
