#pragma once
/// SessionParameters: the parameters of one session, with SET, SET LOCAL, RESET and their rollback.
/// Invariant: snapshot() agrees with the values; a local value exists only inside a transaction.
/// Owner: one session. Defaults are shared; a session stores only what differs from them.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/settings/parameter.hpp"
#include "runtime/settings/settings_snapshot.hpp"

namespace troupe {

/// Where an effective value comes from, as pg_settings.source names it.
enum class ParameterSource : uint8_t { kDefault, kConfigurationFile, kDatabase, kUser, kClient, kSession };
std::string_view source_name(ParameterSource source);

/// What new sessions start with: built-in defaults, then whatever the node adds in order (configuration file, ALTER
/// DATABASE SET, ALTER ROLE SET). Immutable once shared.
class ParameterDefaults {
 public:
  ParameterDefaults();
  /// Errors: as canonical_value(); 42704.
  absl::Status set(std::string_view name, std::string_view value, ParameterSource source);
  std::string_view value(ParameterId id) const { return values_[id].text; }
  ParameterSource source(ParameterId id) const { return values_[id].source; }
  /// Decoded once, copied into each session.
  const SettingsSnapshot& snapshot() const { return snapshot_; }

 private:
  struct Entry {
    std::string text;
    ParameterSource source = ParameterSource::kDefault;
  };
  std::vector<Entry> values_;  ///< by ParameterId, custom ones excluded
  SettingsSnapshot snapshot_;
};
using ParameterDefaultsPtr = std::shared_ptr<const ParameterDefaults>;

enum class SetScope : uint8_t {
  kStartup,  ///< the client's startup packet: what RESET goes back to
  kSession,  ///< SET, SET SESSION: stays when the transaction commits
  kLocal,    ///< SET LOCAL: until the end of the transaction
};

struct SetOptions {
  SetScope scope = SetScope::kSession;
  bool superuser = true;   ///< the current user is one
  bool query_ran = false;  ///< the transaction has taken its snapshot (transaction_* checks)
};

/// One row of SHOW ALL.
struct ShownParameter {
  std::string name;
  std::string setting;
  std::string description;
};

class SessionParameters {
 public:
  explicit SessionParameters(ParameterDefaultsPtr defaults);

  /// Errors: 22023, 42704, 55P02 (cannot be changed), 42501 (needs a superuser), 42602 (malformed custom name),
  /// 25001 (transaction_isolation after a query), 0A000.
  /// `role` and `session_authorization` are only stored: whether the role exists is for the caller to check first.
  /// SET LOCAL outside a transaction checks the value and changes nothing.
  absl::Status set(std::string_view name, std::string_view value, const SetOptions& options);
  /// SET name = a, 'b': one text for the parameter, elements of a list parameter quoted where needed.
  /// Errors: 22023 `SET x takes only one argument`.
  static absl::StatusOr<std::string> flatten(std::string_view name, const std::vector<std::string>& values);
  /// RESET, SET name TO DEFAULT.
  absl::Status reset(std::string_view name, const SetOptions& options);
  void reset_all();
  /// For values the server itself sets, whatever the context (is_superuser, session_authorization).
  void set_internal(std::string_view name, std::string_view value);

  /// SHOW. Errors: 42704.
  absl::StatusOr<std::string> show(std::string_view name) const;
  /// SHOW ALL, by name.
  std::vector<ShownParameter> show_all() const;
  /// pg_settings.setting: the canonical value, in the parameter's unit.
  std::string_view value(ParameterId id) const;
  /// What RESET would make of it.
  std::string_view reset_value(ParameterId id) const;
  ParameterSource source(ParameterId id) const;

  const SettingsSnapshot& snapshot() const { return snapshot_; }
  /// Grows whenever an effective value may have changed, transaction_* left out: what was computed under another
  /// version may be stale.
  uint64_t version() const { return version_; }

  // --- transactions; begin() and a commit() without changes cost next to nothing ---

  /// The transaction's modes start as default_transaction_*.
  void begin() {
    in_transaction_ = true;
    newest_mark_ = 0;
    snapshot_.transaction = snapshot_.new_transaction;
  }
  void commit() {
    in_transaction_ = false;
    if (!undo_.empty()) keep_changes();
  }
  void rollback() {
    in_transaction_ = false;
    undo_to(0);
  }
  /// A savepoint is a mark; rolling back to it undoes what was set since. Releasing one needs no call.
  size_t mark() { return newest_mark_ = undo_.size(); }
  void rollback_to(size_t mark) { undo_to(newest_mark_ = mark); }

  /// Calls report(name, value) for each reported parameter that may have changed since the last call.
  void take_reports(const std::function<void(std::string_view, std::string_view)>& report);
  /// All reported parameters, for a client that has just connected; forgets the changes so far.
  void report_all(const std::function<void(std::string_view, std::string_view)>& report);

  /// Bytes of this session's own, shared defaults left out.
  size_t memory_bytes() const;
  void check_invariants() const;

 private:
  enum class Level : uint8_t { kStartup, kSession, kLocal };
  struct Override {
    ParameterId id;
    Level level;
    std::string text;
  };
  /// What `id` was at `level` before a change; absent: nothing.
  struct Undo {
    ParameterId id;
    Level level;
    bool present;
    std::string text;
  };

  absl::StatusOr<ParameterId> find_or_add(std::string_view name);
  std::optional<ParameterId> find_id(std::string_view name) const;
  bool is_custom(ParameterId id) const;
  const Override* find(ParameterId id, Level level) const;
  void store(ParameterId id, Level level, std::string text);
  void erase(ParameterId id, Level level);
  bool is_remembered(ParameterId id, Level level) const;
  /// store() or erase(), remembered for a rollback.
  void change(ParameterId id, Level level, std::optional<std::string> text);
  void assign(ParameterId id, SetScope scope, std::optional<std::string> text);
  absl::Status set_transaction_mode(const ParameterInfo& parameter, std::string_view value, const SetOptions& options);
  void undo_to(size_t mark);
  void keep_changes();
  /// Makes the snapshot agree with the value again.
  void refresh(ParameterId id);

  ParameterDefaultsPtr defaults_;
  SettingsSnapshot snapshot_;
  std::vector<Override> overrides_;        ///< by (id, level)
  std::vector<Undo> undo_;                 ///< of the open transaction, oldest first
  std::vector<std::string> custom_names_;  ///< stay known until the session ends
  uint64_t changed_reports_ = 0;           ///< one bit per reported parameter, in the table's order
  size_t newest_mark_ = 0;                 ///< a value is remembered once between two marks
  uint64_t version_ = 0;
  bool in_transaction_ = false;
};

}  // namespace troupe
