#pragma once
/// What a question about many keys has found before a page was missing. It is kept while the page is fetched, because
/// all the pages of all its keys together may be more than the cache holds: starting over would never come to an end.
#include <deque>
#include <forward_list>
#include <string>
#include <vector>

#include "storage/partition/read_view.hpp"

namespace troupe {

/// Of a write: its keys are locked, so the newest versions stay the newest while it waits.
class HeldVersions {
 public:
  size_t size() const { return versions_.size(); }
  const LatestRow& operator[](size_t i) const { return versions_[i]; }
  void add(const LatestRow& version) {
    bytes_.emplace_front(version.row);
    versions_.push_back(version);
    versions_.back().row = bytes_.front();
  }

 private:
  std::vector<LatestRow> versions_;  ///< of the first keys
  std::forward_list<std::string> bytes_;  ///< stay where they are; nothing is allocated as long as there are none
};

/// Of a lookup: a snapshot's rows stay what they are.
struct HeldLookup {
  size_t keys = 0;  ///< looked up
  std::vector<uint32_t> ordinals;
  std::deque<std::string> rows;
};

}  // namespace troupe
