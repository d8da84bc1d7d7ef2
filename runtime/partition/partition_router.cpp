#include "runtime/partition/partition_router.hpp"

#include <algorithm>
#include <numeric>

#include "runtime/types/partition_hash.hpp"

namespace troupe {
namespace {

/// So many combinations of IN lists are looked at one by one.
constexpr size_t kPrefixesMax = 10'000;

bool has_null(std::span<const Value> values) {
  return std::any_of(values.begin(), values.end(), [](const Value& value) { return value.is_null(); });
}

int order_of(BoundKind kind) { return kind == BoundKind::minvalue ? -1 : kind == BoundKind::maxvalue ? 1 : 0; }

bool is_equality(const PartitionFact& fact) {
  return fact.comparison == Comparison::kEqual || fact.comparison == Comparison::kNone;
}

}  // namespace

PartitionRouter::PartitionRouter(const PartitionKeyDef& key, std::vector<PartitionBoundDef> bounds)
    : method_{key.method}, bounds_{std::move(bounds)} {
  for (const PartitionKeyPart& part : key.parts) {
    types_.push_back(part.type);
    kinds_.push_back(compare_kind(part.type, part.physical));
  }
  for (int i = 0; i < static_cast<int>(bounds_.size()); ++i) {
    const PartitionBoundDef& bound = bounds_[static_cast<size_t>(i)];
    if (bound.is_default) {
      default_ = i;
    } else if (method_ == PartitionMethod::range) {
      ranges_.push_back(i);
    } else if (method_ == PartitionMethod::list) {
      for (const Value& value : bound.values) {
        if (value.is_null())
          null_ = i;
        else
          list_.push_back({value, i});
      }
    }
  }
  std::sort(list_.begin(), list_.end(),
            [&](const ListValue& a, const ListValue& b) { return compare(0, a.value, b.value) < 0; });
  std::sort(ranges_.begin(), ranges_.end(), [&](int a, int b) {
    return compare_ends(bounds_[static_cast<size_t>(a)].lower, bounds_[static_cast<size_t>(b)].lower) < 0;
  });
}

int PartitionRouter::compare(size_t part, const Value& a, const Value& b) const {
  return compare_values(kinds_[part], a, b);
}

int PartitionRouter::compare_ends(std::span<const BoundDatum> a, std::span<const BoundDatum> b) const {
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].kind != b[i].kind) return order_of(a[i].kind) - order_of(b[i].kind);
    if (a[i].kind != BoundKind::value) return 0;  // what follows an infinity says nothing
    if (const int order = compare(i, a[i].value, b[i].value); order != 0) return order;
  }
  return 0;
}

int PartitionRouter::compare_prefix(std::span<const BoundDatum> end, std::span<const Value> key) const {
  for (size_t i = 0; i < key.size(); ++i) {
    if (end[i].kind != BoundKind::value) return order_of(end[i].kind);
    if (const int order = compare(i, end[i].value, key[i]); order != 0) return order;
  }
  return 0;
}

int PartitionRouter::route(std::span<const Value> key) const {
  switch (method_) {
    case PartitionMethod::list: return route_list(key[0]);
    case PartitionMethod::range: return route_range(key);
    case PartitionMethod::hash: return route_hash(key);
    case PartitionMethod::none: break;
  }
  return kNone;
}

int PartitionRouter::route_list(const Value& value) const {
  if (value.is_null()) return null_ != kNone ? null_ : default_;
  const auto at = std::lower_bound(list_.begin(), list_.end(), value, [&](const ListValue& entry, const Value& wanted) {
    return compare(0, entry.value, wanted) < 0;
  });
  return at != list_.end() && compare(0, at->value, value) == 0 ? at->bound : default_;
}

int PartitionRouter::route_range(std::span<const Value> key) const {
  if (has_null(key)) return default_;
  // The last range that begins at or before the row.
  const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), key, [&](std::span<const Value> row, int bound) {
    return compare_prefix(bounds_[static_cast<size_t>(bound)].lower, row) > 0;
  });
  if (after == ranges_.begin()) return default_;
  const int found = *(after - 1);
  return compare_prefix(bounds_[static_cast<size_t>(found)].upper, key) > 0 ? found : default_;
}

int PartitionRouter::route_hash(std::span<const Value> key) const {
  const uint64_t hash = partition_hash(types_, key);
  for (size_t i = 0; i < bounds_.size(); ++i) {
    if (hash % static_cast<uint64_t>(bounds_[i].modulus) == static_cast<uint64_t>(bounds_[i].remainder)) {
      return static_cast<int>(i);
    }
  }
  return kNone;
}

// --- which partitions can be concerned ---

bool PartitionRouter::satisfies(const Value& value, const PartitionFact& fact) const {
  if (fact.comparison == Comparison::kNone) {
    return std::any_of(fact.values.begin(), fact.values.end(), [&](const Value& one) {
      return one.is_null() || value.is_null() ? one.is_null() && value.is_null() : compare(fact.part, value, one) == 0;
    });
  }
  if (value.is_null() || fact.values[0].is_null()) return false;
  const int order = compare(fact.part, value, fact.values[0]);
  switch (fact.comparison) {
    case Comparison::kEqual: return order == 0;
    case Comparison::kLess: return order < 0;
    case Comparison::kLessEqual: return order <= 0;
    case Comparison::kGreater: return order > 0;
    case Comparison::kGreaterEqual: return order >= 0;
    default: return true;
  }
}

std::vector<bool> PartitionRouter::survivors(std::span<const PartitionFact> facts) const {
  std::vector<bool> kept(bounds_.size(), facts.empty());
  if (facts.empty()) return kept;
  switch (method_) {
    case PartitionMethod::list: keep_list(facts, &kept); break;
    case PartitionMethod::range: keep_range(facts, &kept); break;
    case PartitionMethod::hash: keep_hash(facts, &kept); break;
    case PartitionMethod::none: break;
  }
  return kept;
}

