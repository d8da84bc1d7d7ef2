#include "runtime/stream/interest.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "runtime/types/type.hpp"
#include "storage/catalog/names.hpp"

using namespace troupe;

namespace {

std::shared_ptr<TableDef> make_table(Oid oid, TreeId tree, std::vector<Oid> types) {
  auto table = std::make_shared<TableDef>();
  table->oid = oid;
  table->tree = tree;
  for (size_t i = 0; i < types.size(); ++i) {
    ColumnDef column;
    column.attnum = static_cast<int16_t>(i + 1);
    column.name = "c" + std::to_string(i + 1);
    column.type = types[i];
    column.physical = type_info(types[i]).physical;
    table->columns.push_back(std::move(column));
  }
  table->shape = make_shape(*table);
  return table;
}

std::string row_of(const TableDef& table, std::vector<Value> values) {
  std::string bytes;
  encode_row(table.shape->layout, values, &bytes);
  return bytes;
}

void put(TreeId tree, const std::string& before, const std::string& after, std::string* changes) {
  Change change;
  change.tree = tree;
  change.op = after.empty() ? ChangeOp::kErase : ChangeOp::kPut;
  change.key = "key";
  change.has_before = !before.empty();
  change.has_after = !after.empty();
  change.before = before;
  change.after = after;
  ChangeWriter(changes).append(change);
}

std::string int_bytes(int32_t value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }

InterestPtr interest_in(std::shared_ptr<const TableDef> table, std::optional<ColumnSieve> sieve = std::nullopt) {
  auto interest = std::make_shared<Interest>();
  interest->tables.push_back({std::move(table), std::move(sieve)});
  return interest;
}

std::set<uint64_t> matched(InterestIndex& index, const std::string& changes) {
  std::unordered_set<uint64_t> found;
  index.match(changes, &found);
  return {found.begin(), found.end()};
}

}  // namespace

TEST_CASE("a commit concerns those who follow one of its tables") {
  const auto one = make_table(100, 7, {oid::kInt4}), other = make_table(101, 8, {oid::kInt4});
  InterestIndex index;
  index.set(1, interest_in(one));
  index.set(2, interest_in(other));
  std::string changes;
  put(7, "", row_of(*one, {Value::of(int32_t{5})}), &changes);
  CHECK(matched(index, changes) == std::set<uint64_t>{1});
  put(8, row_of(*other, {Value::of(int32_t{5})}), "", &changes);
  CHECK(matched(index, changes) == std::set<uint64_t>{1, 2});
  index.remove(1);
  CHECK(matched(index, changes) == std::set<uint64_t>{2});
}

TEST_CASE("a row concerns those whose value it had or has") {
  const auto table = make_table(100, 7, {oid::kInt4, oid::kText});
  InterestIndex index;
  index.set(1, interest_in(table, ColumnSieve{0, {int_bytes(1)}, 0, 0}));
  index.set(2, interest_in(table, ColumnSieve{0, {int_bytes(2), int_bytes(3)}, 0, 0}));
  index.set(3, interest_in(table, ColumnSieve{1, {"x"}, 0, 0}));
  index.set(4, interest_in(table, ColumnSieve{0, {}, 10, 20}));
  const auto row = [&](int32_t number, const char* text) {
    return row_of(*table, {Value::of(number), text == nullptr ? Value::null(Physical::kVarlen) : Value::text(text)});
  };
  std::string changes;
  put(7, row(1, "y"), row(3, nullptr), &changes);
  CHECK(matched(index, changes) == std::set<uint64_t>{1, 2});
  changes.clear();
  put(7, row(15, "x"), "", &changes);
  CHECK(matched(index, changes) == std::set<uint64_t>{3, 4});
  changes.clear();
  put(7, "", row(21, "xx"), &changes);
  CHECK(matched(index, changes).empty());
}

