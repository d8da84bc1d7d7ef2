#include "runtime/types/aggregate_state.hpp"
#include "storage/column/batch_codec.hpp"

/// min, max, bool_and, bool_or, every, bit_and, bit_or, bit_xor.
namespace troupe::aggregate_detail {
namespace {

template <bool Max>
struct Extreme {
  static constexpr bool kSkipsNulls = true;
  struct State {
    Value* best = nullptr;
  };
  static bool better(CompareKind kind, const Value& candidate, const Value& best) {
    const int order = compare_values(kind, candidate, best);
    return Max ? order > 0 : order < 0;
  }
  static void consider(State& s, CompareKind kind, Value v) {
    if (s.best == nullptr) {
      s.best = new Value(std::move(v));
    } else if (better(kind, v, *s.best)) {
      *s.best = std::move(v);
    }
  }
  static absl::Status add(State& s, std::span<const Vector> args, uint32_t row, const BoundAggregate& call, EvalContext&) {
    const CompareKind kind = compare_kind_of(call.arguments[0]);
    if (s.best != nullptr) {
      // Look before copying: most rows lose.
      const Vector& v = args[0];
      const int order = v.kind() == Physical::kVarlen
                            ? compare_bytes(kind, v.string(row), s.best->bytes())
                            : compare_fixed(kind, v.values<uint8_t>() + size_t{v.position(row)} * width(v.kind()), s.best->raw());
      if (Max ? order <= 0 : order >= 0) return absl::OkStatus();
    }
    consider(s, kind, args[0].value(row));
    return absl::OkStatus();
  }
  static absl::Status combine(State& into, const State& from, const BoundAggregate& call) {
    if (from.best != nullptr) consider(into, compare_kind_of(call.arguments[0]), *from.best);
    return absl::OkStatus();
  }
  static void serialize(const State& s, const BoundAggregate&, ByteWriter out) {
    std::string bytes;
    if (s.best != nullptr) encode_values({s.best, 1}, &bytes);
    out.bytes(bytes);
  }
  static void deserialize(State& s, const BoundAggregate&, ByteReader& in) {
    const std::string_view bytes = in.bytes();
    if (bytes.empty()) return;
    if (auto values = decode_values(bytes); values.ok() && values->size() == 1) s.best = new Value((*values)[0]);
  }
  static absl::Status result(const State& s, const BoundAggregate&, EvalContext&, Vector& out) {
    if (s.best == nullptr) {
      out.append_null();
    } else {
      out.append_value(*s.best);
    }
    return absl::OkStatus();
  }
  static void destroy(State& s) { delete s.best; }
};

/// Folds with an associative operation; nothing seen = null.
template <typename T, typename Fold>
struct Folded {
  static constexpr bool kSkipsNulls = true;
  struct State {
    T value{};
    bool seen = false;
  };
  static void fold(State& s, T v) {
    s.value = s.seen ? Fold::apply(s.value, v) : v;
    s.seen = true;
  }
  static absl::Status add(State& s, std::span<const Vector> args, uint32_t row, const BoundAggregate&, EvalContext&) {
    fold(s, args[0].get<T>(row));
    return absl::OkStatus();
  }
  static absl::Status combine(State& into, const State& from, const BoundAggregate&) {
    if (from.seen) fold(into, from.value);
    return absl::OkStatus();
  }
  static void serialize(const State& s, const BoundAggregate&, ByteWriter out) {
    out.u8(s.seen ? 1 : 0);
    out.u64(static_cast<uint64_t>(s.value));
  }
  static void deserialize(State& s, const BoundAggregate&, ByteReader& in) {
    s.seen = in.u8() != 0;
    s.value = static_cast<T>(in.u64());
  }
  static absl::Status result(const State& s, const BoundAggregate&, EvalContext&, Vector& out) {
    if (s.seen) {
      out.append(s.value);
    } else {
      out.append_null();
    }
    return absl::OkStatus();
  }
};

struct WrappingSum {
  static int64_t apply(int64_t a, int64_t b) {
    return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  }
};
struct And {
  template <typename T>
  static T apply(T a, T b) { return static_cast<T>(a & b); }
};
struct Or {
  template <typename T>
  static T apply(T a, T b) { return static_cast<T>(a | b); }
};
struct Xor {
  template <typename T>
  static T apply(T a, T b) { return static_cast<T>(a ^ b); }
};

template <typename T>
void add_bits(std::vector<Aggregate>* to, Oid type) {
  to->push_back(aggregate_of<Folded<T, And>>("bit_and", {type}, type));
  to->push_back(aggregate_of<Folded<T, Or>>("bit_or", {type}, type));
  to->push_back(aggregate_of<Folded<T, Xor>>("bit_xor", {type}, type));
}

}  // namespace

void add_extremes(std::vector<Aggregate>* to) {
  const size_t first = to->size();
  // The types PostgreSQL has min and max for, text first among strings; uuid and bool are not among them.
  for (const Oid type : {oid::kInt8, oid::kInt4, oid::kInt2, oid::kOid, oid::kFloat4, oid::kFloat8, oid::kNumeric, oid::kDate,
                         oid::kTime, oid::kTimetz, oid::kTimestamp, oid::kTimestamptz, oid::kInterval, oid::kText, oid::kBpchar,
                         oid::kTid, oid::kXid8, oid::kMoney, oid::kPgLsn, oid::kInet, oid::kAnyArray, oid::kAnyEnum}) {
    to->push_back(aggregate_of<Extreme<true>>("max", {type}, type));
    to->push_back(aggregate_of<Extreme<false>>("min", {type}, type));
  }
  to->push_back(aggregate_of<Folded<bool, And>>("bool_and", {oid::kBool}, oid::kBool));
  to->push_back(aggregate_of<Folded<bool, And>>("every", {oid::kBool}, oid::kBool));
  to->push_back(aggregate_of<Folded<bool, Or>>("bool_or", {oid::kBool}, oid::kBool));
  for (size_t i = first; i < to->size(); ++i) (*to)[i].ignores_duplicates = true;
  to->push_back(aggregate_of<Folded<int64_t, WrappingSum>>("sum", {oid::kMoney}, oid::kMoney));
  add_bits<int16_t>(to, oid::kInt2);
  add_bits<int32_t>(to, oid::kInt4);
  add_bits<int64_t>(to, oid::kInt8);
}

}  // namespace troupe::aggregate_detail
