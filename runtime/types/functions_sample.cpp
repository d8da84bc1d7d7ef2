#include <cmath>

#include "runtime/types/kernel.hpp"

/// What TABLESAMPLE asks of each row: by chance, or by the row's key and a seed.
namespace troupe {
namespace {

constexpr ErrorCode kInvalidArgument{pack_sqlstate("2202H")}, kInvalidRepeat{pack_sqlstate("2202G")};

absl::StatusOr<double> fraction_of(const Vector& percent, uint32_t row) {
  if (percent.is_null(row)) return error(kInvalidArgument, "TABLESAMPLE parameter cannot be null");
  const float given = percent.get<float>(row);
  if (!(given >= 0 && given <= 100)) return error(kInvalidArgument, "sample percentage must be between 0 and 100");
  return static_cast<double>(given) / 100;
}

absl::Status by_chance(const BoundFunction&, std::span<const Vector> args, uint32_t rows, EvalContext&, Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    TROUPE_ASSIGN_OR_RETURN(const double fraction, fraction_of(args[0], row));
    out.set(row, args[1].get<double>(row) < fraction);
  }
  return absl::OkStatus();
}

/// FNV-1a, then a final mix (splitmix64): a number from 0 to 1 that looks like chance.
double spread(std::string_view key, double seed) {
  uint64_t hash = 14695981039346656037ULL;
  const auto add = [&hash](std::string_view bytes) {
    for (const char c : bytes) hash = (hash ^ static_cast<uint8_t>(c)) * 1099511628211ULL;
  };
  add({reinterpret_cast<const char*>(&seed), sizeof seed});
  add(key);
  hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9ULL;
  hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBULL;
  return static_cast<double>((hash ^ (hash >> 31)) >> 11) * 0x1.0p-53;
}

absl::Status by_key(const BoundFunction&, std::span<const Vector> args, uint32_t rows, EvalContext&, Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    TROUPE_ASSIGN_OR_RETURN(const double fraction, fraction_of(args[0], row));
    if (args[1].is_null(row)) return error(kInvalidRepeat, "TABLESAMPLE REPEATABLE parameter cannot be null");
    const std::string_view key = args[2].is_null(row) ? std::string_view() : args[2].string(row);
    out.set(row, spread(key, args[1].get<double>(row)) < fraction);
  }
  return absl::OkStatus();
}

}  // namespace

void register_sample(Registrar& to) {
  to.raw({.name = "tablesample_by_chance",
          .arguments = {oid::kFloat4, oid::kFloat8},
          .result = oid::kBool,
          .kernel = by_chance,
          .strict = false});
  to.raw({.name = "tablesample_by_key",
          .arguments = {oid::kFloat4, oid::kFloat8, oid::kText},
          .result = oid::kBool,
          .kernel = by_key,
          .strict = false});
}

}  // namespace troupe
