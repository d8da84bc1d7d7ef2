#include "actors/stream/continuous_views.hpp"

#include "runtime/transaction/view_boards.hpp"
#include "storage/catalog/continuous.hpp"
#include "storage/catalog/rights.hpp"

namespace troupe {
namespace {

std::vector<SystemColumn> columns_of_views() {
  std::vector<SystemColumn> columns;
  for (const char* name : {"schema", "name", "state"}) columns.push_back({name, Type{oid::kText}});
  for (const char* name : {"scn", "lag", "batches", "changes", "reads", "rebuilds"}) {
    columns.push_back({name, Type{oid::kInt8}});
  }
  columns.push_back({"error", Type{oid::kText}});
  return columns;
}

std::vector<Value> row_of(const TableDef& view, const ViewProgress& progress, Scn newest, const Catalog& catalog,
                          bool may_know) {
  const auto text = [](std::string_view bytes) { return Value::text(std::string(bytes)); };
  const auto number = [](uint64_t value) { return Value::of(static_cast<int64_t>(value)); };
  const auto* schema = catalog.find_as<SchemaDef>(view.schema);
  const bool live = progress.state == ViewState::kLive;
  const Value nothing = Value::null(Physical::kInt64);
  return {text(schema == nullptr ? std::string_view() : schema->name),
          text(view.name),
          text(view_state_name(progress.state)),
          live ? number(progress.through) : nothing,
          live ? number(newest > progress.through ? newest - progress.through : 0) : nothing,
          number(progress.batches),
          number(progress.changes),
          number(progress.reads),
          number(progress.rebuilds),
          progress.error.empty() || !may_know ? Value::null(Physical::kVarlen) : text(progress.error)};
}

}  // namespace

SystemTable continuous_views_table(const NodeServices& services) {
  SystemTable table;
  table.oid = 13620;
  table.schema = kSysSchema;
  table.name = "continuous_views";
  table.columns = columns_of_views();
  table.produce = [&services](const SystemEnvironment& environment, std::vector<std::vector<Value>>* rows) {
    const auto* session = static_cast<const SystemSession*>(environment.session);
    const Catalog& catalog = *environment.catalog;
    for (const ObjectPtr& object : catalog.views()) {
      const auto* view = catalog.find_table(object->oid);
      if (view == nullptr || !is_continuous(*view)) continue;
      const ViewBoardPtr board = ViewBoards::of_node(&services).find(view->oid);
      // Errors may show what is in rows.
      const bool may_know = rights_on(catalog, session->user(), *view, kSelect) != 0;
      const ViewProgress progress = board == nullptr ? ViewProgress{} : board->progress();
      rows->push_back(row_of(*view, progress, services.commits.durable(), catalog, may_know));
    }
    return absl::OkStatus();
  };
  return table;
}

}  // namespace troupe
