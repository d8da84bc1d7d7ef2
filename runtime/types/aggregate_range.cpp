#include "runtime/types/aggregate_state.hpp"
#include "runtime/types/range_set.hpp"

/// range_agg and range_intersect_agg.
namespace troupe::aggregate_detail {
namespace {

std::vector<std::string> packed(const RangeList& list) { return range_set::both(list, {}); }

struct RangeAgg {
  static constexpr bool kSkipsNulls = true;
  struct State {
    std::vector<std::string>* ranges = nullptr;
  };
  static std::vector<std::string>& ranges_of(State& s) {
    if (s.ranges == nullptr) s.ranges = new std::vector<std::string>;
    return *s.ranges;
  }
  static absl::Status add(State& s, std::span<const Vector> args, uint32_t row, const BoundAggregate&, EvalContext&) {
    for (std::string& range : packed(ranges_in(args[0].string(row)))) ranges_of(s).push_back(std::move(range));
    ranges_of(s);
    return absl::OkStatus();
  }
  static absl::Status combine(State& into, const State& from, const BoundAggregate&) {
    if (from.ranges == nullptr) return absl::OkStatus();
    auto& ranges = ranges_of(into);
    ranges.insert(ranges.end(), from.ranges->begin(), from.ranges->end());
    return absl::OkStatus();
  }
  static void serialize(const State& s, const BoundAggregate&, ByteWriter out) {
    out.u8(s.ranges != nullptr ? 1 : 0);
    if (s.ranges == nullptr) return;
    out.varint(s.ranges->size());
    for (const std::string& range : *s.ranges) out.bytes(range);
  }
  static void deserialize(State& s, const BoundAggregate&, ByteReader& in) {
    if (in.u8() == 0) return;
    auto& ranges = ranges_of(s);
    for (uint64_t left = in.varint(); left > 0 && in.ok(); --left) ranges.emplace_back(in.bytes());
  }
  static absl::Status result(const State& s, const BoundAggregate& call, EvalContext&, Vector& out) {
    if (s.ranges == nullptr) {
      out.append_null();
    } else {
      out.append_string(make_multirange(range_of_multirange(call.result.oid), *s.ranges));
    }
    return absl::OkStatus();
  }
  static void destroy(State& s) { delete s.ranges; }
};

struct RangeIntersect {
  static constexpr bool kSkipsNulls = true;
  struct State {
    std::vector<std::string>* common = nullptr;
  };
  static void take(State& s, const RangeList& list) {
    if (s.common == nullptr) {
      s.common = new std::vector<std::string>(packed(list));
      return;
    }
    RangeList before;
    for (const std::string& range : *s.common) before.emplace_back(range);
    std::vector<std::string> common = range_set::intersection(before, list);
    *s.common = std::move(common);
  }
  static absl::Status add(State& s, std::span<const Vector> args, uint32_t row, const BoundAggregate&, EvalContext&) {
    take(s, ranges_in(args[0].string(row)));
    return absl::OkStatus();
  }
  static absl::Status combine(State& into, const State& from, const BoundAggregate&) {
    if (from.common == nullptr) return absl::OkStatus();
    RangeList list;
    for (const std::string& range : *from.common) list.emplace_back(range);
    take(into, list);
    return absl::OkStatus();
  }
  static void serialize(const State& s, const BoundAggregate& call, ByteWriter out) {
    RangeAgg::serialize({s.common}, call, out);
  }
  static void deserialize(State& s, const BoundAggregate& call, ByteReader& in) {
    RangeAgg::State ranges;
    RangeAgg::deserialize(ranges, call, in);
    s.common = ranges.ranges;
  }
  static absl::Status result(const State& s, const BoundAggregate& call, EvalContext&, Vector& out) {
    if (s.common == nullptr) {
      out.append_null();
    } else if (const Oid range = range_of_multirange(call.result.oid); range != oid::kInvalid) {
      out.append_string(make_multirange(range, *s.common));
    } else {
      out.append_string(s.common->empty() ? make_empty_range(call.result.oid) : s.common->front());
    }
    return absl::OkStatus();
  }
  static void destroy(State& s) { delete s.common; }
};

}  // namespace

void add_range_collectors(std::vector<Aggregate>* to) {
  for (const Oid type : {oid::kAnyRange, oid::kAnyMultirange}) {
    to->push_back(aggregate_of<RangeAgg>("range_agg", {type}, oid::kAnyMultirange));
    to->push_back(aggregate_of<RangeIntersect>("range_intersect_agg", {type}, type));
  }
}

}  // namespace troupe::aggregate_detail
