#include "storage/catalog/catalog.hpp"

#include <catch2/catch.hpp>

#include "storage/catalog/codec.hpp"
#include "storage/catalog/function_def.hpp"
#include "storage/catalog/references.hpp"

using namespace troupe;

namespace {

std::shared_ptr<TableDef> make_table(Oid oid, std::string name) {
  auto table = std::make_shared<TableDef>();
  table->oid = oid;
  table->schema = kPublicSchema;
  table->name = std::move(name);
  table->tree = 100 + oid;
  ColumnDef id;
  id.attnum = 1;
  id.name = "id";
  id.type = 23;
  id.physical = Physical::kInt32;
  id.not_null = true;
  ColumnDef name_column;
  name_column.attnum = 2;
  name_column.name = "name";
  name_column.type = 25;
  name_column.missing = Value::text("none");
  table->columns = {id, name_column};
  table->primary_key = {1};
  return table;
}

std::shared_ptr<FunctionDef> make_function(Oid oid, std::string name, std::vector<Oid> types) {
  auto function = std::make_shared<FunctionDef>();
  function->oid = oid;
  function->schema = kPublicSchema;
  function->name = std::move(name);
  for (const Oid type : types) function->arguments.push_back({ArgumentMode::in, "a", type, "", kNoOid});
  function->result = 23;
  function->body = "SELECT 1";
  function->settings = {{"search_path", "public"}};
  function->update_signature();
  return function;
}

}  // namespace

TEST_CASE("functions of one name differ in the types of their arguments", "[catalog]") {
  const CatalogPtr two = *Catalog::bootstrap()->with_changes(
      {{20000, make_function(20000, "f", {23})}, {20001, make_function(20001, "f", {25})}}, 7);
  two->check_invariants();
  CHECK(two->functions(kPublicSchema, "f").size() == 2);
  CHECK(two->functions(kPublicSchema, "g").empty());
  CHECK(two->find(NameClass::function, kPublicSchema, "f(25,)") == two->find(20001));
  const auto taken = two->with_changes({{20002, make_function(20002, "f", {23})}}, 8);
  REQUIRE_FALSE(taken.ok());
  CHECK(error_code(taken.status()) == ErrorCode::kDuplicateFunction);

  const CatalogPtr one = *two->with_changes({{20000, nullptr}}, 9);
  one->check_invariants();
  REQUIRE(one->functions(kPublicSchema, "f").size() == 1);
  CHECK(one->functions(kPublicSchema, "f")[0]->oid == 20001);
  CHECK(two->functions(kPublicSchema, "f").size() == 2);
}

TEST_CASE("a function is the same when it has been stored", "[catalog]") {
  auto function = make_function(20000, "f", {23, 25});
  function->arguments[1].mode = ArgumentMode::variadic;
  function->volatility = FunctionVolatility::stable;
  function->strict = function->security_definer = true;
  function->rows = 12.5;
  const auto decoded = *decode_object(encode_object(*function));
  REQUIRE(decoded->kind == ObjectKind::function);
  const auto& again = static_cast<const FunctionDef&>(*decoded);
  CHECK(again.unique_name() == "f(23,25,)");
  CHECK(again.arguments.size() == 2);
  CHECK(again.arguments[1].mode == ArgumentMode::variadic);
  CHECK(again.volatility == FunctionVolatility::stable);
  CHECK(again.strict);
  CHECK(again.security_definer);
  CHECK(again.rows == 12.5);
  CHECK(again.body == "SELECT 1");
  CHECK(again.settings == function->settings);
}

TEST_CASE("an object is found by its oid and by its name until it is dropped", "[catalog]") {
  const CatalogPtr empty = Catalog::bootstrap();
  empty->check_invariants();
  const CatalogPtr one = *empty->with_changes({{20000, make_table(20000, "t")}}, 7);
  one->check_invariants();
  REQUIRE(one->find_table(20000) != nullptr);
  CHECK(one->find_table(20000)->version == 7);
  CHECK(one->find_relation(kPublicSchema, "t") == one->find(20000));
  CHECK(one->find_relation(kPublicSchema, "u") == nullptr);
  CHECK(empty->find(20000) == nullptr);

  const CatalogPtr none = *one->with_changes({{20000, nullptr}}, 8);
  none->check_invariants();
  CHECK(none->find(20000) == nullptr);
  CHECK(none->find_relation(kPublicSchema, "t") == nullptr);
  CHECK(one->find(20000) != nullptr);
}

