#include "actors/session/key_queries.hpp"

#include "actors/session/compared_rows.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/types/text_io.hpp"
#include "storage/base/text.hpp"
#include "storage/catalog/partition_tree.hpp"
#include "storage/column/array_format.hpp"

namespace troupe {
namespace {

using sql::quote_identifier;

const TableDef& referred_table(const Catalog& catalog, const FoundKey& found) {
  return *catalog.find_table(found.key->foreign.table);
}

std::string qualified(const Catalog& catalog, const TableDef& table) {
  const auto* schema = catalog.find_as<SchemaDef>(table.schema);
  return cat(quote_identifier(schema->name), ".", quote_identifier(table.name));
}

std::string join(size_t count, std::string_view between, const auto& piece) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += cat(i == 0 ? std::string_view() : between, piece(i));
  return text;
}

/// Builds the texts of one foreign key.
class KeyTexts {
 public:
  KeyTexts(const Catalog& catalog, const FoundKey& found)
      : catalog_{catalog},
        found_{found},
        key_{*found.key},
        referred_{referred_table(catalog, found)},
        child_{cat(qualified(catalog, *found.table), " AS x")},
        parent_{cat(qualified(catalog, referred_), " AS p")} {}

  std::string text(KeyQuery query) const {
    switch (query) {
      case KeyQuery::kReferred:
        return cat("SELECT k.o FROM ", keys(1), " JOIN ", parent_, " ON ", is_key(false), " FOR KEY SHARE OF p");
      case KeyQuery::kReferring:
        return cat("SELECT k.o FROM ", keys(1), " JOIN ", child_, " ON ", is_key(true), " FOR KEY SHARE OF x");
      case KeyQuery::kReferredAgain: return cat("SELECT k.o FROM ", keys(1), " JOIN ", parent_, " ON ", is_key(false));
      case KeyQuery::kReferringStill: return cat("SELECT k.o FROM ", keys(1), " JOIN ", child_, " ON ", is_key(true));
      case KeyQuery::kDeleteRows: return cat("DELETE FROM ", child_, " USING ", keys(1), " WHERE ", is_key(true));
      case KeyQuery::kUpdateRows:
        return update(
            join(count(), ", ", [&](size_t i) { return cat(child_column(key_.columns[i]), " = k.b", i + 1); }), 2);
      case KeyQuery::kDeleteSets: {
        const auto& some = key_.foreign.on_delete_columns;
        return update(sets(some.empty() ? key_.columns : some, key_.foreign.on_delete), 1);
      }
      case KeyQuery::kUpdateSets: return update(sets(key_.columns, key_.foreign.on_update), 1);
      case KeyQuery::kAllReferring: return all_referring();
      case KeyQuery::kReferringToDetached: return referring_to_detached();
      default: break;
    }
    return {};
  }

 private:
  size_t count() const { return key_.columns.size(); }
  std::string child_column(int16_t attnum) const { return quote_identifier(found_.table->column(attnum).name); }
  std::string parent_column(size_t i) const { return quote_identifier(referred_.column(key_.foreign.columns[i]).name); }
  /// unnest($1, $2) WITH ORDINALITY AS k(a1, a2, o); with two sets the second is b1, b2.
  std::string keys(size_t sets) const {
    const size_t all = count() * sets;
    return cat("pg_catalog.unnest(", join(all, ", ", [](size_t i) { return cat("$", i + 1); }),
               ") WITH ORDINALITY AS k(",
               join(all, ", ", [&](size_t i) { return cat(i < count() ? "a" : "b", i % count() + 1); }), ", o)");
  }
  std::string is_key(bool child) const {
    return join(count(), " AND ", [&](size_t i) {
      return cat(child ? cat("x.", child_column(key_.columns[i])) : cat("p.", parent_column(i)), " = k.a", i + 1);
    });
  }
  std::string update(const std::string& assignments, size_t key_sets) const {
    return cat("UPDATE ", child_, " SET ", assignments, " FROM ", keys(key_sets), " WHERE ", is_key(true));
  }
  std::string sets(const std::vector<int16_t>& columns, KeyAction action) const {
    const std::string_view value = action == KeyAction::set_default ? "DEFAULT" : "NULL";
    return join(columns.size(), ", ", [&](size_t i) { return cat(child_column(columns[i]), " = ", value); });
  }
  std::string all_referring() const {
    const auto columns = [&](std::string_view between, std::string_view after) {
      return join(count(), between, [&](size_t i) { return cat("x.", child_column(key_.columns[i]), after); });
    };
    const std::string matches = join(count(), " AND ", [&](size_t i) {
      return cat("p.", parent_column(i), " = x.", child_column(key_.columns[i]));
    });
    return cat("SELECT ", columns(", ", ""), " FROM ", child_, " LEFT JOIN ", parent_, " ON ", matches, " WHERE p.",
               parent_column(0), " IS NULL AND (", columns(key_.foreign.match_full ? " OR " : " AND ", " IS NOT NULL"),
               ") LIMIT 1");
  }

  std::string referring_to_detached() const {
    const TableDef& detached = *catalog_.find_table(found_.referred);
    const auto column = [&](size_t i) {
      const int16_t attnum = same_column(key_.foreign.columns[i], referred_, detached);
      return cat("p.", quote_identifier(detached.column(attnum).name));
    };
    const auto child = [&](size_t i) { return cat("x.", child_column(key_.columns[i])); };
    return cat("SELECT ", join(count(), ", ", child), " FROM ", child_, " JOIN ", qualified(catalog_, detached),
               " AS p ON ", join(count(), " AND ", [&](size_t i) { return cat(column(i), " = ", child(i)); }),
               " LIMIT 1");
  }

