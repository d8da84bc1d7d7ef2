#include "runtime/types/kernel.hpp"
#include "runtime/types/user_types.hpp"
#include "storage/column/array_format.hpp"

/// enum_first, enum_last, enum_range; and what looks after domains' constraints and row security policies.
namespace troupe {
namespace {

const UserType* enum_of(const BoundFunction& call) { return find_user_type(call.arguments[0].oid); }

absl::Status not_an_enum() { return error(ErrorCode::kFeatureNotSupported, "could not determine actual enum type"); }

template <bool First>
absl::Status enum_end(const BoundFunction& call, std::span<const Vector>, uint32_t rows, EvalContext&, Vector& out) {
  const UserType* type = enum_of(call);
  if (type == nullptr || !type->is_enum()) return not_an_enum();
  for (uint32_t row = 0; row < rows; ++row) {
    if (type->values.empty()) {
      out.set_null(row);
    } else {
      out.set(row, First ? type->values.front() : type->values.back());
    }
  }
  return absl::OkStatus();
}

absl::Status enum_range(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext&,
                        Vector& out) {
  const UserType* type = enum_of(call);
  if (type == nullptr || !type->is_enum()) return not_an_enum();
  const bool bounded = args.size() == 2;
  for (uint32_t row = 0; row < rows; ++row) {
    std::vector<Value> values;
    for (const int64_t value : type->values) {
      if (bounded && !args[0].is_null(row) && value < args[0].get<int64_t>(row)) continue;
      if (bounded && !args[1].is_null(row) && value > args[1].get<int64_t>(row)) continue;
      values.push_back(Value::of(value));
    }
    out.set_string(row, pack_array(type->oid, Physical::kInt64, values));
  }
  return absl::OkStatus();
}

/// domain_holds(condition, domain, constraint, schema): true, or the error of a value that must not be. Without a
/// constraint it is the domain's NOT NULL.
absl::Status domain_holds(const BoundFunction&, std::span<const Vector> args, uint32_t rows, EvalContext&,
                          Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    out.set(row, true);
    if (args[0].is_null(row) || args[0].get<bool>(row)) continue;
    ErrorFields fields;
    fields.data_type = std::string(args[1].string(row));
    fields.constraint = std::string(args[2].string(row));
    fields.schema = std::string(args[3].string(row));
    if (fields.constraint.empty()) {
      fields.code = ErrorCode::kNotNullViolation;
      fields.message = cat("domain ", fields.data_type, " does not allow null values");
    } else {
      fields.code = ErrorCode::kCheckViolation;
      fields.message =
          cat("value for domain ", fields.data_type, " violates check constraint \"", fields.constraint, "\"");
    }
    return make_error(fields);
  }
  return absl::OkStatus();
}

/// domain_value(value, holds): the value, once its conditions have been looked at.
absl::Status domain_value(const BoundFunction&, std::span<const Vector> args, uint32_t rows, EvalContext&,
                          Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    if (args[0].is_null(row)) {
      out.set_null(row);
    } else {
      out.set_value(row, args[0].value(row));
    }
  }
  return absl::OkStatus();
}

/// policy_holds(condition, message): true, or the error of a row that a policy forbids.
absl::Status policy_holds(const BoundFunction&, std::span<const Vector> args, uint32_t rows, EvalContext&,
                          Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    if (args[0].is_null(row) || !args[0].get<bool>(row)) {
      return error(ErrorCode::kInsufficientPrivilege, args[1].string(row));
    }
    out.set(row, true);
  }
  return absl::OkStatus();
}

}  // namespace

void register_enums(Registrar& to) {
  to.raw({.name = "enum_first",
          .arguments = {oid::kAnyEnum},
          .result = oid::kAnyEnum,
          .kernel = enum_end<true>,
          .strict = false,
          .volatility = Volatility::kStable});
  to.raw({.name = "enum_last",
          .arguments = {oid::kAnyEnum},
          .result = oid::kAnyEnum,
          .kernel = enum_end<false>,
          .strict = false,
          .volatility = Volatility::kStable});
  to.raw({.name = "enum_range",
          .arguments = {oid::kAnyEnum},
          .result = oid::kAnyArray,
          .kernel = enum_range,
          .strict = false,
          .volatility = Volatility::kStable});
  to.raw({.name = "enum_range",
          .arguments = {oid::kAnyEnum, oid::kAnyEnum},
          .result = oid::kAnyArray,
          .kernel = enum_range,
          .strict = false,
          .volatility = Volatility::kStable});
  to.raw({.name = "troupe_domain_holds",
          .arguments = {oid::kBool, oid::kText, oid::kText, oid::kText},
          .result = oid::kBool,
          .kernel = domain_holds,
          .strict = false});
  to.raw({.name = "troupe_policy_holds",
          .arguments = {oid::kBool, oid::kText},
          .result = oid::kBool,
          .kernel = policy_holds,
          .strict = false});
  to.raw({.name = "troupe_domain_value",
          .arguments = {oid::kAnyElement, oid::kBool},
          .result = oid::kAnyElement,
          .kernel = domain_value,
          .strict = false});
}

}  // namespace troupe
