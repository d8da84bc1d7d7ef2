#pragma once
/// Tables that are made, changed, emptied and dropped while others work, and checkpoints.
/// Checked: a table is there, with its rows, as its only user left it (or one of two ways while that is in doubt); an
/// identity value is never given out twice.
#include <map>
#include <optional>
#include <set>

#include "tests/sim/workload.hpp"

namespace troupe::sim {

class Definitions final : public Workload {
 public:
  using Workload::Workload;
  int clients() const override { return 1; }
  Task<void> set_up(Client& client) override;
  Task<void> turn(Client& client, int number) override;
  Task<void> verify(Client& client) override;

 private:
  static constexpr int kTables = 3;
  /// How many rows, and whether it has an index; nothing: no such table.
  struct Shape {
    int rows = 0;
    bool indexed = false;
    auto operator<=>(const Shape&) const = default;
  };
  using State = std::optional<Shape>;
  enum class Deed : uint8_t { kCreate, kDrop, kInsert, kTruncate, kIndex, kDropIndex, kAddColumn };

  Task<void> act(Client& client, int table, Deed deed);
  Task<void> count(Client& client, int table);
  Task<void> maintain(Client& client);
  /// What a deed makes of a state; nothing: it fails there.
  static std::optional<State> after(const State& before, Deed deed, int rows);
  void take_ids(int table, const Reply& reply);

  std::map<int, std::set<State>> may_be_;
  std::map<int, int64_t> highest_id_;
  uint64_t next_column_ = 0;
  uint64_t doubt_in_life_ = 0;  ///< the node's, in which an answer was lost last
};

}  // namespace troupe::sim
