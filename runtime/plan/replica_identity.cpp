#include "runtime/plan/replica_identity.hpp"

#include <algorithm>

#include "runtime/plan/merge_plan.hpp"
#include "runtime/plan/modify_plan.hpp"
#include "storage/catalog/publication.hpp"

namespace troupe {
namespace {

struct Action {
  bool PublicationDef::*published;
  std::string_view doing;   ///< "update table"
  std::string_view verb;    ///< "updating"
  std::string_view plural;  ///< "updates"
};
constexpr Action kUpdate{&PublicationDef::updates, "update table", "updating the table", "updates"};
constexpr Action kDelete{&PublicationDef::deletes, "delete from table", "deleting from the table", "deletes"};

bool is_subset(const std::vector<int16_t>& part, const std::vector<int16_t>& of) {
  return std::includes(of.begin(), of.end(), part.begin(), part.end());
}

absl::Status check_table(const TableDef& table, const Action& action, const Catalog& catalog) {
  const std::vector<int16_t> identity = identity_columns(table, catalog);
  const bool full = table.replica_identity == ReplicaIdentity::full;
  const auto refuse = [&](std::string_view why) {
    return with_detail(error(ErrorCode::kInvalidColumnReference, "cannot ", action.doing, " \"", table.name, "\""),
                       std::string(why));
  };
  bool published = false;
  absl::Status uncovered;
  for (const ObjectPtr& object : catalog.publications()) {
    const auto& publication = static_cast<const PublicationDef&>(*object);
    const auto how = publication.*action.published ? publishes(publication, table) : std::nullopt;
    if (!how) continue;
    published = true;
    if (how->listed == nullptr) continue;
    if (!full && !is_subset(how->listed->filter_columns, identity)) {
      return refuse("Column used in the publication WHERE expression is not part of the replica identity.");
    }
    const std::vector<int16_t>& listed = how->listed->columns;
    if (!listed.empty() && (full || !is_subset(identity, listed))) {
      uncovered = refuse("Column list used by the publication does not cover the replica identity.");
    }
  }
  if (!uncovered.ok()) return uncovered;
  if (!published || !identity.empty()) return absl::OkStatus();
  return with_hint(error(ErrorCode::kObjectNotInPrerequisiteState, "cannot ", action.doing, " \"", table.name,
                         "\" because it does not have a replica identity and publishes ", action.plural),
                   cat("To enable ", action.verb, ", set REPLICA IDENTITY using ALTER TABLE."));
}

absl::Status check_node(const PlanNode& node, const Catalog& catalog) {
  if (const auto* update = node.as<UpdatePlan>()) {
    TROUPE_RETURN_IF_ERROR(check_table(*update->write.table, kUpdate, catalog));
  } else if (const auto* remove = node.as<DeletePlan>()) {
    TROUPE_RETURN_IF_ERROR(check_table(*remove->write.table, kDelete, catalog));
  } else if (const auto* insert = node.as<InsertPlan>(); insert != nullptr && insert->conflict) {
    if (insert->conflict->update) TROUPE_RETURN_IF_ERROR(check_table(*insert->write.table, kUpdate, catalog));
  } else if (const auto* merge = node.as<MergePlan>()) {
    for (const MergeClause& clause : merge->clauses) {
      if (clause.change != nullptr) TROUPE_RETURN_IF_ERROR(check_node(*clause.change, catalog));
    }
  }
  for (const PlanPtr& input : node.inputs) TROUPE_RETURN_IF_ERROR(check_node(*input, catalog));
  return absl::OkStatus();
}

}  // namespace

absl::Status check_replica_identity(const StatementPlan& plan, const Catalog& catalog) {
  if (plan.root != nullptr) TROUPE_RETURN_IF_ERROR(check_node(*plan.root, catalog));
  for (const PlanPtr& cte : plan.ctes) TROUPE_RETURN_IF_ERROR(check_node(*cte, catalog));
  return absl::OkStatus();
}

}  // namespace troupe
