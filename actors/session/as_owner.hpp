#pragma once
/// While it lives, what a session does on its own account is asked for no rights: looking after foreign keys and
/// temporary tables is the system's business, not that of the role whose statement is running.
#include <utility>

#include "storage/catalog/names.hpp"

namespace troupe {

class AsOwner {
 public:
  explicit AsOwner(Oid* role) : role_{role}, before_{std::exchange(*role, kBootstrapRole)} {}
  ~AsOwner() { *role_ = before_; }
  AsOwner(const AsOwner&) = delete;
  AsOwner& operator=(const AsOwner&) = delete;

 private:
  Oid* role_;
  const Oid before_;
};

}  // namespace troupe
