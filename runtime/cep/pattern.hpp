#pragma once
/// Row patterns (SQL:2016 MATCH_RECOGNIZE): a regular expression over pattern variables, and the automaton that it
/// becomes. The automaton keeps SQL's preference: of two ways to go on, `next` is tried before `other`.
#include <cstdint>
#include <vector>

#include "storage/base/error.hpp"

namespace troupe {

/// A pattern as it was written, with numbers for variables.
struct Pattern {
  enum class Kind : uint8_t {
    kVariable,
    kEmpty,
    kStart,  ///< ^: before the first row
    kEnd,    ///< $: after the last row
    kConcatenation,
    kAlternation,  ///< the preferred one first
    kPermute,      ///< all of the items, in any order: earlier ones first where possible
    kExclusion,    ///< items[0], whose rows are matched but not shown
    kRepeat,       ///< items[0], minimum to maximum times
  };
  static constexpr uint32_t kUnbounded = UINT32_MAX;
  Kind kind = Kind::kEmpty;
  bool reluctant = false;  ///< kRepeat: prefers fewer
  uint16_t variable = 0;
  uint32_t minimum = 0;
  uint32_t maximum = 0;
  std::vector<Pattern> items;
};

struct PatternStep {
  enum class Op : uint8_t {
    kRow,    ///< takes a row that is `variable`, then next
    kFork,   ///< next, or else other
    kStart,  ///< next, if no row of the partition comes before
    kEnd,    ///< next, if no row is left
    kAccept,
  };
  Op op = Op::kAccept;
  bool excluded = false;
  uint16_t variable = 0;
  uint32_t next = 0;
  uint32_t other = 0;
};

struct PatternProgram {
  /// Most states a pattern may have: repetitions with bounds and PERMUTE are written out.
  static constexpr uint32_t kStatesMax = 16384;
  std::vector<PatternStep> steps;
  uint32_t entry = 0;

  /// A repetition that took no row is the last one of its loop, once the minimum is reached (as in Perl): there is no
  /// way through the steps that comes back to a step without taking a row.
  /// Errors: 54001 beyond kStatesMax.
  static absl::StatusOr<PatternProgram> compile(const Pattern& pattern);
};

}  // namespace troupe
