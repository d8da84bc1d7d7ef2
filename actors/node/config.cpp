#include "actors/node/config.hpp"

#include <charconv>
#include <functional>
#include <limits>
#include <thread>

#include "actors/node/config_access.hpp"
#include "actors/node/front_door.hpp"
#include "actors/node/recovery.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

enum class Unit : uint8_t { kCount, kBytes, kSeconds, kText, kSwitch };

struct Key {
  const char* name;  ///< "section.key"
  Unit unit;
  bool is_limit;
  const char* description;
  std::function<uint64_t(const NodeConfig&)> get;
  uint64_t min = 0;
  uint64_t max = 0;
  std::function<void(NodeConfig&, uint64_t)> set;
  std::function<void(NodeConfig&, std::string)> set_text;
};

template <typename T>
Key number(const char* name, Unit unit, T NodeConfig::*field, uint64_t min, bool is_limit, const char* description) {
  return {name, unit, is_limit, description, [field](const NodeConfig& c) { return static_cast<uint64_t>(c.*field); },
          min, std::numeric_limits<T>::max(),
          [field](NodeConfig& c, uint64_t v) { c.*field = static_cast<T>(v); }, {}};
}

Key text(const char* name, std::string NodeConfig::*field, const char* description) {
  return {name, Unit::kText, false, description, {}, 0, 0, {},
          [field](NodeConfig& c, std::string v) { c.*field = std::move(v); }};
}

Key toggle(const char* name, bool NodeConfig::*field, const char* description) {
  return {name, Unit::kSwitch, false, description, {}, 0, 1,
          [field](NodeConfig& c, uint64_t v) { c.*field = v != 0; }, {}};
}

constexpr uint32_t kCellsMax = 1024;

/// One log record with its header has to fit (LogOptions::record_bytes_max).
constexpr uint64_t kLargestRecordBytes = 17ull << 20;

