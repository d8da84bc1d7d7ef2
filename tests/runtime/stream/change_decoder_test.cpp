#include "runtime/stream/change_decoder.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "storage/column/json_format.hpp"
#include "runtime/types/text_io.hpp"
#include "storage/catalog/codec.hpp"
#include "storage/catalog/names.hpp"

using namespace troupe;

namespace {

ColumnDef column(int16_t attnum, std::string name, Oid type) {
  ColumnDef def;
  def.attnum = attnum;
  def.name = std::move(name);
  def.type = type;
  def.physical = type_info(type).physical;
  return def;
}

std::shared_ptr<TableDef> make_table(TreeId tree, std::vector<ColumnDef> columns) {
  auto table = std::make_shared<TableDef>();
  table->tree = tree;
  table->columns = std::move(columns);
  table->shape = make_shape(*table);
  return table;
}

std::shared_ptr<TableDef> accounts(TreeId tree = 7) {
  return make_table(tree, {column(1, "id", oid::kInt4), column(2, "name", oid::kText)});
}

std::string row_of(const TableDef& table, std::vector<Value> values) {
  std::string bytes;
  encode_row(table.shape->layout, values, &bytes);
  return bytes;
}

struct Seen {
  uint64_t number;
  RowOp op;
  std::string before, after;
};

/// The commit's changes, whose rows live here.
class Commit {
 public:
  void put(TreeId tree, std::string before, std::string after) {
    Change change;
    change.tree = tree;
    change.op = after.empty() ? ChangeOp::kErase : ChangeOp::kPut;
    change.key = "key";
    change.has_before = !before.empty();
    change.has_after = !after.empty();
    change.before = before;
    change.after = after;
    ChangeWriter(&packed_).append(change);
  }
  void put_definition(const TableDef* before, const TableDef* after) {
    Change change;
    const std::string key = object_key((before != nullptr ? before : after)->oid);
    const std::string old_bytes = before != nullptr ? encode_object(*before) : std::string();
    const std::string new_bytes = after != nullptr ? encode_object(*after) : std::string();
    change.tree = kCatalogObjectTree;
    change.op = after == nullptr ? ChangeOp::kErase : ChangeOp::kPut;
    change.key = key;
    change.has_before = before != nullptr;
    change.has_after = after != nullptr;
    change.before = old_bytes;
    change.after = new_bytes;
    ChangeWriter(&packed_).append(change);
  }
  void put_bulk(TreeId tree, const BulkRun& run) {
    Change change;
    const std::string where = encode_bulk_run(run);
    change.tree = tree;
    change.op = ChangeOp::kBulk;
    change.has_after = true;
    change.after = where;
    ChangeWriter(&packed_).append(change);
  }
  void put_truncate(TreeId tree) {
    Change change;
    change.tree = tree;
    change.op = ChangeOp::kTruncate;
    ChangeWriter(&packed_).append(change);
  }
  const std::string& packed() const { return packed_; }

 private:
  std::string packed_;
};

std::vector<Seen> decode(ChangeDecoder& decoder, std::string_view packed, uint32_t before = 0, uint32_t seen = 0) {
  std::vector<Seen> events;
  RowEvent event;
  decoder.begin(packed, before, seen);
  while (decoder.next(&event) == DecodeStep::kEvent) {
    events.push_back({event.number, event.op, std::string(event.before), std::string(event.after)});
  }
  return events;
}

std::string json_of(const TableDef& table, std::vector<Value> values) {
  auto definition = std::make_shared<TableDef>(table);
  RowJson json(definition);
  std::string out;
  REQUIRE(json.append(row_of(table, std::move(values)), EvalContext{}, &out).ok());
  return out;
}

Value parsed(Oid type, std::string_view text) { return parse_text(Type{type}, text, EvalContext{}).value(); }

}  // namespace

TEST_CASE("insert, update and delete show the row before and after", "[stream]") {
  const auto table = accounts();
  const std::string a = row_of(*table, {Value::of(int32_t{1}), Value::text("ann")});
  const std::string b = row_of(*table, {Value::of(int32_t{1}), Value::text("bob")});
  Commit commit;
  commit.put(7, {}, a);
  commit.put(7, a, b);
  commit.put(7, b, {});
  EvalContext context;
  ChangeDecoder decoder(context);
  decoder.follow(table, "");

  const auto events = decode(decoder, commit.packed());

  REQUIRE(decoder.status().ok());
  REQUIRE(events.size() == 3);
  CHECK(events[0].op == RowOp::kInsert);
  CHECK(events[0].before.empty());
  CHECK(events[0].after == R"({"id":1,"name":"ann"})");
  CHECK(events[1].op == RowOp::kUpdate);
  CHECK(events[1].before == R"({"id":1,"name":"ann"})");
  CHECK(events[1].after == R"({"id":1,"name":"bob"})");
  CHECK(events[2].op == RowOp::kDelete);
  CHECK(events[2].after.empty());
}

