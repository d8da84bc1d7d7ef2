#pragma once
/// Definitions as they are shown to a session: names as its search path leads to them, literals as its settings have
/// them. What cannot be bound any more is shown as it is kept.
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/definition/definition.hpp"
#include "runtime/system/catalog_names.hpp"
#include "runtime/types/eval_context.hpp"

namespace troupe {

/// Where a new session looks names up.
inline constexpr Oid kNewSessionSchemas[] = {kPgCatalogSchema, kPublicSchema};

class WrittenDefinitions {
 public:
  /// Without a session: literals as in a new one. `catalog` must outlive this.
  WrittenDefinitions(const Catalog& catalog, std::span<const Oid> schemas, const SessionSettings* settings = nullptr);
  explicit WrittenDefinitions(const SystemSession& session);
  WrittenDefinitions(const WrittenDefinitions&) = delete;
  WrittenDefinitions& operator=(const WrittenDefinitions&) = delete;

  /// A view's query, with PostgreSQL's leading blank and semicolon.
  std::string view(const ObjectDef& view, RuleStyle style) const;
  /// A function's standard body; nothing when it cannot be bound any more.
  std::optional<std::string> body(const FunctionDef& function) const;
  /// Of a table's columns, or (null) of none; `wanted`: the type of what it is for.
  DefinitionText::Expression expression(std::string_view sql, const TableDef* table, RuleStyle style,
                                        std::optional<Type> wanted = std::nullopt) const;
  /// As part of an index or a partition key: in parentheses unless it is a call.
  std::string key_part(std::string_view sql, const TableDef* table, RuleStyle style) const;
  std::string domain_condition(std::string_view sql, const TypeDef& domain, RuleStyle style) const;
  std::string type_name(Type type) const;

  const Catalog& catalog() const { return catalog_; }
  const std::vector<Oid>& schemas() const { return schemas_; }

 private:
  std::string relation_name(const BoundRelation& relation, bool with_schema) const;

  const Catalog& catalog_;
  std::vector<Oid> schemas_;
  /// Names in a kept text are found in public, too, where the search path does not lead (pg_dump's is empty), and shown
  /// as the search path has them.
  class KeptNames final : public NameResolver {
   public:
    KeptNames(CatalogPtr catalog, const std::vector<Oid>& schemas, std::vector<Oid> with_public)
        : shown_{catalog, schemas}, found_{std::move(catalog), std::move(with_public)} {}
    absl::StatusOr<Oid> oid_of(Oid type, std::string_view name) const override { return found_.oid_of(type, name); }
    std::optional<std::string> name_of(Oid type, Oid object) const override { return shown_.name_of(type, object); }

   private:
    CatalogNames shown_, found_;
  };

  KeptNames resolver_;
  EvalContext eval_;
  PlanContext context_;
  SeenNames names_;
};

}  // namespace troupe
