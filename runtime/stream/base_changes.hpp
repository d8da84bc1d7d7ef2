#pragma once
/// From commits to the rows that came and went in the tables of a continuous view.
/// Owner: one pipeline.
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "storage/base/error.hpp"
#include "storage/base/ids.hpp"
#include "storage/catalog/objects.hpp"
#include "storage/column/value.hpp"

namespace troupe {

class BaseChanges {
 public:
  using Rows = std::vector<std::vector<Value>>;

  /// Rows go into `rows`: those columns of the table, then the weight, 1 or -1.
  void follow(std::shared_ptr<const TableDef> table, std::vector<uint32_t> columns, std::shared_ptr<Rows> rows);

  /// `changes`: of one record.
  absl::Status add(std::string_view changes);
  /// One of the tables was emptied, loaded in bulk, or made anew: what it came to is not known.
  bool unknown() const { return unknown_; }
  uint64_t count() const { return count_; }
  uint64_t bytes() const { return bytes_; }
  /// A bit for each table of which there are changes, in the order of follow().
  uint64_t touched() const;
  bool empty() const { return count_ == 0 && !unknown_; }
  void clear();

 private:
  struct Followed {
    std::shared_ptr<const TableDef> table;
    std::vector<uint32_t> columns;
    std::shared_ptr<Rows> rows;
  };
  absl::Status add_row(const Followed& followed, std::string_view row, int64_t weight);

  std::vector<Followed> followed_;
  std::map<TreeId, size_t> by_tree_;
  uint64_t count_ = 0;
  uint64_t bytes_ = 0;
  bool unknown_ = false;
};

}  // namespace troupe
