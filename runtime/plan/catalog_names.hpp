#pragma once
/// regclass, regnamespace and regrole values by the catalog's names.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/types/eval_context.hpp"
#include "storage/catalog/catalog.hpp"

namespace troupe {

class SystemTables;

/// Valid while the catalog snapshot is.
class CatalogNames final : public NameResolver {
 public:
  CatalogNames(const Catalog& catalog, std::vector<Oid> search_path, const SystemTables* system = nullptr)
      : catalog_{catalog}, search_path_{std::move(search_path)}, system_{system} {}

  absl::StatusOr<Oid> oid_of(Oid type, std::string_view name) const override;
  std::optional<std::string> name_of(Oid type, Oid object) const override;

 private:
  absl::StatusOr<Oid> relation_oid(std::string_view name) const;

  const Catalog& catalog_;
  std::vector<Oid> search_path_;
  const SystemTables* system_;
};

/// `"My Schema".table` as its parts, case folded where not quoted. Errors: 42602.
absl::StatusOr<std::vector<std::string>> split_qualified_name(std::string_view text);

}  // namespace troupe
