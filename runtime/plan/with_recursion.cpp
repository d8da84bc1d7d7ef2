#include "runtime/plan/with_recursion.hpp"

#include <algorithm>

#include "runtime/sql/children.hpp"
#include "storage/base/error.hpp"

namespace troupe {
namespace {

using sql::CommonTable;
using sql::Node;
using sql::SelectStatement;
using sql::TableRef;

/// Looks for tables without a schema that no WITH in between hides.
class References {
 public:
  virtual ~References() = default;

  void look(const Node& node) {
    if (const auto* table = node.as<TableRef>()) {
      if (table->schema.empty() && std::ranges::find(hidden_, table->name) == hidden_.end()) found(*table);
    }
    const sql::WithClause* with = with_of(node);
    if (with == nullptr) return look_below(node);
    const size_t before = hidden_.size();
    if (with->recursive) {
      for (const CommonTable* inner : with->tables) hidden_.push_back(inner->name);
    }
    for (const CommonTable* inner : with->tables) {
      look(*inner->query);
      if (!with->recursive) hidden_.push_back(inner->name);
    }
    look_below(node);
    hidden_.resize(before);
  }

 protected:
  virtual void found(const TableRef& table) = 0;
  /// Everything below but its WITH.
  virtual void look_below(const Node& node) { look_everywhere(node); }

  void look_everywhere(const Node& node) {
    sql::for_each_child(node, [this](const Node& child) {
      if (!child.is<sql::WithClause>()) look(child);
    });
    // A subquery among expressions is not its child but its query.
    if (const auto* subquery = node.as<sql::SubqueryExpr>()) look(*subquery->query);
  }

 private:
  static const sql::WithClause* with_of(const Node& node) {
    switch (node.kind) {
      case sql::NodeKind::kSelect: return node.to<SelectStatement>().with;
      case sql::NodeKind::kInsert: return node.to<sql::InsertStatement>().with;
      case sql::NodeKind::kUpdate: return node.to<sql::UpdateStatement>().with;
      case sql::NodeKind::kDelete: return node.to<sql::DeleteStatement>().with;
      case sql::NodeKind::kMerge: return node.to<sql::MergeStatement>().with;
      default: return nullptr;
    }
  }

  std::vector<std::string_view> hidden_;
};

/// Which queries of the same WITH a query uses.
class Dependencies final : public References {
 public:
  Dependencies(const sql::WithClause& with, const CommonTable& of) : with_(with), uses_(with.tables.size()) {
    look(*of.query);
  }
  bool on(size_t i) const { return uses_[i]; }

 private:
  void found(const TableRef& table) override {
    for (size_t i = 0; i < uses_.size(); ++i) {
      if (with_.tables[i]->name == table.name) uses_[i] = true;
    }
  }

  const sql::WithClause& with_;
  std::vector<bool> uses_;
};

/// Where a recursive query mentions itself.
class SelfReferences final : public References {
 public:
  SelfReferences(const CommonTable& table, AtNode at) : table_(table), at_(at) {}

  absl::Status check() {
    const auto& select = table_.query->to<SelectStatement>();
    if (select.with != nullptr) {
      place_ = "within a subquery";
      for (const CommonTable* inner : select.with->tables) look(*inner->query);
    }
    TROUPE_RETURN_IF_ERROR(status_);
    TROUPE_RETURN_IF_ERROR(check_whole(select));
    place_ = "within its non-recursive term";
    look(*select.left);
    place_ = "";
    look(*select.right);
    return status_;
  }

 private:
  absl::Status check_whole(const SelectStatement& select) const {
    const auto refuse = [this](const Node& node, std::string_view what) {
      return at_(error(ErrorCode::kFeatureNotSupported, what, " in a recursive query is not implemented"), node);
    };
    if (!select.order_by.empty()) return refuse(*select.order_by[0]->value, "ORDER BY");
    if (select.offset != nullptr) return refuse(*select.offset, "OFFSET");
    if (select.limit != nullptr) return refuse(*select.limit, "LIMIT");
    if (!select.locking.empty()) return refuse(*select.locking[0], "FOR UPDATE/SHARE");
    return absl::OkStatus();
  }

