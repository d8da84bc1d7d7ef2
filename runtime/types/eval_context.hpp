#pragma once
/// What evaluating an expression may look at besides its arguments: the session's settings, the statement's clock, a
/// seeded random source and the catalog's names. Passed in, so that a replay sees the same.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "runtime/types/interrupt.hpp"
#include "storage/base/clock.hpp"
#include "storage/base/error.hpp"
#include "storage/base/ids.hpp"
#include "storage/base/random.hpp"

namespace troupe {

enum class DateOutput : uint8_t { kIso, kSql, kPostgres, kGerman };
enum class DateOrder : uint8_t { kMdy, kDmy, kYmd };
enum class IntervalStyle : uint8_t { kPostgres, kPostgresVerbose, kSqlStandard, kIso8601 };

/// The settings (SET ...) that change what values look like.
struct SessionSettings {
  absl::TimeZone time_zone = absl::UTCTimeZone();
  std::string time_zone_name = "UTC";
  DateOutput date_output = DateOutput::kIso;
  DateOrder date_order = DateOrder::kMdy;
  IntervalStyle interval_style = IntervalStyle::kPostgres;
  int extra_float_digits = 1;
  bool bytea_escape = false;  ///< bytea_output = 'escape'
};

/// A zone by what SET TIME ZONE takes: an IANA name (any case), an abbreviation, "+3", "-03:30" (ISO sign), POSIX
/// "UTC+3" (sign reversed). Errors: 22023 as PostgreSQL's.
absl::StatusOr<absl::TimeZone> find_time_zone(std::string_view name);

/// Names behind regclass, regtype, regproc ... Implemented by the catalog.
class NameResolver {
 public:
  virtual ~NameResolver() = default;
  /// `type` is oid::kRegclass, kRegproc, kRegnamespace, kRegrole. Errors as PostgreSQL's (42P01, 42883, ...).
  virtual absl::StatusOr<Oid> oid_of(Oid type, std::string_view name) const = 0;
  /// The name as output, quoted and qualified where needed; nothing when there is no such object.
  virtual std::optional<std::string> name_of(Oid type, Oid object) const = 0;
};

struct EvalContext {
  const SessionSettings* settings = nullptr;
  /// Microseconds since 1970-01-01 UTC.
  int64_t statement_us = 0;
  int64_t transaction_us = 0;
  const Clock* clock = nullptr;        ///< clock_timestamp(); null = statement_us
  Random* random = nullptr;            ///< random(), gen_random_uuid(); null = an error
  const NameResolver* names = nullptr; ///< null = reg* types are numbers
  std::string_view user = "troupe";
  std::string_view session_user = "troupe";
  std::string_view database = "troupe";
  std::string_view schema = "public";
  /// Of the statement; null = nothing ends it early.
  const Interrupt* interrupt = nullptr;
  /// Anything the registrant of a function outside runtime/types needs (catalog functions ...).
  void* extension = nullptr;

  const SessionSettings& session() const;
  /// For loops that may work long on one value. Errors: why the statement ends, 57014.
  absl::Status check_interrupt() const { return interrupt == nullptr ? absl::OkStatus() : interrupt->check(); }
};

}  // namespace troupe
