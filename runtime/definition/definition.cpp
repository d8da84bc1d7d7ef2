#include "runtime/definition/definition.hpp"

#include "runtime/plan/bind_function.hpp"
#include "runtime/plan/bound_query.hpp"
#include "runtime/sql/parser.hpp"

namespace troupe {
namespace {

/// A statement's text, bound.
struct BoundText {
  sql::ParsedSqlPtr parsed;
  const sql::SelectStatement* select = nullptr;
  Binder binder;
  DefinitionNotes notes;

  explicit BoundText(const PlanContext& context) : binder{context} { binder.inlines = false; }
  bool bind(std::string_view text) {
    auto read = sql::parse_statement(text);
    if (!read.ok() || (*read)->statements().empty()) return false;
    parsed = *std::move(read);
    select = parsed->statements()[0].node->as<sql::SelectStatement>();
    const NotesScope noting(notes);
    return select != nullptr && binder.bind_select(*select, nullptr).ok();
  }
};

}  // namespace

std::optional<std::string> DefinitionText::query(std::string_view sql, const std::vector<std::string>& columns,
                                                 RuleStyle style) const {
  BoundText text(context_);
  if (!text.bind(sql)) return std::nullopt;
  RuleWriter writer(text.binder, *context_.catalog, text.notes, names_, style);
  writer.view(*text.select, columns);
  return writer.understood() ? std::optional(writer.take()) : std::nullopt;
}

std::optional<std::string> DefinitionText::body(const FunctionDef& function) const {
  FunctionFrame frame{&function, {}, 0, nullptr};
  for (const ArgumentDef& argument : function.arguments) {
    if (is_polymorphic(argument.type)) return std::nullopt;
    if (argument.is_input()) frame.types.push_back(Type{argument.type});
  }
  PlanContext context = context_;
  context.parameters = frame.types;
  context.function = &frame;
  context.search_path = function.path;
  const auto parsed = sql::parse_sql(function.body);
  if (!parsed.ok()) return std::nullopt;
  const bool returns = function.sql_body == "RETURN";
  std::string all;
  for (const sql::RawStatement& raw : (*parsed)->statements()) {
    BoundText text(context);
    if (!text.bind((*parsed)->text_of(raw))) return std::nullopt;
    RuleWriter writer(text.binder, *context_.catalog, text.notes, names_, RuleStyle{false, !returns});
    writer.body_query(*text.select, function, returns ? 0 : 1);
    if (!writer.understood()) return std::nullopt;
    all += writer.take();
    if (!returns) all += ";\n";
  }
  constexpr std::string_view kSelect = "SELECT ";
  if (!returns) return cat("BEGIN ATOMIC\n", all, "END");
  return all.starts_with(kSelect) ? std::optional(cat("RETURN ", all.substr(kSelect.size()))) : std::nullopt;
}

std::optional<DefinitionText::Expression> DefinitionText::expression(std::string_view sql, TablePtr table,
                                                                     RuleStyle style,
                                                                     std::optional<Type> wanted) const {
  const auto parsed = sql::parse_expression(sql);
  if (!parsed.ok()) return std::nullopt;
  Binder binder(context_);
  DefinitionNotes notes;
  binder.inlines = false;
  auto relation = std::make_shared<BoundRelation>();
  if (table == nullptr) table = std::make_shared<const TableDef>();
  relation->alias = table->name;
  relation->table = std::move(table);
  const NotesScope noting(notes);
  if (!binder.bind_table_expression(**parsed, relation, Clause::kPolicy).ok()) return std::nullopt;
  RuleWriter writer(binder, *context_.catalog, notes, names_, style);
  writer.table_expression(**parsed, relation, false, wanted);
  if (!writer.understood()) return std::nullopt;
  const bool is_call = writer.is_call();
  return Expression{writer.take(), is_call};
}

std::optional<std::string> DefinitionText::domain_condition(std::string_view sql, Type base, RuleStyle style) const {
  auto row = std::make_shared<TableDef>();
  ColumnDef column;
  column.attnum = 1;
  column.name = std::string(kDomainValueName);
  column.type = base.oid;
  column.typmod = base.typmod;
  column.physical = type_info(base.oid).physical;
  row->columns.push_back(std::move(column));
  auto written = expression(sql, std::move(row), style, Type{oid::kBool});
  return written ? std::optional(std::move(written->text)) : std::nullopt;
}

}  // namespace troupe