TEST_CASE("a change has the same number whatever tables are followed", "[stream]") {
  const auto table = accounts();
  const std::string row = row_of(*table, {Value::of(int32_t{1}), Value::text("ann")});
  Commit commit;
  commit.put(99, {}, "an index entry");
  commit.put(7, {}, row);
  commit.put(8, {}, row);
  EvalContext context;
  ChangeDecoder one(context), both(context);
  one.follow(accounts(8), "");
  both.follow(table, "");
  both.follow(accounts(8), "");

  const auto of_one = decode(one, commit.packed());
  const auto of_both = decode(both, commit.packed());

  REQUIRE(of_one.size() == 1);
  REQUIRE(of_both.size() == 2);
  CHECK(of_one[0].number == 3);
  CHECK(of_both[0].number == 2);
  CHECK(of_both[1].number == 3);
}

TEST_CASE("resuming after a token gives every later event once", "[stream]") {
  const auto table = accounts();
  Commit commit;
  for (int32_t i = 1; i <= 5; ++i) commit.put(7, {}, row_of(*table, {Value::of(i), Value::text("x")}));
  EvalContext context;
  ChangeDecoder decoder(context);
  decoder.follow(table, "");

  const auto events = decode(decoder, commit.packed(), 0, 3);
  CHECK(events.front().number == 4);
  CHECK(events.size() == 2);
  // The commit's second record counts on.
  CHECK(decode(decoder, commit.packed(), 5, 3).front().number == 6);
  CHECK(decoder.number() == 10);
}

TEST_CASE("rows from before ADD COLUMN read its default, and dropped columns are left out", "[stream]") {
  const auto before = accounts();
  const std::string old_row = row_of(*before, {Value::of(int32_t{1}), Value::text("ann")});
  auto columns = before->columns;
  columns[1].dropped = true;
  columns.push_back(column(3, "active", oid::kBool));
  columns.back().missing = Value::of(true);
  const auto after = make_table(7, columns);
  EvalContext context;
  ChangeDecoder decoder(context);
  decoder.follow(before, "");
  decoder.follow(after, "");
  Commit commit;
  commit.put(7, {}, old_row);

  CHECK(decode(decoder, commit.packed())[0].after == R"({"id":1,"active":true})");
}

TEST_CASE("an image is valid JSON whatever the row holds", "[stream]") {
  const auto table = make_table(
      1, {column(1, "a \"b\"", oid::kText), column(2, "n", oid::kNumeric), column(3, "f", oid::kFloat8),
          column(4, "t", oid::kTimestamp), column(5, "b", oid::kBool), column(6, "i", oid::kInt8)});
  CHECK(json_of(*table, {Value::text("q\" b\\ n\n t\t \x01 \xC3\xA9"), parsed(oid::kNumeric, "12.50"),
                         Value::of(1.5), parsed(oid::kTimestamp, "2024-02-29 10:00:00"), Value::of(false),
                         Value::of(std::numeric_limits<int64_t>::min())}) ==
        "{\"a \\\"b\\\"\":\"q\\\" b\\\\ n\\n t\\t \\u0001 \xC3\xA9\",\"n\":12.50,\"f\":1.5,"
        "\"t\":\"2024-02-29 10:00:00\",\"b\":false,\"i\":-9223372036854775808}");
  CHECK(json_of(*table, {Value::null(Physical::kVarlen), parsed(oid::kNumeric, "NaN"),
                         Value::of(-std::numeric_limits<double>::infinity()), Value::null(Physical::kInt64),
                         Value::null(Physical::kBool), Value::null(Physical::kInt64)}) ==
        R"({"a \"b\"":null,"n":"NaN","f":"-Infinity","t":null,"b":null,"i":null})");
  CHECK(json_of(*make_table(1, {}), {}) == "{}");
}

TEST_CASE("damaged changes and rows end the stream with an error", "[stream]") {
  const auto table = accounts();
  EvalContext context;
  ChangeDecoder decoder(context);
  decoder.follow(table, "");
  Commit commit;
  commit.put(7, {}, row_of(*table, {Value::of(int32_t{1}), Value::text("ann")}));

  CHECK(decode(decoder, std::string_view(commit.packed()).substr(0, 9)).empty());
  CHECK(error_code(decoder.status()) == ErrorCode::kDataCorrupted);

  Commit damaged;
  damaged.put(7, {}, "x");
  CHECK(decode(decoder, damaged.packed()).empty());
  CHECK(error_code(decoder.status()) == ErrorCode::kDataCorrupted);
}