const std::vector<Key>& keys() {
  static const std::vector<Key> all = {
      text("node.data_directory", &NodeConfig::data_directory, "where everything is kept"),
      text("node.listen_address", &NodeConfig::listen_address, "address of the SQL port"),
      number("node.port", Unit::kCount, &NodeConfig::port, 1, false, "SQL port"),
      text("node.unix_socket_directory", &NodeConfig::unix_socket_directory, "directory of .s.PGSQL.PORT"),
      number("node.cells", Unit::kCount, &NodeConfig::cells, 0, false, "threads that serve; 0: one per core"),
      toggle("node.pin_cells", &NodeConfig::pin_cells, "each cell stays on a core of its own"),
      number("node.partitions", Unit::kCount, &NodeConfig::partitions, 0, false, "0: as many as cells"),
      number("node.page_readers", Unit::kCount, &NodeConfig::page_readers, 1, false,
             "pages read from the disk at the same time"),
      text("node.log_level", &NodeConfig::log_level, "debug, info, warn, error"),
      number("limits.connections_max", Unit::kCount, &NodeConfig::connections_max, 1, true, "client connections"),
      number("limits.statements_in_flight_max", Unit::kCount, &NodeConfig::statements_in_flight_max, 1, true,
             "statements of one pipeline, until its Sync"),
      number("limits.pending_bytes_max", Unit::kBytes, &NodeConfig::pending_bytes_max, 1 << 20, true,
             "uncommitted writes of one transaction in one partition; used: of all"),
      number("limits.pending_memory_bytes", Unit::kBytes, &NodeConfig::pending_memory_bytes, 1 << 16, true,
             "uncommitted writes in memory; what is more goes to pages"),
      number("limits.log_queued_bytes_max", Unit::kBytes, &NodeConfig::log_queued_bytes_max, kLargestRecordBytes, true,
             "commits on their way to the disk; more of them wait"),
      number("limits.cache_bytes", Unit::kBytes, &NodeConfig::cache_bytes, 1 << 20, true, "cached pages"),
      number("limits.dirty_bytes_max", Unit::kBytes, &NodeConfig::dirty_bytes_max, 1 << 20, true,
             "changed pages not yet in a checkpoint; commits wait for room"),
      number("limits.history_bytes_max", Unit::kBytes, &NodeConfig::history_bytes_max, 1 << 20, true,
             "older versions kept for open snapshots"),
      number("limits.sort_bytes_max", Unit::kBytes, &NodeConfig::sort_bytes_max, 1 << 20, true,
             "memory of one sort, hash table or materialised result"),
      number("limits.lock_waiters_max", Unit::kCount, &NodeConfig::lock_waiters_max, 1, true, "lock requests that wait in one lock shard"),
      number("limits.row_locks_max", Unit::kCount, &NodeConfig::row_locks_max, 1, true,
             "rows that are locked at the same time, about 140 bytes each, 20 in large transactions"),
      number("limits.advisory_locks_max", Unit::kCount, &NodeConfig::advisory_locks_max, 1, true,
             "keys that advisory locks are held on or waited for"),
      number("limits.read_ranges", Unit::kCount, &NodeConfig::read_ranges, 64, true,
             "ranges of keys that one SERIALIZABLE transaction has read; more of them are merged into coarser ones"),
      number("limits.conflict_bytes_max", Unit::kBytes, &NodeConfig::conflict_bytes_max, 1 << 20, true,
             "written keys kept for open SERIALIZABLE transactions; past it whole tables are kept instead"),
      number("limits.prepared_transactions_max", Unit::kCount, &NodeConfig::prepared_transactions_max, 0, true,
             "transactions that PREPARE TRANSACTION left waiting for a decision (max_prepared_transactions)"),
      number("limits.notification_bytes_max", Unit::kBytes, &NodeConfig::notification_bytes_max, 1 << 16, true,
             "notifications that were said and that not all who LISTEN have read; more of them are refused"),
      number("limits.channels_max", Unit::kCount, &NodeConfig::channels_max, 1, true,
             "channels that sessions LISTEN to, counted for each session"),
      number("limits.replication_slots_max", Unit::kCount, &NodeConfig::replication_slots_max, 0, true,
             "replication slots (max_replication_slots)"),
      number("limits.conflicts_max", Unit::kCount, &NodeConfig::conflicts_max, 1, true,
             "conflicts kept in sys.conflicts"),
      number("limits.events_max", Unit::kCount, &NodeConfig::events_max, 1, true, "events kept in sys.events"),
      number("limits.checkpoints_max", Unit::kCount, &NodeConfig::checkpoints_max, 1, true,
             "checkpoints kept in sys.checkpoints"),
      number("log.segment_bytes", Unit::kBytes, &NodeConfig::log_segment_bytes, 1 << 20, false, "size of a log file"),
      number("log.record_bytes_max", Unit::kBytes, &NodeConfig::log_record_bytes_max, 1 << 20, true,
             "one record of the log, and so one changed row"),
      number("log.retention_bytes_max", Unit::kBytes, &NodeConfig::log_retention_bytes, 0, true,
             "log kept for subscribers"),
      number("log.disk_reserve_bytes", Unit::kBytes, &NodeConfig::disk_reserve_bytes, 0, false,
             "kept free for checkpoints when the disk is full"),
      number("checkpoint.log_bytes", Unit::kBytes, &NodeConfig::checkpoint_log_bytes, 1 << 20, true,
             "log written between two checkpoints"),
      number("checkpoint.interval_s", Unit::kSeconds, &NodeConfig::checkpoint_interval_s, 1, true,
             "time between two checkpoints"),
      number("scrub.bytes_per_s", Unit::kBytes, &NodeConfig::scrub_bytes_per_s, 0, false,
             "how fast the disk is read to see that it is whole; 0: never"),
      number("scrub.interval_s", Unit::kSeconds, &NodeConfig::scrub_interval_s, 1, false,
             "from the begin of one such round to the begin of the next"),
      number("transactions.prepared_report_s", Unit::kSeconds, &NodeConfig::prepared_report_s, 0, false,
             "a prepared transaction that is older is told of in sys.events; 0: none is"),
      number("streams.window_bytes", Unit::kBytes, &NodeConfig::stream_window_bytes, 1 << 16, true,
             "sent to a subscriber and not yet taken by its socket"),
      number("streams.batch_events_max", Unit::kCount, &NodeConfig::stream_batch_events_max, 1, true,
             "events of one CONSUME"),
      number("streams.batch_bytes_max", Unit::kBytes, &NodeConfig::stream_batch_bytes_max, 1 << 16, true,
             "bytes of one CONSUME's events"),
      number("streams.members_max", Unit::kCount, &NodeConfig::stream_members_max, 1, true,
             "members of one consumer group"),
      number("streams.dead_letters_max", Unit::kCount, &NodeConfig::stream_dead_letters_max, 1, true,
             "dead letters of one consumer group"),
      text("http.listen_address", &NodeConfig::http_listen_address, "address of the HTTP port"),
      number("http.port", Unit::kCount, &NodeConfig::http_port, 0, false, "HTTP port; 0: none"),
      text("http.host_names", &NodeConfig::http_host_names, "names by which browsers reach the HTTP port"),
      text("http.allowed_origins", &NodeConfig::http_allowed_origins, "whose pages may use the HTTP port"),
      number("http.token_lifetime_s", Unit::kSeconds, &NodeConfig::http_token_lifetime_s, 1, false,
             "how long an access token is good for"),
      number("http.heartbeat_s", Unit::kSeconds, &NodeConfig::http_heartbeat_s, 1, false,
             "an event stream or WebSocket without events shows so often that it is alive"),
      number("http.idle_s", Unit::kSeconds, &NodeConfig::http_idle_s, 1, false,
             "an HTTP connection without a request is kept so long"),
      number("http.header_bytes_max", Unit::kBytes, &NodeConfig::http_header_bytes_max, 1024, true,
             "request line and headers of one HTTP request"),
      number("http.body_bytes_max", Unit::kBytes, &NodeConfig::http_body_bytes_max, 0, true,
             "body of one HTTP request"),
      number("http.message_bytes_max", Unit::kBytes, &NodeConfig::http_message_bytes_max, 1024, true,
             "one message that a WebSocket's client sends"),
      number("http.subscriptions_max", Unit::kCount, &NodeConfig::http_subscriptions_max, 1, true,
             "subscriptions of one WebSocket"),
      number("http.tokens_max", Unit::kCount, &NodeConfig::http_tokens_max, 1, true,
             "access tokens that are good at the same time; with more the oldest ends"),
      number("http.result_bytes_max", Unit::kBytes, &NodeConfig::http_result_bytes_max, 1024, true,
             "the answer to one POST /v1/query"),
      text("tls.certificate_file", &NodeConfig::tls_certificate_file, "PEM: the node's certificate and its chain"),
      text("tls.private_key_file", &NodeConfig::tls_private_key_file, "PEM: the certificate's key"),
      text("tls.authority_file", &NodeConfig::tls_authority_file, "PEM: who signs clients' certificates"),
  };
  return all;
}

