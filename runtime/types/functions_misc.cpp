#include <bit>

#include "runtime/types/partition_hash.hpp"
#include "runtime/types/kernel.hpp"
#include "runtime/types/scalar_text.hpp"
#include "runtime/types/text_io.hpp"
#include "runtime/types/user_types.hpp"

/// Types, randomness, booleans, names of the session.
namespace troupe {
namespace {

using enum Volatility;

std::string format_seed(double seed) {
  std::string text;
  format_double(seed, 0, &text);
  return text;
}

absl::Status no_randomness() { return error(ErrorCode::kFeatureNotSupported, "random values are not available here"); }

absl::StatusOr<Fixed16> random_uuid(EvalContext& context) {
  if (context.random == nullptr) return no_randomness();
  Fixed16 v;
  for (int half = 0; half < 2; ++half) {
    const uint64_t bits = context.random->next();
    __builtin_memcpy(v.bytes + half * 8, &bits, 8);
  }
  v.bytes[6] = static_cast<uint8_t>((v.bytes[6] & 0x0F) | 0x40);
  v.bytes[8] = static_cast<uint8_t>((v.bytes[8] & 0x3F) | 0x80);
  return v;
}

absl::Status type_of(const BoundFunction& call, std::span<const Vector>, uint32_t rows, EvalContext&, Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) out.set(row, static_cast<int64_t>(call.arguments[0].oid));
  return absl::OkStatus();
}

/// Users' types are named as they are seen from the search path.
std::string shown_type(Type type, const EvalContext& context) {
  if (type.oid >= kFirstUserTypeOid && context.names != nullptr) {
    const bool array = is_array_type(type.oid);
    const auto name = context.names->name_of(oid::kRegtype, array ? element_type_of(type.oid) : type.oid);
    if (name) return array ? cat(*name, "[]") : *name;
  }
  return format_type(type);
}

/// format_type(oid, typmod): a null typmod is "none given".
absl::Status format_type_of(const BoundFunction&, std::span<const Vector> args, uint32_t rows, EvalContext& context,
                            Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    if (args[0].is_null(row)) {
      out.set_null(row);
      continue;
    }
    const auto type = static_cast<Oid>(args[0].get<int64_t>(row));
    const bool given = !args[1].is_null(row);
    const int32_t typmod = given ? args[1].get<int32_t>(row) : -1;
    // A column of type bpchar without length is not "character", which would mean character(1).
    out.set_string(row, given && typmod < 0 && type == oid::kBpchar ? std::string("bpchar") : shown_type(Type{type, typmod}, context));
  }
  return absl::OkStatus();
}

absl::Status count_nulls(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext&, Vector& out) {
  const bool nulls = call.function->name == "num_nulls";
  for (uint32_t row = 0; row < rows; ++row) {
    int32_t n = 0;
    for (const Vector& arg : args) n += arg.is_null(row) == nulls;
    out.set(row, n);
  }
  return absl::OkStatus();
}

/// Whether a row with this key goes to the partition with this modulus and remainder. The table's oid, which
/// PostgreSQL looks its operator classes up by, says nothing here.
absl::Status satisfies_hash_partition(const BoundFunction& call, std::span<const Vector> args, uint32_t rows,
                                      EvalContext&, Vector& out) {
  std::vector<Oid> types;
  for (size_t i = 3; i < args.size(); ++i) types.push_back(call.arguments[i].oid);
  for (uint32_t row = 0; row < rows; ++row) {
    if (args[1].is_null(row) || args[2].is_null(row)) {
      out.set(row, false);
      continue;
    }
    const int32_t modulus = args[1].get<int32_t>(row), remainder = args[2].get<int32_t>(row);
    if (modulus <= 0) {
      return error(ErrorCode::kInvalidParameterValue, "modulus for hash partition must be an integer value greater than zero");
    }
    if (remainder < 0) {
      return error(ErrorCode::kInvalidParameterValue, "remainder for hash partition must be an integer value greater than or equal to zero");
    }
    if (remainder >= modulus) {
      return error(ErrorCode::kInvalidParameterValue, "remainder for hash partition must be less than modulus");
    }
    std::vector<Value> key;
    for (size_t i = 3; i < args.size(); ++i) key.push_back(args[i].value(row));
    out.set(row, partition_hash(types, key) % static_cast<uint64_t>(modulus) == static_cast<uint64_t>(remainder));
  }
  return absl::OkStatus();
}