TEST_CASE("two relations of a schema cannot share a name, and may swap names in one change", "[catalog]") {
  const CatalogPtr both =
      *Catalog::bootstrap()->with_changes({{20000, make_table(20000, "a")}, {20001, make_table(20001, "b")}}, 7);
  const auto taken = both->with_changes({{20002, make_table(20002, "a")}}, 8);
  REQUIRE_FALSE(taken.ok());
  CHECK(error_code(taken.status()) == ErrorCode::kDuplicateTable);
  CHECK(error_fields(taken.status()).message == "relation \"a\" already exists");

  const CatalogPtr swapped = *both->with_changes({{20000, make_table(20000, "b")}, {20001, make_table(20001, "a")}}, 9);
  swapped->check_invariants();
  CHECK(swapped->find_relation(kPublicSchema, "a")->oid == 20001);
}

TEST_CASE("a table keeps its gate when its definition changes", "[catalog]") {
  int made = 0;
  const CatalogPtr empty = Catalog::bootstrap([&](const TableDef&) { return std::make_shared<int>(++made); });
  const int built_in = made;
  const CatalogPtr one = *empty->with_changes({{20000, make_table(20000, "t")}}, 7);
  const CatalogPtr renamed = *one->with_changes({{20000, make_table(20000, "u")}}, 8);
  CHECK(made == built_in + 1);
  CHECK(one->find_table(20000)->gate == renamed->find_table(20000)->gate);
}

TEST_CASE("a table's shape tells storage how its rows and keys lie", "[catalog]") {
  const CatalogPtr one = *Catalog::bootstrap()->with_changes({{20000, make_table(20000, "t")}}, 7);
  const TableShape& shape = *one->find_table(20000)->shape;
  CHECK(shape.layout.columns() == 2);
  CHECK(shape.layout.kind(0) == Physical::kInt32);
  CHECK(shape.key == std::vector<uint32_t>{0});
  CHECK(shape.key_kinds == std::vector{CompareKind::kInt32});
  CHECK(shape.missing[1] == Value::text("none"));
}

TEST_CASE("every kind of object survives its bytes", "[catalog]") {
  auto table = make_table(20000, "t");
  table->comment = "all about t";
  table->constraints = {{20001, ConstraintKind::check, "positive", {1}, "(id > 0)", kNoOid}};
  table->options = {{"fillfactor", "70"}};
  auto statistics = std::make_shared<TableStatistics>();
  statistics->row_count = 12;
  statistics->columns = {{1, 0.5, 4, -1, {"a"}, {0.25}, {"b", "c"}, 0.75}};
  table->statistics = statistics;
  const auto decoded = decode_object(encode_object(*table));
  REQUIRE(decoded.ok());
  const auto& copy = static_cast<const TableDef&>(**decoded);
  CHECK(encode_object(copy) == encode_object(*table));
  CHECK(copy.name == "t");
  CHECK(copy.columns[1].missing == Value::text("none"));
  CHECK(copy.constraints[0].check_sql == "(id > 0)");
  CHECK(copy.statistics->columns[0].histogram == std::vector<std::string>{"b", "c"});
  CHECK(copy.statistics->columns[0].correlation == 0.75);

  for (const ObjectPtr& object : Catalog::bootstrap()->objects()) {
    const auto again = decode_object(encode_object(*object));
    REQUIRE(again.ok());
    CHECK((*again)->name == object->name);
    CHECK((*again)->kind == object->kind);
  }
  SequenceDef sequence;
  sequence.minimum = -5;
  sequence.increment = -1;
  const auto sequence_copy = decode_object(encode_object(sequence));
  REQUIRE(sequence_copy.ok());
  CHECK(static_cast<const SequenceDef&>(**sequence_copy).minimum == -5);
}

namespace {

std::vector<CatalogChange> new_database(Oid oid, std::string name) {
  auto database = std::make_shared<DatabaseDef>();
  database->oid = oid;
  database->name = std::move(name);
  auto schema = std::make_shared<SchemaDef>();
  schema->oid = oid + 1;
  schema->name = "public";
  schema->database = oid;
  return {{oid, database}, {oid + 1, schema}};
}

}  // namespace

