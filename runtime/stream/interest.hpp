#pragma once
/// Which commits somebody wants to be told of: those that change some tables, or of a table only rows with some values
/// in one column. A sieve: what it lets through may concern nobody, what it holds back concerns nobody.
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "runtime/stream/interval_set.hpp"
#include "storage/catalog/objects.hpp"
#include "storage/partition/change_codec.hpp"

namespace troupe {

/// Rows with one of `values` in the column, as the row's bytes have it; or, without values, within [low, high].
struct ColumnSieve {
  uint32_t column = 0;  ///< position in the row
  std::vector<std::string> values;
  int64_t low = 0, high = 0;  ///< of columns whose order is that of their integers
};

struct TableInterest {
  std::shared_ptr<const TableDef> table;
  std::optional<ColumnSieve> rows;  ///< none: all of them
};

struct Interest {
  std::vector<TableInterest> tables;
  bool definitions = false;  ///< whatever is defined: of a partitioned table, new partitions are
};
using InterestPtr = std::shared_ptr<const Interest>;

/// Whether these packed changes are of any interest.
bool concerns(const Interest& interest, std::string_view changes);

/// Finds those concerned by a commit in time that goes with the commit and with how many there are, not with how many
/// there might have been. Owner: one publisher.
class InterestIndex {
 public:
  /// In place of what the follower was interested in before.
  void set(uint64_t follower, InterestPtr interest);
  void remove(uint64_t follower);
  size_t followers() const { return interests_.size(); }
  /// Adds those that the packed changes concern.
  void match(std::string_view changes, std::unordered_set<uint64_t>* followers);

 private:
  using Followers = std::unordered_set<uint64_t>;
  /// Of a column of rows that lie so in memory.
  struct ColumnIndex {
    std::shared_ptr<const TableDef> table;
    uint32_t column = 0;
    std::unordered_map<std::string, Followers> by_value;
    IntervalSet ranges;
  };
  struct TreeIndex {
    Followers all;
    std::vector<ColumnIndex> columns;
  };
  ColumnIndex& column_of(TreeIndex& tree, const TableInterest& interest);
  void match_rows(TreeIndex& tree, const Change& change, Followers* followers);

  std::unordered_map<uint64_t, InterestPtr> interests_;
  std::unordered_map<TreeId, TreeIndex> trees_;
  std::unordered_map<std::string, Followers> definitions_;  ///< by the object's key in the catalog
  Followers all_definitions_;
};

}  // namespace troupe
