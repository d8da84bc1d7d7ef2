#include "runtime/plan/ddl_binder.hpp"
#include "runtime/plan/ddl_function.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/types/text_io.hpp"
#include "runtime/types/utf8.hpp"

namespace troupe {
namespace {

/// Types whose values PostgreSQL shows without quotes and type.
bool is_plain(Oid type, std::string_view text) {
  if (type == oid::kBool) return true;
  return (type == oid::kInt4 || type == oid::kNumeric) && !text.empty() && text[0] >= '0' && text[0] <= '9';
}

}  // namespace

std::string ddl_default_text(const sql::Expr& expr, const ColumnDef& column, const DdlBuilder& ddl) {
  const auto* literal = expr.as<sql::Literal>();
  static const EvalContext kPlain;
  if (literal != nullptr && literal->type == sql::LiteralType::kBits) {
    const auto bits = parse_text(Type{oid::kBit}, literal->text, kPlain);
    if (bits.ok()) return cat(quote_literal(bits->bytes()), "::\"bit\"");
  }
  if (literal == nullptr || literal->type != sql::LiteralType::kString) return ddl_expression_text(expr, ddl);
  const Type type{column.type};
  const EvalContext& eval = ddl.context().eval != nullptr ? *ddl.context().eval : kPlain;
  const auto value = parse_text(type, literal->text, eval);
  if (!value.ok()) return ddl_expression_text(expr, ddl);  // binding it will say what is wrong
  const std::string text = to_text(type, *value, kPlain);
  if (is_plain(type.oid, text)) return column.type == oid::kBool ? (text == "t" ? "true" : "false") : text;
  if (const auto* own = ddl.catalog().find_as<TypeDef>(type.oid)) {
    const auto* schema = ddl.catalog().find_as<SchemaDef>(own->schema);
    return cat(quote_literal(text), "::", sql::quote_identifier(schema->name), ".", sql::quote_identifier(own->name));
  }
  return cat(quote_literal(text), "::", type.oid == oid::kBpchar ? std::string("bpchar") : format_type(type));
}

}  // namespace troupe
