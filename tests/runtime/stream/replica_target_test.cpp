#include "runtime/stream/replica_target.hpp"

#include <catch2/catch.hpp>

namespace troupe {
namespace {

using replication::Tuple;
using replication::TupleValue;

/// public.orders here: id is the key; `more` is told by nobody.
std::shared_ptr<TableDef> orders() {
  auto table = std::make_shared<TableDef>();
  table->oid = kFirstUserOid;
  table->schema = kPublicSchema;
  table->name = "orders";
  for (const auto& [name, type] :
       {std::pair{"more", oid::kText}, std::pair{"what", oid::kText}, std::pair{"id", oid::kInt4}}) {
    ColumnDef column;
    column.attnum = static_cast<int16_t>(table->columns.size() + 1);
    column.name = name;
    column.type = type;
    table->columns.push_back(std::move(column));
  }
  table->primary_key = {3};
  return table;
}

replication::RelationMessage told(char identity = 'd') {
  replication::RelationMessage remote{7, "public", "orders", identity, {}};
  remote.columns = {{identity != 'n', "id", oid::kInt4, -1}, {identity == 'f', "what", oid::kText, -1}};
  return remote;
}

TupleValue text(std::string_view bytes) { return {TupleValue::Kind::kText, bytes}; }

absl::StatusOr<ReplicaTarget> target(std::shared_ptr<TableDef> table, char identity = 'd') {
  static const CatalogPtr catalog = Catalog::bootstrap()->in_database(kDefaultDatabase);
  return ReplicaTarget::make(told(identity), std::move(table), *catalog);
}

std::string problem(const absl::Status& status) { return std::string(status.message()); }

TEST_CASE("columns go by their names", "[subscription]") {
  const auto made = target(orders());
  REQUIRE(made.ok());
  const ReplicaStatement insert = made->insert();
  CHECK(insert.text == "INSERT INTO public.orders (id, what) VALUES ($1, $2)");
  REQUIRE(insert.types.size() == 2);
  CHECK(insert.types[0].oid == oid::kInt4);
  CHECK(made->erase().text == "DELETE FROM public.orders WHERE id = $1");
}

TEST_CASE("an update sets what was told, and the key only when it has moved", "[subscription]") {
  const auto made = target(orders());
  REQUIRE(made.ok());
  CHECK(made->update({7, 0, {}, {text("1"), text("x")}}).text == "UPDATE public.orders SET what = $1 WHERE id = $2");
  const ReplicaStatement moved = made->update({7, 'K', {text("1"), {}}, {text("2"), text("x")}});
  CHECK(moved.text == "UPDATE public.orders SET id = $1, what = $2 WHERE id = $3");
  REQUIRE(moved.parameters.size() == 3);
  CHECK(moved.parameters[0].after);
  CHECK_FALSE(moved.parameters[2].after);
  const TupleValue same{TupleValue::Kind::kUnchanged, {}};
  CHECK(made->update({7, 0, {}, {text("1"), same}}).text.empty());
}

TEST_CASE("a table that does not fit is refused with what is wrong", "[subscription]") {
  CHECK(problem(target(nullptr).status()) == "logical replication target relation \"public.orders\" does not exist");
  auto without = orders();
  without->columns[1].name = "other";
  CHECK(problem(target(without).status()) ==
        "logical replication target relation \"public.orders\" is missing replicated column: \"what\"");
  auto generated = orders();
  generated->columns[1].generated_stored = true;
  CHECK_FALSE(target(generated).ok());
}

TEST_CASE("rows are found by the key, or by all their values", "[subscription]") {
  auto keyless = orders();
  keyless->primary_key.clear();
  const auto full = target(keyless, 'f');
  REQUIRE(full.ok());
  CHECK(full->finds_by_all());
  CHECK(full->check_identity().ok());
  CHECK(full->condition({text("1"), {}}) == "id = '1' AND what IS NULL");
  CHECK(full->assignments({text("2"), text("it's")}) == "id = '2', what = 'it''s'");
  const auto lost = target(keyless);
  REQUIRE(lost.ok());
  CHECK(problem(lost->check_identity()).find("has neither REPLICA IDENTITY index nor PRIMARY KEY") !=
        std::string::npos);
  const auto untold = target(orders(), 'n');
  REQUIRE(untold.ok());
  CHECK(problem(untold->check_identity()).starts_with("publisher did not send replica identity column"));
  const auto keyed = target(orders(), 'f');
  REQUIRE(keyed.ok());
  CHECK_FALSE(keyed->finds_by_all());
}

TEST_CASE("a row with too few values is an error", "[subscription]") {
  const auto made = target(orders());
  REQUIRE(made.ok());
  CHECK(made->check({text("1"), text("x")}).ok());
  CHECK(error_code(made->check({text("1")})) == ErrorCode::kProtocolViolation);
}

}  // namespace
}  // namespace troupe
