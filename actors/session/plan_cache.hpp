#pragma once
/// Plans of statements that differ in their constants only, for the simple protocol: `… WHERE aid = 12345` runs the plan
/// of `… WHERE aid = 7`, with the constant as a parameter. Only statements whose plan does not depend on the constants'
/// values are kept (look-ups of one key, INSERT ... VALUES); everything else is planned with its constants each time.
/// A statement is planned with parameters the second time it is seen, so that one-off statements cost a look-up.
/// Owner: one backend. Limit: kEntriesMax; a session with more kinds of statements starts over.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "actors/session/portal.hpp"
#include "runtime/sql/fingerprint.hpp"
#include "runtime/types/eval_context.hpp"

namespace troupe {

class PlanCache {
 public:
  static constexpr size_t kEntriesMax = 64;

  struct Entry {
    std::string text;  ///< the first that was seen
    std::vector<sql::Constant> constants;
    std::shared_ptr<Prepared> prepared;  ///< null: not made
    bool refused = false;                ///< its plan may depend on the constants
  };

  /// What is known of the statement, or null: it is no single query, or new (and remembered from now on). The entry is
  /// good until the next call. Everything is forgotten when `settings_version` changes: typed literals (date '...') are
  /// read when a statement is planned, as the settings are then.
  Entry* find(std::string_view text, uint64_t settings_version);
  /// The constants of the text of the last find().
  const std::vector<sql::Constant>& constants() const { return print_.constants; }

  /// The statement of the last find() with parameters in place of its constants, not planned yet; null when it cannot
  /// be written so.
  std::shared_ptr<Prepared> parse_with_parameters(std::string_view text) const;
  /// The constants of the last find() as the plan's parameters. False: one of them is none of its type, or needs the
  /// parser to be read; run the text as it is.
  bool bind(std::string_view text, const StatementPlan& plan, const EvalContext& eval, std::vector<Value>* values) const;


 private:
  uint64_t settings_version_ = 0;
  sql::Fingerprint print_;
  absl::flat_hash_map<uint64_t, Entry> entries_;
};

/// Whether a plan made with parameters is as good as one made with their values.
bool is_independent_of_values(const StatementPlan& plan);

}  // namespace troupe
