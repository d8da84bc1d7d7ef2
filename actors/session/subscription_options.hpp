#pragma once
/// The options of CREATE and ALTER SUBSCRIPTION. Pure. Source: PostgreSQL 15, subscriptioncmds.c.
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "runtime/sql/ast_all.hpp"
#include "runtime/transaction/lsn.hpp"
#include "storage/base/error.hpp"

namespace troupe {

struct SubscriptionOptions {
  bool connect = true;
  bool enabled = true;
  bool create_slot = true;
  bool copy_data = true;
  bool refresh = true;
  bool binary = false;
  bool streaming = false;
  bool disable_on_error = false;
  std::optional<std::string> slot_name;  ///< nothing: NONE
  std::string synchronous_commit = "off";
  Lsn lsn = kNoLsn;
  std::set<std::string, std::less<>> given;

  bool has(std::string_view name) const { return given.contains(name); }
};

/// Errors: 42601 for what the statement does not take, 22023, 0A000.
absl::StatusOr<SubscriptionOptions> parse_subscription_options(sql::List<const sql::Option*> options,
                                                               std::span<const std::string_view> allowed);
/// What does not go together in CREATE SUBSCRIPTION; connect = false changes what others are by default.
absl::Status settle_create_options(SubscriptionOptions* options);

/// Errors: 42710 for a name that is there twice.
absl::Status check_publication_names(const std::vector<std::string>& names);
/// ADD and DROP PUBLICATION. Errors: 42710, 42P17.
absl::StatusOr<std::vector<std::string>> merge_publications(std::vector<std::string> before,
                                                            const std::vector<std::string>& named, bool adds,
                                                            std::string_view subscription);
/// 16/B374D848. Nothing: it is none.
std::optional<Lsn> parse_lsn_text(std::string_view text);
std::string lsn_text(Lsn lsn);

}  // namespace troupe
