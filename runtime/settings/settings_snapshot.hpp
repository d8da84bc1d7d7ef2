#pragma once
/// The settings that statements look at all the time, decoded: no hot path looks a parameter up by name.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/types/eval_context.hpp"

namespace troupe {

enum class IsolationLevel : uint8_t { kReadUncommitted, kReadCommitted, kRepeatableRead, kSerializable };
enum class MessageLevel : uint8_t {
  kDebug5,
  kDebug4,
  kDebug3,
  kDebug2,
  kDebug1,
  kLog,
  kInfo,
  kNotice,
  kWarning,
  kError
};
enum class SynchronousCommit : uint8_t { kOff, kLocal, kRemoteWrite, kOn, kRemoteApply };

struct TransactionModes {
  IsolationLevel isolation = IsolationLevel::kReadCommitted;
  bool read_only = false;
  bool deferrable = false;
  bool operator==(const TransactionModes&) const = default;
};

/// Schema names in search order; "$user" stands for the current user's name.
using SearchPath = std::vector<std::string>;

struct SettingsSnapshot {
  SessionSettings values;            ///< what EvalContext::settings points to
  TransactionModes new_transaction;  ///< default_transaction_*
  TransactionModes transaction;      ///< transaction_*: of the current one
  std::shared_ptr<const SearchPath> search_path;
  int32_t statement_timeout_ms = 0;  ///< 0: none, as for all timeouts
  int32_t lock_timeout_ms = 0;
  int32_t idle_in_transaction_session_timeout_ms = 0;
  int32_t idle_session_timeout_ms = 0;
  int32_t work_mem_kb = 4096;
  MessageLevel client_min_messages = MessageLevel::kNotice;
  SynchronousCommit synchronous_commit = SynchronousCommit::kOn;
  bool row_security = true;
  bool enable_seqscan = true;
};

}  // namespace troupe