TEST_CASE("what cannot be looked into concerns all who follow the table") {
  const auto table = make_table(100, 7, {oid::kInt4, oid::kText});
  const auto before = make_table(100, 7, {oid::kInt4});
  InterestIndex index;
  index.set(1, interest_in(table, ColumnSieve{1, {"x"}, 0, 0}));
  std::string changes;
  SECTION("rows that were written before the column was added") {
    put(7, "", row_of(*before, {Value::of(int32_t{1})}), &changes);
  }
  SECTION("rows that came in bulk") {
    Change change;
    const std::string run = encode_bulk_run({1, 2, 3});
    change.tree = 7;
    change.op = ChangeOp::kBulk;
    change.has_after = true;
    change.after = run;
    ChangeWriter(&changes).append(change);
  }
  SECTION("another definition of the table") {
    Change change;
    const std::string key = object_key(100);
    change.tree = kCatalogObjectTree;
    change.key = key;
    change.has_after = true;
    change.after = "definition";
    ChangeWriter(&changes).append(change);
  }
  SECTION("bytes that are no row") { put(7, "", "?", &changes); }
  CHECK(matched(index, changes) == std::set<uint64_t>{1});
  CHECK(concerns(*interest_in(table, ColumnSieve{1, {"x"}, 0, 0}), changes));
}

TEST_CASE("the index finds whom looking at each interest finds") {
  std::mt19937 random(3);
  const auto dice = [&](int sides) { return static_cast<int>(random() % static_cast<unsigned>(sides)); };
  const auto table = make_table(100, 7, {oid::kInt4, oid::kText}), other = make_table(101, 8, {oid::kInt8, oid::kInt4});
  InterestIndex index;
  std::map<uint64_t, InterestPtr> interests;
  const auto random_interest = [&] {
    auto interest = std::make_shared<Interest>();
    for (const auto& followed : {table, other}) {
      if (dice(3) == 0) continue;
      std::optional<ColumnSieve> sieve;
      const uint32_t number = followed == table ? 0 : 1;
      if (dice(3) > 0) sieve = ColumnSieve{number, {int_bytes(dice(30))}, 0, 0};
      if (dice(3) == 0) sieve = ColumnSieve{number, {}, dice(30), dice(40)};
      if (dice(8) == 0 && followed == table) sieve = ColumnSieve{1, {"a", "b"}, 0, 0};
      interest->tables.push_back({followed, sieve});
    }
    return interest;
  };
  for (int turn = 0; turn < 3000; ++turn) {
    const auto follower = static_cast<uint64_t>(dice(60));
    if (dice(4) == 0) {
      index.remove(follower);
      interests.erase(follower);
    } else {
      interests[follower] = random_interest();
      index.set(follower, interests[follower]);
    }
    std::string changes;
    for (int i = dice(4); i >= 0; --i) {
      const auto row = [&](const TableDef& of) {
        if (of.tree == 8) return row_of(of, {Value::of(int64_t{1}), Value::of(int32_t{dice(30)})});
        return row_of(of, {dice(9) == 0 ? Value::null(Physical::kInt32) : Value::of(int32_t{dice(30)}),
                           Value::text(std::string(1, static_cast<char>('a' + dice(5))))});
      };
      const TableDef& of = dice(2) == 0 ? *table : *other;
      put(of.tree, dice(2) == 0 ? "" : row(of), dice(4) == 0 ? "" : row(of), &changes);
    }
    std::set<uint64_t> expected;
    for (const auto& [of, interest] : interests) {
      if (concerns(*interest, changes)) expected.insert(of);
    }
    REQUIRE(matched(index, changes) == expected);
    REQUIRE(index.followers() == interests.size());
  }
}

TEST_CASE("an interval set finds all intervals that hold a value") {
  std::mt19937 random(5);
  IntervalSet set;
  std::map<uint64_t, std::pair<int64_t, int64_t>> all;
  for (int turn = 0; turn < 2000; ++turn) {
    const uint64_t owner = random() % 80;
    if (random() % 3 == 0) {
      set.remove(owner);
      all.erase(owner);
    } else {
      int64_t low = static_cast<int64_t>(random() % 100), high = low + static_cast<int64_t>(random() % 30) - 3;
      if (random() % 9 == 0) low = INT64_MIN;
      if (random() % 9 == 0) high = INT64_MAX;
      set.set(owner, low, high);
      all[owner] = {low, high};
    }
    std::set<uint64_t> found, expected;
    const int64_t value = static_cast<int64_t>(random() % 130);
    set.find(value, [&](uint64_t of) { REQUIRE(found.insert(of).second); });
    for (const auto& [of, ends] : all) {
      if (ends.first <= value && value <= ends.second) expected.insert(of);
    }
    REQUIRE(found == expected);
  }
}
