#include "storage/catalog/partition_tree.hpp"

#include <catch2/catch.hpp>

using namespace troupe;

namespace {

std::shared_ptr<TableDef> make_table(Oid oid, std::string name, const std::vector<std::string>& columns) {
  auto table = std::make_shared<TableDef>();
  table->oid = oid;
  table->schema = kPublicSchema;
  table->name = std::move(name);
  for (const std::string& column : columns) {
    ColumnDef& added = table->columns.emplace_back();
    added.attnum = static_cast<int16_t>(table->columns.size());
    added.name = column;
    added.type = 23;
    added.physical = Physical::kInt32;
  }
  return table;
}

void put_below(TableDef* parent, TableDef* partition) {
  parent->partition_key.method = PartitionMethod::range;
  parent->partitions.push_back(partition->oid);
  partition->partition_of = parent->oid;
}

/// root → (left → low, right); left has its columns in another order, and one that it dropped.
CatalogPtr make_tree() {
  auto root = make_table(20000, "root", {"a", "b"});
  auto left = make_table(20001, "left", {"gone", "b", "a"});
  left->columns[0].dropped = true;
  auto low = make_table(20002, "low", {"a", "b"});
  auto right = make_table(20003, "right", {"a", "b"});
  put_below(root.get(), left.get());
  put_below(left.get(), low.get());
  put_below(root.get(), right.get());
  return *Catalog::bootstrap()->with_changes({{20000, root}, {20001, left}, {20002, low}, {20003, right}}, 7);
}

}  // namespace

TEST_CASE("a partition knows the tables above it, from below", "[catalog]") {
  const CatalogPtr catalog = make_tree();
  std::vector<Oid> oids;
  for (const TableDef* table : table_and_above(*catalog->find_table(20002), *catalog)) oids.push_back(table->oid);
  CHECK(oids == std::vector<Oid>{20002, 20001, 20000});
  CHECK(table_and_above(*catalog->find_table(20000), *catalog).size() == 1);
}

TEST_CASE("columns of a tree are the same when they are called the same", "[catalog]") {
  const CatalogPtr catalog = make_tree();
  const TableDef &root = *catalog->find_table(20000), &left = *catalog->find_table(20001);
  CHECK(same_columns({1, 2}, root, left) == std::vector<int16_t>{3, 2});
  CHECK(same_columns({3, 2}, left, root) == std::vector<int16_t>{1, 2});
  CHECK(same_column(0, root, left) == 0);
}

TEST_CASE("tables below a root are counted as they stand in the tree", "[catalog]") {
  const CatalogPtr catalog = make_tree();
  const TableDef& root = *catalog->find_table(20000);
  CHECK(place_below(root, 20001, *catalog) == 1);
  CHECK(place_below(root, 20002, *catalog) == 2);
  CHECK(place_below(root, 20003, *catalog) == 3);
  CHECK(place_below(root, 20000, *catalog) == 0);
}

TEST_CASE("an exclusion has an operator for each element of its index", "[catalog]") {
  ConstraintDef exclusion;
  exclusion.kind = ConstraintKind::exclusion;
  exclusion.check_sql = "= && -|-";
  CHECK(exclusion_operators(exclusion) == std::vector<std::string_view>{"=", "&&", "-|-"});
  CHECK(exclusion.compares_rows_afterwards());
}
