#include "runtime/types/cast.hpp"

#include <optional>

#include "runtime/types/array.hpp"
#include "runtime/types/datetime.hpp"
#include "runtime/types/long_value.hpp"
#include "runtime/types/numeric.hpp"
#include "runtime/types/scalar_text.hpp"
#include "runtime/types/text_io.hpp"

namespace troupe {
namespace {

bool is_text_category(Oid type) {
  const TypeInfo* info = find_type(type);
  return info != nullptr && info->category == 'S';
}

/// Of an array its elements do.
bool takes_typmod(Oid type) {
  if (const Oid element = element_type_of(type); element != oid::kInvalid) type = element;
  switch (type) {
    case oid::kVarchar:
    case oid::kBpchar:
    case oid::kNumeric:
    case oid::kTime:
    case oid::kTimetz:
    case oid::kTimestamp:
    case oid::kTimestamptz:
    case oid::kInterval:
    case oid::kBit:
    case oid::kVarbit: return true;
    default: return false;
  }
}

/// The way, without typmod; nothing when there is none in this context.
std::optional<CastPlan> find_way(Oid from, Oid to, CastContext context) {
  CastPlan plan{Type{from}, Type{to}, CastMethod::kNone, nullptr, context, false};
  if (from == to || to == oid::kAny || is_polymorphic(to)) return plan;
  if (from == oid::kUnknown) {
    plan.method = is_text_category(to) && to != oid::kName && to != oid::kBpchar ? CastMethod::kNone : CastMethod::kTextInput;
    return plan;
  }
  if (const CastInfo* info = find_cast(from, to); info != nullptr) {
    if (info->context > context) return std::nullopt;
    plan.kernel = info->kernel;
    if (info->by_text) {
      plan.method = is_text_category(to) ? CastMethod::kTextOutput : CastMethod::kTextInput;
    } else {
      plan.method = info->kernel == nullptr ? CastMethod::kNone : CastMethod::kKernel;
    }
    return plan;
  }
  const Oid from_element = element_type_of(from), to_element = element_type_of(to);
  // int2vector and oidvector are not what their elements' arrays convert to.
  if (from_element != oid::kInvalid && to_element != oid::kInvalid && array_type_of(to_element) == to) {
    if (!can_cast(from_element, to_element, context)) return std::nullopt;
    plan.method = CastMethod::kArray;
    return plan;
  }
  // Conversions through text: to a string when assigning, from one only when asked for.
  if (is_composite_type(from) && to == oid::kRecord) return plan;
  const bool has_text = from == oid::kRecord || (find_type(from) != nullptr && find_type(from)->kind != 'p');
  if (is_text_category(to) && context >= CastContext::kAssignment && has_text) {
    plan.method = CastMethod::kTextOutput;
    return plan;
  }
  if (is_text_category(from) && context == CastContext::kExplicit && find_type(to) != nullptr && find_type(to)->kind != 'p') {
    plan.method = CastMethod::kTextInput;
    return plan;
  }
  return std::nullopt;
}

/// The array with every element made another one, of type `to`.
template <typename Make>
absl::StatusOr<std::string> with_elements(std::string_view bytes, const Type& to, const Make& make) {
  const ArrayView array(bytes);
  std::vector<ArrayDimension> dimensions;
  for (int d = 0; d < array.dimensions(); ++d) dimensions.push_back({array.length(d), array.lower_bound(d)});
  std::vector<Value> elements;
  for (uint32_t e = 0; e < array.size(); ++e) {
    TROUPE_ASSIGN_OR_RETURN(Value v, make(array.value(e)));
    elements.push_back(std::move(v));
  }
  return pack_array(to.oid, physical_of(to), dimensions, elements);
}

absl::StatusOr<Value> adjusted(const Type& to, const Value& v, bool is_explicit) {
  if (const Oid element = element_type_of(to.oid); element != oid::kInvalid) {
    const Type of{element, to.typmod};
    TROUPE_ASSIGN_OR_RETURN(std::string array, with_elements(v.bytes(), of, [&](const Value& part) {
                              return part.is_null() ? absl::StatusOr<Value>(part) : adjusted(of, part, is_explicit);
                            }));
    return Value::text(std::move(array));
  }
  switch (to.oid) {
    case oid::kVarchar: {
      TROUPE_ASSIGN_OR_RETURN(std::string text, apply_varchar_length(v.bytes(), typmod_length(to), is_explicit));
      return Value::text(std::move(text));
    }
    case oid::kBpchar: {
      TROUPE_ASSIGN_OR_RETURN(std::string text, apply_bpchar_length(v.bytes(), typmod_length(to), is_explicit));
      return Value::text(std::move(text));
    }
    case oid::kNumeric: {
      TROUPE_ASSIGN_OR_RETURN(const Numeric n, apply_numeric_typmod(Numeric(v.bytes()), to.typmod));
      return Value::text(std::string(n.bytes()));
    }
    case oid::kTime:
    case oid::kTimestamp:
    case oid::kTimestamptz: return Value::of(round_to_precision(v.get<int64_t>(), to.typmod));
    case oid::kTimetz: {
      auto t = v.get<TimeTz>();
      t.us = round_to_precision(t.us, to.typmod);
      return Value::of(t);
    }
    case oid::kInterval: {
      TROUPE_ASSIGN_OR_RETURN(const Interval i, apply_interval_typmod(v.get<Interval>(), to.typmod));
      return Value::of(i);
    }
    default: {
      std::string bits(v.bytes());
      const auto length = static_cast<size_t>(typmod_length(to));
      if (!is_explicit) {
        TROUPE_ASSIGN_OR_RETURN(bits, parse_bits(to, bits));
      } else if (to.oid == oid::kBit || bits.size() > length) {
        bits.resize(length, '0');
      }
      return Value::text(std::move(bits));
    }
  }
}

/// Whether every string is short enough already: then nothing is copied.
bool lengths_fit(const Type& to, const Vector& v, uint32_t rows) {
  if (to.oid != oid::kVarchar) return false;
  const auto length = static_cast<size_t>(typmod_length(to));
  for (uint32_t i = 0; i < rows; ++i) {
    if (!v.is_null(i) && v.string(i).size() > length) return false;
  }
  return true;
}

absl::Status apply_typmod(const Type& to, bool is_explicit, uint32_t rows, Vector& v) {
  if (lengths_fit(to, v, rows)) return absl::OkStatus();
  Vector out(v.kind(), rows);
  for (uint32_t i = 0; i < rows; ++i) {
    if (v.is_null(i)) {
      out.set_null(i);
      continue;
    }
    TROUPE_ASSIGN_OR_RETURN(const Value value, adjusted(to, v.value(i), is_explicit));
    out.set_value(i, value);
  }
  v = std::move(out);
  return absl::OkStatus();
}

absl::Status cast_arrays(const CastPlan& plan, const Vector& in, uint32_t rows, EvalContext& context, Vector& out) {
  const Type from{element_type_of(plan.from.oid)}, to{element_type_of(plan.to.oid), plan.to.typmod};
  TROUPE_ASSIGN_OR_RETURN(const CastPlan element, plan_cast(from, to, plan.context));
  out.reset(Physical::kVarlen, rows);
  for (uint32_t i = 0; i < rows; ++i) {
    if (in.is_null(i)) {
      out.set_null(i);
      continue;
    }
    TROUPE_ASSIGN_OR_RETURN(const std::string array, with_elements(in.string(i), to, [&](const Value& part) {
                              return run_cast(element, part, context);
                            }));
    out.set_string(i, array);
  }
  return absl::OkStatus();
}

absl::Status run_method(const CastPlan& plan, const Vector& in, uint32_t rows, EvalContext& context, Vector& out) {
  switch (plan.method) {
    case CastMethod::kNone: out = in; return absl::OkStatus();
    case CastMethod::kTextInput: return parse_text_column(Type{plan.to.oid}, in, rows, context, out);
    case CastMethod::kTextOutput: format_text_column(plan.from, in, rows, context, out); return absl::OkStatus();
    case CastMethod::kArray: return cast_arrays(plan, in, rows, context, out);
    case CastMethod::kKernel: break;
  }
  out.reset(physical_of(plan.to), rows);
  out.merge_nulls(in);
  return plan.kernel(in, rows, plan.from, plan.to, context, out);
}

}  // namespace

bool can_cast(Oid from, Oid to, CastContext context) { return find_way(from, to, context).has_value(); }

absl::StatusOr<CastPlan> plan_cast(Type from, Type to, CastContext context) {
  auto plan = find_way(from.oid, to.oid, context);
  if (!plan) {
    return error(ErrorCode::kCannotCoerce, "cannot cast type ", format_type(from.oid), " to ", format_type(to.oid));
  }
  plan->from = from;
  plan->to = to;
  plan->applies_typmod = to.typmod >= 0 && takes_typmod(to.oid) && !(from == to) && plan->method != CastMethod::kArray;
  return *plan;
}

absl::Status run_cast(const CastPlan& plan, const Vector& in, uint32_t rows, EvalContext& context, Vector& out) {
  if (in.is_constant() && rows > 0) {
    if (in.is_null(0)) {
      out = Vector::null_constant(physical_of(plan.to), rows);
      return absl::OkStatus();
    }
    TROUPE_ASSIGN_OR_RETURN(const Value v, run_cast(plan, in.value(0), context));
    out = Vector::constant(v, rows);
    return absl::OkStatus();
  }
  Vector result;
  TROUPE_RETURN_IF_ERROR(run_method(plan, in, rows, context, result));
  if (plan.applies_typmod) {
    TROUPE_RETURN_IF_ERROR(apply_typmod(plan.to, plan.context == CastContext::kExplicit, rows, result));
  }
  TROUPE_RETURN_IF_ERROR(check_result(result, rows, context));
  out = std::move(result);
  return absl::OkStatus();
}

absl::StatusOr<Value> run_cast(const CastPlan& plan, const Value& in, EvalContext& context) {
  if (in.is_null()) return Value::null(physical_of(plan.to));
  if (plan.is_noop()) return in;
  Vector column(in.kind(), 1), out;
  column.set_value(0, in);
  TROUPE_RETURN_IF_ERROR(run_cast(plan, column, 1, context, out));
  return out.value(0);
}

const CastInfo* find_cast(Oid from, Oid to) {
  for (const CastInfo& info : all_casts()) {
    if (info.from == from && info.to == to) return &info;
  }
  return nullptr;
}

}  // namespace troupe
