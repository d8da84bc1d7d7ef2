#include "runtime/plan/refusal.hpp"

#include <string>

namespace troupe {
namespace {

struct Advice {
  std::string_view feature;  ///< what the feature's name begins with
  std::string_view hint;
};

constexpr Advice kAdvice[] = {
    {"CREATE EXTENSION", "There are no loadable modules."},
    {"CREATE FOREIGN TABLE", "Load the data with COPY ... FROM STDIN."},
    {"CREATE FUNCTION", "Send its statements from the client, in one transaction."},
    {"CREATE PROCEDURE", "Send its statements from the client, in one transaction."},
    {"CREATE RULE", "Send the other statement from the client."},
    {"CREATE TRIGGER", "Use SUBSCRIBE TO table to act on changes, or DEFAULT and CHECK for values."},
    {"CREATE TYPE", "Use an enumeration (CREATE TYPE ... AS ENUM), a domain, or columns of their own."},
    {"a foreign key to a partitioned table", "Refer to a table that is not partitioned, or to one partition."},
    {"EXCLUDE", "Use UNIQUE for equal values; check others within a transaction at REPEATABLE READ."},
    {"INHERITS", "Use CREATE TABLE ... (LIKE parent) and a view with UNION ALL."},
    {"MERGE into a partitioned table", "Use UPDATE ... FROM, and INSERT ... ON CONFLICT; or MERGE into one partition."},
    {"a correlated subquery in this place", "Join with what it reads, or read that first."},
    {"a deferrable key", "Make the changes in an order that keeps the key unique."},
    {"hash partitioning by type", "Partition by an expression of it that is a number or text, or by range or list."},
    {"type ", "Keep its text in a column of type text, or its numbers in columns of their own."},
};

}  // namespace

absl::Status not_supported_yet(std::string_view feature) {
  absl::Status status = error(ErrorCode::kFeatureNotSupported, feature, " is not supported yet");
  for (const Advice& advice : kAdvice) {
    if (feature.starts_with(advice.feature)) return with_hint(std::move(status), std::string(advice.hint));
  }
  return status;
}

}  // namespace troupe
