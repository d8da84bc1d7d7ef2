#include "runtime/types/kernel.hpp"
#include "runtime/types/range_set.hpp"

/// Operators between ranges, multiranges and the elements of both.
namespace troupe {
namespace {

constexpr Oid kRange = oid::kAnyRange, kMultirange = oid::kAnyMultirange, kElement = oid::kAnyElement;

/// An operand as a list of ranges; an element is the range of just itself.
class Operand {
 public:
  Operand(const Vector& column, Type type)
      : column_{column},
        subtype_{type.oid},
        is_element_{range_subtype_of(type.oid) == oid::kInvalid && range_of_multirange(type.oid) == oid::kInvalid} {}

  RangeList at(uint32_t row) {
    if (!is_element_) return ranges_in(column_.string(row));
    const Value value = column_.value(row);
    const RangeBound lower{false, true, true, bound_bytes(value)}, upper{false, true, false, bound_bytes(value)};
    packed_ = pack_range(subtype_, column_.kind(), lower, upper);
    return {RangeView(packed_)};
  }

 private:
  const Vector& column_;
  Oid subtype_;
  bool is_element_;
  std::string packed_;
};

template <auto Predicate>
absl::Status test_ranges(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext&,
                         Vector& out) {
  Operand left(args[0], call.arguments[0]), right(args[1], call.arguments[1]);
  for (uint32_t row = 0; row < rows; ++row) {
    if (!out.is_null(row)) out.set(row, static_cast<bool>(Predicate(left.at(row), right.at(row))));
  }
  return absl::OkStatus();
}

using Combination = std::vector<std::string> (*)(const RangeList&, const RangeList&);

/// Of multiranges to a multirange; of ranges to a range, which the result may not be.
template <Combination Combine>
absl::Status combine_ranges(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext&,
                            Vector& out) {
  const bool multi = range_of_multirange(call.result.oid) != oid::kInvalid;
  const Oid range = multi ? range_of_multirange(call.result.oid) : call.result.oid;
  for (uint32_t row = 0; row < rows; ++row) {
    if (out.is_null(row)) continue;
    const RangeList a = ranges_in(args[0].string(row)), b = ranges_in(args[1].string(row));
    const std::string all = make_multirange(range, Combine(a, b));
    if (multi) {
      out.set_string(row, all);
      continue;
    }
    const RangeList parts = ranges_in(all);
    if (parts.size() > 1) {
      return error(ErrorCode::kDataException, "result of range ", Combine == range_set::both ? "union" : "difference",
                   " would not be contiguous");
    }
    out.set_string(row, parts.empty()
                            ? make_empty_range(range)
                            : pack_range(parts[0].subtype(), parts[0].kind(), parts[0].lower(), parts[0].upper()));
  }
  return absl::OkStatus();
}

using Lists = const RangeList&;
constexpr auto kContains = [](Lists a, Lists b) { return range_set::contains(a, b); };
constexpr auto kContained = [](Lists a, Lists b) { return range_set::contains(b, a); };
constexpr auto kOverlaps = [](Lists a, Lists b) { return range_set::overlaps(a, b); };
constexpr auto kBefore = [](Lists a, Lists b) { return range_set::is_before(a, b); };
constexpr auto kAfter = [](Lists a, Lists b) { return range_set::is_before(b, a); };
constexpr auto kEndsWithin = [](Lists a, Lists b) { return range_set::ends_within(a, b); };
constexpr auto kStartsWithin = [](Lists a, Lists b) { return range_set::starts_within(a, b); };
constexpr auto kAdjacent = [](Lists a, Lists b) { return range_set::are_adjacent(a, b); };

}  // namespace

void register_range_operators(Registrar& to) {
  const auto add = [&](const char* symbol, Oid a, Oid b, Oid result, Kernel kernel) {
    to.raw({.name = symbol, .arguments = {a, b}, .result = result, .kernel = kernel, .is_operator = true});
  };
  for (const Oid type : {kRange, kMultirange}) {
    add("@>", type, kElement, oid::kBool, test_ranges<kContains>);
    add("<@", kElement, type, oid::kBool, test_ranges<kContained>);
    add("+", type, type, type, combine_ranges<range_set::both>);
    add("-", type, type, type, combine_ranges<range_set::difference>);
    add("*", type, type, type, combine_ranges<range_set::intersection>);
    for (const Oid other : {kRange, kMultirange}) {
      add("@>", type, other, oid::kBool, test_ranges<kContains>);
      add("<@", type, other, oid::kBool, test_ranges<kContained>);
      add("&&", type, other, oid::kBool, test_ranges<kOverlaps>);
      add("<<", type, other, oid::kBool, test_ranges<kBefore>);
      add(">>", type, other, oid::kBool, test_ranges<kAfter>);
      add("&<", type, other, oid::kBool, test_ranges<kEndsWithin>);
      add("&>", type, other, oid::kBool, test_ranges<kStartsWithin>);
      add("-|-", type, other, oid::kBool, test_ranges<kAdjacent>);
    }
  }
}

}  // namespace troupe
