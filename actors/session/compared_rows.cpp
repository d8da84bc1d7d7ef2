#include "actors/session/compared_rows.hpp"

#include <algorithm>

#include "runtime/plan/index_terms.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/types/text_io.hpp"
#include "storage/base/text.hpp"
#include "storage/column/hash.hpp"

namespace troupe {
namespace {

using sql::quote_identifier;

/// Names of the statement's own have a question mark, so that the table's columns, which the index's expressions name
/// without it, are never meant by them: "?1" is the key's first element, "?o" its ordinal.
class ComparedTexts {
 public:
  ComparedTexts(const Catalog& catalog, const FoundKey& found)
      : table_{*found.table},
        key_{*found.key},
        index_{*catalog.find_index(found.key->index)},
        operators_{exclusion_operators(key_)} {
    const auto* schema = catalog.find_as<SchemaDef>(table_.schema);
    from_ = cat(quote_identifier(schema->name), ".", quote_identifier(table_.name));
  }

  std::string text(KeyQuery query) const {
    switch (query) {
      case KeyQuery::kLikeOthers:
        return cat("SELECT \"?o\" FROM ", keys(), alike(), " GROUP BY \"?o\" HAVING count(*) > max(", itself(), ")");
      case KeyQuery::kLikeOthersRows:
        return cat("SELECT \"?o\", ", itself(), ", ", own_elements(), ", ", elements(), " FROM ", keys(), alike(),
                   " FOR SHARE OF \"?t\"");
      case KeyQuery::kLikeOthersStill: return still();
      case KeyQuery::kAllLikeOthers:
        return cat("SELECT ", own_elements(), " FROM ", all_rows(), alike(), " GROUP BY \"?o\", ", own_elements(),
                   " HAVING count(*) > max(", itself(), ") LIMIT 1");
      default:
        return cat("SELECT ", own_elements(), ", ", elements(), " FROM ", all_rows(), alike(), " WHERE ROW(",
                   own_elements(), ") IS DISTINCT FROM ROW(", elements(), ") LIMIT 1");
    }
  }

 private:
  static std::string join(size_t count, std::string_view between, const auto& piece) {
    std::string text;
    for (size_t i = 0; i < count; ++i) text += cat(i == 0 ? std::string_view() : between, piece(i));
    return text;
  }
  static std::string own(size_t i) { return cat("\"?", i + 1, "\""); }
  size_t count() const { return index_.columns.size(); }
  std::string element(size_t i) const { return index_part_text(table_, index_, i); }
  std::string elements() const {
    return join(count(), ", ", [&](size_t i) { return element(i); });
  }
  std::string own_elements() const { return join(count(), ", ", own); }
  std::string_view comparison(size_t i) const {
    if (key_.kind == ConstraintKind::exclusion) return operators_[i];
    return index_.nulls_not_distinct ? "IS NOT DISTINCT FROM" : "=";
  }
  /// 1 when a row with such a key is like itself.
  std::string itself() const {
    return cat("CASE WHEN ",
               join(count(), " AND ", [&](size_t i) { return cat(own(i), " ", comparison(i), " ", own(i)); }),
               " THEN 1 ELSE 0 END");
  }
  std::string where() const {
    return index_.predicate_sql.empty() ? std::string() : cat(" WHERE (", index_.predicate_sql, ")");
  }
  std::string of_elements(const std::string& ordinal, const std::string& from) const {
    return cat("(SELECT ", join(count(), ", ", [&](size_t i) { return cat(element(i), " AS ", own(i)); }), ", ",
               ordinal, " FROM ", from, where(), ") AS \"?k\"");
  }
  std::string parameters(const std::string& alias, const auto& column) const {
    const size_t size = key_.columns.size();
    return cat("pg_catalog.unnest(", join(size, ", ", [](size_t i) { return cat("$", i + 1); }),
               ") WITH ORDINALITY AS ", alias, "(", join(size, ", ", column), ", \"?o\")");
  }
  /// The keys that came as parameters: the columns that the elements are made of.
  std::string keys() const {
    const auto column = [&](size_t i) { return quote_identifier(table_.column(key_.columns[i]).name); };
    return of_elements("\"?o\"", parameters("\"?r\"", column));
  }
  std::string all_rows() const { return of_elements("pg_catalog.row_number() OVER () AS \"?o\"", from_); }
  std::string alike() const {
    std::string on = join(count(), " AND ", [&](size_t i) { return cat(element(i), " ", comparison(i), " ", own(i)); });
    if (!index_.predicate_sql.empty()) on += cat(" AND (", index_.predicate_sql, ")");
    return cat(" JOIN ", from_, " AS \"?t\" ON ", on);
  }
  std::string still() const {
    return cat("SELECT \"?o\" FROM ", parameters("\"?r\"", own), " JOIN ", from_, " AS \"?t\" ON ",
               join(key_.columns.size(), " AND ", [&](size_t i) {
                 return cat("\"?t\".", quote_identifier(table_.column(key_.columns[i]).name), " IS NOT DISTINCT FROM ",
                            own(i));
               }));
  }

