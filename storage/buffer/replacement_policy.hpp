#pragma once
/// Which clean page leaves the cache next.
#include <memory>

#include "storage/buffer/resident_page.hpp"

namespace troupe {

class ReplacementPolicy {
 public:
  virtual ~ReplacementPolicy() = default;
  /// A page that may be evicted: just read from the disk (`fresh`), or clean and unused again.
  virtual void insert(ResidentPage& page, bool fresh) = 0;
  /// It was dropped, changed, or got children in memory.
  virtual void remove(ResidentPage& page) = 0;
  /// Removes the next one to go and returns it; nullptr when all that is left should stay.
  virtual ResidentPage* take_victim(uint64_t capacity_bytes) = 0;
  virtual void check_invariants() const = 0;
};

/// 2Q (Johnson and Shasha, VLDB 1994), with a clock in place of the LRU list so that a hit costs one flag: a page read
/// once passes through a short queue, so a scan does not wash out the rest; read again soon after that, it stays.
std::unique_ptr<ReplacementPolicy> make_two_queue_policy();

}  // namespace troupe
