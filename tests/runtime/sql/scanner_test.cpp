#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "runtime/sql/ast_all.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/sql/keywords.hpp"
#include "runtime/sql/parser.hpp"
#include "runtime/sql/scanner.hpp"

namespace troupe::sql {
namespace {

std::vector<std::string> tokens_of(std::string_view text) {
  std::vector<std::string> out;
  Scanner scanner(text);
  for (Token token = scanner.next(); token.kind != TokenKind::kEnd; token = scanner.next()) {
    out.emplace_back(text.substr(token.begin, token.end - token.begin));
    if (token.kind == TokenKind::kError) break;
  }
  return out;
}
using Texts = std::vector<std::string>;

/// The only literal of `SELECT …`.
Literal literal(const std::string& text) {
  const auto parsed = parse_expression(text);
  INFO(text << ": " << parsed.status().ToString());
  REQUIRE(parsed.ok());
  static std::vector<std::shared_ptr<const Expr>> kept;  // the text lives in the arena
  kept.push_back(*parsed);
  return (*parsed)->to<Literal>();
}

TEST_CASE("operators are as long as they can be, but give back a trailing sign", "[scanner]") {
  CHECK(tokens_of("a<=b>=c<>d!=e") == Texts{"a", "<=", "b", ">=", "c", "<>", "d", "!=", "e"});
  CHECK(tokens_of("1*-2") == Texts{"1", "*", "-", "2"});
  CHECK(tokens_of("a @- b") == Texts{"a", "@-", "b"});
  CHECK(tokens_of("a->>'b'") == Texts{"a", "->>", "'b'"});
  CHECK(tokens_of("a--comment\n-b") == Texts{"a", "-", "b"});
  CHECK(tokens_of("a+/*c*/b") == Texts{"a", "+", "b"});
  CHECK(tokens_of("x::int") == Texts{"x", "::", "int"});
  CHECK(tokens_of("a=>1 b:=2") == Texts{"a", "=>", "1", "b", ":=", "2"});
}

TEST_CASE("numbers end where another token begins", "[scanner]") {
  CHECK(tokens_of("1..10") == Texts{"1", "..", "10"});
  CHECK(tokens_of("1.5e-3 .5 5.") == Texts{"1.5e-3", ".5", "5."});
  CHECK(tokens_of("$12,$3") == Texts{"$12", ",", "$3"});
}

TEST_CASE("comments nest and dollar quotes match their tag", "[scanner]") {
  CHECK(tokens_of("a /* x /* y */ z */ b") == Texts{"a", "b"});
  CHECK(tokens_of("$a$ it's $b$ $a$ c") == Texts{"$a$ it's $b$ $a$", "c"});
}

TEST_CASE("every keyword is found, in any case, and nothing else is", "[scanner]") {
  for (size_t i = 1; i < static_cast<size_t>(Keyword::kCount); ++i) {
    const auto keyword = static_cast<Keyword>(i);
    const std::string word(keyword_entry(keyword).word);
    CHECK(find_keyword(word) == keyword);
    std::string upper = word;
    for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    CHECK(Scanner(upper).next().keyword == keyword);
    CHECK(find_keyword(word + "x") != keyword);
  }
  CHECK(find_keyword("abalance") == Keyword::kNoKeyword);
}

TEST_CASE("names fold to lower case, are cut at 63 bytes and keep what quotes say", "[scanner]") {
  const auto name = [](const std::string& text) {
    const auto parsed = parse_expression(text);
    INFO(text << ": " << parsed.status().ToString());
    REQUIRE(parsed.ok());
    return std::string((*parsed)->to<ColumnRef>().name[0]);
  };
  CHECK(name("MyTable") == "mytable");
  CHECK(name("\"My \"\"T\"") == "My \"T");
  CHECK(name("U&\"d\\0061t!\"") == "dat!");
  CHECK(name("U&\"d!0061t\" UESCAPE '!'") == "dat");
  CHECK(name(std::string(70, 'A')) == std::string(63, 'a'));
  CHECK(name("\"" + std::string(62, 'x') + "é\"") == std::string(62, 'x'));  // never half a character
  CHECK(name("ÄB") == "Äb");
}

TEST_CASE("strings resolve their escapes and continue over lines", "[scanner]") {
  CHECK(literal("'it''s'").text == "it's");
  CHECK(literal("E'a\\n\\t\\\\\\'\\x41\\101\\u00e9\\U0001F600'").text == "a\n\t\\'AAé😀");
  CHECK(literal("E'\\uD83D\\uDE00'").text == "😀");
  CHECK(literal("U&'d\\0061t\\+000061'").text == "data");
  CHECK(literal("'a'\n  'b' -- note\n 'c'").text == "abc");
  CHECK(literal("$x$a'b\\$x$").text == "a'b\\");
  CHECK(literal("''").text.empty());
  CHECK(literal("B'1''0'").text == "b1'0");
  CHECK(literal("X'1F'").text == "x1F");
}

TEST_CASE("integers take the smallest type that holds them", "[scanner]") {
  CHECK(literal("2147483647").type == LiteralType::kInt4);
  CHECK(literal("-2147483648").type == LiteralType::kInt4);
  CHECK(literal("2147483648").type == LiteralType::kInt8);
  CHECK(literal("-9223372036854775808").type == LiteralType::kInt8);
  CHECK(literal("9223372036854775808").type == LiteralType::kNumeric);
  CHECK(literal("1.0").text == "1.0");
  CHECK(literal("-1e3").text == "-1e3");
}

}  // namespace
}  // namespace troupe::sql
