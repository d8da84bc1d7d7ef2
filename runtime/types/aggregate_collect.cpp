#include "runtime/types/aggregate_state.hpp"
#include "runtime/types/long_value.hpp"
#include "storage/column/array_format.hpp"
#include "storage/column/batch_codec.hpp"

/// string_agg and array_agg: rows in the order fed.
namespace troupe::aggregate_detail {
namespace {

struct StringAgg {
  static constexpr bool kSkipsNulls = false;
  /// Keeps the first delimiter too: when partial results are joined it stands between them.
  struct Text {
    std::string joined;
    std::string first_delimiter;
  };
  struct State {
    Text* text = nullptr;
  };
  static absl::Status append(State& s, std::string_view delimiter, std::string_view value) {
    if (s.text == nullptr) {
      s.text = new Text{std::string(value), std::string(delimiter)};
      return absl::OkStatus();
    }
    TROUPE_RETURN_IF_ERROR(check_room(s.text->joined.size(), delimiter.size() + value.size()));
    s.text->joined.append(delimiter).append(value);
    return absl::OkStatus();
  }
  static absl::Status add(State& s, std::span<const Vector> args, uint32_t row, const BoundAggregate&,
                          EvalContext& context) {
    if (args[0].is_null(row)) return absl::OkStatus();
    if (args[0].string(row).size() >= kWorkPieceBytes) TROUPE_RETURN_IF_ERROR(context.check_interrupt());
    return append(s, args[1].is_null(row) ? std::string_view{} : args[1].string(row), args[0].string(row));
  }
  static absl::Status combine(State& into, const State& from, const BoundAggregate&) {
    return from.text == nullptr ? absl::OkStatus() : append(into, from.text->first_delimiter, from.text->joined);
  }
  static void serialize(const State& s, const BoundAggregate&, ByteWriter out) {
    out.u8(s.text != nullptr ? 1 : 0);
    if (s.text == nullptr) return;
    out.bytes(s.text->joined);
    out.bytes(s.text->first_delimiter);
  }
  static void deserialize(State& s, const BoundAggregate&, ByteReader& in) {
    if (in.u8() == 0) return;
    const std::string_view joined = in.bytes(), delimiter = in.bytes();
    s.text = new Text{std::string(joined), std::string(delimiter)};
  }
  static absl::Status result(const State& s, const BoundAggregate&, EvalContext&, Vector& out) {
    if (s.text == nullptr) {
      out.append_null();
    } else {
      out.append_string(s.text->joined);
    }
    return absl::OkStatus();
  }
  static void destroy(State& s) { delete s.text; }
};

struct ArrayAgg {
  static constexpr bool kSkipsNulls = false;
  struct State {
    std::vector<Value>* values = nullptr;
  };
  static std::vector<Value>& values_of(State& s) {
    if (s.values == nullptr) s.values = new std::vector<Value>;
    return *s.values;
  }
  static absl::Status add(State& s, std::span<const Vector> args, uint32_t row, const BoundAggregate&, EvalContext&) {
    values_of(s).push_back(args[0].value(row));
    return absl::OkStatus();
  }
  static absl::Status combine(State& into, const State& from, const BoundAggregate&) {
    if (from.values == nullptr) return absl::OkStatus();
    auto& values = values_of(into);
    values.insert(values.end(), from.values->begin(), from.values->end());
    return absl::OkStatus();
  }
  static void serialize(const State& s, const BoundAggregate&, ByteWriter out) {
    std::string bytes;
    if (s.values != nullptr) encode_values(*s.values, &bytes);
    out.bytes(bytes);
  }
  static void deserialize(State& s, const BoundAggregate&, ByteReader& in) {
    const std::string_view bytes = in.bytes();
    if (bytes.empty()) return;
    if (auto values = decode_values(bytes); values.ok()) values_of(s) = *std::move(values);
  }
  static absl::Status result(const State& s, const BoundAggregate& call, EvalContext&, Vector& out) {
    if (s.values == nullptr) {
      out.append_null();
    } else {
      out.append_string(pack_array(call.arguments[0].oid, physical_of(call.arguments[0]), *s.values));
    }
    return absl::OkStatus();
  }
  static void destroy(State& s) { delete s.values; }
};

/// Of arrays of the same shape: one with a dimension more.
struct ArrayOfArrays : ArrayAgg {
  static absl::Status add(State& s, std::span<const Vector> args, uint32_t row, const BoundAggregate& call,
                          EvalContext& context) {
    if (args[0].is_null(row)) return error(ErrorCode::kNullValueNotAllowed, "cannot accumulate null arrays");
    const ArrayView array(args[0].string(row));
    if (array.dimensions() == 0) {
      return error(ErrorCode::kArraySubscriptError, s.values == nullptr
                                                        ? "cannot accumulate empty arrays"
                                                        : "cannot accumulate arrays of different dimensionality");
    }
    if (array.dimensions() >= kArrayDimensionsMax) {
      return error(ErrorCode::kProgramLimitExceeded, "number of array dimensions (", array.dimensions() + 1,
                   ") exceeds the maximum allowed (", kArrayDimensionsMax, ")");
    }
    return ArrayAgg::add(s, args, row, call, context);
  }
  static absl::Status result(const State& s, const BoundAggregate&, EvalContext&, Vector& out) {
    if (s.values == nullptr) {
      out.append_null();
      return absl::OkStatus();
    }
    const ArrayView first(s.values->front().string());
    std::vector<ArrayDimension> shape{{static_cast<int32_t>(s.values->size()), 1}};
    for (int d = 0; d < first.dimensions(); ++d) shape.push_back({first.length(d), first.lower_bound(d)});
    std::vector<Value> elements;
    for (const Value& one : *s.values) {
      const ArrayView array(one.string());
      bool same = array.dimensions() == first.dimensions();
      for (int d = 0; same && d < first.dimensions(); ++d) {
        same = array.length(d) == first.length(d) && array.lower_bound(d) == first.lower_bound(d);
      }
      if (!same) {
        return error(ErrorCode::kArraySubscriptError, "cannot accumulate arrays of different dimensionality");
      }
      for (uint32_t i = 0; i < array.size(); ++i) elements.push_back(array.value(i));
    }
    out.append_string(pack_array(first.element_type(), first.element_kind(), shape, elements));
    return absl::OkStatus();
  }
};

}  // namespace

void add_collectors(std::vector<Aggregate>* to) {
  const size_t first = to->size();
  to->push_back(aggregate_of<StringAgg>("string_agg", {oid::kText, oid::kText}, oid::kText));
  to->push_back(aggregate_of<StringAgg>("string_agg", {oid::kBytea, oid::kBytea}, oid::kBytea));
  to->push_back(aggregate_of<ArrayAgg>("array_agg", {oid::kAnyNonArray}, oid::kAnyArray));
  to->push_back(aggregate_of<ArrayOfArrays>("array_agg", {oid::kAnyArray}, oid::kAnyArray));
  for (size_t i = first; i < to->size(); ++i) (*to)[i].ordered = true;
}

}  // namespace troupe::aggregate_detail
