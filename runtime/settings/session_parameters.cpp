#include "runtime/settings/session_parameters.hpp"

#include <algorithm>
#include <optional>

#include "absl/strings/match.h"
#include "runtime/settings/decode.hpp"
#include "runtime/settings/string_value.hpp"
#include "storage/base/check.hpp"

namespace troupe {
namespace {

absl::Status check_context(const ParameterInfo& parameter, std::string_view name, const SetOptions& options) {
  const auto cannot = [&](std::string_view why) {
    return error(ErrorCode::kCantChangeRuntimeParam, "parameter \"", name, "\" cannot be ", why);
  };
  switch (parameter.context) {
    case ParameterContext::kInternal: return cannot("changed");
    case ParameterContext::kRestart: return cannot("changed without restarting the server");
    case ParameterContext::kReload: return cannot("changed now");
    case ParameterContext::kBackend:
      if (options.scope != SetScope::kStartup) return cannot("set after connection start");
      return absl::OkStatus();
    case ParameterContext::kSuperuser:
      if (options.superuser) return absl::OkStatus();
      return error(ErrorCode::kInsufficientPrivilege, "permission denied to set parameter \"", name, "\"");
    case ParameterContext::kUser: return absl::OkStatus();
  }
  return absl::OkStatus();
}

bool is_list(const ParameterInfo& parameter) {
  return parameter.name == "search_path" || parameter.name == "temp_tablespaces" || parameter.name == "DateStyle" ||
         parameter.name.ends_with("_preload_libraries");
}

}  // namespace

SessionParameters::SessionParameters(ParameterDefaultsPtr defaults)
    : defaults_{std::move(defaults)}, snapshot_{defaults_->snapshot()} {}

absl::Status SessionParameters::set(std::string_view name, std::string_view value, const SetOptions& options) {
  const ParameterInfo* parameter = find_parameter(name);
  if (parameter == nullptr) {
    TROUPE_ASSIGN_OR_RETURN(const ParameterId id, find_or_add(name));
    assign(id, options.scope, std::string(value));
    return absl::OkStatus();
  }
  TROUPE_RETURN_IF_ERROR(check_context(*parameter, name, options));
  const ParameterId id = parameter_id(*parameter);
  TROUPE_ASSIGN_OR_RETURN(std::string canonical, canonical_value(*parameter, name, value, this->value(id)));
  if (transaction_parameter(id) != TransactionParameter::kNone) {
    return set_transaction_mode(*parameter, canonical, options);
  }
  assign(id, options.scope, std::move(canonical));
  return absl::OkStatus();
}

absl::Status SessionParameters::set_transaction_mode(const ParameterInfo& parameter, std::string_view value,
                                                     const SetOptions& options) {
  const ParameterId id = parameter_id(parameter);
  const TransactionParameter which = transaction_parameter(id);
  const bool changes = value != this->value(id);
  if (options.query_ran && changes) {
    const auto too_late = [](std::string_view what) {
      return error(ErrorCode::kActiveSqlTransaction, what, " must be called before any query");
    };
    if (which == TransactionParameter::kIsolation) return too_late("SET TRANSACTION ISOLATION LEVEL");
    if (which == TransactionParameter::kDeferrable) return too_late("SET TRANSACTION [NOT] DEFERRABLE");
    if (value == "off") {
      return error(ErrorCode::kActiveSqlTransaction, "transaction read-write mode must be set before any query");
    }
  }
  set_transaction_parameter(which, value, &snapshot_.transaction);
  return absl::OkStatus();
}

absl::StatusOr<std::string> SessionParameters::flatten(std::string_view name, const std::vector<std::string>& values) {
  if (values.size() == 1 && !absl::EqualsIgnoreCase(absl_view(name), "search_path")) return values[0];
  const ParameterInfo* parameter = find_parameter(name);
  if (parameter == nullptr || !is_list(*parameter)) {
    return error(ErrorCode::kInvalidParameterValue, "SET ", name, " takes only one argument");
  }
  std::string out;
  for (const std::string& value : values) {
    if (!out.empty()) out += ", ";
    out += parameter->name == "DateStyle" ? value : quote_list_element(value);
  }
  return out;
}

absl::Status SessionParameters::reset(std::string_view name, const SetOptions& options) {
  const ParameterInfo* parameter = find_parameter(name);
  if (parameter == nullptr) {
    TROUPE_ASSIGN_OR_RETURN(const ParameterId id, find_or_add(name));
    assign(id, options.scope, std::nullopt);
    return absl::OkStatus();
  }
  TROUPE_RETURN_IF_ERROR(check_context(*parameter, name, options));
  const ParameterId id = parameter_id(*parameter);
  if (const auto which = transaction_parameter(id); which != TransactionParameter::kNone) {
    return set_transaction_mode(*parameter, transaction_parameter_value(which, snapshot_.new_transaction), options);
  }
  assign(id, options.scope, std::nullopt);
  return absl::OkStatus();
}

void SessionParameters::reset_all() {
  std::vector<ParameterId> ids;
  for (const Override& override : overrides_) {
    if (override.level != Level::kStartup && (ids.empty() || ids.back() != override.id)) ids.push_back(override.id);
  }
  for (const ParameterId id : ids) {
    const bool keep = !is_custom(id) && (all_parameters()[id].hidden || all_parameters()[id].kept_on_reset);
    if (!keep) assign(id, SetScope::kSession, std::nullopt);
  }
}

void SessionParameters::set_internal(std::string_view name, std::string_view value) {
  const ParameterInfo* parameter = find_parameter(name);
  TROUPE_CHECK(parameter != nullptr);
  assign(parameter_id(*parameter), SetScope::kStartup, std::string(value));
}

absl::StatusOr<std::string> SessionParameters::show(std::string_view name) const {
  const auto id = find_id(name);
  if (!id) return unknown_parameter(name);
  return is_custom(*id) ? std::string(value(*id)) : display_value(all_parameters()[*id], value(*id));
}

std::vector<ShownParameter> SessionParameters::show_all() const {
  std::vector<ShownParameter> rows;
  for (const ParameterInfo& parameter : all_parameters()) {
    if (parameter.hidden) continue;
    rows.push_back({std::string(parameter.name), display_value(parameter, value(parameter_id(parameter))),
                    std::string(parameter.description)});
  }
  return rows;
}

std::string_view SessionParameters::value(ParameterId id) const {
  if (const auto which = transaction_parameter(id); which != TransactionParameter::kNone) {
    return transaction_parameter_value(which, in_transaction_ ? snapshot_.transaction : snapshot_.new_transaction);
  }
  if (const Override* local = find(id, Level::kLocal)) return local->text;
  if (const Override* session = find(id, Level::kSession)) return session->text;
  return reset_value(id);
}

std::string_view SessionParameters::reset_value(ParameterId id) const {
  if (const Override* startup = find(id, Level::kStartup)) return startup->text;
  return is_custom(id) ? std::string_view{} : defaults_->value(id);
}

ParameterSource SessionParameters::source(ParameterId id) const {
  if (find(id, Level::kLocal) != nullptr || find(id, Level::kSession) != nullptr) return ParameterSource::kSession;
  if (find(id, Level::kStartup) != nullptr) return ParameterSource::kClient;
  return is_custom(id) ? ParameterSource::kDefault : defaults_->source(id);
}

void SessionParameters::take_reports(const std::function<void(std::string_view, std::string_view)>& report) {
  if (changed_reports_ == 0) return;
  for (const ParameterInfo& parameter : all_parameters()) {
    const ParameterId id = parameter_id(parameter);
    if (const int index = report_index(id); index >= 0 && (changed_reports_ >> index & 1) != 0) {
      report(parameter.name, display_value(parameter, value(id)));
    }
  }
  changed_reports_ = 0;
}

void SessionParameters::report_all(const std::function<void(std::string_view, std::string_view)>& report) {
  changed_reports_ = ~uint64_t{0};
  take_reports(report);
}

size_t SessionParameters::memory_bytes() const {
  const auto text_bytes = [](const std::string& text) { return text.capacity() > 15 ? text.capacity() + 1 : 0; };
  size_t bytes = sizeof *this + overrides_.capacity() * sizeof(Override) + undo_.capacity() * sizeof(Undo) +
                 custom_names_.capacity() * sizeof(std::string);
  for (const Override& override : overrides_) bytes += text_bytes(override.text);
  for (const Undo& undo : undo_) bytes += text_bytes(undo.text);
  for (const std::string& name : custom_names_) bytes += text_bytes(name);
  return bytes;
}

}  // namespace troupe