  void found(const TableRef& table) override {
    if (table.name != table_.name || !status_.ok()) return;
    if (place_.empty() && ++count_ > 1) place_ = "more than once";
    if (place_.empty()) return;
    status_ = at_(error(ErrorCode::kInvalidRecursion, "recursive reference to query \"", table.name,
                        "\" must not appear ", place_),
                  table);
  }

  void look_at(const Node* node, std::string_view place) {
    if (node == nullptr) return;
    const std::string_view outer = std::exchange(place_, place_.empty() || place == "within a subquery" ? place : place_);
    look(*node);
    place_ = outer;
  }

  void look_below(const Node& node) override {
    if (const auto* subquery = node.as<sql::SubqueryExpr>()) {
      look_at(subquery->query, "within a subquery");
      look_at(subquery->test, "");
    } else if (const auto* join = node.as<sql::JoinExpr>()) {
      const bool left = join->type == sql::JoinType::kRight || join->type == sql::JoinType::kFull;
      const bool right = join->type == sql::JoinType::kLeft || join->type == sql::JoinType::kFull;
      look_at(join->left, left ? "within an outer join" : "");
      look_at(join->right, right ? "within an outer join" : "");
      look_at(join->on, "");
    } else if (const auto* select = node.as<SelectStatement>(); select != nullptr && sets(*select)) {
      const bool except = select->operation == sql::SetOperation::kExcept;
      look_at(select->left, !select->all ? "" : except ? "within EXCEPT" : "within INTERSECT");
      look_at(select->right, except ? "within EXCEPT" : select->all ? "within INTERSECT" : "");
    } else {
      look_everywhere(node);
    }
  }

  static bool sets(const SelectStatement& select) {
    return select.operation == sql::SetOperation::kExcept || select.operation == sql::SetOperation::kIntersect;
  }

  const CommonTable& table_;
  AtNode at_;
  std::string_view place_;  ///< where it must not be mentioned; empty: here it may
  int count_ = 0;
  absl::Status status_;
};

absl::Status check_recursive(const CommonTable& table, AtNode at) {
  const auto* select = table.query->as<SelectStatement>();
  if (select == nullptr) {
    return at(error(ErrorCode::kInvalidRecursion, "recursive query \"", table.name,
                "\" must not contain data-modifying statements"), table);
  }
  if (select->operation != sql::SetOperation::kUnion) {
    return at(error(ErrorCode::kInvalidRecursion, "recursive query \"", table.name,
                "\" does not have the form non-recursive-term UNION [ALL] recursive-term"), table);
  }
  return SelfReferences(table, at).check();
}

}  // namespace

absl::StatusOr<std::vector<OrderedWithQuery>> order_with_queries(const sql::WithClause& with, AtNode at) {
  std::vector<OrderedWithQuery> ordered;
  if (!with.recursive) {
    for (const CommonTable* table : with.tables) ordered.push_back({table, false});
    return ordered;
  }
  std::vector<Dependencies> dependencies;
  for (const CommonTable* table : with.tables) dependencies.emplace_back(with, *table);
  std::vector<bool> done(with.tables.size());
  while (ordered.size() < with.tables.size()) {
    size_t next = 0;
    const auto ready = [&](size_t i) {
      if (done[i]) return false;
      for (size_t j = 0; j < done.size(); ++j) {
        if (j != i && !done[j] && dependencies[i].on(j)) return false;
      }
      return true;
    };
    while (next < done.size() && !ready(next)) ++next;
    if (next == done.size()) {
      const auto first = static_cast<size_t>(std::ranges::find(done, false) - done.begin());
      return at(error(ErrorCode::kFeatureNotSupported, "mutual recursion between WITH items is not implemented"),
                *with.tables[first]);
    }
    done[next] = true;
    ordered.push_back({with.tables[next], dependencies[next].on(next)});
  }
  for (const OrderedWithQuery& query : ordered) {
    if (query.recursive) TROUPE_RETURN_IF_ERROR(check_recursive(*query.table, at));
  }
  return ordered;
}

}  // namespace troupe
