#pragma once
/// Rows with a secondary and a unique index, of all sizes, changed in every way; each client has its own rows and knows
/// what they may be.
/// Checked: a row is what its owner wrote last, or one of two things while that is in doubt; in one snapshot the
/// indexes find exactly what a scan finds; a unique value is there once.
#include <map>
#include <optional>
#include <set>

#include "tests/sim/workload.hpp"

namespace troupe::sim {

class Items final : public Workload {
 public:
  using Workload::Workload;
  int clients() const override { return kClients; }
  Task<void> set_up(Client& client) override;
  Task<void> turn(Client& client, int number) override;
  Task<void> verify(Client& client) override;

 private:
  static constexpr int kClients = 2;
  static constexpr int kRowsEach = 16;
  /// "group/code/pad", or nothing when there is no row.
  using Content = std::optional<std::string>;
  struct Change {
    std::string sql;
    int id = 0;
    Content after;
  };

  Change draw_change(Random& random, int id) const;
  Task<void> change(Client& client, int number);
  Task<void> change_many(Client& client, int number);
  Task<void> read_own(Client& client, int number);
  Task<void> compare_indexes(Client& client);
  void outcome(int id, const Reply& reply, const Content& after);
  /// What the row turned out to be.
  void observe(int id, const Content& content);

  std::map<int, std::set<Content>> may_be_;
};

}  // namespace troupe::sim
