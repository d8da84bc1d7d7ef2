#pragma once
/// The fragments a partition knows, by id. Bounded: two generations; when the young one is full, the old one is dropped
/// (whoever still uses one of its fragments is asked for the definition again) and the young one becomes the old.
#include <memory>

#include "absl/container/flat_hash_map.h"

namespace troupe {

class Fragment;

class FragmentCache {
 public:
  explicit FragmentCache(size_t fragments_max) : generation_max_{fragments_max / 2 + 1} {}

  /// Null when unknown.
  std::shared_ptr<const Fragment> find(uint64_t id) {
    if (const auto it = young_.find(id); it != young_.end()) return it->second;
    const auto it = old_.find(id);
    if (it == old_.end()) return nullptr;
    std::shared_ptr<const Fragment> fragment = it->second;
    add(id, fragment);
    return fragment;
  }
  void add(uint64_t id, std::shared_ptr<const Fragment> fragment) {
    if (young_.size() >= generation_max_) {
      old_ = std::move(young_);
      young_.clear();
    }
    young_[id] = std::move(fragment);
  }
  void clear() {
    young_.clear();
    old_.clear();
  }

 private:
  using Generation = absl::flat_hash_map<uint64_t, std::shared_ptr<const Fragment>>;
  size_t generation_max_;
  Generation young_;
  Generation old_;
};

}  // namespace troupe
