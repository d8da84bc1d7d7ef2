#include "runtime/types/aggregate_state.hpp"

/// bit_and, bit_or, bit_xor of bit strings.
namespace troupe::aggregate_detail {
namespace {

struct BitAnd {
  static constexpr std::string_view kName = "AND";
  static bool apply(bool a, bool b) { return a && b; }
};
struct BitOr {
  static constexpr std::string_view kName = "OR";
  static bool apply(bool a, bool b) { return a || b; }
};
struct BitXor {
  static constexpr std::string_view kName = "XOR";
  static bool apply(bool a, bool b) { return a != b; }
};

template <typename Fold>
struct FoldedBits {
  static constexpr bool kSkipsNulls = true;
  struct State {
    std::string* bits = nullptr;
  };
  static absl::Status fold(State& s, std::string_view more) {
    if (s.bits == nullptr) {
      s.bits = new std::string(more);
      return absl::OkStatus();
    }
    if (s.bits->size() != more.size()) {
      return error(ErrorCode::kStringDataLengthMismatch, "cannot ", Fold::kName, " bit strings of different sizes");
    }
    for (size_t i = 0; i < more.size(); ++i) {
      (*s.bits)[i] = Fold::apply((*s.bits)[i] == '1', more[i] == '1') ? '1' : '0';
    }
    return absl::OkStatus();
  }
  static absl::Status add(State& s, std::span<const Vector> args, uint32_t row, const BoundAggregate&, EvalContext&) {
    return fold(s, args[0].string(row));
  }
  static absl::Status combine(State& into, const State& from, const BoundAggregate&) {
    return from.bits == nullptr ? absl::OkStatus() : fold(into, *from.bits);
  }
  static void serialize(const State& s, const BoundAggregate&, ByteWriter out) {
    out.u8(s.bits != nullptr ? 1 : 0);
    if (s.bits != nullptr) out.bytes(*s.bits);
  }
  static void deserialize(State& s, const BoundAggregate&, ByteReader& in) {
    if (in.u8() != 0) s.bits = new std::string(in.bytes());
  }
  static absl::Status result(const State& s, const BoundAggregate&, EvalContext&, Vector& out) {
    if (s.bits == nullptr) {
      out.append_null();
    } else {
      out.append_string(*s.bits);
    }
    return absl::OkStatus();
  }
  static void destroy(State& s) { delete s.bits; }
};

}  // namespace

void add_bit_strings(std::vector<Aggregate>* to) {
  to->push_back(aggregate_of<FoldedBits<BitAnd>>("bit_and", {oid::kBit}, oid::kBit));
  to->push_back(aggregate_of<FoldedBits<BitOr>>("bit_or", {oid::kBit}, oid::kBit));
  to->push_back(aggregate_of<FoldedBits<BitXor>>("bit_xor", {oid::kBit}, oid::kBit));
}

}  // namespace troupe::aggregate_detail
