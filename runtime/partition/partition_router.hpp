#pragma once
/// Which partition of a partitioned table takes a row, and which ones can have rows that a condition lets through.
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "runtime/types/function.hpp"
#include "storage/catalog/partitioning.hpp"
#include "storage/column/compare_kind.hpp"

namespace troupe {

/// Something known of one part of the key: it compares like that to a value, or is one of several.
struct PartitionFact {
  uint32_t part = 0;
  Comparison comparison = Comparison::kEqual;  ///< kNone: one of `values`; not kNotEqual
  std::vector<Value> values;                   ///< of the part's type; with kNone a null is IS NULL
};

/// Immutable. Bounds are known by the order in which they were given.
/// Invariant: no two bounds take the same row; at most one is the default.
class PartitionRouter {
 public:
  PartitionRouter(const PartitionKeyDef& key, std::vector<PartitionBoundDef> bounds);

  static constexpr int kNone = -1;
  /// The bound that takes a row with these key values; kNone: no one does.
  int route(std::span<const Value> key) const;
  /// The bounds that may take rows of which all the facts are true.
  std::vector<bool> survivors(std::span<const PartitionFact> facts) const;
  /// A bound that takes a row which `bound` takes, too; kNone: there is none.
  int overlap(const PartitionBoundDef& bound) const;
  /// Of two ends of ranges, lower ones and upper ones alike: <0, 0, >0.
  int compare_ends(std::span<const BoundDatum> a, std::span<const BoundDatum> b) const;
  int default_bound() const { return default_; }
  const std::vector<PartitionBoundDef>& bounds() const { return bounds_; }

 private:
  int route_list(const Value& value) const;
  int route_range(std::span<const Value> key) const;
  int route_hash(std::span<const Value> key) const;
  /// One value for each of the first parts, as the equalities among the facts have it; empty: too many of them.
  std::vector<std::vector<Value>> known_prefixes(std::span<const PartitionFact> facts) const;
  void keep_list(std::span<const PartitionFact> facts, std::vector<bool>* kept) const;
  void keep_range(std::span<const PartitionFact> facts, std::vector<bool>* kept) const;
  void keep_hash(std::span<const PartitionFact> facts, std::vector<bool>* kept) const;
  bool may_take(const PartitionBoundDef& range, std::span<const Value> prefix,
                std::span<const PartitionFact> facts) const;
  bool satisfies(const Value& value, const PartitionFact& fact) const;
  int compare(size_t part, const Value& a, const Value& b) const;
  /// Of an end with the first columns of a row.
  int compare_prefix(std::span<const BoundDatum> end, std::span<const Value> key) const;

  PartitionMethod method_;
  std::vector<Oid> types_;
  std::vector<CompareKind> kinds_;
  std::vector<PartitionBoundDef> bounds_;
  int default_ = kNone;
  int null_ = kNone;  ///< list: whose values include null
  struct ListValue {
    Value value;
    int bound;
  };
  std::vector<ListValue> list_;  ///< ordered by value
  std::vector<int> ranges_;      ///< ordered by lower end
};

}  // namespace troupe
