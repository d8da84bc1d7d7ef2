#pragma once
/// What START_REPLICATION says to pgoutput.
#include "runtime/protocol/replication_command.hpp"
#include "runtime/stream/pgoutput_encoder.hpp"

namespace troupe {

/// Errors: 22023, 42601, 42602, 0A000 as PostgreSQL's plugin has them; 0A000 for two_phase.
absl::StatusOr<PgoutputOptions> parse_pgoutput_options(const ReplicationOptions& options);
/// "on", "false", ...; empty is true. Errors: 42601.
absl::StatusOr<bool> replication_flag(const std::string& name, const std::string& value);

}  // namespace troupe