const Key* find_key(const std::string& name) {
  for (const Key& key : keys()) {
    if (name == key.name) return &key;
  }
  return nullptr;
}

/// "64MB", "1GiB", "512 kB", or plain digits; powers of 1024 as PostgreSQL has them.
bool parse_bytes(std::string_view value, uint64_t& out) {
  const char* end = value.data() + value.size();
  const auto [rest, problem] = std::from_chars(value.data(), end, out);
  if (problem != std::errc{}) return false;
  std::string unit(rest, end);
  while (!unit.empty() && unit.front() == ' ') unit.erase(unit.begin());
  if (unit.empty() || unit == "B") return true;
  for (const auto& [letter, shift] : {std::pair{'k', 10}, {'K', 10}, {'M', 20}, {'G', 30}, {'T', 40}}) {
    if (unit[0] == letter && (unit.size() == 1 || unit.substr(1) == "B" || unit.substr(1) == "iB")) {
      const bool fits = out <= std::numeric_limits<uint64_t>::max() >> shift;
      out <<= shift;
      return fits;
    }
  }
  return false;
}

absl::Status set_key(NodeConfig& config, const std::string& name, const toml::node& value, const std::string& where) {
  const Key* key = find_key(name);
  if (key == nullptr) {
    return with_hint(error(ErrorCode::kUndefinedObject, where, ": unknown configuration key \"", name, "\""),
                     "config/troupe.toml lists every key.");
  }
  const auto refuse = [&](std::string_view wanted) {
    return error(ErrorCode::kInvalidParameterValue, where, ": ", name, " must be ", wanted);
  };
  if (key->unit == Unit::kText) {
    if (!value.is_string()) return refuse("a string");
    key->set_text(config, value.as_string()->get());
    return absl::OkStatus();
  }
  if (key->unit == Unit::kSwitch) {
    if (!value.is_boolean()) return refuse("true or false");
    key->set(config, value.as_boolean()->get() ? 1 : 0);
    return absl::OkStatus();
  }
  uint64_t number = 0;
  if (value.is_integer()) {
    if (value.as_integer()->get() < 0) return refuse("a number that is not negative");
    number = static_cast<uint64_t>(value.as_integer()->get());
  } else if (!value.is_string() || key->unit != Unit::kBytes || !parse_bytes(value.as_string()->get(), number)) {
    return refuse(key->unit == Unit::kBytes ? "a number of bytes, or text such as \"64MB\"" : "a whole number");
  }
  if (number < key->min || number > key->max) return refuse(cat("from ", key->min, " to ", key->max));
  key->set(config, number);
  return absl::OkStatus();
}

}  // namespace