/// Bytes a value takes where it is stored.
absl::Status column_size(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext&, Vector& out) {
  const int16_t fixed = type_info(call.arguments[0].oid).typlen;
  for (uint32_t row = 0; row < rows; ++row) {
    if (!out.is_null(row)) out.set(row, fixed > 0 ? int32_t{fixed} : static_cast<int32_t>(args[0].string(row).size() + 1));
  }
  return absl::OkStatus();
}

}  // namespace

void register_misc(Registrar& to) {
  to.function<[](EvalContext& c) -> absl::StatusOr<double> {
    if (c.random == nullptr) return no_randomness();
    return static_cast<double>(c.random->next() >> 11) * 0x1.0p-53;
  }>("random", {}, oid::kFloat8, kVolatile);
  to.function<[](EvalContext& c, double seed) -> absl::StatusOr<std::string> {
    if (c.random == nullptr) return no_randomness();
    if (!(seed >= -1 && seed <= 1)) {
      return error(ErrorCode::kInvalidParameterValue, "setseed parameter ", format_seed(seed),
                   " is out of allowed range [-1,1]");
    }
    *c.random = Random(std::bit_cast<uint64_t>(seed));
    return std::string();
  }>("setseed", {oid::kFloat8}, oid::kVoid, kVolatile);
  to.function<[](EvalContext& c) { return random_uuid(c); }>("gen_random_uuid", {}, oid::kUuid, kVolatile);
  to.function<[](EvalContext& c) {
    const int64_t now_us = c.clock == nullptr ? c.statement_us : c.clock->wall_us();
    return absl::FormatTime("%a %b %d %H:%M:%E6S %Y %Z", absl::FromUnixMicros(now_us), c.session().time_zone);
  }>("timeofday", {}, oid::kText, kVolatile);
  to.raw({.name = "pg_typeof", .arguments = {oid::kAny}, .result = oid::kRegtype, .kernel = type_of, .strict = false});
  to.raw({.name = "format_type", .arguments = {oid::kOid, oid::kInt4}, .result = oid::kText, .kernel = format_type_of, .strict = false});
  to.raw({.name = "num_nulls", .arguments = {oid::kAny}, .result = oid::kInt4, .kernel = count_nulls, .strict = false, .variadic = true});
  to.raw({.name = "satisfies_hash_partition", .arguments = {oid::kOid, oid::kInt4, oid::kInt4, oid::kAny}, .result = oid::kBool, .kernel = satisfies_hash_partition, .strict = false, .variadic = true});
  to.raw({.name = "num_nonnulls", .arguments = {oid::kAny}, .result = oid::kInt4, .kernel = count_nulls, .strict = false, .variadic = true});
  to.raw({.name = "pg_column_size", .arguments = {oid::kAny}, .result = oid::kInt4, .kernel = column_size});
  constexpr auto user = [](EvalContext& c) { return std::string(c.user); };
  for (const char* name : {"current_user", "user", "current_role"}) to.function<user>(name, {}, oid::kName, kStable);
  to.function<[](EvalContext& c) { return std::string(c.session_user); }>("session_user", {}, oid::kName, kStable);
  for (const char* name : {"current_database", "current_catalog"}) {
    to.function<[](EvalContext& c) { return std::string(c.database); }>(name, {}, oid::kName, kStable);
  }
  to.function<[](EvalContext& c) { return std::string(c.schema); }>("current_schema", {}, oid::kName, kStable);
}

}  // namespace troupe
