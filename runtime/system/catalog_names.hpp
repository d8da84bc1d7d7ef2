#pragma once
/// regclass, regtype, regproc and the rest, in and out, against one catalog snapshot and search path.
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/system/system_session.hpp"
#include "runtime/types/eval_context.hpp"

namespace troupe {

class CatalogNames final : public NameResolver {
 public:
  /// For EvalContext::names. Holds the snapshot; make a new one when the catalog, the search path or the user changes.
  explicit CatalogNames(const SystemSession& session);
  CatalogNames(CatalogPtr catalog, std::vector<Oid> schemas)
      : catalog_{std::move(catalog)}, schemas_{std::move(schemas)} {}

  /// Takes numbers and "-" too. Errors: 42P01, 42883, 42725, 42704, 3F000, 42602 with PostgreSQL's messages.
  absl::StatusOr<Oid> oid_of(Oid type, std::string_view name) const override;
  std::optional<std::string> name_of(Oid type, Oid object) const override;

  const std::vector<Oid>& schemas() const { return schemas_; }

 private:
  absl::StatusOr<Oid> relation_oid(std::string_view name) const;
  absl::StatusOr<Oid> type_oid(std::string_view name) const;
  absl::StatusOr<Oid> function_oid(std::string_view name) const;
  std::vector<Oid> schemas_named(const std::vector<std::string>& parts) const;
  absl::StatusOr<Oid> procedure_oid(std::string_view name) const;
  absl::StatusOr<Oid> operator_oid(std::string_view name) const;
  std::optional<std::string> relation_text(Oid relation) const;

  CatalogPtr catalog_;
  Oid role_ = kBootstrapRole;  ///< in whose name they are looked up
  std::vector<Oid> schemas_;
};

}  // namespace troupe
