#pragma once
/// What the binder made of each part of a definition's text, for runtime/definition to write it as PostgreSQL would.
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "runtime/plan/scope.hpp"
#include "runtime/sql/ast_select.hpp"

namespace troupe {

/// Filled by the Binders of a thread while a NotesScope lasts. A part that is bound twice is known by the last time.
struct DefinitionNotes {
  absl::flat_hash_map<const sql::Expr*, ExprPtr> values;  ///< as bound, before what is around it casts them
  absl::flat_hash_map<const sql::FromItem*, std::shared_ptr<const FromNames>> items;
  absl::flat_hash_map<const sql::SelectStatement*, std::shared_ptr<const BoundQuery>> queries;
  absl::flat_hash_map<const sql::ColumnRef*, std::vector<NamedColumn>> stars;

  const Expr* value_of(const sql::Expr& expr) const {
    const auto found = values.find(&expr);
    return found == values.end() ? nullptr : found->second.get();
  }
};

class NotesScope {
 public:
  explicit NotesScope(DefinitionNotes& notes) : outer_{std::exchange(current_, &notes)} {}
  ~NotesScope() { current_ = outer_; }
  NotesScope(const NotesScope&) = delete;
  NotesScope& operator=(const NotesScope&) = delete;

  /// Null: nobody wants to know.
  static DefinitionNotes* current() { return current_; }

 private:
  static inline thread_local DefinitionNotes* current_ = nullptr;
  DefinitionNotes* outer_;
};

}  // namespace troupe
