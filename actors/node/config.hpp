#pragma once
/// The node's configuration: defaults here, overridden by a TOML file (config/troupe.toml shows every key), then by the
/// command line. Every limit has a name that sys.limits shows and an error message names.
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/security/access_rule.hpp"
#include "storage/base/error.hpp"
#include "storage/base/planted_bug.hpp"

namespace troupe {

/// Participants of a commit are a mask of so many bits.
inline constexpr uint32_t kPartitionsMax = 64;

struct NodeConfig {
  // [node]
  std::string data_directory;
  std::string listen_address = "127.0.0.1";  ///< several with commas between them; front_door.hpp
  uint16_t port = 5432;
  std::string unix_socket_directory;  ///< empty: no unix socket
  uint32_t cells = 0;                 ///< 0: one per core
  bool pin_cells = true;              ///< a core for each cell, where there are as many
  uint32_t partitions = 0;            ///< 0: as many as cells; fixed when the data directory is made
  uint32_t page_readers = 4;          ///< pages that are read from the disk at the same time
  std::string log_level = "info";

  // [limits]
  uint32_t connections_max = 10'000;
  uint32_t statements_in_flight_max = 1'000'000;  ///< of one pipeline, until its Sync
  uint64_t pending_bytes_max = 64ull << 30;    ///< uncommitted writes of one transaction
  uint64_t pending_memory_bytes = 256ull << 20;  ///< of them, in memory; all partitions together
  uint64_t log_queued_bytes_max = 256ull << 20;
  uint64_t cache_bytes = 1ull << 30;  ///< all partitions together
  uint64_t dirty_bytes_max = 320ull << 20;
  uint64_t history_bytes_max = 256ull << 20;
  uint64_t sort_bytes_max = 256ull << 20;
  uint32_t lock_waiters_max = 100'000;
  uint64_t row_locks_max = 32'000'000;  ///< all lock shards together
  uint32_t advisory_locks_max = 1'000'000;  ///< keys, of all sessions together
  uint32_t read_ranges = 10'000;                 ///< of keys that one SERIALIZABLE transaction has read
  uint64_t conflict_bytes_max = 64ull << 20;     ///< written keys kept for SERIALIZABLE transactions to validate by
  uint32_t conflicts_max = 1'000;                ///< rows of sys.conflicts
  uint32_t prepared_transactions_max = 64;
  uint64_t notification_bytes_max = 256ull << 20;  ///< said by NOTIFY and not yet read by all that listen
  uint32_t channels_max = 1'000'000;               ///< that sessions listen to, all together
  uint32_t events_max = 10'000;
  uint32_t checkpoints_max = 1'000;  ///< rows of sys.checkpoints

  // [log]
  uint64_t log_segment_bytes = 64ull << 20;
  uint64_t log_record_bytes_max = 16ull << 20;  ///< larger transactions are several records; one row must fit
  uint64_t disk_reserve_bytes = 32ull << 20;    ///< given up when the disk is full, so that a checkpoint has room
  uint64_t log_retention_bytes = 1ull << 30;  ///< kept for subscribers beyond what recovery needs
  uint32_t replication_slots_max = 10;

  // [checkpoint]
  uint64_t checkpoint_log_bytes = 128ull << 20;
  uint32_t checkpoint_interval_s = 60;

  // [scrub]
  uint64_t scrub_bytes_per_s = 8ull << 20;  ///< read of data files and log to see that they are whole; 0: never
  uint32_t scrub_interval_s = 86'400;       ///< from the begin of a round to the begin of the next

  // [transactions]
  uint32_t prepared_report_s = 3'600;  ///< a prepared transaction that is older is told of in sys.events; 0: none is

  // [streams]
  uint64_t stream_window_bytes = 1ull << 20;  ///< sent to one subscriber and not yet taken by its socket
  uint32_t stream_batch_events_max = 10'000;  ///< of one CONSUME
  uint64_t stream_batch_bytes_max = 16ull << 20;
  uint32_t stream_members_max = 1'000;          ///< of one consumer group
  uint32_t stream_dead_letters_max = 100'000;   ///< of one consumer group

  // [http]
  std::string http_listen_address = "127.0.0.1";  ///< as listen_address
  uint16_t http_port = 0;                         ///< 0: no HTTP
  std::string http_host_names;  ///< how browsers may call this machine, beside its addresses and localhost; commas
  std::string http_allowed_origins;           ///< whose pages may use it beside its own: "https://a.example"; commas
  uint32_t http_token_lifetime_s = 3'600;     ///< of what POST /v1/session gives
  uint32_t http_heartbeat_s = 15;             ///< a stream without events shows so often that it is alive
  uint32_t http_idle_s = 60;                  ///< a connection without a request, or with half of one, is kept so long
  uint32_t http_header_bytes_max = 16 * 1024;  ///< of a request
  uint32_t http_body_bytes_max = 1u << 20;
  uint32_t http_message_bytes_max = 64 * 1024;  ///< of what a WebSocket's client says at once
  uint32_t http_subscriptions_max = 100;        ///< of one WebSocket
  uint32_t http_tokens_max = 10'000;
  uint32_t http_result_bytes_max = 16u << 20;  ///< of a POST /v1/query

  // [tls]
  std::string tls_certificate_file;  ///< the node's, and behind it those that vouch for it; empty: no TLS
  std::string tls_private_key_file;
  std::string tls_authority_file;  ///< who signs clients' certificates; empty: they show none

  // [[access]]
  std::vector<AccessRule> access = default_access_rules();

  // Not in the file: what the simulator makes small, so that little data has many pages.
  uint32_t page_bytes = 16 * 1024;
  uint64_t file_growth_bytes = 8ull << 20;
  // ... and a bug that its checkers have to find.
  PlantedBug planted = PlantedBug::kNone;
};

/// Errors: kUndefinedFile, kSyntaxError with file and line; an unknown key or a value out of range is an error that
/// names the key.
absl::Status load_config(const std::string& path, NodeConfig& config);

/// Fills what was left at "choose for me", but for the partitions, which an old directory knows, and checks the rest.
absl::Status complete_config(NodeConfig& config);

struct LimitRow {
  std::string name;
  uint64_t value;
  std::string unit;
  std::string description;
};
std::vector<LimitRow> limit_rows(const NodeConfig& config);

}  // namespace troupe
