#pragma once
/// What clients do, and how its results are checked: by every client all the time, and at the end.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/client.hpp"
#include "tests/sim/referee.hpp"

namespace troupe::sim {

class Workload {
 public:
  explicit Workload(Referee& referee) : referee_{referee}, world_{referee.world()} {}
  virtual ~Workload() = default;

  virtual int clients() const = 0;
  /// Once, on a node that nothing happens to.
  virtual Task<void> set_up(Client& client) = 0;
  /// A transaction or so of client `number`, which is connected.
  virtual Task<void> turn(Client& client, int number) = 0;
  /// Everybody has left, nothing fails any more.
  virtual Task<void> verify(Client& client) = 0;

 protected:
  /// One statement of set-up; anything but success is a complaint.
  Task<bool> must(Client& client, std::string sql);
  void complain(std::string what) { world_.complain(std::move(what)); }

  Referee& referee_;
  World& world_;
};

/// "bank", "append", "items", "feed", "definitions", "references"; null for another name.
std::unique_ptr<Workload> make_workload(std::string_view name, Referee& referee);
const std::vector<std::string>& workload_names();

}  // namespace troupe::sim
