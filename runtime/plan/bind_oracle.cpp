/// Oracle's conveniences, where they collide with nothing: NVL, NVL2, DECODE, SYSDATE, SYSTIMESTAMP, sequence.NEXTVAL
/// and .CURRVAL, DUAL, ROWNUM (bind_rownum.cpp). Each is a name that would otherwise mean nothing, and stands for a
/// text in PostgreSQL's dialect.
#include "runtime/plan/binder.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/sql/parser.hpp"
#include "runtime/types/resolve.hpp"

namespace troupe {
namespace {

std::string decode_text(const sql::ExprList& args) {
  const std::string value = sql::to_sql(*args[0]);
  std::string text = "CASE";
  size_t i = 1;
  for (; i + 1 < args.size(); i += 2) {
    // Two nulls are the same to DECODE.
    text +=
        cat(" WHEN (", value, ") IS NOT DISTINCT FROM (", sql::to_sql(*args[i]), ") THEN ", sql::to_sql(*args[i + 1]));
  }
  if (i < args.size()) text += cat(" ELSE ", sql::to_sql(*args[i]));
  return text + " END";
}

/// What the call stands for; empty: it is none of Oracle's.
std::string oracle_call_text(const sql::FunctionCall& call) {
  const bool plain = call.name.size() == 1 && !call.star && !call.distinct && call.over == nullptr &&
                     call.filter == nullptr && call.order_by.empty();
  const std::string_view name = call.name.back();
  const auto& args = call.arguments;
  const bool decodes = name == "decode" && args.size() >= 3;  // PostgreSQL's takes two
  if (!plain || (!decodes && is_function(name))) return {};
  if (name == "nvl" && args.size() == 2) {
    return cat("COALESCE(", sql::to_sql(*args[0]), ", ", sql::to_sql(*args[1]), ")");
  }
  if (name == "nvl2" && args.size() == 3) {
    return cat("CASE WHEN (", sql::to_sql(*args[0]), ") IS NOT NULL THEN ", sql::to_sql(*args[1]), " ELSE ",
               sql::to_sql(*args[2]), " END");
  }
  return decodes ? decode_text(args) : std::string();
}

}  // namespace

absl::StatusOr<ExprPtr> Binder::bind_text(const std::string& text, const Site& site) {
  TROUPE_ASSIGN_OR_RETURN(const sql::ParsedSqlPtr parsed, sql::parse_statement(cat("SELECT ", text)));
  kept_.push_back(parsed);
  const auto& select = parsed->statements()[0].node->to<sql::SelectStatement>();
  const bool outer_foreign = std::exchange(foreign_text_, true);
  auto bound = bind(*select.targets[0]->value, site);
  foreign_text_ = outer_foreign;
  return bound;
}

absl::StatusOr<ExprPtr> Binder::bind_oracle_call(const sql::FunctionCall& call, const Site& site) {
  const std::string text = oracle_call_text(call);
  if (text.empty()) return ExprPtr();
  auto bound = bind_text(text, site);
  return bound.ok() ? bound : at(bound.status(), call);
}

absl::StatusOr<ExprPtr> Binder::bind_oracle_column(const sql::ColumnRef& column, const Site& site) {
  const std::string_view name = column.name.back();
  if (column.name.size() == 1) {
    if (name == "sysdate") return bind_text("pg_catalog.statement_timestamp()::pg_catalog.timestamp(0)", site);
    if (name == "rownum") return bind_rownum(column, site);
    if (name == "systimestamp") return bind_text("pg_catalog.statement_timestamp()", site);
    return ExprPtr();
  }
  if (column.name.size() > 3 || (name != "nextval" && name != "currval")) return ExprPtr();
  const std::string_view sequence = column.name[column.name.size() - 2];
  const std::string_view schema = column.name.size() > 2 ? column.name[0] : std::string_view();
  const auto is_sequence = [&](Oid place) {
    const ObjectDef* found = catalog().find_relation(place, sequence);
    return found != nullptr && found->kind == ObjectKind::sequence;
  };
  const SchemaDef* named = schema.empty() ? nullptr : catalog().find_schema(schema);
  const auto& path = search_path_;
  const bool known =
      schema.empty() ? std::any_of(path.begin(), path.end(), is_sequence) : named != nullptr && is_sequence(named->oid);
  if (!known) return ExprPtr();
  const std::string qualified = schema.empty()
                                    ? sql::quote_identifier(sequence)
                                    : cat(sql::quote_identifier(schema), ".", sql::quote_identifier(sequence));
  return bind_text(cat("pg_catalog.", name, "(", sql::quote_literal(qualified), ")"), site);
}

absl::StatusOr<QueryPtr> Binder::bind_dual() {
  return bind_stored_query("SELECT 'X'::pg_catalog.varchar AS dummy", rights.role());
}

}  // namespace troupe