TEST_CASE("a database sees what is in it and in none, and nothing of another", "[catalog]") {
  const CatalogPtr made = *Catalog::bootstrap()->with_changes(new_database(21000, "other"), 6);
  auto there = make_table(20001, "t");
  there->schema = 21001;
  const CatalogPtr whole = *made->with_changes({{20001, there}, {20000, make_table(20000, "t")}}, 7);
  whole->check_invariants();
  const CatalogPtr first = whole->in_database(kDefaultDatabase), second = whole->in_database(21000);
  CHECK(first->find_schema("public")->oid == kPublicSchema);
  CHECK(second->find_schema("public")->oid == 21001);
  CHECK(first->find(20000) != nullptr);
  CHECK(first->find(20001) == nullptr);
  CHECK(second->find_shared(20000) == nullptr);
  CHECK(second->find_relation(21001, "t")->oid == 20001);
  CHECK(second->find_schema("pg_catalog") == first->find_schema("pg_catalog"));
  const size_t built_in = Catalog::bootstrap()->objects(ObjectKind::table).size();
  CHECK(second->objects(ObjectKind::table).size() == built_in + 1);
  CHECK(whole->objects(ObjectKind::table).size() == built_in + 2);
  CHECK(whole->objects_of(21000).size() == 2);
  CHECK(whole->find_anywhere(20001)->database == 21000);
  CHECK(whole->in_database(99999) == nullptr);

  const CatalogPtr dropped =
      *first->with_changes({{20001, nullptr}, {21001, nullptr}, {21000, nullptr}}, 8);
  CHECK(dropped->database() == kDefaultDatabase);
  CHECK(dropped->find_anywhere(20001) == nullptr);
  CHECK(dropped->find_database("other") == nullptr);
}

TEST_CASE("rights have changed when a role or a schema has, not with a new one", "[catalog]") {
  const CatalogPtr first = *Catalog::bootstrap()->with_changes(new_database(21000, "other"), 6);
  CHECK(first->rights_version() == kNoScn);
  auto schema = std::make_shared<SchemaDef>(*first->find_as<SchemaDef>(kPublicSchema));
  schema->comment = "changed";
  CHECK((*first->with_changes({{kPublicSchema, schema}}, 9))->rights_version() == 9);
}

TEST_CASE("damaged bytes are an error, never an object", "[catalog]") {
  const std::string bytes = encode_object(*make_table(20000, "t"));
  CHECK(error_code(decode_object({}).status()) == ErrorCode::kDataCorrupted);
  CHECK(error_code(decode_object("\x01\x63").status()) == ErrorCode::kDataCorrupted);
  CHECK(error_code(decode_object(std::string_view(bytes).substr(0, bytes.size() - 2)).status()) ==
        ErrorCode::kDataCorrupted);
}

TEST_CASE("what a definition refers to has to be there when it is committed, and nothing may refer to what goes",
          "[catalog]") {
  auto type = std::make_shared<TypeDef>();
  type->oid = 20001;
  type->array_type = 20002;
  type->schema = kPublicSchema;
  type->name = "mood";
  const CatalogPtr none = Catalog::bootstrap();
  const CatalogPtr some = *none->with_changes({{20001, type}}, 7);
  auto table = make_table(20000, "t");
  table->columns[1].type = type->array_type;
  CHECK(check_references(*some, {{20000, table}}).ok());
  CHECK(check_references(*none, {{20000, table}, {20001, type}}).ok());
  CHECK(error_code(check_references(*none, {{20000, table}})) == ErrorCode::kUndefinedObject);
  CHECK(error_code(check_references(*some, {{20000, table}, {20001, nullptr}})) == ErrorCode::kUndefinedObject);

  const CatalogPtr used = *some->with_changes({{20000, table}}, 8);
  CHECK(error_code(check_references(*used, {{20001, nullptr}})) == ErrorCode::kDependentObjectsStillExist);
  CHECK(check_references(*used, {{20001, nullptr}, {20000, nullptr}}).ok());
  CHECK(check_references(*used, {{20000, nullptr}}).ok());

  auto view = std::make_shared<ViewDef>();
  view->oid = 20003;
  view->schema = kPublicSchema;
  view->name = "v";
  view->depends_on = {20000};
  const CatalogPtr seen = *used->with_changes({{20003, view}}, 9);
  CHECK(error_code(check_references(*seen, {{20000, nullptr}})) == ErrorCode::kDependentObjectsStillExist);
  CHECK(check_references(*seen, {{20000, nullptr}, {20003, nullptr}}).ok());
}
