#pragma once
/// What clients may be told. An error that nothing in the run explains is a complaint; damage has to be reported with
/// the file's name.
#include <initializer_list>
#include <string>
#include <string_view>

#include "tests/sim/client.hpp"

namespace troupe::sim {

/// What has been done to the disk so far.
struct Mischief {
  bool io_failed = false;  ///< some call on a file failed, or was made to
  bool disk_full = false;
  bool bits_flipped = false;
};

class Referee {
 public:
  explicit Referee(World& world) : world_{world} {}

  Mischief& mischief() { return mischief_; }
  World& world() { return world_; }

  /// True when the statement succeeded. `also` are SQLSTATEs that this statement may well answer.
  bool accept(const Client& client, const Reply& reply, std::initializer_list<std::string_view> also = {});
  /// An error of the storage: true when it is a legitimate report of damage.
  bool is_damage_report(std::string_view code, std::string_view message);
  uint64_t damage_reports() const { return damage_reports_; }
  /// Grows with every start of the node.
  uint64_t lives = 0;
  bool winding_down = false;

 private:
  World& world_;
  Mischief mischief_;
  uint64_t damage_reports_ = 0;
};

}  // namespace troupe::sim