  const Catalog& catalog_;
  const FoundKey& found_;
  const ConstraintDef& key_;
  const TableDef& referred_;
  std::string child_, parent_;
};

absl::Status violation(const Catalog& catalog, const FoundKey& found, std::string message, std::string detail) {
  ErrorFields fields;
  fields.code = ErrorCode::kForeignKeyViolation;
  fields.message = std::move(message);
  fields.detail = std::move(detail);
  fields.schema = catalog.find_as<SchemaDef>(found.table->schema)->name;
  fields.table = found.table->name;
  fields.constraint = found.key->name;
  return make_error(fields);
}

std::string insert_message(const FoundKey& found) {
  return cat("insert or update on table \"", found.table->name, "\" violates foreign key constraint \"",
             found.key->name, "\"");
}

/// "(a, b)=(1, x)"
std::string key_text(const TableDef& table, const std::vector<int16_t>& attnums, std::span<const Value> key,
                     const EvalContext& context) {
  std::string names, values;
  for (size_t i = 0; i < attnums.size(); ++i) {
    const ColumnDef& column = table.column(attnums[i]);
    names += cat(i == 0 ? "" : ", ", column.name);
    std::string value;
    format_text(Type{column.type, column.typmod}, key[i], context, &value);
    values += cat(i == 0 ? "" : ", ", value);
  }
  return cat("(", names, ")=(", values, ")");
}

}  // namespace

std::string key_query_text(KeyQuery query, const Catalog& catalog, const FoundKey& found) {
  if (found.key->kind != ConstraintKind::foreign_key) return compared_rows_text(query, catalog, found);
  return KeyTexts(catalog, found).text(query);
}

std::vector<Type> key_query_parameters(KeyQuery query, const Catalog& catalog, const FoundKey& found) {
  const bool referring = query == KeyQuery::kReferred || query == KeyQuery::kReferringStill ||
                         found.key->kind != ConstraintKind::foreign_key;
  const TableDef& table = referring ? *found.table : referred_table(catalog, found);
  std::vector<Type> types;
  const bool of_all_rows = query == KeyQuery::kAllReferring || query == KeyQuery::kAllLikeOthers ||
                           query == KeyQuery::kAllLikeOthersPair || query == KeyQuery::kReferringToDetached;
  if (of_all_rows) return types;
  for (int set = 0; set < (query == KeyQuery::kUpdateRows ? 2 : 1); ++set) {
    for (const int16_t attnum : referring ? found.key->columns : found.key->foreign.columns) {
      types.push_back(Type{array_type_of(table.column(attnum).type)});
    }
  }
  return types;
}

void append_key_arrays(const Batch& keys, std::span<const Type> arrays, std::vector<Value>* values) {
  for (const Vector& column : keys.columns) {
    std::vector<Value> elements;
    for (uint32_t row = 0; row < keys.rows; ++row) elements.push_back(column.value(row));
    const Oid element = element_type_of(arrays[values->size()].oid);
    values->push_back(Value::text(pack_array(element, column.kind(), elements)));
  }
}

absl::Status missing_reference(const Catalog& catalog, const FoundKey& found, std::span<const Value> key,
                               const EvalContext& context) {
  return violation(catalog, found, insert_message(found),
                   cat("Key ", key_text(*found.table, found.key->columns, key, context), " is not present in table \"",
                       referred_table(catalog, found).name, "\"."));
}

absl::Status mixed_nulls(const Catalog& catalog, const FoundKey& found) {
  return violation(catalog, found, insert_message(found),
                   "MATCH FULL does not allow mixing of null and nonnull key values.");
}

namespace {

/// For each partition of a referred table PostgreSQL has a constraint of its own, which it numbers.
std::string name_for_partition(const Catalog& catalog, const FoundKey& found) {
  const int place = place_below(referred_table(catalog, found), found.referred, catalog);
  return place == 0 ? found.key->name : cat(found.key->name, place);
}

}  // namespace

absl::Status detached_is_referenced(const Catalog& catalog, const FoundKey& found, std::span<const Value> key,
                                    const EvalContext& context) {
  return violation(catalog, found,
                   cat("removing partition \"", catalog.find_table(found.referred)->name,
                       "\" violates foreign key constraint \"", found.key->name, "\""),
                   cat("Key ", key_text(*found.table, found.key->columns, key, context),
                       " is still referenced from table \"", found.table->name, "\"."));
}

absl::Status still_referenced(const Catalog& catalog, const FoundKey& found, std::span<const Value> key,
                              const EvalContext& context) {
  const TableDef& referred = referred_table(catalog, found);
  const TableDef* changed = catalog.find_table(found.referred);
  return violation(catalog, found,
                   cat("update or delete on table \"", changed != nullptr ? changed->name : referred.name,
                       "\" violates foreign key constraint \"", name_for_partition(catalog, found), "\" on table \"",
                       found.table->name, "\""),
                   cat("Key ", key_text(referred, found.key->foreign.columns, key, context),
                       " is still referenced from table \"", found.table->name, "\"."));
}

}  // namespace troupe
