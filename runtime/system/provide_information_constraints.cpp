/// information_schema: constraints, the columns they use, and grants. NOT NULL counts as a check there, under a name
/// made of numbers.
#include "runtime/system/definitions.hpp"
#include "runtime/system/information_types.hpp"
#include "runtime/system/providers.hpp"

namespace troupe {
namespace {

std::string name_of(const Catalog& catalog, Oid oid) {
  const ObjectDef* object = catalog.find(oid);
  return object != nullptr ? object->name : std::string();
}

template <typename Write>
void for_each_table(const CatalogScan& scan, const Write& write) {
  for (const ObjectPtr& object : scan.catalog.objects(ObjectKind::table)) {
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
    const auto add = [&](std::string_view name, ConstraintKind kind) {
      out.row().set("constraint_catalog", scan.database).set("constraint_schema", schema).set("constraint_name", name);
      out.set("table_catalog", scan.database).set("table_schema", schema).set("table_name", table.name);
      out.set("constraint_type", type_name(kind)).set("is_deferrable", "NO").set("initially_deferred", "NO");
      out.set("enforced", "YES");
      if (kind == ConstraintKind::unique) out.set("nulls_distinct", "YES");
    };
    for (const ConstraintDef& c : table.constraints) {
      if (c.kind != ConstraintKind::not_null) add(c.name, c.kind);
    }
    for (const ColumnDef& column : table.columns) {
      if (column.not_null && !column.dropped) add(not_null_name(table, column), ConstraintKind::check);
    }
  });
}

void check_constraints(const CatalogScan& scan, RowWriter& out) {
  const auto add = [&](const std::string& schema, const std::string& name, const std::string& clause) {
    out.row().set("constraint_catalog", scan.database).set("constraint_schema", schema);
    out.set("constraint_name", name).set("check_clause", clause);
  };
  for_each_table(scan, [&](const TableDef& table, const std::string& schema) {
    for (const ConstraintDef& c : table.constraints) {
      if (c.kind == ConstraintKind::check) add(schema, c.name, cat("(", expression_text(c.check_sql), ")"));
    }
    for (const ColumnDef& column : table.columns) {
      if (column.not_null && !column.dropped)
        add(schema, not_null_name(table, column), cat(column.name, " IS NOT NULL"));
    }
  });
  for (const ObjectPtr& object : scan.catalog.objects(ObjectKind::type)) {
    for (const ConstraintDef& c : static_cast<const TypeDef&>(*object).checks) {
      add(name_of(scan.catalog, object->schema), c.name, cat("(", expression_text(c.check_sql), ")"));
    }
  }
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
      }
    }
  });
}

/// The columns a key or check is about; of a foreign key the ones it refers to, which are not kept.
void constraint_columns(const CatalogScan& scan, RowWriter& out) {
  for_each_table(scan, [&](const TableDef& table, const std::string& schema) {
    for (const ConstraintDef& c : table.constraints) {
      if (c.kind == ConstraintKind::not_null || c.kind == ConstraintKind::foreign_key) continue;
      for (const int16_t attnum : c.columns) {
        out.row().set("table_catalog", scan.database).set("table_schema", schema).set("table_name", table.name);
        out.set("column_name", table.column(attnum).name).set("constraint_catalog", scan.database);
        out.set("constraint_schema", schema).set("constraint_name", c.name);
      }
    }
  });
}

void constraint_tables(const CatalogScan& scan, RowWriter& out) {
  for_each_table(scan, [&](const TableDef& table, const std::string& schema) {
    for (const ConstraintDef& c : table.constraints) {
      if (c.kind != ConstraintKind::primary_key && c.kind != ConstraintKind::unique) continue;
      out.row().set("table_catalog", scan.database).set("table_schema", schema).set("table_name", table.name);
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
  to.catalog("information_schema.key_column_usage", key_columns);
  to.catalog("information_schema.constraint_column_usage", constraint_columns);
  to.catalog("information_schema.constraint_table_usage", constraint_tables);
  to.catalog("information_schema.domain_constraints", domain_constraints);
}

}  // namespace troupe
