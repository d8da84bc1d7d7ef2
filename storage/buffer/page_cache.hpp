#pragma once
/// The clean pages of one partition in memory, up to a budget; and the faults under way.
/// Pages of trees hang on their parents; the map holds only overflow pages and pages that arrived and were not yet
/// attached. Eviction happens in install() and shrink() alone, so an operation that found its pages keeps them.
/// Owner: the partition.
#include <cstdint>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "storage/buffer/replacement_policy.hpp"
#include "storage/page/page_address.hpp"

namespace troupe {

class PageCache {
 public:
  explicit PageCache(uint64_t budget_bytes) : budget_bytes_{budget_bytes}, policy_{make_two_queue_policy()} {}
  ~PageCache();
  PageCache(const PageCache&) = delete;
  PageCache& operator=(const PageCache&) = delete;

  // Faults.
  PageFault request(PageAddress address);
  /// The page came. False: nobody asked for it, or it was freed meanwhile (see cancel_request).
  bool install(PageAddress address, PageImage image);
  /// Marks a request as unwanted because its extent is free now. False: there was none. Until the read is over
  /// (install or forget_request) the extent must not be written again.
  bool cancel_request(PageAddress address);
  struct EndedRequest {
    bool known = false;
    bool cancelled = false;
  };
  EndedRequest end_request(PageAddress address);
  /// Whoever asked is gone.
  void forget_requests() { requests_.clear(); }

  // Pages that no parent holds.
  ResidentPage* find(uint64_t word) const;
  /// Out of the map, to be attached to its parent; nullptr when it is not there.
  ResidentPage* take(uint64_t word);
  void hold(ResidentPage& page);
  void release(ResidentPage& page);

  // Replacement.
  void add_clean(ResidentPage& page, bool fresh);
  /// Dirty from now on, or about to be deleted.
  void remove_clean(ResidentPage& page);
  /// Its children left or came: only a page without children in memory may go.
  void update_evictable(ResidentPage& page);
  /// Evicts until clean and `other_bytes` (dirty ones) fit the budget; a quarter of it is always for clean pages.
  void shrink(uint64_t other_bytes);

  uint64_t clean_bytes() const { return clean_bytes_; }
  uint64_t evictions() const { return evictions_; }
  uint64_t faults() const { return faults_; }
  void check_invariants() const { policy_->check_invariants(); }

 private:
  void evict(ResidentPage& page);

  uint64_t budget_bytes_;
  uint64_t clean_bytes_ = 0;
  uint64_t evictions_ = 0;
  uint64_t faults_ = 0;
  std::unique_ptr<ReplacementPolicy> policy_;
  absl::flat_hash_map<uint64_t, ResidentPage*> by_word_;
  absl::flat_hash_map<PageAddress, bool> requests_;  ///< address -> cancelled
};

}  // namespace troupe
