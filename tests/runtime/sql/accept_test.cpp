#include <catch2/catch.hpp>
#include <string>

#include "runtime/sql/ast_all.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/sql/parser.hpp"

namespace troupe::sql {
namespace {

constexpr const char kStatements[] =
#include "tests/runtime/sql/statements.inc"
    ;

TEST_CASE("every kind of statement parses, each with its own text", "[parser]") {
  const auto all = parse_sql(kStatements);
  INFO(all.status().ToString());
  REQUIRE(all.ok());
  REQUIRE((*all)->statements().size() == 304);
  for (const RawStatement& raw : (*all)->statements()) {
    const std::string text((*all)->text_of(raw));
    INFO(text);
    const auto alone = parse_statement(text);
    REQUIRE(alone.ok());
    REQUIRE((*alone)->statements().size() == 1);
    CHECK((*alone)->statements()[0].node->kind == raw.node->kind);
  }
}

TEST_CASE("a statement cut off anywhere is an error or another statement, never a crash", "[parser]") {
  const auto all = parse_sql(kStatements);
  REQUIRE(all.ok());
  for (const RawStatement& raw : (*all)->statements()) {
    const std::string_view text = (*all)->text_of(raw);
    for (size_t size = 0; size < text.size(); size += 3) {
      const auto cut = parse_sql(text.substr(0, size));
      if (!cut.ok()) CHECK_FALSE(error_fields(cut.status()).message.empty());
    }
  }
}

TEST_CASE("queries deparse to text that parses to the same", "[deparse]") {
  const auto all = parse_sql(kStatements);
  REQUIRE(all.ok());
  int queries = 0;
  for (const RawStatement& raw : (*all)->statements()) {
    const auto* query = raw.node->as<SelectStatement>();
    if (query == nullptr || query->into != nullptr) continue;
    const std::string text = to_sql(*query);
    INFO(text);
    const auto again = parse_statement(text);
    REQUIRE(again.ok());
    CHECK(to_sql((*again)->statements()[0].node->to<SelectStatement>()) == text);
    ++queries;
  }
  CHECK(queries > 30);
}

}  // namespace
}  // namespace troupe::sql