void PartitionRouter::keep_list(std::span<const PartitionFact> facts, std::vector<bool>* kept) const {
  const auto satisfies_all = [&](const Value& value) {
    return std::all_of(facts.begin(), facts.end(), [&](const PartitionFact& fact) { return satisfies(value, fact); });
  };
  for (size_t i = 0; i < bounds_.size(); ++i) {
    const std::vector<Value>& values = bounds_[i].values;
    (*kept)[i] = std::any_of(values.begin(), values.end(), satisfies_all);
  }
  if (default_ == kNone) return;
  // The default has what is listed nowhere: nothing, when all that is asked for is listed.
  bool wanted = true;
  for (const PartitionFact& fact : facts) {
    if (!is_equality(fact)) continue;
    wanted = wanted && std::any_of(fact.values.begin(), fact.values.end(), [&](const Value& value) {
               return satisfies_all(value) && route_list(value) == default_;
             });
  }
  (*kept)[static_cast<size_t>(default_)] = wanted;
}

std::vector<std::vector<Value>> PartitionRouter::known_prefixes(std::span<const PartitionFact> facts) const {
  std::vector<std::vector<Value>> prefixes{{}};
  for (uint32_t part = 0; part < kinds_.size(); ++part) {
    const auto fact = std::find_if(facts.begin(), facts.end(),
                                   [&](const PartitionFact& one) { return one.part == part && is_equality(one); });
    if (fact == facts.end()) break;
    if (prefixes.size() * fact->values.size() > kPrefixesMax) break;
    std::vector<std::vector<Value>> longer;
    for (const std::vector<Value>& prefix : prefixes) {
      for (const Value& value : fact->values) {
        if (fact->comparison == Comparison::kEqual && value.is_null()) continue;  // equals nothing
        longer.push_back(prefix);
        longer.back().push_back(value);
      }
    }
    prefixes = std::move(longer);
  }
  return prefixes;
}

/// Whether the range can have a row that begins like that, as far as comparisons of the next column tell.
bool PartitionRouter::may_take(const PartitionBoundDef& range, std::span<const Value> prefix,
                               std::span<const PartitionFact> facts) const {
  const int above = compare_prefix(range.upper, prefix), below = compare_prefix(range.lower, prefix);
  if (above < 0 || below > 0) return false;
  const size_t next = prefix.size();
  if (above == 0 && next == kinds_.size()) return false;  // the upper end is not in it
  if (next == kinds_.size()) return true;
  std::vector<Value> row(prefix.begin(), prefix.end());
  row.emplace_back();
  for (const PartitionFact& fact : facts) {
    if (fact.part != next || is_equality(fact)) continue;
    if (fact.values[0].is_null()) return false;
    row.back() = fact.values[0];
    const int upper = compare_prefix(range.upper, row), lower = compare_prefix(range.lower, row);
    const bool strict = fact.comparison == Comparison::kGreater || fact.comparison == Comparison::kLess;
    if (fact.comparison == Comparison::kGreater || fact.comparison == Comparison::kGreaterEqual) {
      if (upper < 0 || (upper == 0 && (strict || next + 1 == kinds_.size()))) return false;
    } else if (lower > 0 || (lower == 0 && strict)) {
      return false;
    }
  }
  return true;
}

void PartitionRouter::keep_range(std::span<const PartitionFact> facts, std::vector<bool>* kept) const {
  const auto asks_null = [](const PartitionFact& fact) {
    return fact.comparison == Comparison::kNone && has_null(fact.values);
  };
  bool to_default = false;
  for (const std::vector<Value>& prefix : known_prefixes(facts)) {
    const bool null = has_null(prefix);
    const bool whole = prefix.size() == kinds_.size();
    for (const int bound : ranges_) {
      const auto i = static_cast<size_t>(bound);
      if (!null && !(*kept)[i]) (*kept)[i] = may_take(bounds_[i], prefix, facts);
    }
    to_default = to_default || null || !whole || route_range(prefix) == default_;
  }
  to_default = to_default || std::any_of(facts.begin(), facts.end(), asks_null);
  if (default_ != kNone) (*kept)[static_cast<size_t>(default_)] = to_default;
}

void PartitionRouter::keep_hash(std::span<const PartitionFact> facts, std::vector<bool>* kept) const {
  for (const std::vector<Value>& prefix : known_prefixes(facts)) {
    if (prefix.size() < kinds_.size()) {
      kept->assign(bounds_.size(), true);
      return;
    }
    if (const int bound = route_hash(prefix); bound != kNone) (*kept)[static_cast<size_t>(bound)] = true;
  }
}

int PartitionRouter::overlap(const PartitionBoundDef& bound) const {
  if (bound.is_default) return default_;
  for (int i = 0; i < static_cast<int>(bounds_.size()); ++i) {
    const PartitionBoundDef& other = bounds_[static_cast<size_t>(i)];
    if (other.is_default) continue;
    if (method_ == PartitionMethod::hash) {
      const int common = std::gcd(bound.modulus, other.modulus);
      if (bound.remainder % common == other.remainder % common) return i;
    } else if (method_ == PartitionMethod::range) {
      if (compare_ends(bound.lower, other.upper) < 0 && compare_ends(other.lower, bound.upper) < 0) return i;
    }
  }
  if (method_ != PartitionMethod::list) return kNone;
  for (const Value& value : bound.values) {
    const int taker = route_list(value);
    if (taker != kNone && taker != default_) return taker;
  }
  return kNone;
}

}  // namespace troupe
