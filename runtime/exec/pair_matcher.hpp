#pragma once
/// What every join does with its candidate pairs, however they were found: checks the condition and turns left rows
/// and matches into the rows its kind wants.
#include <span>
#include <vector>

#include "runtime/exec/operator.hpp"

namespace troupe {

class PairMatcher {
 public:
  struct Spec {
    JoinKind join = JoinKind::kInner;
    Program condition;        ///< over left ++ right; empty: true
    bool null_aware = false;  ///< kMark, kNullAwareAnti: a pair that is neither true nor false makes it unknown
    std::vector<Type> right_types;
  };
  PairMatcher(Run& run, const Spec& spec) : run_{run}, spec_{spec} {}

  /// The next left rows; they stay until finish_left().
  void begin_left(const Batch* left);
  /// Candidates: row left_rows[i] of the left with row right_rows[i] of `right`. Sets *out to the joined rows, if the
  /// kind has any; matched_right (may be null) gets the right rows of true pairs.
  /// Errors: 21000 for kSingle.
  absl::Status add_pairs(std::span<const uint32_t> left_rows, const Batch& right,
                         std::span<const uint32_t> right_rows, Batch* out, std::vector<uint32_t>* matched_right);
  /// For a left row, that some pair might be true if a null were known.
  void note_unknown(uint32_t left_row) { unknown_[left_row] = true; }
  bool matched(uint32_t left_row) const { return matched_[left_row]; }
  /// The left row with nulls beside it.
  void pad_left(uint32_t left_row, Batch* out) const;
  /// Whether a left row that has matched needs no further candidates.
  bool first_match_decides() const;
  /// The rows that depend on whether there was a match at all.
  void finish_left(Batch* out) const;

 private:
  bool emits_pairs() const;

  Run& run_;
  const Spec& spec_;
  const Batch* left_ = nullptr;
  std::vector<bool> matched_;
  std::vector<bool> unknown_;
};

/// Left rows and right rows side by side.
Batch join_rows(const Batch& left, std::span<const uint32_t> left_rows, const Batch& right,
                std::span<const uint32_t> right_rows);

}  // namespace troupe
