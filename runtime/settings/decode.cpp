#include "runtime/settings/decode.hpp"

#include <array>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "runtime/settings/string_value.hpp"
#include "storage/base/check.hpp"

namespace troupe {
namespace {

using Decoder = void (*)(const ParameterInfo& parameter, std::string_view value, SettingsSnapshot* snapshot);

int32_t to_int(std::string_view text) {
  int32_t value = 0;
  TROUPE_CHECK(absl::SimpleAtoi(absl_view(text), &value));
  return value;
}

/// Position among the choices; the enums in settings_snapshot.hpp that use it list them in the same order.
int choice_index(const ParameterInfo& parameter, std::string_view value) {
  int index = 0;
  for (const absl::string_view choice : absl::StrSplit(absl_view(parameter.choices), ", ")) {
    if (choice == absl_view(value)) return index;
    ++index;
  }
  TROUPE_CHECK(false);
}

IsolationLevel to_isolation(std::string_view value) {
  if (value == "serializable") return IsolationLevel::kSerializable;
  if (value == "repeatable read") return IsolationLevel::kRepeatableRead;
  if (value == "read uncommitted") return IsolationLevel::kReadUncommitted;
  return IsolationLevel::kReadCommitted;
}

MessageLevel to_message_level(std::string_view value) {
  constexpr std::string_view kNames[] = {"debug5", "debug4", "debug3", "debug2",  "debug1",
                                         "log",    "info",   "notice", "warning", "error"};
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (kNames[i] == value) return static_cast<MessageLevel>(i);
  }
  return MessageLevel::kNotice;
}

SynchronousCommit to_synchronous_commit(std::string_view value) {
  if (value == "off") return SynchronousCommit::kOff;
  if (value == "local") return SynchronousCommit::kLocal;
  if (value == "remote_write") return SynchronousCommit::kRemoteWrite;
  if (value == "remote_apply") return SynchronousCommit::kRemoteApply;
  return SynchronousCommit::kOn;
}

#define TROUPE_DECODER(target, expression) \
  [](const ParameterInfo& p, std::string_view v, SettingsSnapshot* s) { (void)p, s->target = (expression); }

struct NamedDecoder {
  std::string_view name;
  Decoder decode;
};
const NamedDecoder kDecoders[] = {
    {"TimeZone",
     [](const ParameterInfo&, std::string_view v, SettingsSnapshot* s) {
       s->values.time_zone = decode_time_zone(v);
       s->values.time_zone_name = std::string(v);
     }},
    {"DateStyle", [](const ParameterInfo&, std::string_view v,
                     SettingsSnapshot* s) { decode_date_style(v, &s->values.date_output, &s->values.date_order); }},
    {"IntervalStyle", TROUPE_DECODER(values.interval_style, static_cast<IntervalStyle>(choice_index(p, v)))},
    {"extra_float_digits", TROUPE_DECODER(values.extra_float_digits, to_int(v))},
    {"bytea_output", TROUPE_DECODER(values.bytea_escape, v == "escape")},
    {"search_path", TROUPE_DECODER(search_path, std::make_shared<const SearchPath>(*split_identifiers(v)))},
    {"statement_timeout", TROUPE_DECODER(statement_timeout_ms, to_int(v))},
    {"lock_timeout", TROUPE_DECODER(lock_timeout_ms, to_int(v))},
    {"idle_in_transaction_session_timeout", TROUPE_DECODER(idle_in_transaction_session_timeout_ms, to_int(v))},
    {"idle_session_timeout", TROUPE_DECODER(idle_session_timeout_ms, to_int(v))},
    {"work_mem", TROUPE_DECODER(work_mem_kb, to_int(v))},
    {"client_min_messages", TROUPE_DECODER(client_min_messages, to_message_level(v))},
    {"synchronous_commit", TROUPE_DECODER(synchronous_commit, to_synchronous_commit(v))},
    {"row_security", TROUPE_DECODER(row_security, v == "on")},
    {"enable_seqscan", TROUPE_DECODER(enable_seqscan, v == "on")},
    {"default_transaction_isolation", TROUPE_DECODER(new_transaction.isolation, to_isolation(v))},
    {"default_transaction_read_only", TROUPE_DECODER(new_transaction.read_only, v == "on")},
    {"default_transaction_deferrable", TROUPE_DECODER(new_transaction.deferrable, v == "on")},
};
#undef TROUPE_DECODER

std::vector<Decoder> decoders_by_id() {
  std::vector<Decoder> table(all_parameters().size(), nullptr);
  for (const NamedDecoder& named : kDecoders) {
    const ParameterInfo* parameter = find_parameter(named.name);
    TROUPE_CHECK(parameter != nullptr);
    table[parameter_id(*parameter)] = named.decode;
  }
  return table;
}

}  // namespace

void decode_setting(ParameterId id, std::string_view canonical, SettingsSnapshot* snapshot) {
  static const std::vector<Decoder> table = decoders_by_id();
  if (id < table.size() && table[id] != nullptr) table[id](all_parameters()[id], canonical, snapshot);
}

TransactionParameter transaction_parameter(ParameterId id) {
  static const auto id_of = [](std::string_view name) { return parameter_id(*find_parameter(name)); };
  static const ParameterId isolation = id_of("transaction_isolation"), read_only = id_of("transaction_read_only"),
                           deferrable = id_of("transaction_deferrable");
  if (id == isolation) return TransactionParameter::kIsolation;
  if (id == read_only) return TransactionParameter::kReadOnly;
  return id == deferrable ? TransactionParameter::kDeferrable : TransactionParameter::kNone;
}

std::string_view transaction_parameter_value(TransactionParameter which, const TransactionModes& modes) {
  switch (which) {
    case TransactionParameter::kNone: return {};
    case TransactionParameter::kIsolation: {
      constexpr std::string_view kLevels[] = {"read uncommitted", "read committed", "repeatable read", "serializable"};
      return kLevels[static_cast<int>(modes.isolation)];
    }
    case TransactionParameter::kReadOnly: return modes.read_only ? "on" : "off";
    case TransactionParameter::kDeferrable: return modes.deferrable ? "on" : "off";
  }
  return {};
}

void set_transaction_parameter(TransactionParameter which, std::string_view canonical, TransactionModes* modes) {
  switch (which) {
    case TransactionParameter::kNone: return;
    case TransactionParameter::kIsolation: modes->isolation = to_isolation(canonical); return;
    case TransactionParameter::kReadOnly: modes->read_only = canonical == "on"; return;
    case TransactionParameter::kDeferrable: modes->deferrable = canonical == "on"; return;
  }
}

int report_index(ParameterId id) {
  static const std::vector<int8_t> table = [] {
    std::vector<int8_t> indexes;
    int8_t next = 0;
    for (const ParameterInfo& parameter : all_parameters()) indexes.push_back(parameter.reported ? next++ : -1);
    return indexes;
  }();
  return id < table.size() ? table[id] : -1;
}

}  // namespace troupe
