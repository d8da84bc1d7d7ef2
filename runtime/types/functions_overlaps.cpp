#include <optional>
#include <utility>

#include "runtime/types/datetime.hpp"
#include "runtime/types/kernel.hpp"

/// (a, b) OVERLAPS (c, d): SQL's half-open periods, whose ends may come in any order, be unknown, or be lengths.
namespace troupe {
namespace {

struct Period {
  std::optional<int64_t> start, end;
};

absl::StatusOr<std::optional<int64_t>> end_of(Type type, std::optional<int64_t> start, const Vector& arg, uint32_t row,
                                              Oid point, EvalContext& context) {
  if (arg.is_null(row)) return std::optional<int64_t>();
  if (type.oid != oid::kInterval) return std::optional(arg.get<int64_t>(row));
  if (!start) return std::optional<int64_t>();
  const auto length = arg.get<Interval>(row);
  auto end = point == oid::kTimestamptz ? timestamptz_plus_interval(*start, length, context.session().time_zone)
                                        : timestamp_plus_interval(*start, length);
  if (!end.ok()) return end.status();
  return std::optional(*end);
}

/// Nothing known of it: no period.
std::optional<Period> ordered(std::optional<int64_t> start, std::optional<int64_t> end) {
  if (!start && !end) return std::nullopt;
  if (!start) return Period{end, std::nullopt};
  if (end && *start > *end) std::swap(start, end);
  return Period{start, end};
}

std::optional<bool> overlap(Period a, Period b) {
  if (*a.start == *b.start) return a.end && b.end ? std::optional(true) : std::nullopt;
  if (*a.start > *b.start) std::swap(a, b);
  // a begins first: they overlap when it lasts until b has begun.
  if (!a.end) return std::nullopt;
  if (*b.start < *a.end) return true;
  return b.end ? std::optional(false) : std::nullopt;
}

absl::Status overlaps(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext& context,
                      Vector& out) {
  const Oid point = call.arguments[0].oid;
  for (uint32_t row = 0; row < rows; ++row) {
    std::optional<Period> periods[2];
    for (size_t i = 0; i < 2; ++i) {
      const Vector& first = args[i * 2];
      const auto start = first.is_null(row) ? std::optional<int64_t>() : std::optional(first.get<int64_t>(row));
      TROUPE_ASSIGN_OR_RETURN(const auto end, end_of(call.arguments[i * 2 + 1], start, args[i * 2 + 1], row, point, context));
      periods[i] = ordered(start, end);
    }
    const auto result = periods[0] && periods[1] ? overlap(*periods[0], *periods[1]) : std::nullopt;
    if (result) {
      out.set(row, *result);
    } else {
      out.set_null(row);
    }
  }
  return absl::OkStatus();
}

}  // namespace

void register_overlaps(Registrar& to) {
  const auto add = [&](Oid a, Oid b, Oid c, Oid d) {
    to.raw({.name = "overlaps", .arguments = {a, b, c, d}, .result = oid::kBool, .kernel = overlaps, .strict = false});
  };
  for (const Oid point : {oid::kTimestamp, oid::kTimestamptz}) {
    for (const Oid first : {point, Oid{oid::kInterval}}) {
      for (const Oid second : {point, Oid{oid::kInterval}}) add(point, first, point, second);
    }
  }
  add(oid::kTime, oid::kTime, oid::kTime, oid::kTime);
}

}  // namespace troupe
