#include "runtime/types/aggregate_state.hpp"
#include "runtime/types/json_value.hpp"
#include "runtime/types/long_value.hpp"
#include "runtime/types/scalar_text.hpp"

/// json_agg, json_object_agg and those of jsonb: rows in the order fed.
namespace troupe::aggregate_detail {
namespace {

/// What is common to them: the text between the brackets. add() appends one item to it.
template <bool Binary, typename Item>
struct JsonAgg {
  static constexpr bool kSkipsNulls = false;
  struct State {
    std::string* text = nullptr;
  };
  static absl::Status append(State& s, std::string_view separator, std::string_view items) {
    if (s.text == nullptr) {
      s.text = new std::string(items);
      return absl::OkStatus();
    }
    TROUPE_RETURN_IF_ERROR(check_room(s.text->size(), separator.size() + items.size()));
    s.text->append(separator).append(items);
    return absl::OkStatus();
  }
  static absl::Status add(State& s, std::span<const Vector> args, uint32_t row, const BoundAggregate& call,
                          EvalContext& context) {
    std::string item;
    TROUPE_RETURN_IF_ERROR(Item::append(args, row, call, context, &item));
    return append(s, Item::separator(call), item);
  }
  static absl::Status combine(State& into, const State& from, const BoundAggregate& call) {
    return from.text == nullptr ? absl::OkStatus() : append(into, Item::separator(call), *from.text);
  }
  static void serialize(const State& s, const BoundAggregate&, ByteWriter out) {
    out.u8(s.text != nullptr ? 1 : 0);
    if (s.text != nullptr) out.bytes(*s.text);
  }
  static void deserialize(State& s, const BoundAggregate&, ByteReader& in) {
    if (in.u8() != 0) s.text = new std::string(in.bytes());
  }
  static absl::Status result(const State& s, const BoundAggregate&, EvalContext&, Vector& out) {
    if (s.text == nullptr) {
      out.append_null();
      return absl::OkStatus();
    }
    std::string json = cat(Item::kOpen, *s.text, Item::kClose);
    if constexpr (Binary) {
      TROUPE_ASSIGN_OR_RETURN(json, normalize_json(json));
    }
    out.append_string(json);
    return absl::OkStatus();
  }
  static void destroy(State& s) { delete s.text; }
};

Value value_at(const Vector& arg, uint32_t row) { return arg.is_null(row) ? Value() : arg.value(row); }

struct Element {
  static constexpr std::string_view kOpen = "[", kClose = "]";
  static std::string_view separator(const BoundAggregate& call) {
    const Oid type = call.arguments[0].oid;
    return is_array_type(type) || is_record_type(type) ? ", \n " : ", ";
  }
  static absl::Status append(std::span<const Vector> args, uint32_t row, const BoundAggregate& call,
                             EvalContext& context, std::string* out) {
    append_json_value(value_at(args[0], row), call.arguments[0], context, out);
    return absl::OkStatus();
  }
};

struct Member {
  static constexpr std::string_view kOpen = "{ ", kClose = " }";
  static std::string_view separator(const BoundAggregate&) { return ", "; }
  static absl::Status append(std::span<const Vector> args, uint32_t row, const BoundAggregate& call,
                             EvalContext& context, std::string* out) {
    if (args[0].is_null(row)) return error(ErrorCode::kInvalidParameterValue, "field name must not be null");
    TROUPE_RETURN_IF_ERROR(append_json_key(args[0].value(row), call.arguments[0], context, out));
    out->append(" : ");
    append_json_value(value_at(args[1], row), call.arguments[1], context, out);
    return absl::OkStatus();
  }
};

}  // namespace

void add_json_collectors(std::vector<Aggregate>* to) {
  const size_t first = to->size();
  to->push_back(aggregate_of<JsonAgg<false, Element>>("json_agg", {oid::kAnyElement}, oid::kJson));
  to->push_back(aggregate_of<JsonAgg<true, Element>>("jsonb_agg", {oid::kAnyElement}, oid::kJsonb));
  to->push_back(aggregate_of<JsonAgg<false, Member>>("json_object_agg", {oid::kAny, oid::kAny}, oid::kJson));
  to->push_back(aggregate_of<JsonAgg<true, Member>>("jsonb_object_agg", {oid::kAny, oid::kAny}, oid::kJsonb));
  for (size_t i = first; i < to->size(); ++i) (*to)[i].ordered = true;
}

}  // namespace troupe::aggregate_detail
