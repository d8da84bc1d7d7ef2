#pragma once
/// Values into the snapshot's members. Only for runtime/settings.
#include <string_view>

#include "runtime/settings/parameter.hpp"
#include "runtime/settings/settings_snapshot.hpp"

namespace troupe {

/// Does nothing for a parameter that the snapshot has no member for.
void decode_setting(ParameterId id, std::string_view canonical, SettingsSnapshot* snapshot);

/// transaction_isolation, transaction_read_only and transaction_deferrable live in the snapshot alone.
enum class TransactionParameter : uint8_t { kNone, kIsolation, kReadOnly, kDeferrable };
TransactionParameter transaction_parameter(ParameterId id);
std::string_view transaction_parameter_value(TransactionParameter which, const TransactionModes& modes);
void set_transaction_parameter(TransactionParameter which, std::string_view canonical, TransactionModes* modes);

/// Position among the reported parameters; -1 for the others.
int report_index(ParameterId id);

}  // namespace troupe
