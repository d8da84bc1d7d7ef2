#pragma once
/// Text to syntax tree, in PostgreSQL 15's dialect (plus SUBSCRIBE, MINUS, CONNECT BY).
///
///   TROUPE_ASSIGN_OR_RETURN(const auto sql, parse_sql(text));
///   for (const RawStatement& raw : sql->statements()) run(*raw.node, sql->text().substr(raw.begin, ...));
///
/// Errors: 42601 with PostgreSQL's wording and the position set; 54001 when nested or chained deeper than
/// kSyntaxDepthMax; 0A000 for syntax that Troupe knows but does not have (XML, outer joins by `(+)`).
#include <memory>
#include <string_view>

#include "runtime/sql/ast.hpp"
#include "storage/base/error.hpp"

namespace troupe::sql {

struct TypeName;

/// No syntax tree is higher than this, so whoever walks one may recurse.
inline constexpr int kSyntaxDepthMax = 2000;

/// One statement of a text and the part of the text it came from (no semicolon, no surrounding blanks).
struct RawStatement {
  const Statement* node = nullptr;
  uint32_t begin = 0;
  uint32_t end = 0;
  uint32_t parameter_count = 0;  ///< the highest $n
};

/// A name that was too long, and what is taken instead.
struct CutName {
  std::string_view whole, kept;
};

/// An immutable parsed text: it owns a copy of the text and every node. Share it between threads at will.
class ParsedSql {
 public:
  ParsedSql(const ParsedSql&) = delete;
  ParsedSql& operator=(const ParsedSql&) = delete;

  std::string_view text() const { return text_; }
  List<RawStatement> statements() const { return statements_; }  ///< empty for an empty query
  List<CutName> cut_names() const { return cut_names_; }
  std::string_view text_of(const RawStatement& s) const { return text_.substr(s.begin, s.end - s.begin); }
  size_t memory_bytes() const { return sizeof *this + arena_.allocated_bytes(); }

 private:
  friend class SqlBuilder;
  struct Key {};

 public:
  ParsedSql(Key, std::string_view text);  ///< for SqlBuilder

 private:
  // Enough for the text and tree of a point query: one allocation in all.
  static constexpr size_t kInlineBytes = 1792;

  Arena arena_;
  std::string_view text_;
  List<RawStatement> statements_;
  List<CutName> cut_names_;
  alignas(8) char inline_[kInlineBytes];
};
using ParsedSqlPtr = std::shared_ptr<const ParsedSql>;

/// Any number of statements separated by semicolons: the simple protocol's Query.
absl::StatusOr<ParsedSqlPtr> parse_sql(std::string_view text);

/// At most one statement: the extended protocol's Parse. Error 42601 "cannot insert multiple commands into a
/// prepared statement" for more.
absl::StatusOr<ParsedSqlPtr> parse_statement(std::string_view text);

/// A lone expression or type name, as the catalog keeps them. The pointer keeps its arena alive.
absl::StatusOr<std::shared_ptr<const Expr>> parse_expression(std::string_view text);
absl::StatusOr<std::shared_ptr<const TypeName>> parse_type_name(std::string_view text);

/// 1-based position in characters (not bytes) of byte `offset` of `text`: what ErrorResponse sends.
int character_position(std::string_view text, uint32_t offset);

}  // namespace troupe::sql
