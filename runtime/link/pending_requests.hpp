#pragma once
/// The requests of one connection that wait for an answer. Time is passed in.
/// Invariant: every request added leaves exactly once, by take(), take_overdue() or take_all().
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "runtime/link/peer_link.hpp"

namespace troupe {

class PendingRequests {
 public:
  struct Request {
    PeerLink::Reply reply;
    int64_t due_ms = 0;
    uint32_t deadline_ms = 0;
  };

  /// Returns the request's correlation id, never 0.
  uint64_t add(Request request);
  /// nullopt when it is not waiting (any more).
  std::optional<Request> take(uint64_t correlation);
  std::vector<Request> take_overdue(int64_t now_ms);
  /// In the order they were made.
  std::vector<Request> take_all();

  std::optional<int64_t> next_due_ms() const;
  size_t size() const { return requests_.size(); }
  void check_invariants() const;

 private:
  absl::btree_map<uint64_t, Request> requests_;
  absl::btree_set<std::pair<int64_t, uint64_t>> by_due_;
  uint64_t last_correlation_ = 0;
};

}  // namespace troupe
