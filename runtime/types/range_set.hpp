#pragma once
/// Lists of ranges as sets of values; each list ascends without overlaps, as ranges_in() gives it.
#include "runtime/types/range.hpp"

namespace troupe::range_set {

bool contains(const RangeList& a, const RangeList& b);
bool overlaps(const RangeList& a, const RangeList& b);
/// All of a is below all of b.
bool is_before(const RangeList& a, const RangeList& b);
bool are_adjacent(const RangeList& a, const RangeList& b);
/// a has nothing above b's last (below b's first) value.
bool ends_within(const RangeList& a, const RangeList& b);
bool starts_within(const RangeList& a, const RangeList& b);

std::vector<std::string> intersection(const RangeList& a, const RangeList& b);
/// What is in a and not in b.
std::vector<std::string> difference(const RangeList& a, const RangeList& b);
std::vector<std::string> both(const RangeList& a, const RangeList& b);

}  // namespace troupe::range_set
