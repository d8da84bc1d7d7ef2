#pragma once
/// A small set of oids, from any thread.
#include <mutex>
#include <set>

#include "storage/catalog/names.hpp"

namespace troupe {

class OidSet {
 public:
  /// Whether it was not there.
  bool insert(Oid oid) {
    const std::lock_guard lock(mutex_);
    return oids_.insert(oid).second;
  }
  void erase(Oid oid) {
    const std::lock_guard lock(mutex_);
    oids_.erase(oid);
  }

 private:
  std::mutex mutex_;
  std::set<Oid> oids_;
};

}  // namespace troupe
