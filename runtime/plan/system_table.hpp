#pragma once
/// System relations: pg_catalog.pg_class, sys.actors, ... Their rows are made when they are read. Whoever knows the
/// rows registers a SystemTable; the binder finds it by name and plans a SystemScanPlan.
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/types/eval_context.hpp"
#include "runtime/types/type.hpp"
#include "storage/base/error.hpp"
#include "storage/catalog/catalog.hpp"
#include "storage/column/value.hpp"

namespace troupe {

/// What a producer may look at. The session extends it with what it alone knows (activity, settings, actors).
struct SystemEnvironment {
  const Catalog* catalog = nullptr;
  EvalContext* context = nullptr;
  void* session = nullptr;
};

struct SystemColumn {
  std::string name;
  Type type;
};

struct SystemTable {
  Oid oid = kNoOid;  ///< PostgreSQL's where it has one; below kFirstUserOid
  Oid schema = kPgCatalogSchema;
  std::string name;
  std::vector<SystemColumn> columns;
  double rows = 100;  ///< estimate
  /// Appends rows; each has a value for every column.
  std::function<absl::Status(const SystemEnvironment&, std::vector<std::vector<Value>>* rows)> produce;
};

class SystemTables {
 public:
  void add(SystemTable table);
  /// A sequence read as a relation of one row: last_value, log_cnt, is_called. Null: there is no such thing.
  std::function<std::shared_ptr<const SystemTable>(const SequenceDef&)> of_sequence;
  std::shared_ptr<const SystemTable> find(Oid schema, std::string_view name) const;
  /// In the order added.
  const std::vector<std::shared_ptr<const SystemTable>>& all() const { return tables_; }

 private:
  std::vector<std::shared_ptr<const SystemTable>> tables_;
};

}  // namespace troupe
