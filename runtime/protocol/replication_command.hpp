#pragma once
/// What a replication connection may say beside SQL: PostgreSQL's replication commands.
/// Source: PostgreSQL 15, repl_gram.y.
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "storage/base/error.hpp"

namespace troupe {

/// Options with their values; without one: "".
using ReplicationOptions = std::vector<std::pair<std::string, std::string>>;

struct IdentifySystemCommand {};
struct CreateSlotCommand {
  std::string slot;
  bool temporary = false;
  bool logical = false;
  std::string plugin;
  ReplicationOptions options;  ///< legacy words as their newer equivalents
};
struct DropSlotCommand {
  std::string slot;
  bool wait = false;
};
struct StartReplicationCommand {
  std::string slot;
  bool logical = false;
  uint64_t lsn = 0;
  ReplicationOptions options;
};
/// Of physical replication: BASE_BACKUP, TIMELINE_HISTORY, READ_REPLICATION_SLOT.
struct PhysicalCommand {
  std::string name;
};
using ReplicationCommand =
    std::variant<IdentifySystemCommand, CreateSlotCommand, DropSlotCommand, StartReplicationCommand, PhysicalCommand>;

/// Whether it is one, by its first word; SHOW and everything else is SQL.
bool is_replication_command(std::string_view text);
/// Errors: 42601.
absl::StatusOr<ReplicationCommand> parse_replication_command(std::string_view text);

}  // namespace troupe
