#include "runtime/fragment/table_check.hpp"

#include <catch2/catch.hpp>

#include "runtime/exec/index_entry.hpp"
#include "sql_fixture.hpp"

namespace troupe {
namespace {

constexpr char kTable[] = "CREATE TABLE t (id int PRIMARY KEY, a int UNIQUE, b text, c int)";

/// A table with an index of every kind, and what changes it behind SQL's back.
struct Checked {
  Checked() {
    session.ddl(kTable);
    session.ddl("CREATE INDEX t_b ON t (b, c DESC)");
    session.ddl("CREATE INDEX t_lower ON t (lower(b))");
    session.ddl("CREATE UNIQUE INDEX t_some ON t (c) WHERE c > 50");
    session.rows("INSERT INTO t SELECT i, nullif(i, 7), 'Row ' || i, i FROM generate_series(1, 200) i");
    session.rows("UPDATE t SET b = 'Changed', a = a + 1000 WHERE id % 3 = 0");
    session.rows("DELETE FROM t WHERE id % 10 = 0");
  }

  std::vector<std::string> check() {
    std::vector<PartitionStore*> stores;
    for (PartitionId i = 0; i < database.data.partition_count(); ++i) {
      stores.push_back(&database.data.partition(i).store());
    }
    std::vector<std::string> found;
    const CheckListener listener{[&](const std::string& what) { found.push_back(what); }, [](const std::string&) {}};
    TableCheck check(database.catalog, table(), stores, listener);
    const absl::Status status = check.run();
    INFO(status.ToString());
    REQUIRE(status.ok());
    rows = check.rows();
    return found;
  }
  TablePtr table() const {
    const ObjectDef* found = database.catalog->find(NameClass::relation, kPublicSchema, "t");
    REQUIRE(found != nullptr);
    return std::static_pointer_cast<const TableDef>(database.catalog->find_shared(found->oid));
  }
  TreeId tree_of(std::string_view index) const {
    const ObjectDef* found = database.catalog->find(NameClass::relation, kPublicSchema, index);
    REQUIRE(found != nullptr);
    return static_cast<const IndexDef*>(found)->tree;
  }
  /// The first entry of the tree there is: partition, key, value.
  std::tuple<PartitionId, std::string, std::string> first_of(TreeId tree) {
    for (PartitionId i = 0; i < database.data.partition_count(); ++i) {
      ScanCursor cursor;
      cursor.tree = tree;
      ScanBatch batch;
      REQUIRE(database.data.partition(i).store().scan(ReadView{}, cursor, ScanBudget{}, &batch).ok());
      if (!batch.rows.empty()) return {i, std::string(batch.rows[0].key), std::string(batch.rows[0].row)};
    }
    FAIL("an empty tree");
    return {};
  }
  void write(PartitionId partition, TreeId tree, std::string_view key, ChangeOp op, std::string_view row = {}) {
    LocalPartition& changed = database.data.partition(partition);
    const TxnId txn = ++database.last_txn;
    REQUIRE(changed.store().stage(txn, 1, tree, key, op, row).ok());
    const std::string changes = changed.prepare(txn);
    changed.apply(++database.last_scn, txn, changes);
  }

  LocalDatabase database;
  LocalSession session{database};
  uint64_t rows = 0;
};

bool tells(const std::vector<std::string>& found, std::string_view what) {
  return std::any_of(found.begin(), found.end(),
                     [&](const std::string& line) { return line.find(what) != std::string::npos; });
}

TEST_CASE("a table that SQL wrote has the entries that its rows make", "[check]") {
  Checked checked;
  CHECK(checked.check() == std::vector<std::string>{});
  CHECK(checked.rows == 180);
}

TEST_CASE("an entry that is missing, strayed or wrong is named", "[check]") {
  for (const char* index : {"t_a_key", "t_b", "t_lower", "t_some"}) {
    INFO(index);
    Checked checked;
    const TreeId tree = checked.tree_of(index);
    const auto [partition, key, value] = checked.first_of(tree);
    checked.write(partition, tree, key, ChangeOp::kErase);
    CHECK(tells(checked.check(), cat("index ", index, " lacks the entry ")));
    checked.write(partition, tree, key, ChangeOp::kPut, value);
    CHECK(checked.check().empty());
    // The count is right and the content is not.
    checked.write(partition, tree, key, ChangeOp::kErase);
    checked.write((partition + 1) % 3, tree, key, ChangeOp::kPut, value);
    const auto found = checked.check();
    CHECK(tells(found, cat("index ", index, " lacks the entry ")));
    CHECK(tells(found, cat("index ", index, ": the entry ")));
  }
}

TEST_CASE("a row that is gone behind its indexes' back leaves strays", "[check]") {
  Checked checked;
  const auto [partition, key, row] = checked.first_of(checked.table()->tree);
  checked.write(partition, checked.table()->tree, key, ChangeOp::kErase);
  const auto found = checked.check();
  CHECK(tells(found, "index t_b: the entry "));
  CHECK(tells(found, "leads to a row that is not there"));
}

TEST_CASE("a row under another key, in another partition, or that is none is named", "[check]") {
  Checked checked;
  const TreeId tree = checked.table()->tree;
  const auto [partition, key, row] = checked.first_of(tree);
  checked.write(partition, tree, key, ChangeOp::kErase);
  checked.write((partition + 1) % 3, tree, key, ChangeOp::kPut, row);
  CHECK(tells(checked.check(), cat("lies in partition ", (partition + 1) % 3, ", not in ", partition)));
  checked.write((partition + 1) % 3, tree, key, ChangeOp::kErase);
  checked.write(partition, tree, key + "x", ChangeOp::kPut, row);
  CHECK(tells(checked.check(), "has the values of key"));
  checked.write(partition, tree, key + "x", ChangeOp::kErase);
  checked.write(partition, tree, key, ChangeOp::kPut, row.substr(0, row.size() - 3));
  CHECK(tells(checked.check(), "does not fit the table's definition"));
  checked.write(partition, tree, key, ChangeOp::kPut, row);
  CHECK(checked.check().empty());
}

}  // namespace
}  // namespace troupe