  const TableDef& table_;
  const ConstraintDef& key_;
  const IndexDef& index_;
  std::vector<std::string_view> operators_;  ///< of an exclusion
  std::string from_;
};

/// "(room, during)=(1, [1,5))"
std::string key_text(const TableDef& table, const IndexDef& index, std::span<const Value> values,
                     const EvalContext& context) {
  std::string names, texts;
  const std::vector<KeyPart> parts = index_parts(table, index);
  for (size_t i = 0; i < parts.size(); ++i) {
    std::string value;
    if (values[i].is_null()) {
      value = "null";
    } else {
      format_text(parts[i].type, values[i], context, &value);
    }
    names += cat(i == 0 ? "" : ", ", parts[i].name);
    texts += cat(i == 0 ? "" : ", ", value);
  }
  return cat("(", names, ")=(", texts, ")");
}

absl::Status violation(const Catalog& catalog, const FoundKey& found, ErrorCode code, std::string message,
                       std::string detail) {
  ErrorFields fields;
  fields.code = code;
  fields.message = std::move(message);
  fields.detail = std::move(detail);
  fields.schema = catalog.find_as<SchemaDef>(found.table->schema)->name;
  fields.table = found.table->name;
  fields.constraint = found.key->name;
  return make_error(fields);
}

}  // namespace

std::string compared_rows_text(KeyQuery query, const Catalog& catalog, const FoundKey& found) {
  return ComparedTexts(catalog, found).text(query);
}

AlikeRow alike_row(const Batch& rows, uint32_t row) {
  AlikeRow alike;
  alike.ordinal = rows.columns[0].get<int64_t>(row);
  alike.itself = rows.columns[1].get<int32_t>(row);
  const size_t count = (rows.columns.size() - 2) / 2;
  for (size_t i = 0; i < count; ++i) {
    alike.key.push_back(rows.columns[2 + i].value(row));
    alike.other.push_back(rows.columns[2 + count + i].value(row));
  }
  return alike;
}

std::vector<uint64_t> hashes_in_common(const Catalog& catalog, const FoundKey& found, const Batch& keys) {
  const IndexDef& index = *catalog.find_index(found.key->index);
  const std::vector<std::string_view> operators = exclusion_operators(*found.key);
  std::vector<CompareKind> kinds;
  std::vector<const Vector*> columns;
  for (size_t i = 0; i < index.columns.size(); ++i) {
    const bool equal = found.key->kind != ConstraintKind::exclusion || operators[i] == "=";
    if (!equal || index.columns[i].attnum == 0) continue;
    const auto& attnums = found.key->columns;
    const auto at = std::find(attnums.begin(), attnums.end(), index.columns[i].attnum);
    kinds.push_back(index.shape->key_kinds[i]);
    columns.push_back(&keys.columns[static_cast<size_t>(at - attnums.begin())]);
  }
  std::vector<uint64_t> hashes;
  for (uint32_t row = 0; row < keys.rows && !columns.empty(); ++row) {
    std::vector<Value> values;
    for (const Vector* column : columns) values.push_back(column->value(row));
    hashes.push_back(hash_key(kinds, values));
  }
  std::sort(hashes.begin(), hashes.end());
  hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
  return hashes;
}

absl::Status rows_are_alike(const Catalog& catalog, const FoundKey& found, std::span<const Value> key,
                            std::span<const Value> other, const EvalContext& context) {
  const IndexDef& index = *catalog.find_index(found.key->index);
  const std::string text = key_text(*found.table, index, key, context);
  if (found.key->kind == ConstraintKind::exclusion) {
    return violation(
        catalog, found, ErrorCode::kExclusionViolation,
        cat("conflicting key value violates exclusion constraint \"", found.key->name, "\""),
        cat("Key ", text, " conflicts with existing key ", key_text(*found.table, index, other, context), "."));
  }
  return violation(catalog, found, ErrorCode::kUniqueViolation,
                   cat("duplicate key value violates unique constraint \"", found.key->name, "\""),
                   cat("Key ", text, " already exists."));
}

absl::Status rows_are_alike_already(const Catalog& catalog, const FoundKey& found, std::span<const Value> key,
                                    std::span<const Value> other, const EvalContext& context) {
  const IndexDef& index = *catalog.find_index(found.key->index);
  const std::string text = key_text(*found.table, index, key, context);
  if (found.key->kind == ConstraintKind::exclusion) {
    return violation(catalog, found, ErrorCode::kExclusionViolation,
                     cat("could not create exclusion constraint \"", found.key->name, "\""),
                     cat("Key ", text, " conflicts with key ", key_text(*found.table, index, other, context), "."));
  }
  return violation(catalog, found, ErrorCode::kUniqueViolation,
                   cat("could not create unique index \"", found.key->name, "\""),
                   cat("Key ", text, " is duplicated."));
}

}  // namespace troupe
