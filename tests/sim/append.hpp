#pragma once
/// Clients append tokens to lists, one list a row.
/// Checked: every list anybody reads continues every list that was read before it began, holds every token that was
/// acknowledged before, none twice and none of a transaction that was rolled back; the counter beside it is its length.
#include <map>

#include "tests/sim/attempt.hpp"
#include "tests/sim/workload.hpp"

namespace troupe::sim {

class Append final : public Workload {
 public:
  using Workload::Workload;
  int clients() const override { return 3; }
  Task<void> set_up(Client& client) override;
  Task<void> turn(Client& client, int number) override;
  Task<void> verify(Client& client) override;

 private:
  struct List {
    std::vector<std::string> known;           ///< the longest that was read
    std::map<std::string, Attempt> attempts;  ///< by token
  };
  /// What a read that begins now must show.
  struct Floor {
    std::vector<std::string> known;
    std::vector<std::string> acknowledged;
    uint64_t life = 0;
  };
  Floor floor_of(int key) const;
  std::string new_token(int key);
  Task<void> append_one(Client& client);
  Task<void> append_with_lock(Client& client);
  Task<void> append_two(Client& client);
  Task<void> read(Client& client, int key);
  Task<void> read_all(Client& client);
  void compare(int key, const Row& row, const Floor& floor);

  std::map<int, List> lists_;
  uint64_t next_token_ = 1;
};

}  // namespace troupe::sim
