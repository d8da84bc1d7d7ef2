#pragma once
/// What a statement does with which relation, and in whose name: noted while it is bound, looked up once when it is
/// planned. A view's query is run in the name of the view's owner.
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/plan/expr.hpp"
#include "storage/catalog/rights.hpp"

namespace troupe {

class WantedRights {
 public:
  WantedRights(const Catalog& catalog, Oid role)
      : catalog_{catalog}, session_role_{role}, role_{role}, asks_{!is_superuser(catalog, role)} {}

  /// In whose name the statement goes on; returns the one before.
  Oid act_as(Oid role);
  Oid role() const { return role_; }
  /// Who counts as the user: whoever runs the statement, within a function with SECURITY DEFINER its owner.
  Oid user() const { return session_role_; }
  Oid run_as(Oid user);

  /// The statement's relation of that number is this object, and it does that to it as a whole.
  void want(uint32_t relation, Oid object, Privileges privileges);
  /// The same in place of what was wanted before, even of a superuser: a view's owner needs what its user does.
  void insist(uint32_t relation, Oid object, Privileges privileges);
  /// What is done to the view `from` is done in its owner's name to `to`, which it reads already. `column_of` says
  /// which column of `to` one of the view's is.
  void hand_down(uint32_t from, uint32_t to, const std::function<uint32_t(uint32_t)>& column_of);
  /// Reads the columns that an expression mentions.
  void read(const Expr& value) {
    if (asks_any_ && !paused_) note_columns(value);
  }
  /// Reads, inserts into or updates a column (row position).
  void use(uint32_t relation, Privileges privilege, uint32_t column);
  /// Calls a function of a sequence that takes one of these privileges, in the name of who runs the statement.
  void want_sequence(const SequenceDef& sequence, Privileges one_of);
  /// Calls a function, in the name of the user.
  void want_function(const ObjectDef& function);
  /// Reads a relation of the system, of which some are for superusers only.
  void want_system(std::string_view name);
  /// What a table's own expressions mention is nobody's wish.
  bool pause(bool paused) { return std::exchange(paused_, paused); }

  /// The columns of one relation are read without a wish, by the policies of its table; returns the one before.
  uint32_t spare(uint32_t relation) { return std::exchange(spared_, relation); }
  bool wants(uint32_t relation, Privileges privilege) const {
    const auto wanted = wanted_.find(relation);
    return wanted != wanted_.end() && (wanted->second.privileges & privilege) != 0;
  }

  /// What is never run needs no rights.
  void forget(uint32_t first_relation, uint32_t end_relation) {
    wanted_.erase(wanted_.lower_bound(first_relation), wanted_.lower_bound(end_relation));
  }

  /// From here on everything is noted, whoever the role is: for those who ask what a query reads.
  void note_all() { notes_all_ = asks_ = true; }
  /// Whether the column (row position) of the object is read.
  bool reads(Oid object, uint32_t column) const;

  /// Errors: 42501.
  absl::Status check() const;

 private:
  struct Wanted {
    Oid object = kNoOid;
    Oid role = kNoOid;
    Privileges privileges = 0;
    std::map<Privileges, std::set<uint32_t>> columns;  ///< by privilege
  };
  void note_columns(const Expr& value);
  absl::Status check(const Wanted& wanted) const;
  bool may(const Wanted& wanted, const ObjectDef& relation) const;
  bool may_by_columns(const Wanted& wanted, const ObjectDef& relation, Privileges privilege) const;

  const Catalog& catalog_;
  Oid session_role_;
  Oid role_;
  bool asks_;              ///< the present role is no superuser
  bool asks_any_ = false;  ///< something is wanted
  bool notes_all_ = false;
  bool paused_ = false;
  uint32_t spared_ = 0;
  absl::Status denied_;                ///< known already
  std::map<uint32_t, Wanted> wanted_;  ///< by the relation's number
};

}  // namespace troupe
