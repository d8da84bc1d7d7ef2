#pragma once
/// Writers change rows; a follower subscribes to them, loses its connection again and again, and goes on from its
/// token. Checked: tokens only grow; each event's before image is what the follower has of that row, so that none is
/// missing and none comes twice; at the end what the follower has is the table.
#include <map>

#include "tests/sim/workload.hpp"

namespace troupe::sim {

class Feed final : public Workload {
 public:
  using Workload::Workload;
  int clients() const override { return kWriters + 1; }
  Task<void> set_up(Client& client) override;
  Task<void> turn(Client& client, int number) override;
  Task<void> verify(Client& client) override;

 private:
  static constexpr int kWriters = 2;
  struct Token {
    uint64_t scn = 0;
    uint64_t event = 0;
    auto operator<=>(const Token&) const = default;
  };
  Task<void> write(Client& client, int number);
  std::string draw_statement(Random& random, int number);
  /// Follows until `rows_max` events have come or `us_max` have passed.
  Task<void> follow(Client& client, uint64_t rows_max, int64_t us_max);
  void on_event(const Row& row);

  std::map<int64_t, std::string> copy_;  ///< id → the row's image
  Token token_;
  std::string token_text_ = "2.0";
  uint64_t events_ = 0;
  int64_t next_id_ = 1;
  int64_t waits_for_ = -1;  ///< the follower may leave when it has this row
  bool fell_out_ = false;   ///< the log it needs is gone, and that is allowed
};

}  // namespace troupe::sim
