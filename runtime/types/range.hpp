#pragma once
/// Ranges and multiranges: their types, how they are made, and as text. The bytes are
/// storage/column/range_format.hpp's.
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/types/eval_context.hpp"
#include "runtime/types/type.hpp"
#include "storage/column/range_format.hpp"

namespace troupe {

// --- types; 0 for what is none ---
Oid range_subtype_of(Oid range);
Oid multirange_of(Oid range);
Oid range_of_multirange(Oid multirange);

// --- making values ---

/// Of bounds in any form: checked, made canonical where the subtype is discrete, empty where nothing is between them.
/// Errors: 22000 when the bounds are the wrong way round.
absl::StatusOr<std::string> make_range(Oid range, const RangeBound& lower, const RangeBound& upper);
std::string make_empty_range(Oid range);
/// Of ranges in any order: empty ones are left out, what overlaps or touches is joined.
std::string make_multirange(Oid range, std::vector<std::string> ranges);
/// Whether nothing lies between `upper` and `lower` and no value is in both.
bool are_adjacent(const RangeView& range, const RangeBound& upper, const RangeBound& lower);

/// A range, or the ranges of a multirange, without empty ones; they point into the value.
using RangeList = std::vector<RangeView>;
RangeList ranges_in(std::string_view value);

// --- text ---

/// Errors: 22P02 `malformed range literal: "..."`, 22000.
absl::StatusOr<std::string> parse_range(Type range, std::string_view text, const EvalContext& context);
void format_range(std::string_view range, const EvalContext& context, std::string* out);
absl::StatusOr<std::string> parse_multirange(Type multirange, std::string_view text, const EvalContext& context);
void format_multirange(std::string_view multirange, const EvalContext& context, std::string* out);

}  // namespace troupe
