#pragma once
/// What befalls the node: which faults a run has, when, and how the node comes up again.
/// A seed draws its own set of faults, because some bugs need others to be absent.
#include <set>
#include <string>
#include <vector>

#include "tests/sim/referee.hpp"

namespace troupe::sim {

class Mishaps {
 public:
  Mishaps(World& world, Referee& referee, const std::vector<std::string>& wanted, uint64_t steps);

  /// After each step of the main phase.
  void step();
  /// Nothing fails any more, and the node is up; false when it refuses to start because of damage, or is wrong.
  bool settle();
  /// Damage was reported where nothing can go on from it: the run is over, and fine.
  bool over() const { return over_; }
  uint64_t happened() const { return happened_; }
  std::string story() const;

 private:
  bool has(const char* fault) const { return faults_.contains(fault); }
  void happen();
  void fall(Ending ending);
  void rise();
  void look_after_node();
  void watch_events();
  void fail_once();
  void fill_disk();
  void flip_bit();
  void flip_in_page();
  void kill_actor();

  World& world_;
  Referee& referee_;
  Random& random_;
  std::set<std::string> faults_;
  std::vector<std::string> repertoire_;
  std::set<uint64_t> when_;
  uint64_t step_ = 0;
  uint64_t happened_ = 0;
  uint64_t rise_at_ = 0;  ///< step; 0: not planned
  uint64_t fence_ends_at_ = 0;
  uint64_t disk_empties_at_ = 0;
  uint64_t seen_event_ = 0;
  bool armed_ = false;  ///< a fault waits for its call
  bool over_ = false;
  uint64_t kills_ = 0;
};

}  // namespace troupe::sim
