#pragma once
/// Which cell a client is served by. Clients that run on one core, as the clients of one thread do, do best with one
/// cell, the one that runs there too: their requests are found together, and their answers leave together
/// (docs/decisions/0006). But no cell has many more clients than its share.
#include <cstdint>
#include <vector>

#include "runtime/cell/cell.hpp"

namespace troupe {

/// The core that a socket's peer last sent from; -1: not known (it is not a TCP socket).
int client_core(int socket);

class CellChoice {
 public:
  /// `cells` must outlive it.
  explicit CellChoice(const std::vector<Cell*>& cells) : cells_{&cells} {}

  /// None that is stuck, as long as there is another.
  Cell& for_new(int core) const;
  /// A cell that the client is to move to; null: it stays.
  Cell* better(const Cell& now, int core) const;

 private:
  static uint64_t load(const Cell& cell) { return cell.sockets().clients().load(std::memory_order_relaxed); }
  /// The one that runs on the core, if it has room.
  Cell* on(int core) const;

  const std::vector<Cell*>* cells_;
};

/// Samples of where a client sends from: whether most are from elsewhere. Pure.
class CoreVote {
 public:
  /// Whether to look this time.
  bool due() { return ++reads_ % kReadsPerSample == 0; }
  /// True: it is time to move.
  bool elsewhere(bool same_core) {
    if (quiet_ > 0) {
      --quiet_;
      return false;
    }
    votes_ = same_core ? (votes_ > kSameCore ? votes_ - kSameCore : 0) : votes_ + 1;
    return votes_ >= kVotes;
  }
  /// Then it stays for a while, wherever it sends from.
  void moved() {
    votes_ = 0;
    quiet_ = kSamplesAfterMove;
  }

 private:
  static constexpr uint32_t kReadsPerSample = 8;
  static constexpr uint32_t kSamplesAfterMove = 64;
  static constexpr uint32_t kVotes = 16;
  static constexpr uint32_t kSameCore = 2;  ///< a sample for staying outweighs two for going

  uint32_t reads_ = 0;
  uint32_t votes_ = 0;
  uint32_t quiet_ = 0;
};

}  // namespace troupe
