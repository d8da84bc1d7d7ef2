// FROM items, and the data-modifying statements that WITH may hold.
#include "runtime/sql/deparser.hpp"

namespace troupe::sql {

void Deparser::table_ref(const TableRef& table) {
  if (table.only) write("ONLY ");
  const auto text = texts_ != nullptr && texts_->table ? texts_->table(table) : std::nullopt;
  if (text) {
    write(*text);
  } else {
    for (const std::string_view part : {table.catalog, table.schema}) {
      if (part.empty()) continue;
      identifier(part);
      write(".");
    }
    identifier(table.name);
  }
  alias(table.alias);
  if (table.sample == nullptr) return;
  write(" TABLESAMPLE ");
  name(table.sample->method);
  write(" (");
  exprs(table.sample->arguments);
  write(")");
  if (table.sample->repeatable == nullptr) return;
  write(" REPEATABLE (");
  expr(*table.sample->repeatable);
  write(")");
}

void Deparser::column_definitions(List<const ColumnDefinition*> columns) {
  write("(");
  list(columns, [this](const ColumnDefinition* column) {
    identifier(column->name);
    write(" ");
    type(*column->type);
    if (column->collation.empty()) return;
    write(" COLLATE ");
    name(column->collation);
  });
  write(")");
}

void Deparser::function_ref(const FunctionRef& ref) {
  if (ref.lateral) write("LATERAL ");
  if (ref.rows_from) write("ROWS FROM (");
  list(ref.functions, [this, &ref](const TableFunction& function) {
    expr(*function.call);
    if (!ref.rows_from || function.columns.empty()) return;
    write(" AS ");
    column_definitions(function.columns);
  });
  if (ref.rows_from) write(")");
  if (ref.ordinality) write(" WITH ORDINALITY");
  const bool defined = !ref.rows_from && !ref.functions[0].columns.empty();
  if (defined && ref.alias == nullptr) write(" AS ");
  alias(ref.alias);
  if (defined) column_definitions(ref.functions[0].columns);
}

void Deparser::join(const JoinExpr& join) {
  constexpr std::string_view kWords[] = {"CROSS JOIN ", "JOIN ", "LEFT JOIN ", "RIGHT JOIN ", "FULL JOIN "};
  write("(");
  from_item(*join.left);
  write(join.natural ? " NATURAL " : " ");
  write(kWords[static_cast<size_t>(join.type)]);
  from_item(*join.right);
  if (join.on != nullptr) {
    write(" ON ");
    expr(*join.on);
  }
  if (!join.using_columns.empty()) {
    write(" USING (");
    list(join.using_columns, [this](std::string_view column) { identifier(column); });
    write(")");
    if (!join.using_alias.empty()) {
      write(" AS ");
      identifier(join.using_alias);
    }
  }
  write(")");
  alias(join.alias);
}

void Deparser::from_item(const FromItem& item) {
  if (const auto* table = item.as<TableRef>()) return table_ref(*table);
  if (const auto* function = item.as<FunctionRef>()) return function_ref(*function);
  if (const auto* joined = item.as<JoinExpr>()) return join(*joined);
  if (const auto* match = item.as<MatchRecognize>()) return match_recognize(*match);
  const auto& subquery = item.to<SubqueryRef>();
  write(subquery.lateral ? "LATERAL (" : "(");
  select(*subquery.query);
  write(")");
  alias(subquery.alias);
}

void Deparser::assignment_target(const AssignmentTarget& target) {
  identifier(target.column);
  accessors(target.accessors);
}

void Deparser::assignments(List<const Assignment*> items) {
  list(items, [this](const Assignment* item) {
    if (item->multiple) write("(");
    list(item->targets, [this](const AssignmentTarget& target) { assignment_target(target); });
    write(item->multiple ? ") = " : " = ");
    expr(*item->value);
  });
}

void Deparser::returning(List<const Target*> targets) {
  if (targets.empty()) return;
  write(" RETURNING ");
  list(targets, [this](const Target* item) { target(*item); });
}

void Deparser::on_conflict(const OnConflict& clause) {
  write(" ON CONFLICT");
  if (!clause.elements.empty()) {
    write(" (");
    list(clause.elements, [this](const IndexElement* element) {
      if (element->expression != nullptr) {
        write("(");
        expr(*element->expression);
        write(")");
      } else {
        identifier(element->column);
      }
      if (!element->collation.empty()) {
        write(" COLLATE ");
        name(element->collation);
      }
      if (!element->operator_class.empty()) {
        write(" ");
        name(element->operator_class);
      }
    });
    write(")");
    if (clause.elements_where != nullptr) {
      write(" WHERE ");
      expr(*clause.elements_where);
    }
  } else if (!clause.constraint.empty()) {
    write(" ON CONSTRAINT ");
    identifier(clause.constraint);
  }
  if (!clause.update) return write(" DO NOTHING");
  write(" DO UPDATE SET ");
  assignments(clause.assignments);
  if (clause.where == nullptr) return;
  write(" WHERE ");
  expr(*clause.where);
}

void Deparser::insert(const InsertStatement& insert) {
  write("INSERT INTO ");
  table_ref(*insert.table);
  if (!insert.columns.empty()) {
    write(" (");
    list(insert.columns, [this](const AssignmentTarget& target) { assignment_target(target); });
    write(")");
  }
  if (insert.overriding == Overriding::kUserValue) write(" OVERRIDING USER VALUE");
  if (insert.overriding == Overriding::kSystemValue) write(" OVERRIDING SYSTEM VALUE");
  write(" ");
  if (insert.source == nullptr) {
    write("DEFAULT VALUES");
  } else {
    select(*insert.source);
  }
  if (insert.on_conflict != nullptr) on_conflict(*insert.on_conflict);
  returning(insert.returning);
}

void Deparser::data_modifying(const Statement& statement) {
  const auto where = [this](const Expr* condition) {
    if (condition == nullptr) return;
    write(" WHERE ");
    expr(*condition);
  };
  const auto items = [this](std::string_view word, List<const FromItem*> from) {
    if (from.empty()) return;
    write(word);
    list(from, [this](const FromItem* item) { from_item(*item); });
  };
  if (const auto* node = statement.as<InsertStatement>()) {
    if (node->with != nullptr) with(*node->with);
    insert(*node);
  } else if (const auto* update = statement.as<UpdateStatement>()) {
    if (update->with != nullptr) with(*update->with);
    write("UPDATE ");
    table_ref(*update->table);
    write(" SET ");
    assignments(update->assignments);
    items(" FROM ", update->from);
    where(update->where);
    returning(update->returning);
  } else if (const auto* erase = statement.as<DeleteStatement>()) {
    if (erase->with != nullptr) with(*erase->with);
    write("DELETE FROM ");
    table_ref(*erase->table);
    items(" USING ", erase->using_items);
    where(erase->where);
    returning(erase->returning);
  }
}

}  // namespace troupe::sql
