#pragma once
/// Where rows went whose primary keys were changed: to the trees that is an erase and a put, but whoever found a row
/// under its old key and waited for its lock means the row. Kept as long as a snapshot may have seen the old key.
/// Scratch, like the history: empty after a restart, when there are no old snapshots either.
/// Owner: the partition of the old key.
#include <algorithm>
#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "storage/base/ids.hpp"

namespace troupe {

/// When a row was given another key. Within a commit by command: a key that is left in one can be taken by another row
/// in the same, and left again in a later one.
struct MoveTime {
  Scn scn = kNoScn;
  CommandId command = 0;
  auto operator<=>(const MoveTime&) const = default;
};

/// Beyond it the oldest are forgotten, and statements that began before them have to be retried.
inline constexpr uint64_t kMovedBytesMax = 64 << 20;

class MovedRows {
 public:
  explicit MovedRows(uint64_t bytes_max) : bytes_max_{bytes_max} {}

  struct Move {
    MoveTime at;
    std::string_view place;
  };
  /// SCNs come in ascending order. `place` is what the asker will understand.
  void add(MoveTime at, TreeId tree, std::string_view key, std::string_view place);
  /// The first move away from `key` after `after`. The view is valid until the next non-const call.
  std::optional<Move> find(TreeId tree, std::string_view key, MoveTime after) const;

  /// More of them than are kept were made at `scn`.
  void lose(Scn scn) { floor_ = std::max(floor_, scn); }
  /// Drops what no snapshot >= `oldest` can ask for.
  void set_oldest_snapshot(Scn oldest);
  /// Snapshots below it may miss moves: the limit cost them.
  Scn floor() const { return floor_; }
  bool empty() const { return moves_.empty(); }
  uint64_t bytes() const { return bytes_; }
  void check_invariants() const;

 private:
  struct Key {
    TreeId tree;
    std::string key;
    MoveTime at;
  };
  struct KeyView {
    TreeId tree;
    std::string_view key;
    MoveTime at;
  };
  struct Less {
    using is_transparent = void;
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      return std::tuple(a.tree, std::string_view(a.key), a.at) < std::tuple(b.tree, std::string_view(b.key), b.at);
    }
  };
  using Moves = std::map<Key, std::string, Less>;

  static uint64_t cost_of(const Moves::value_type& move);
  void drop_oldest();

  uint64_t bytes_max_;
  uint64_t bytes_ = 0;
  Scn floor_ = kNoScn;
  Moves moves_;
  std::deque<Moves::iterator> by_age_;
};

}  // namespace troupe
