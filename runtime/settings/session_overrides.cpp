/// How SessionParameters keeps values: overrides by level, and the undo log of the open transaction.
#include <algorithm>
#include <optional>

#include "absl/strings/match.h"
#include "runtime/settings/decode.hpp"
#include "runtime/settings/session_parameters.hpp"
#include "storage/base/check.hpp"

namespace troupe {
namespace {

constexpr size_t kCustomParametersMax = 1000;

}  // namespace

bool SessionParameters::is_custom(ParameterId id) const { return id >= all_parameters().size(); }

std::optional<ParameterId> SessionParameters::find_id(std::string_view name) const {
  if (const ParameterInfo* parameter = find_parameter(name)) return parameter_id(*parameter);
  for (size_t i = 0; i < custom_names_.size(); ++i) {
    if (absl::EqualsIgnoreCase(custom_names_[i], absl_view(name))) {
      return static_cast<ParameterId>(all_parameters().size() + i);
    }
  }
  return std::nullopt;
}

absl::StatusOr<ParameterId> SessionParameters::find_or_add(std::string_view name) {
  if (const auto id = find_id(name)) return *id;
  if (name.find('.') == std::string_view::npos) return unknown_parameter(name);
  if (!is_custom_parameter_name(name)) {
    return with_detail(error(ErrorCode::kInvalidName, "invalid configuration parameter name \"", name, "\""),
                       "Custom parameter names must be two or more simple identifiers separated by dots.");
  }
  if (custom_names_.size() == kCustomParametersMax) {
    return error(ErrorCode::kConfigurationLimitExceeded, "a session may have at most ", kCustomParametersMax,
                 " custom parameters");
  }
  custom_names_.emplace_back(name);
  return static_cast<ParameterId>(all_parameters().size() + custom_names_.size() - 1);
}

const SessionParameters::Override* SessionParameters::find(ParameterId id, Level level) const {
  for (const Override& override : overrides_) {
    if (override.id == id && override.level == level) return &override;
  }
  return nullptr;
}

void SessionParameters::store(ParameterId id, Level level, std::string text) {
  const auto place =
      std::lower_bound(overrides_.begin(), overrides_.end(), std::pair(id, level),
                       [](const Override& o, const auto& key) { return std::pair(o.id, o.level) < key; });
  if (place != overrides_.end() && place->id == id && place->level == level) {
    place->text = std::move(text);
  } else {
    overrides_.insert(place, Override{id, level, std::move(text)});
  }
}

void SessionParameters::erase(ParameterId id, Level level) {
  std::erase_if(overrides_, [&](const Override& o) { return o.id == id && o.level == level; });
}

bool SessionParameters::is_remembered(ParameterId id, Level level) const {
  return std::any_of(undo_.begin() + static_cast<ptrdiff_t>(newest_mark_), undo_.end(),
                     [&](const Undo& undo) { return undo.id == id && undo.level == level; });
}

void SessionParameters::change(ParameterId id, Level level, std::optional<std::string> text) {
  const Override* before = find(id, level);
  if (before == nullptr && !text) return;
  if (in_transaction_ && !is_remembered(id, level)) {
    undo_.push_back({id, level, before != nullptr, before != nullptr ? before->text : std::string()});
  }
  if (text) {
    store(id, level, std::move(*text));
  } else {
    erase(id, level);
  }
}

void SessionParameters::assign(ParameterId id, SetScope scope, std::optional<std::string> text) {
  switch (scope) {
    case SetScope::kStartup:
      // A driver that asks for what is the default anyway costs its session nothing.
      if (text && !is_custom(id) && *text == defaults_->value(id)) text.reset();
      if (text) {
        store(id, Level::kStartup, std::move(*text));
      } else {
        erase(id, Level::kStartup);
      }
      break;
    case SetScope::kSession:
      change(id, Level::kLocal, std::nullopt);
      change(id, Level::kSession, std::move(text));
      break;
    case SetScope::kLocal:
      if (!in_transaction_) return;
      change(id, Level::kLocal, text ? std::move(text) : std::optional(std::string(reset_value(id))));
      break;
  }
  refresh(id);
}

void SessionParameters::undo_to(size_t mark) {
  while (undo_.size() > mark) {
    Undo last = std::move(undo_.back());
    undo_.pop_back();
    if (last.present) {
      store(last.id, last.level, std::move(last.text));
    } else {
      erase(last.id, last.level);
    }
    refresh(last.id);
  }
}

void SessionParameters::keep_changes() {
  for (const Undo& undo : undo_) {
    if (undo.level != Level::kLocal || find(undo.id, Level::kLocal) == nullptr) continue;
    erase(undo.id, Level::kLocal);
    refresh(undo.id);
  }
  undo_.clear();
  undo_.shrink_to_fit();
}

void SessionParameters::refresh(ParameterId id) {
  ++version_;
  if (is_custom(id)) return;
  decode_setting(id, value(id), &snapshot_);
  if (const int index = report_index(id); index >= 0) changed_reports_ |= uint64_t{1} << index;
}

void SessionParameters::check_invariants() const {
  SettingsSnapshot expected = defaults_->snapshot();
  for (const Override& override : overrides_) {
    TROUPE_CHECK(override.level != Level::kLocal || in_transaction_);
    TROUPE_CHECK(override.id < all_parameters().size() + custom_names_.size());
    if (!is_custom(override.id)) decode_setting(override.id, value(override.id), &expected);
  }
  TROUPE_CHECK(in_transaction_ || undo_.empty());
  TROUPE_CHECK(expected.values.time_zone_name == snapshot_.values.time_zone_name);
  TROUPE_CHECK(expected.values.date_output == snapshot_.values.date_output);
  TROUPE_CHECK(expected.values.date_order == snapshot_.values.date_order);
  TROUPE_CHECK(expected.new_transaction == snapshot_.new_transaction);
  TROUPE_CHECK(*expected.search_path == *snapshot_.search_path);
  TROUPE_CHECK(expected.statement_timeout_ms == snapshot_.statement_timeout_ms);
  TROUPE_CHECK(expected.lock_timeout_ms == snapshot_.lock_timeout_ms);
}

}  // namespace troupe