absl::Status load_config(const std::string& path, NodeConfig& config) {
  const toml::parse_result parsed = toml::parse_file(path);
  if (!parsed) {
    const auto& at = parsed.error().source().begin;
    const std::string what(parsed.error().description());
    if (at.line == 0) return error(ErrorCode::kUndefinedFile, path, ": ", what);
    return error(ErrorCode::kSyntaxError, path, ":", static_cast<uint64_t>(at.line), ": ", what);
  }
  for (const auto& [section, content] : parsed.table()) {
    const std::string section_name(section.str());
    const std::string where = cat(path, ":", static_cast<uint64_t>(content.source().begin.line));
    if (section_name == "access") {
      TROUPE_ASSIGN_OR_RETURN(config.access, read_access_rules(content, path));
      continue;
    }
    if (!content.is_table()) return error(ErrorCode::kSyntaxError, where, ": \"", section_name, "\" is not a section");
    for (const auto& [name, value] : *content.as_table()) {
      const std::string line = cat(path, ":", static_cast<uint64_t>(value.source().begin.line));
      TROUPE_RETURN_IF_ERROR(set_key(config, section_name + "." + std::string(name.str()), value, line));
    }
  }
  return absl::OkStatus();
}

absl::Status complete_config(NodeConfig& config) {
  if (config.data_directory.empty()) {
    return with_hint(error(ErrorCode::kInvalidParameterValue, "no data directory given"),
                     "Use --data DIR or node.data_directory.");
  }
  TROUPE_RETURN_IF_ERROR(listen_addresses("node.listen_address", config.listen_address).status());
  TROUPE_RETURN_IF_ERROR(listen_addresses("http.listen_address", config.http_listen_address).status());
  for (const AccessRule& rule : config.access) {
    if (rule.method != AccessMethod::kCert || !config.tls_authority_file.empty()) continue;
    return error(ErrorCode::kInvalidParameterValue, rule.written_at, ": method cert needs tls.authority_file");
  }
  if (config.cells == 0) config.cells = std::max(1u, std::thread::hardware_concurrency());
  if (config.cells > kCellsMax) {
    return error(ErrorCode::kInvalidParameterValue, "node.cells is ", config.cells, ", the maximum is ", kCellsMax);
  }
  TROUPE_RETURN_IF_ERROR(check_options(log_options(config)));
  if (config.partitions > kPartitionsMax) {
    return error(ErrorCode::kInvalidParameterValue, "node.partitions is ", config.partitions, ", the maximum is ",
                 kPartitionsMax);
  }
  return absl::OkStatus();
}

std::vector<LimitRow> limit_rows(const NodeConfig& config) {
  std::vector<LimitRow> rows;
  for (const Key& key : keys()) {
    if (!key.is_limit) continue;
    const char* unit = key.unit == Unit::kBytes ? "bytes" : key.unit == Unit::kSeconds ? "s" : "count";
    rows.push_back({key.name, key.get(config), unit, key.description});
  }
  return rows;
}

}  // namespace troupe
