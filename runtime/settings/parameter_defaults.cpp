#include "runtime/settings/decode.hpp"
#include "runtime/settings/session_parameters.hpp"

namespace troupe {

std::string_view source_name(ParameterSource source) {
  switch (source) {
    case ParameterSource::kDefault: return "default";
    case ParameterSource::kConfigurationFile: return "configuration file";
    case ParameterSource::kDatabase: return "database";
    case ParameterSource::kUser: return "user";
    case ParameterSource::kClient: return "client";
    case ParameterSource::kSession: return "session";
  }
  return {};
}

ParameterDefaults::ParameterDefaults() {
  for (const ParameterInfo& parameter : all_parameters()) {
    values_.push_back({std::string(parameter.default_value), ParameterSource::kDefault});
    decode_setting(parameter_id(parameter), parameter.default_value, &snapshot_);
  }
  snapshot_.transaction = snapshot_.new_transaction;
}

absl::Status ParameterDefaults::set(std::string_view name, std::string_view value, ParameterSource source) {
  const ParameterInfo* parameter = find_parameter(name);
  if (parameter == nullptr) return unknown_parameter(name);
  Entry& entry = values_[parameter_id(*parameter)];
  TROUPE_ASSIGN_OR_RETURN(std::string canonical, canonical_value(*parameter, name, value, entry.text));
  entry = {std::move(canonical), source};
  decode_setting(parameter_id(*parameter), entry.text, &snapshot_);
  snapshot_.transaction = snapshot_.new_transaction;
  return absl::OkStatus();
}

}  // namespace troupe
