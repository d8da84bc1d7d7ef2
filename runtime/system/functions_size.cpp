/// Sizes of relations and databases, and sizes as text.
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "runtime/system/object_oids.hpp"
#include "runtime/system/relation.hpp"
#include "runtime/system/session_function.hpp"
#include "runtime/types/numeric.hpp"

#include "storage/catalog/rights.hpp"

namespace troupe {
namespace {

bool is_stored(const Catalog& catalog, int64_t relation) {
  const ObjectDef* object = catalog.find(static_cast<Oid>(relation));
  return object != nullptr && object->name_class() == NameClass::relation;
}

bool is_system_relation(int64_t oid) { return find_system_relation(static_cast<Oid>(oid)) != nullptr; }

/// System relations are made when they are read: they take no space.
std::optional<int64_t> relation_size(SystemSession& session, int64_t relation) {
  if (is_stored(*session.catalog(), relation)) return session.relation_bytes(static_cast<Oid>(relation));
  return is_system_relation(relation) ? std::optional<int64_t>(0) : std::nullopt;
}
/// Only the main fork is: Troupe's trees have no maps beside them.
std::optional<int64_t> fork_size(SystemSession& session, int64_t relation, std::string_view fork) {
  return fork == "main" ? relation_size(session, relation) : std::optional<int64_t>(0);
}
std::optional<int64_t> indexes_size(SystemSession& session, int64_t relation) {
  const TableDef* table = session.catalog()->find_table(static_cast<Oid>(relation));
  if (table == nullptr) {
    const bool known = is_stored(*session.catalog(), relation) || is_system_relation(relation);
    return known ? std::optional<int64_t>(0) : std::nullopt;
  }
  int64_t total = 0;
  for (const Oid index : table->indexes) {
    const IndexDef* def = session.catalog()->find_index(index);
    // The primary key's index is the table itself.
    if (def != nullptr && !def->keys_rows()) total += session.relation_bytes(index);
  }
  return total;
}
std::optional<int64_t> total_size(SystemSession& session, int64_t relation) {
  const auto own = relation_size(session, relation);
  return own ? std::optional(*own + *indexes_size(session, relation)) : std::nullopt;
}

/// For those who may connect to it, or see all statistics. Errors: 42501.
absl::StatusOr<int64_t> size_of(SystemSession& session, const DatabaseDef& database) {
  const Catalog& catalog = *session.catalog();
  if (!has_rights_of(catalog, session.user(), kReadAllStatsRole)) {
    TROUPE_RETURN_IF_ERROR(check_right(catalog, session.user(), database, kConnect));
  }
  return session.database_bytes(database.oid);
}
absl::StatusOr<std::optional<int64_t>> database_size(SystemSession& session, int64_t oid) {
  const auto* database = session.catalog()->find_as<DatabaseDef>(static_cast<Oid>(oid));
  if (database == nullptr) return std::nullopt;
  TROUPE_ASSIGN_OR_RETURN(const int64_t bytes, size_of(session, *database));
  return bytes;
}
absl::StatusOr<int64_t> database_size_by_name(SystemSession& session, std::string_view name) {
  const DatabaseDef* database = session.catalog()->find_database(name);
  if (database == nullptr) {
    return error(ErrorCode::kInvalidCatalogName, "database \"", name, "\" does not exist");
  }
  return size_of(session, *database);
}
/// Every database lies in pg_default.
std::optional<int64_t> tablespace_size(SystemSession& session, int64_t oid) {
  if (static_cast<Oid>(oid) == kTablespaceGlobal) return 0;
  if (static_cast<Oid>(oid) != kTablespaceDefault) return std::nullopt;
  int64_t total = 0;
  for (const ObjectPtr& database : session.catalog()->objects(ObjectKind::database)) {
    total += session.database_bytes(database->oid);
  }
  return total;
}
std::string tablespace_location(SystemSession&, int64_t) { return {}; }
std::optional<int64_t> file_node(SystemSession& session, int64_t relation) {
  return is_stored(*session.catalog(), relation) ? std::optional(relation) : std::nullopt;
}

constexpr std::string_view kUnits[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};

/// Up to 10 times 1024 of a unit, the unit stays; then halves round away from zero.
std::string pretty_size(int64_t size) {
  constexpr int64_t kSwitch = 10 * 1024;
  int64_t value = size;
  if (std::llabs(value) < kSwitch) return cat(value, " bytes");
  // One bit below the unit is kept for rounding.
  value /= 512;
  size_t unit = 1;
  while (unit + 1 < std::size(kUnits) && std::llabs(value) >= 2 * kSwitch - 1) {
    value /= 1024;
    ++unit;
  }
  const int64_t rounded = (value + (value < 0 ? -1 : 1)) / 2;
  return cat(rounded, " ", kUnits[unit]);
}

absl::StatusOr<std::string> pretty_size_numeric(Numeric size) {
  TROUPE_ASSIGN_OR_RETURN(const int64_t bytes, numeric_to_int64(size));
  return pretty_size(bytes);
}

absl::StatusOr<int64_t> size_bytes(std::string_view text) {
  const auto invalid = [&] { return error(ErrorCode::kInvalidParameterValue, "invalid size: \"", text, "\""); };
  const std::string trimmed(absl::StripAsciiWhitespace(absl_view(text)));
  const size_t digits = std::min(trimmed.find_first_not_of("0123456789.+-"), trimmed.size());
  double number = 0;
  if (!absl::SimpleAtod(absl::string_view(trimmed).substr(0, digits), &number)) return invalid();
  const std::string unit = absl::AsciiStrToLower(absl::StripAsciiWhitespace(absl::string_view(trimmed).substr(digits)));
  double factor = 1;
  for (const std::string_view known : kUnits) {
    if (unit.empty() || unit == absl::AsciiStrToLower(absl_view(known)) || (unit == "b" && factor == 1)) {
      return static_cast<int64_t>(std::llround(number * factor));
    }
    factor *= 1024;
  }
  return with_hint(with_detail(invalid(), cat("Invalid size unit: \"", unit, "\".")),
                   "Valid units are \"bytes\", \"B\", \"kB\", \"MB\", \"GB\", \"TB\", and \"PB\".");
}

}  // namespace

void register_size_functions(SessionFunctions& to) {
  using namespace oid;
  constexpr auto kVolatile = Volatility::kVolatile;
  to.add<relation_size>("pg_relation_size", {kRegclass}, kInt8, kVolatile);
  to.add<fork_size>("pg_relation_size", {kRegclass, kText}, kInt8, kVolatile);
  to.add<relation_size>("pg_table_size", {kRegclass}, kInt8, kVolatile);
  to.add<indexes_size>("pg_indexes_size", {kRegclass}, kInt8, kVolatile);
  to.add<total_size>("pg_total_relation_size", {kRegclass}, kInt8, kVolatile);
  to.add<database_size>("pg_database_size", {kOid}, kInt8, kVolatile);
  to.add<database_size_by_name>("pg_database_size", {kName}, kInt8, kVolatile);
  to.add<tablespace_size>("pg_tablespace_size", {kOid}, kInt8, kVolatile);
  to.add<tablespace_location>("pg_tablespace_location", {kOid}, kText);
  to.add<file_node>("pg_relation_filenode", {kRegclass}, kOid);
  to.add_pure<pretty_size>("pg_size_pretty", {kInt8}, kText);
  to.add_pure<pretty_size_numeric>("pg_size_pretty", {kNumeric}, kText);
  to.add_pure<size_bytes>("pg_size_bytes", {kText}, kInt8);
}

}  // namespace troupe