namespace {

/// Bulk records 4, 5 and 6 of transaction 9: three rows each, ids from 1.
std::vector<BulkFrame> three_bulk_records(const TableDef& table) {
  std::vector<BulkFrame> records;
  int32_t id = 0;
  for (uint32_t record = 4; record <= 6; ++record) {
    Commit rows;
    for (int i = 0; i < 3; ++i) rows.put(table.tree, {}, row_of(table, {Value::of(++id), Value::text("x")}));
    records.push_back(build_bulk(9, record, 3, rows.packed()));
  }
  return records;
}

/// The numbers of all events, with `records` handed over in the order given, again and again.
std::vector<uint64_t> numbers(ChangeDecoder& decoder, const Commit& commit, const std::vector<BulkFrame>& records,
                              uint64_t seen) {
  std::vector<uint64_t> seen_numbers;
  RowEvent event;
  decoder.begin(commit.packed(), 0, seen);
  for (size_t next = 0;;) {
    const DecodeStep step = decoder.next(&event);
    if (step == DecodeStep::kEnd) break;
    if (step == DecodeStep::kEvent) {
      seen_numbers.push_back(event.number);
    } else {
      REQUIRE(decoder.take_bulk(*records[next++ % records.size()]).ok());
    }
  }
  REQUIRE(decoder.status().ok());
  return seen_numbers;
}

}  // namespace

TEST_CASE("rows that came in bulk are numbered among the commit's changes, and can be resumed in the middle",
          "[stream]") {
  const auto table = accounts();
  const auto records = three_bulk_records(*table);
  Commit commit;
  commit.put(99, {}, "an index entry");
  commit.put_bulk(7, {1000, 4, 9});
  commit.put(7, {}, row_of(*table, {Value::of(int32_t{50}), Value::text("y")}));
  EvalContext context;
  ChangeDecoder decoder(context);
  decoder.follow(table, "");

  CHECK(numbers(decoder, commit, records, 0) == std::vector<uint64_t>{3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  CHECK(numbers(decoder, commit, records, 7) == std::vector<uint64_t>{8, 9, 10, 11, 12});
  CHECK(numbers(decoder, commit, records, 11) == std::vector<uint64_t>{12});

  // Who does not follow the table needs none of the records, and counts the same.
  ChangeDecoder other(context);
  other.follow(accounts(8), "");
  CHECK(numbers(other, commit, {}, 0).empty());
  CHECK(other.number() == 12);
}

TEST_CASE("a bulk record that came twice, or out of order before it was sent again, counts once", "[stream]") {
  const auto table = accounts();
  const auto records = three_bulk_records(*table);
  Commit commit;
  commit.put_bulk(7, {1000, 4, 9});
  EvalContext context;
  ChangeDecoder decoder(context);
  decoder.follow(table, "");

  const std::vector<uint64_t> all{2, 3, 4, 5, 6, 7, 8, 9, 10};
  CHECK(numbers(decoder, commit, {records[0], records[0], records[2], records[1], records[1], records[2]}, 0) == all);
}

TEST_CASE("definitions follow the log, forwards and back to where the stream begins", "[stream]") {
  auto before = accounts();
  before->oid = 20'000;
  before->name = "old";
  auto after = make_table(8, before->columns);
  after->oid = 20'000;
  after->name = "new";
  after->columns[1].name = "label";
  after->shape = make_shape(*after);
  Commit first, second;
  first.put(7, {}, row_of(*before, {Value::of(int32_t{1}), Value::text("ann")}));
  second.put_definition(before.get(), after.get());
  second.put_truncate(8);
  second.put(8, {}, row_of(*after, {Value::of(int32_t{2}), Value::text("bob")}));
  EvalContext context;
  ChangeDecoder decoder(context);
  decoder.follow(after, "s.");  // the newest, as a subscriber with an old token finds it
  REQUIRE(decoder.look_back(first.packed()).ok());
  REQUIRE(decoder.look_back(second.packed()).ok());

  RowEvent event;
  decoder.begin(first.packed(), 0);
  REQUIRE(decoder.next(&event) == DecodeStep::kEvent);
  CHECK(event.table == "s.old");
  CHECK(event.after == R"({"id":1,"name":"ann"})");
  decoder.begin(second.packed(), 0);
  REQUIRE(decoder.next(&event) == DecodeStep::kEvent);
  CHECK(event.op == RowOp::kTruncate);
  CHECK(event.table == "s.new");
  REQUIRE(decoder.next(&event) == DecodeStep::kEvent);
  CHECK(event.number == 3);
  CHECK(event.after == R"({"id":2,"label":"bob"})");

  Commit third;
  third.put_definition(after.get(), nullptr);
  decoder.begin(third.packed(), 0);
  REQUIRE(decoder.next(&event) == DecodeStep::kEvent);
  CHECK(event.op == RowOp::kDrop);
  CHECK(decoder.followed() == 0);
}
