#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>

#include "runtime/types/aggregate_state.hpp"
#include "storage/column/array_format.hpp"
#include "storage/column/batch_codec.hpp"

/// percentile_disc, percentile_cont, mode: of values that come sorted (WITHIN GROUP). The sorted value is the
/// last argument; what stands in the call's parentheses comes before it.
namespace troupe::aggregate_detail {
namespace {

struct SortedValues {
  static constexpr bool kSkipsNulls = true;
  struct Seen {
    std::vector<Value> values;
    double fraction = 0;
    std::string fractions;  ///< of percentiles asked for as an array
  };
  struct State {
    Seen* seen = nullptr;
  };
  static Seen& seen_by(State& s) {
    if (s.seen == nullptr) s.seen = new Seen;
    return *s.seen;
  }
  static absl::Status add(State& s, std::span<const Vector> args, uint32_t row, const BoundAggregate&, EvalContext&) {
    Seen& seen = seen_by(s);
    seen.values.push_back(args.back().value(row));
    if (args.size() > 1 && args[0].kind() == Physical::kVarlen) seen.fractions = args[0].string(row);
    else if (args.size() > 1) seen.fraction = args[0].get<double>(row);
    return absl::OkStatus();
  }
  static absl::Status combine(State& into, const State& from, const BoundAggregate&) {
    if (from.seen == nullptr) return absl::OkStatus();
    Seen& seen = seen_by(into);
    seen.values.insert(seen.values.end(), from.seen->values.begin(), from.seen->values.end());
    seen.fraction = from.seen->fraction;
    seen.fractions = from.seen->fractions;
    return absl::OkStatus();
  }
  static void serialize(const State& s, const BoundAggregate&, ByteWriter out) {
    std::string bytes;
    if (s.seen != nullptr) encode_values(s.seen->values, &bytes);
    out.bytes(bytes);
    const double fraction = s.seen != nullptr ? s.seen->fraction : 0;
    out.raw(&fraction, sizeof fraction);
    out.bytes(s.seen != nullptr ? s.seen->fractions : std::string());
  }
  static void deserialize(State& s, const BoundAggregate&, ByteReader& in) {
    const std::string_view bytes = in.bytes();
    const uint64_t fraction = in.u64();
    const std::string_view fractions = in.bytes();
    if (bytes.empty()) return;
    if (auto values = decode_values(bytes); values.ok()) {
      seen_by(s).values = *std::move(values);
      s.seen->fraction = std::bit_cast<double>(fraction);
      s.seen->fractions = fractions;
    }
  }
  static absl::Status check_fraction(double fraction) {
    if (fraction >= 0 && fraction <= 1) return absl::OkStatus();
    char text[40];
    std::snprintf(text, sizeof text, "%g", fraction);
    return error(ErrorCode::kNumericValueOutOfRange, "percentile value ", text, " is not between 0 and 1");
  }
  static void destroy(State& s) { delete s.seen; }
};

struct PercentileDisc : SortedValues {
  static absl::Status result(const State& s, const BoundAggregate&, EvalContext&, Vector& out) {
    if (s.seen == nullptr) {
      out.append_null();
      return absl::OkStatus();
    }
    TROUPE_RETURN_IF_ERROR(check_fraction(s.seen->fraction));
    out.append_value(at(s.seen->values, s.seen->fraction));
    return absl::OkStatus();
  }
  static Value at(const std::vector<Value>& values, double fraction) {
    const double row = std::max(std::ceil(fraction * static_cast<double>(values.size())), 1.0);
    return values[static_cast<size_t>(row) - 1];
  }
};

struct PercentileCont : SortedValues {
  static absl::Status result(const State& s, const BoundAggregate&, EvalContext&, Vector& out) {
    if (s.seen == nullptr) {
      out.append_null();
      return absl::OkStatus();
    }
    TROUPE_RETURN_IF_ERROR(check_fraction(s.seen->fraction));
    out.append_value(at(s.seen->values, s.seen->fraction));
    return absl::OkStatus();
  }
  static Value at(const std::vector<Value>& values, double fraction) {
    const double place = fraction * static_cast<double>(values.size() - 1);
    const double low = values[static_cast<size_t>(std::floor(place))].get<double>();
    const double high = values[static_cast<size_t>(std::ceil(place))].get<double>();
    return Value::of(low + (place - std::floor(place)) * (high - low));
  }
};

/// The same for an array of fractions: an array of that shape.
template <typename One>
struct Percentiles : SortedValues {
  static absl::Status result(const State& s, const BoundAggregate& call, EvalContext&, Vector& out) {
    if (s.seen == nullptr) {
      out.append_null();
      return absl::OkStatus();
    }
    const ArrayView fractions(s.seen->fractions);
    const Type element = call.arguments[1];
    std::vector<Value> found;
    for (uint32_t i = 0; i < fractions.size(); ++i) {
      if (fractions.is_null(i)) {
        found.push_back(Value::null(physical_of(element)));
        continue;
      }
      const double fraction = fractions.value(i).template get<double>();
      TROUPE_RETURN_IF_ERROR(check_fraction(fraction));
      found.push_back(One::at(s.seen->values, fraction));
    }
    std::vector<ArrayDimension> shape;
    for (int d = 0; d < fractions.dimensions(); ++d) shape.push_back({fractions.length(d), fractions.lower_bound(d)});
    out.append_string(pack_array(element.oid, physical_of(element), shape, found));
    return absl::OkStatus();
  }
};

struct Mode : SortedValues {
  static absl::Status result(const State& s, const BoundAggregate& call, EvalContext&, Vector& out) {
    if (s.seen == nullptr) {
      out.append_null();
      return absl::OkStatus();
    }
    const auto& values = s.seen->values;
    const CompareKind kind = compare_kind_of(call.arguments[0]);
    size_t best = 0, best_count = 0;
    for (size_t first = 0, at = 0; at < values.size(); ++at) {
      if (at > 0 && compare_values(kind, values[at], values[at - 1]) != 0) first = at;
      if (at - first + 1 > best_count) {
        best = first;
        best_count = at - first + 1;
      }
    }
    out.append_value(values[best]);
    return absl::OkStatus();
  }
};

}  // namespace

void add_ordered_sets(std::vector<Aggregate>* to) {
  const size_t first = to->size();
  to->push_back(aggregate_of<PercentileDisc>("percentile_disc", {oid::kFloat8, oid::kAnyElement}, oid::kAnyElement));
  to->push_back(aggregate_of<PercentileCont>("percentile_cont", {oid::kFloat8, oid::kFloat8}, oid::kFloat8));
  to->push_back(aggregate_of<Percentiles<PercentileDisc>>("percentile_disc", {oid::kFloat8Array, oid::kAnyElement}, oid::kAnyArray));
  to->push_back(aggregate_of<Percentiles<PercentileCont>>("percentile_cont", {oid::kFloat8Array, oid::kFloat8}, oid::kFloat8Array));
  to->push_back(aggregate_of<Mode>("mode", {oid::kAnyElement}, oid::kAnyElement));
  for (size_t i = first; i < to->size(); ++i) (*to)[i].ordered = (*to)[i].ordered_set = true;
}

}  // namespace troupe::aggregate_detail
