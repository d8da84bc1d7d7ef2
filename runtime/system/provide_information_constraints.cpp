/// information_schema: constraints, the columns they use, and grants. NOT NULL counts as a check there, under a name
/// made of numbers.
#include "runtime/system/definitions.hpp"
#include "runtime/system/information_types.hpp"
#include "runtime/system/providers.hpp"
#include "runtime/system/written_definitions.hpp"

namespace troupe {
namespace {

std::string name_of(const Catalog& catalog, Oid oid) {
  const ObjectDef* object = catalog.find(oid);
  return object != nullptr ? object->name : std::string();
}

/// The system's own tables show no constraints, as PostgreSQL's catalogs do not.
template <typename Write>
void for_each_table(const CatalogScan& scan, const Write& write) {
  for (const ObjectPtr& object : scan.catalog.objects(ObjectKind::table)) {
    if (object->oid < kFirstUserOid) continue;
    write(static_cast<const TableDef&>(*object), name_of(scan.catalog, object->schema));
  }
}

std::string_view type_name(ConstraintKind kind) {
  switch (kind) {
    case ConstraintKind::primary_key: return "PRIMARY KEY";
    case ConstraintKind::unique: return "UNIQUE";
    case ConstraintKind::foreign_key: return "FOREIGN KEY";
    default: return "CHECK";
  }
}

bool is_key(const ConstraintDef& c) {
  return c.kind == ConstraintKind::primary_key || c.kind == ConstraintKind::unique ||
         c.kind == ConstraintKind::foreign_key;
}

std::string not_null_name(const TableDef& table, const ColumnDef& column) {
  return cat(table.schema, "_", table.oid, "_", column.attnum, "_not_null");
}

void table_constraints(const CatalogScan& scan, RowWriter& out) {
  for_each_table(scan, [&](const TableDef& table, const std::string& schema) {
    const auto add = [&](std::string_view name, ConstraintKind kind, bool deferrable, bool deferred) {
      out.row().set("constraint_catalog", scan.database).set("constraint_schema", schema).set("constraint_name", name);
      out.set("table_catalog", scan.database).set("table_schema", schema).set("table_name", table.name);
      out.set("constraint_type", type_name(kind)).set("is_deferrable", yes_or_no(deferrable));
      out.set("initially_deferred", yes_or_no(deferred)).set("enforced", "YES");
      if (kind == ConstraintKind::unique) out.set("nulls_distinct", "YES");
    };
    for (const ConstraintDef& c : table.constraints) {
      const bool told = c.kind != ConstraintKind::not_null && c.kind != ConstraintKind::exclusion;
      if (told) add(c.name, c.kind, c.deferrable, c.initially_deferred);
    }
    for (const ColumnDef& column : table.columns) {
      if (column.not_null && !column.dropped) {
        add(not_null_name(table, column), ConstraintKind::check, false, false);
      }
    }
  });
}

void check_constraints(const CatalogScan& scan, RowWriter& out) {
  const WrittenDefinitions written(scan.catalog, kNewSessionSchemas);
  const auto add = [&](const std::string& schema, const std::string& name, const std::string& clause) {
    out.row().set("constraint_catalog", scan.database).set("constraint_schema", schema);
    out.set("constraint_name", name).set("check_clause", clause);
  };
  for_each_table(scan, [&](const TableDef& table, const std::string& schema) {
    for (const ConstraintDef& c : table.constraints) {
      if (c.kind == ConstraintKind::check) {
        add(schema, c.name, cat("(", written.expression(c.check_sql, &table, RuleStyle{}, Type{oid::kBool}).text, ")"));
      }
    }
    for (const ColumnDef& column : table.columns) {
      if (column.not_null && !column.dropped)
        add(schema, not_null_name(table, column), cat(column.name, " IS NOT NULL"));
    }
  });
  for (const ObjectPtr& object : scan.catalog.objects(ObjectKind::type)) {
    const auto& domain = static_cast<const TypeDef&>(*object);
    for (const ConstraintDef& c : domain.checks) {
      add(name_of(scan.catalog, object->schema), c.name,
          cat("(", written.domain_condition(c.check_sql, domain, RuleStyle{}), ")"));
    }
  }
}

/// Which column of the referenced key the n-th (from 1) of a foreign key refers to.
int position_in_key(const Catalog& catalog, const ForeignKeyDef& key, int position) {
  const IndexDef* index = catalog.find_index(key.index);
  if (index == nullptr) return position;
  const int16_t attnum = key.columns[static_cast<size_t>(position - 1)];
  for (size_t i = 0; i < index->columns.size(); ++i) {
    if (index->columns[i].attnum == attnum) return static_cast<int>(i + 1);
  }
  return position;
}

std::string_view rule_name(KeyAction action) {
  switch (action) {
    case KeyAction::no_action: return "NO ACTION";
    case KeyAction::restrict_now: return "RESTRICT";
    case KeyAction::cascade: return "CASCADE";
    case KeyAction::set_null: return "SET NULL";
    case KeyAction::set_default: return "SET DEFAULT";
  }
  return {};
}

void referential_constraints(const CatalogScan& scan, RowWriter& out) {
  for_each_table(scan, [&](const TableDef& table, const std::string& schema) {
    for (const ConstraintDef& c : table.constraints) {
      if (c.kind != ConstraintKind::foreign_key) continue;
      out.row().set("constraint_catalog", scan.database).set("constraint_schema", schema).set("constraint_name", c.name);
      const IndexDef* index = scan.catalog.find_index(c.foreign.index);
      if (index != nullptr && index->constraint) {
        out.set("unique_constraint_catalog", scan.database);
        out.set("unique_constraint_schema", name_of(scan.catalog, index->schema));
        out.set("unique_constraint_name", index->name);
      }
      out.set("match_option", c.foreign.match_full ? "FULL" : "NONE");
      out.set("update_rule", rule_name(c.foreign.on_update)).set("delete_rule", rule_name(c.foreign.on_delete));
    }
  });
}

void key_columns(const CatalogScan& scan, RowWriter& out) {
  for_each_table(scan, [&](const TableDef& table, const std::string& schema) {
    for (const ConstraintDef& c : table.constraints) {
      if (!is_key(c)) continue;
      int position = 0;
      for (const int16_t attnum : c.columns) {
        out.row().set("constraint_catalog", scan.database).set("constraint_schema", schema);
        out.set("constraint_name", c.name).set("table_catalog", scan.database).set("table_schema", schema);
        out.set("table_name", table.name).set("column_name", table.column(attnum).name);
        out.set("ordinal_position", ++position);
        if (c.kind == ConstraintKind::foreign_key) {
          out.set("position_in_unique_constraint", position_in_key(scan.catalog, c.foreign, position));
        }
      }
    }
  });
}

/// The columns a key or check is about; of a foreign key the ones it refers to.
void constraint_columns(const CatalogScan& scan, RowWriter& out) {
  for_each_table(scan, [&](const TableDef& table, const std::string& schema) {
    for (const ConstraintDef& c : table.constraints) {
      if (c.kind == ConstraintKind::not_null || c.kind == ConstraintKind::exclusion) continue;
      const bool refers = c.kind == ConstraintKind::foreign_key;
      const TableDef* about = refers ? scan.catalog.find_table(c.foreign.table) : &table;
      if (about == nullptr) continue;
      for (const int16_t attnum : refers ? c.foreign.columns : c.columns) {
        out.row().set("table_catalog", scan.database).set("table_schema", name_of(scan.catalog, about->schema));
        out.set("table_name", about->name).set("column_name", about->column(attnum).name).set("constraint_catalog", scan.database);
        out.set("constraint_schema", schema).set("constraint_name", c.name);
      }
    }
  });
}

void constraint_tables(const CatalogScan& scan, RowWriter& out) {
  for_each_table(scan, [&](const TableDef& table, const std::string& schema) {
    for (const ConstraintDef& c : table.constraints) {
      if (!is_key(c)) continue;
      const bool refers = c.kind == ConstraintKind::foreign_key;
      const TableDef* about = refers ? scan.catalog.find_table(c.foreign.table) : &table;
      if (about == nullptr) continue;
      out.row().set("table_catalog", scan.database).set("table_schema", name_of(scan.catalog, about->schema));
      out.set("table_name", about->name);
      out.set("constraint_catalog", scan.database).set("constraint_schema", schema).set("constraint_name", c.name);
    }
  });
}

void domain_constraints(const CatalogScan& scan, RowWriter& out) {
  for (const ObjectPtr& object : scan.catalog.objects(ObjectKind::type)) {
    const std::string schema = name_of(scan.catalog, object->schema);
    for (const ConstraintDef& c : static_cast<const TypeDef&>(*object).checks) {
      out.row().set("constraint_catalog", scan.database).set("constraint_schema", schema);
      out.set("constraint_name", c.name).set("domain_catalog", scan.database).set("domain_schema", schema);
      out.set("domain_name", object->name).set("is_deferrable", "NO").set("initially_deferred", "NO");
    }
  }
}

}  // namespace

void provide_information_schema_constraints(Providers& to) {
  to.catalog("information_schema.table_constraints", table_constraints);
  to.catalog("information_schema.check_constraints", check_constraints);
  to.catalog("information_schema.referential_constraints", referential_constraints);
  to.catalog("information_schema.key_column_usage", key_columns);
  to.catalog("information_schema.constraint_column_usage", constraint_columns);
  to.catalog("information_schema.constraint_table_usage", constraint_tables);
  to.catalog("information_schema.domain_constraints", domain_constraints);
}

}  // namespace troupe
