#include "runtime/system/system_tables.hpp"

#include <algorithm>
#include <atomic>
#include <memory>

#include "runtime/system/providers.hpp"
#include "runtime/system/relation_cache.hpp"
#include "storage/base/check.hpp"

namespace troupe {
namespace {

struct Provider {
  BuiltinRows builtin = nullptr;
  CatalogRows catalog = nullptr;
  SessionRows session = nullptr;
};

class ProviderTable final : public Providers {
 public:
  ProviderTable() : providers_(all_system_relations().size()) {
    provide_relations(*this);
    provide_partitions(*this);
    provide_dependencies(*this);
    provide_types(*this);
    provide_functions(*this);
    provide_user_functions(*this);
    provide_roles(*this);
    provide_views(*this);
    provide_policies(*this);
    provide_statistics(*this);
    provide_session(*this);
    provide_replication(*this);
    provide_streams(*this);
    provide_information_schema(*this);
    provide_information_schema_constraints(*this);
    provide_information_schema_grants(*this);
    provide_information_schema_standard(*this);
  }

  void builtin(std::string_view name, BuiltinRows rows) override { place(name).builtin = rows; }
  void catalog(std::string_view name, CatalogRows rows) override { place(name).catalog = rows; }
  void session(std::string_view name, SessionRows rows) override { place(name).session = rows; }

  static size_t index_of(const SystemRelation& relation) {
    return static_cast<size_t>(&relation - all_system_relations().data());
  }
  const Provider& of(const SystemRelation& relation) const { return providers_[index_of(relation)]; }

 private:
  Provider& place(std::string_view name) {
    Oid schema = kPgCatalogSchema;
    if (const size_t dot = name.find('.'); dot != std::string_view::npos) {
      schema = name.substr(0, dot) == "sys" ? kSysSchema : kInformationSchema;
      name.remove_prefix(dot + 1);
    }
    const SystemRelation* relation = find_system_relation(schema, name);
    TROUPE_CHECK_MSG(relation != nullptr, std::string(name));
    return providers_[index_of(*relation)];
  }

  std::vector<Provider> providers_;
};

const ProviderTable& provider_table() {
  static const ProviderTable table;
  return table;
}

/// Rows that never change: made by whoever asks first, then shared by every cell.
const Batch& builtin_rows(const SystemRelation& relation, BuiltinRows rows) {
  // One slot per relation; std::atomic so that two cells may race to fill one, and the loser throws its rows away. Never
  // destroyed: cells may still look while the process ends.
  static auto& slots = *new std::vector<std::atomic<const Batch*>>(all_system_relations().size());
  std::atomic<const Batch*>& slot = slots[ProviderTable::index_of(relation)];
  if (const Batch* done = slot.load(std::memory_order_acquire)) return *done;
  RowWriter out(relation);
  rows(out);
  auto made = std::make_unique<const Batch>(out.finish());
  const Batch* expected = nullptr;
  if (slot.compare_exchange_strong(expected, made.get(), std::memory_order_acq_rel)) return *made.release();
  return *expected;
}

Batch catalog_rows(const SystemRelation& relation, CatalogRows rows, const SystemSession& session) {
  RowWriter out(relation);
  rows(CatalogScan{*session.catalog(), session.database(), session.database_name()}, out);
  return out.finish();
}

void append_slices(const Batch& rows, std::vector<Batch>* out) {
  for (uint32_t from = 0; from < rows.rows; from += kBatchRows) {
    out->push_back(rows.slice(from, std::min(kBatchRows, rows.rows - from)));
  }
}

absl::Status produce_values(const SystemRelation& relation, const SystemEnvironment& environment,
                            std::vector<std::vector<Value>>* rows) {
  TROUPE_CHECK(environment.session != nullptr);
  for (const Batch& batch : scan_system_relation(relation, *static_cast<const SystemSession*>(environment.session))) {
    rows->reserve(rows->size() + batch.rows);
    for (uint32_t row = 0; row < batch.rows; ++row) {
      std::vector<Value>& values = rows->emplace_back();
      values.reserve(batch.columns.size());
      for (const Vector& column : batch.columns) values.push_back(column.value(row));
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<Batch> scan_system_relation(const SystemRelation& relation, const SystemSession& session) {
  const Provider& provider = provider_table().of(relation);
  std::vector<Batch> out;
  if (provider.builtin != nullptr) append_slices(builtin_rows(relation, provider.builtin), &out);
  if (provider.catalog != nullptr) {
    const auto make = [&] { return catalog_rows(relation, provider.catalog, session); };
    if (RelationCache* cache = session.relation_cache()) {
      append_slices(cache->rows(relation.oid, session.catalog(), session.database(), make), &out);
    } else {
      append_slices(make(), &out);
    }
  }
  if (provider.session != nullptr) {
    RowWriter rows(relation);
    provider.session(session, rows);
    append_slices(rows.finish(), &out);
  }
  return out;
}

namespace {

std::shared_ptr<const SystemTable> table_of_sequence(const SequenceDef& sequence) {
  auto table = std::make_shared<SystemTable>();
  table->oid = sequence.oid;
  table->schema = sequence.schema;
  table->name = sequence.name;
  table->columns = {{"last_value", Type{oid::kInt8}}, {"log_cnt", Type{oid::kInt8}}, {"is_called", Type{oid::kBool}}};
  table->rows = 1;
  table->produce = [oid = sequence.oid, start = sequence.start](const SystemEnvironment& environment,
                                                                std::vector<std::vector<Value>>* rows) {
    TROUPE_CHECK(environment.session != nullptr);
    const auto standing = static_cast<const SystemSession*>(environment.session)->sequence_position(oid);
    const SequenceStanding shown = standing.value_or(SequenceStanding{start, false});
    rows->push_back({Value::of(shown.value), Value::of(int64_t{0}), Value::of(shown.is_called)});
    return absl::OkStatus();
  };
  return table;
}

}  // namespace

void add_system_tables(SystemTables* tables) {
  tables->of_sequence = table_of_sequence;
  for (const SystemRelation& relation : all_system_relations()) {
    SystemTable table;
    table.oid = relation.oid;
    table.schema = relation.schema;
    table.name = relation.name;
    for (const RelationColumn& column : relation.columns) {
      table.columns.push_back({std::string(column.name), column.type});
    }
    table.rows = relation.name == "pg_attribute" ? 3000 : 100;
    table.produce = [&relation](const SystemEnvironment& environment, std::vector<std::vector<Value>>* rows) {
      return produce_values(relation, environment, rows);
    };
    tables->add(std::move(table));
  }
}

}  // namespace troupe
