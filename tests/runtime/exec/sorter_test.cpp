#include "runtime/exec/sorter.hpp"

#include <catch2/catch.hpp>

#include "runtime/exec/group_table.hpp"
#include "storage/base/random.hpp"

namespace troupe {
namespace {

const std::vector<Type> kTypes{Type{oid::kInt4}, Type{oid::kInt4}};

Batch numbered(const std::vector<int32_t>& keys, int32_t first) {
  Batch batch;
  batch.rows = static_cast<uint32_t>(keys.size());
  Vector values, numbers;
  values.reset_empty(Physical::kInt32);
  numbers.reset_empty(Physical::kInt32);
  for (const int32_t key : keys) {
    values.append(key);
    numbers.append(first++);
  }
  batch.columns = {values, numbers};
  return batch;
}

}  // namespace

TEST_CASE("sorting keeps equal keys in the order they came", "[sort]") {
  Sorter sorter(kTypes, {KeyColumn{CompareKind::kInt32, true, true}}, nullptr);
  const Batch first = numbered({2, 1, 2}, 0), second = numbered({1, 3}, 3);
  REQUIRE(sorter.add(first, {first.columns.data(), 1}).ok());
  REQUIRE(sorter.add(second, {second.columns.data(), 1}).ok());
  sorter.sort();
  const Batch sorted = sorter.take(0, 10);
  std::vector<int32_t> order;
  for (uint32_t row = 0; row < sorted.rows; ++row) order.push_back(sorted.columns[1].get<int32_t>(row));
  CHECK(order == std::vector<int32_t>{4, 0, 2, 1, 3});
}

TEST_CASE("the first n of many are those of a full sort", "[sort]") {
  Random random(5);
  Sorter all(kTypes, {KeyColumn{CompareKind::kInt32, false, false}}, nullptr);
  Sorter top(kTypes, {KeyColumn{CompareKind::kInt32, false, false}}, nullptr, 10);
  for (int32_t round = 0; round < 20; ++round) {
    std::vector<int32_t> keys(500);
    for (int32_t& key : keys) key = static_cast<int32_t>(random.below(1000));
    const Batch batch = numbered(keys, round * 500);
    REQUIRE(all.add(batch, {batch.columns.data(), 1}).ok());
    REQUIRE(top.add(batch, {batch.columns.data(), 1}).ok());
  }
  all.sort();
  top.sort();
  REQUIRE(top.size() == 10);
  const Batch expected = all.take(0, 10), first = top.take(0, 10);
  for (uint32_t row = 0; row < 10; ++row) {
    CHECK(first.columns[1].get<int32_t>(row) == expected.columns[1].get<int32_t>(row));
  }
}

TEST_CASE("a sort that needs too much memory is refused", "[sort]") {
  MemoryBudget budget(10'000);
  Sorter sorter(kTypes, {KeyColumn{CompareKind::kInt32, false, false}}, &budget);
  const Batch batch = numbered(std::vector<int32_t>(2000, 1), 0);
  CHECK(error_code(sorter.add(batch, {batch.columns.data(), 1})) == ErrorCode::kOutOfMemory);
}

TEST_CASE("groups are numbered as they appear, nulls being equal", "[group]") {
  GroupTable table({CompareKind::kInt32});
  Vector keys;
  keys.reset_empty(Physical::kInt32);
  for (const int32_t key : {7, 8, 7}) keys.append(key);
  keys.append_null();
  keys.append_null();
  uint32_t groups[5];
  table.assign({&keys, 1}, 5, groups);
  CHECK(std::vector<uint32_t>(groups, groups + 5) == std::vector<uint32_t>{0, 1, 0, 2, 2});
  CHECK(table.size() == 3);
  CHECK(table.key(0).is_null(2));
  const Vector unknown = Vector::constant(Value::of(int32_t{9}), 1);
  table.find({&unknown, 1}, 1, groups);
  CHECK(groups[0] == GroupTable::kNone);
}

}  // namespace troupe
