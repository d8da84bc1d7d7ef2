#include "runtime/types/range_set.hpp"

#include <algorithm>

namespace troupe::range_set {
namespace {

int order(const RangeView& of, const RangeBound& a, const RangeBound& b) {
  return compare_bounds(of.subtype(), of.kind(), a, b);
}

std::string packed(const RangeView& of, const RangeBound& lower, const RangeBound& upper) {
  return pack_range(of.subtype(), of.kind(), lower, upper);
}

/// Where the values begin that come just after `upper`, or end that come just before `lower`.
RangeBound beyond(RangeBound bound) {
  bound.inclusive = !bound.inclusive;
  bound.is_lower = !bound.is_lower;
  return bound;
}

bool covers(const RangeView& a, const RangeView& b) {
  return order(a, a.lower(), b.lower()) <= 0 && order(a, a.upper(), b.upper()) >= 0;
}

bool overlap(const RangeView& a, const RangeView& b) {
  return order(a, a.lower(), b.upper()) <= 0 && order(a, b.lower(), a.upper()) <= 0;
}

}  // namespace

bool contains(const RangeList& a, const RangeList& b) {
  return std::all_of(b.begin(), b.end(), [&](const RangeView& inner) {
    return std::any_of(a.begin(), a.end(), [&](const RangeView& outer) { return covers(outer, inner); });
  });
}

bool overlaps(const RangeList& a, const RangeList& b) {
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (overlap(a[i], b[j])) return true;
    order(a[i], a[i].upper(), b[j].upper()) < 0 ? ++i : ++j;
  }
  return false;
}

bool is_before(const RangeList& a, const RangeList& b) {
  return !a.empty() && !b.empty() && order(a[0], a.back().upper(), b.front().lower()) < 0;
}

bool are_adjacent(const RangeList& a, const RangeList& b) {
  if (a.empty() || b.empty()) return false;
  return troupe::are_adjacent(a[0], a.back().upper(), b.front().lower()) ||
         troupe::are_adjacent(a[0], b.back().upper(), a.front().lower());
}

bool ends_within(const RangeList& a, const RangeList& b) {
  return !a.empty() && !b.empty() && order(a[0], a.back().upper(), b.back().upper()) <= 0;
}

bool starts_within(const RangeList& a, const RangeList& b) {
  return !a.empty() && !b.empty() && order(a[0], a.front().lower(), b.front().lower()) >= 0;
}

std::vector<std::string> intersection(const RangeList& a, const RangeList& b) {
  std::vector<std::string> out;
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    const RangeView &x = a[i], &y = b[j];
    if (overlap(x, y)) {
      const bool later = order(x, x.lower(), y.lower()) > 0, earlier = order(x, x.upper(), y.upper()) < 0;
      out.push_back(packed(x, later ? x.lower() : y.lower(), earlier ? x.upper() : y.upper()));
    }
    order(x, x.upper(), y.upper()) < 0 ? ++i : ++j;
  }
  return out;
}

std::vector<std::string> difference(const RangeList& a, const RangeList& b) {
  std::vector<std::string> out;
  for (const RangeView& range : a) {
    RangeBound from = range.lower();
    bool rest = true;
    for (const RangeView& hole : b) {
      if (order(range, hole.upper(), from) < 0) continue;
      if (order(range, hole.lower(), range.upper()) > 0) break;
      if (order(range, from, hole.lower()) < 0) out.push_back(packed(range, from, beyond(hole.lower())));
      rest = order(range, hole.upper(), range.upper()) < 0;
      if (!rest) break;
      from = beyond(hole.upper());
    }
    if (rest) out.push_back(packed(range, from, range.upper()));
  }
  return out;
}

std::vector<std::string> both(const RangeList& a, const RangeList& b) {
  std::vector<std::string> out;
  for (const RangeList* list : {&a, &b}) {
    for (const RangeView& range : *list) out.push_back(packed(range, range.lower(), range.upper()));
  }
  return out;
}

}  // namespace troupe::range_set
