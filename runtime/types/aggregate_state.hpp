#pragma once
/// Aggregates from a State type with plain members: aggregate_of<Spec>() fills the function table. A Spec has
///   State          movable by memcpy; a heap part behind a raw pointer freed by destroy()
///   add(state, args, row, call, context) -> absl::Status, called for rows whose arguments are not null (kSkipsNulls)
///   combine, serialize, deserialize, result
#include <new>

#include "runtime/types/aggregate.hpp"
#include "runtime/types/numeric.hpp"
#include "storage/base/bytes.hpp"

namespace troupe::aggregate_detail {

template <typename Spec>
typename Spec::State& state_at(std::byte* at) { return *reinterpret_cast<typename Spec::State*>(at); }
template <typename Spec>
const typename Spec::State& state_at(const std::byte* at) { return *reinterpret_cast<const typename Spec::State*>(at); }

template <typename Spec>
constexpr uint32_t state_bytes() { return (sizeof(typename Spec::State) + 15) / 16 * 16; }

template <typename Spec>
void init(const BoundAggregate&, std::byte* state) { new (state) typename Spec::State(); }

template <typename Spec>
absl::Status update(const BoundAggregate& call, GroupStates states, std::span<const Vector> args, uint32_t rows,
                    EvalContext& context) {
  for (uint32_t row = 0; row < rows; ++row) {
    if constexpr (Spec::kSkipsNulls) {
      bool skip = false;
      for (const Vector& arg : args) skip = skip || arg.is_null(row);
      if (skip) continue;
    }
    std::byte* at = states.base + (states.groups == nullptr ? 0 : size_t{states.groups[row]} * state_bytes<Spec>());
    TROUPE_RETURN_IF_ERROR(Spec::add(state_at<Spec>(at), args, row, call, context));
  }
  return absl::OkStatus();
}

template <typename Spec>
absl::Status combine(const BoundAggregate& call, std::byte* into, const std::byte* from) {
  return Spec::combine(state_at<Spec>(into), state_at<Spec>(from), call);
}
template <typename Spec>
void serialize(const BoundAggregate& call, const std::byte* state, std::string* out) {
  Spec::serialize(state_at<Spec>(state), call, ByteWriter(out));
}
template <typename Spec>
absl::Status deserialize(const BoundAggregate& call, std::string_view bytes, std::byte* state) {
  ByteReader in(bytes);
  Spec::deserialize(state_at<Spec>(state), call, in);
  if (!in.ok()) return error(ErrorCode::kDataCorrupted, "damaged state of aggregate ", call.aggregate->name);
  return absl::OkStatus();
}
template <typename Spec>
absl::Status finalize(const BoundAggregate& call, const std::byte* state, EvalContext& context, Vector& out) {
  return Spec::result(state_at<Spec>(state), call, context, out);
}
template <typename Spec>
void destroy(std::byte* state) { Spec::destroy(state_at<Spec>(state)); }

template <typename Spec>
Aggregate aggregate_of(std::string_view name, std::vector<Oid> arguments, Oid result) {
  Aggregate a;
  a.name = name;
  a.arguments = std::move(arguments);
  a.result = result;
  a.state_bytes = state_bytes<Spec>();
  a.init = init<Spec>;
  a.update = update<Spec>;
  a.combine = combine<Spec>;
  a.serialize = serialize<Spec>;
  a.deserialize = deserialize<Spec>;
  a.finalize = finalize<Spec>;
  if constexpr (requires { &Spec::destroy; }) a.destroy = destroy<Spec>;
  return a;
}

inline void append_numeric(Vector& out, const Numeric& v) { out.append_string(v.bytes()); }

void add_counts_and_sums(std::vector<Aggregate>* to);
void add_extremes(std::vector<Aggregate>* to);
void add_bit_strings(std::vector<Aggregate>* to);
void add_range_collectors(std::vector<Aggregate>* to);
void add_collectors(std::vector<Aggregate>* to);
void add_json_collectors(std::vector<Aggregate>* to);
void add_statistics(std::vector<Aggregate>* to);
void add_ordered_sets(std::vector<Aggregate>* to);

}  // namespace troupe::aggregate_detail
