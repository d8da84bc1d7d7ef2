/// Arrays, sequences and what the session is called.
#include "runtime/exec/program_run.hpp"
#include "runtime/types/array.hpp"
#include "storage/column/record_format.hpp"

namespace troupe {
namespace {

/// Every (row, element) pair of a batch, so that the comparison runs once over all of them.
struct ElementPairs {
  std::vector<uint32_t> rows;  ///< row i of the pairs belongs to this row
  Vector elements;
};

ElementPairs unfold(const Vector& arrays, uint32_t count, Physical element_kind) {
  ElementPairs pairs;
  pairs.elements.reset_empty(element_kind);
  for (uint32_t row = 0; row < count; ++row) {
    if (arrays.is_null(row)) continue;
    const ArrayView array(arrays.string(row));
    for (uint32_t i = 0; i < array.size(); ++i) {
      pairs.rows.push_back(row);
      pairs.elements.append_value(array.value(i));
    }
  }
  return pairs;
}

/// A name is an array of 64 bytes, counted from 0, of which the unused ones are 0.
Value name_element(std::string_view name, std::span<const int32_t> subscripts) {
  constexpr int32_t kNameBytes = 64;
  const int32_t at = subscripts[0];
  if (subscripts.size() > 1 || at < 0 || at >= kNameBytes) return Value::null(Physical::kInt16);
  const bool used = static_cast<size_t>(at) < name.size();
  return Value::of(static_cast<int16_t>(used ? static_cast<uint8_t>(name[static_cast<size_t>(at)]) : 0));
}

}  // namespace

/// x op ANY (array): true if one is, else null if one is unknown, else false. ALL is the same with the truth turned.
absl::Status Program::Run::array_compare(const Node& node, const Rows& rows, Vector* out) {
  ArgVectors args;
  TROUPE_RETURN_IF_ERROR(evaluate_children(node, rows, &args));
  const uint32_t count = rows.count();
  const ElementPairs pairs = unfold(args[1], count, physical_kind(node.expr->call.arguments[1]));
  const Vector call_args[2] = {args[0].gather(pairs.rows), pairs.elements};
  Vector results;
  TROUPE_RETURN_IF_ERROR(call_function(node.expr->call, call_args, static_cast<uint32_t>(pairs.rows.size()),
                                       *rows.in.context, results));
  const Tristate decisive = node.expr->all_of ? Tristate::kFalse : Tristate::kTrue;
  const Tristate neutral = node.expr->all_of ? Tristate::kTrue : Tristate::kFalse;
  std::vector<Tristate> truth(count, neutral);
  for (uint32_t row = 0; row < count; ++row) {
    if (args[1].is_null(row)) truth[row] = Tristate::kNull;
  }
  for (uint32_t i = 0; i < pairs.rows.size(); ++i) {
    Tristate& t = truth[pairs.rows[i]];
    const Tristate element = truth_at(results, i);
    if (element == decisive || (element == Tristate::kNull && t == neutral)) t = element;
  }
  out->reset(Physical::kBool, count);
  for (uint32_t row = 0; row < count; ++row) set_truth(out, row, truth[row]);
  return absl::OkStatus();
}

namespace {

/// {a, b} of arrays a and b: one more dimension outside. An empty result when all are empty.
absl::StatusOr<std::string> nest_arrays(Oid element, Physical kind, std::span<const Value> arrays) {
  std::vector<Value> elements;
  std::vector<ArrayDimension> inner;
  for (size_t i = 0; i < arrays.size(); ++i) {
    std::vector<ArrayDimension> dimensions;
    if (!arrays[i].is_null()) {
      const ArrayView view(arrays[i].bytes());
      for (int d = 0; d < view.dimensions(); ++d) dimensions.push_back({view.length(d), view.lower_bound(d)});
      for (uint32_t e = 0; e < view.size() && view.dimensions() > 0; ++e) elements.push_back(view.value(e));
    }
    const auto same = [](const ArrayDimension& a, const ArrayDimension& b) {
      return a.length == b.length && a.lower_bound == b.lower_bound;
    };
    if (i == 0) {
      inner = std::move(dimensions);
    } else if (!std::equal(inner.begin(), inner.end(), dimensions.begin(), dimensions.end(), same)) {
      return error(ErrorCode::kArraySubscriptError,
                   "multidimensional arrays must have array expressions with matching dimensions");
    }
  }
  if (inner.empty()) return pack_array(element, kind, {});
  if (inner.size() >= kArrayDimensionsMax) {
    return error(ErrorCode::kProgramLimitExceeded, "number of array dimensions (", inner.size() + 1,
                 ") exceeds the maximum allowed (", kArrayDimensionsMax, ")");
  }
  inner.insert(inner.begin(), ArrayDimension{static_cast<int32_t>(arrays.size()), 1});
  return pack_array(element, kind, inner, elements);
}

}  // namespace

absl::Status Program::Run::make_array(const Node& node, const Rows& rows, Vector* out) {
  ArgVectors args;
  TROUPE_RETURN_IF_ERROR(evaluate_children(node, rows, &args));
  const Oid element = element_type_of(node.expr->type.oid);
  const Physical kind = physical_kind(Type{element});
  std::vector<Value> values(args.size());
  out->reset(Physical::kVarlen, rows.count());
  for (uint32_t row = 0; row < rows.count(); ++row) {
    for (size_t i = 0; i < args.size(); ++i) values[i] = args[i].value(row);
    if (node.expr->nested) {
      TROUPE_ASSIGN_OR_RETURN(const std::string packed, nest_arrays(element, kind, values));
      out->set_string(row, packed);
    } else {
      out->set_string(row, pack_array(element, kind, values));
    }
  }
  return absl::OkStatus();
}

absl::Status Program::Run::make_record(const Node& node, const Rows& rows, Vector* out) {
  ArgVectors fields;
  TROUPE_RETURN_IF_ERROR(evaluate_children(node, rows, &fields));
  const std::vector<std::string_view> names = field_names(*node.expr);
  out->reset(Physical::kVarlen, rows.count());
  const std::string start = new_record(node.expr->type.oid);
  std::string packed;
  for (uint32_t row = 0; row < rows.count(); ++row) {
    packed = start;
    for (size_t i = 0; i < fields.size(); ++i) {
      append_record_field(node.expr->arg(i).type.oid, fields[i].kind(), i < names.size() ? names[i] : "",
                          fields[i].value(row), &packed);
    }
    out->set_string(row, packed);
  }
  return absl::OkStatus();
}

absl::Status Program::Run::subscript(const Node& node, const Rows& rows, Vector* out) {
  ArgVectors args;
  TROUPE_RETURN_IF_ERROR(evaluate_children(node, rows, &args));
  out->reset(node.physical, rows.count());
  std::vector<int32_t> subscripts(args.size() - 1);
  const bool of_name = node.expr->args[0]->type.oid == oid::kName;
  for (uint32_t row = 0; row < rows.count(); ++row) {
    bool has_null = args[0].is_null(row);
    for (size_t i = 1; i < args.size(); ++i) {
      has_null = has_null || args[i].is_null(row);
      if (!has_null) subscripts[i - 1] = args[i].get<int32_t>(row);
    }
    if (has_null) {
      out->set_null(row);
    } else {
      const std::string_view bytes = args[0].string(row);
      out->set_value(row, of_name ? name_element(bytes, subscripts) : array_element(bytes, subscripts));
    }
  }
  return absl::OkStatus();
}

absl::Status Program::Run::sequence(const Node& node, const Rows& rows, Vector* out) {
  if (rows.in.sequences == nullptr) {
    return error(ErrorCode::kFeatureNotSupported, "sequences cannot be used here");
  }
  SequenceAccess& sequences = *rows.in.sequences;
  ArgVectors args;
  TROUPE_RETURN_IF_ERROR(evaluate_children(node, rows, &args));
  // setval's value and is_called follow the sequence when that is an argument.
  const size_t first = node.expr->index == 0 && node.expr->sequence_op != SequenceOp::kLast ? 1 : 0;
  out->reset(Physical::kInt64, rows.count());
  for (uint32_t row = 0; row < rows.count(); ++row) {
    bool has_null = false;
    for (const Vector& arg : args) has_null = has_null || arg.is_null(row);
    if (has_null) {
      out->set_null(row);
      continue;
    }
    const Oid oid = first == 1 ? static_cast<Oid>(args[0].get<int32_t>(row)) : node.expr->index;
    if (first == 1) {
      TROUPE_RETURN_IF_ERROR(sequences.check_right(oid, node.expr->sequence_op == SequenceOp::kSet));
    }
    absl::StatusOr<int64_t> value = int64_t{0};
    switch (node.expr->sequence_op) {
      case SequenceOp::kNext: value = sequences.next(oid); break;
      case SequenceOp::kCurrent: value = sequences.current(oid); break;
      case SequenceOp::kLast: value = sequences.last(); break;
      case SequenceOp::kSet: {
        value = args[first].get<int64_t>(row);
        const bool is_called = args.size() <= first + 1 || args[first + 1].get<bool>(row);
        TROUPE_RETURN_IF_ERROR(sequences.set(oid, *value, is_called));
        break;
      }
    }
    TROUPE_RETURN_IF_ERROR(value.status());
    out->set(row, *value);
  }
  return absl::OkStatus();
}

absl::Status Program::Run::named_setting(const Node& node, const Rows& rows, Vector* out) {
  const EvalContext& context = *rows.in.context;
  std::string_view text;
  switch (node.expr->setting) {
    case NamedSetting::kCurrentUser: text = context.user; break;
    case NamedSetting::kSessionUser: text = context.session_user; break;
    case NamedSetting::kCatalog: text = context.database; break;
    case NamedSetting::kSchema: text = context.schema; break;
  }
  *out = Vector::constant(Value::text(std::string(text)), rows.count());
  return absl::OkStatus();
}

}  // namespace troupe
