#include "runtime/plan/system_table.hpp"

namespace troupe {

void SystemTables::add(SystemTable table) {
  tables_.push_back(std::make_shared<const SystemTable>(std::move(table)));
}

std::shared_ptr<const SystemTable> SystemTables::find(Oid schema, std::string_view name) const {
  for (const auto& table : tables_) {
    if (table->schema == schema && table->name == name) return table;
  }
  return nullptr;
}

}  // namespace troupe
