#pragma once
/// Definitions as PostgreSQL 15 shows them: the text that the catalog keeps is bound again, and written from that.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/definition/rule_writer.hpp"
#include "runtime/plan/planner.hpp"
#include "storage/catalog/function_def.hpp"

namespace troupe {

class DefinitionText {
 public:
  /// `context` says what the catalog is, and which literals look how. Both must outlive this.
  DefinitionText(const PlanContext& context, const SeenNames& names) : context_{context}, names_{names} {}

  // Each is nothing where the text cannot be bound any more, or has parts that PostgreSQL's SQL has no words for.

  /// A view's query, which has columns of these names; empty: its own.
  std::optional<std::string> query(std::string_view sql, const std::vector<std::string>& columns,
                                   RuleStyle style) const;
  /// A function's standard body: RETURN ... or BEGIN ATOMIC ... END.
  std::optional<std::string> body(const FunctionDef& function) const;

  struct Expression {
    std::string text;
    bool is_call = false;  ///< and so needs no parentheses among others
  };
  /// Of the table's columns; `wanted` is the type it is cast to. No table: without columns.
  std::optional<Expression> expression(std::string_view sql, TablePtr table, RuleStyle style,
                                       std::optional<Type> wanted = std::nullopt) const;
  /// A condition of a domain over `base`, of its VALUE.
  std::optional<std::string> domain_condition(std::string_view sql, Type base, RuleStyle style) const;

 private:
  const PlanContext& context_;
  const SeenNames& names_;
};

}  // namespace troupe
