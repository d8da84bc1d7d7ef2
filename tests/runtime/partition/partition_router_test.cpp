#include <catch2/catch.hpp>
#include <random>

#include "runtime/partition/partition_router.hpp"
#include "runtime/types/type.hpp"

namespace troupe {
namespace {

PartitionKeyDef key_of(PartitionMethod method, size_t parts = 1) {
  PartitionKeyDef key;
  key.method = method;
  for (size_t i = 0; i < parts; ++i)
    key.parts.push_back({.attnum = static_cast<int16_t>(i + 1),
                         .expression_sql = {},
                         .type = oid::kInt4,
                         .physical = Physical::kInt32,
                         .operator_class = {},
                         .collation = {}});
  return key;
}

Value number(int32_t v) { return Value::of(v); }
Value nothing() { return Value::null(Physical::kInt32); }
BoundDatum at(int32_t v) { return {BoundKind::value, number(v)}; }
const BoundDatum kMin{BoundKind::minvalue, {}};
const BoundDatum kMax{BoundKind::maxvalue, {}};

PartitionBoundDef range(std::vector<BoundDatum> lower, std::vector<BoundDatum> upper) {
  PartitionBoundDef bound;
  bound.method = PartitionMethod::range;
  bound.lower = std::move(lower);
  bound.upper = std::move(upper);
  return bound;
}
PartitionBoundDef list(std::vector<Value> values) {
  PartitionBoundDef bound;
  bound.method = PartitionMethod::list;
  bound.values = std::move(values);
  return bound;
}
PartitionBoundDef hash(int32_t modulus, int32_t remainder) {
  PartitionBoundDef bound;
  bound.method = PartitionMethod::hash;
  bound.modulus = modulus;
  bound.remainder = remainder;
  return bound;
}
PartitionBoundDef otherwise(PartitionMethod method) {
  PartitionBoundDef bound;
  bound.method = method;
  bound.is_default = true;
  return bound;
}

int route(const PartitionRouter& router, std::vector<Value> key) { return router.route(key); }

}  // namespace

TEST_CASE("a range takes its lower end and not its upper one", "[partition]") {
  const PartitionRouter router(key_of(PartitionMethod::range),
                               {range({at(10)}, {at(20)}), range({kMin}, {at(5)}), range({at(20)}, {kMax})});
  CHECK(route(router, {number(10)}) == 0);
  CHECK(route(router, {number(19)}) == 0);
  CHECK(route(router, {number(20)}) == 2);
  CHECK(route(router, {number(-1000)}) == 1);
  CHECK(route(router, {number(5)}) == PartitionRouter::kNone);
  CHECK(route(router, {nothing()}) == PartitionRouter::kNone);
}

TEST_CASE("ranges of several columns are compared column by column", "[partition]") {
  const PartitionRouter router(key_of(PartitionMethod::range, 2),
                               {range({at(1), kMin}, {at(1), at(10)}), range({at(1), at(10)}, {at(5), at(5)})});
  CHECK(route(router, {number(1), number(-5)}) == 0);
  CHECK(route(router, {number(1), number(10)}) == 1);
  CHECK(route(router, {number(3), number(100)}) == 1);
  CHECK(route(router, {number(5), number(4)}) == 1);
  CHECK(route(router, {number(5), number(5)}) == PartitionRouter::kNone);
}

TEST_CASE("what no bound takes goes to the default", "[partition]") {
  const PartitionRouter lists(key_of(PartitionMethod::list),
                              {list({number(1), nothing()}), otherwise(PartitionMethod::list), list({number(2)})});
  CHECK(route(lists, {number(1)}) == 0);
  CHECK(route(lists, {nothing()}) == 0);
  CHECK(route(lists, {number(2)}) == 2);
  CHECK(route(lists, {number(3)}) == 1);
  const PartitionRouter ranges(key_of(PartitionMethod::range),
                               {range({at(0)}, {at(1)}), otherwise(PartitionMethod::range)});
  CHECK(route(ranges, {nothing()}) == 1);
  CHECK(route(ranges, {number(1)}) == 1);
}

TEST_CASE("bounds that share a row overlap", "[partition]") {
  const PartitionRouter ranges(key_of(PartitionMethod::range), {range({at(10)}, {at(20)})});
  CHECK(ranges.overlap(range({at(20)}, {at(30)})) == PartitionRouter::kNone);
  CHECK(ranges.overlap(range({kMin}, {at(11)})) == 0);
  const PartitionRouter lists(key_of(PartitionMethod::list), {list({number(1)}), list({nothing()})});
  CHECK(lists.overlap(list({number(2), nothing()})) == 1);
  CHECK(lists.overlap(list({number(2)})) == PartitionRouter::kNone);
  const PartitionRouter hashes(key_of(PartitionMethod::hash), {hash(4, 1)});
  CHECK(hashes.overlap(hash(8, 5)) == 0);
  CHECK(hashes.overlap(hash(2, 1)) == 0);
  CHECK(hashes.overlap(hash(8, 2)) == PartitionRouter::kNone);
}

TEST_CASE("conditions leave the bounds that may have such rows, and few others", "[partition]") {
  const PartitionRouter router(key_of(PartitionMethod::range),
                               {range({at(0)}, {at(10)}), range({at(10)}, {at(20)}), range({at(20)}, {at(30)}),
                                otherwise(PartitionMethod::range)});
  const auto left = [&](std::vector<PartitionFact> facts) { return router.survivors(facts); };
  CHECK(left({}) == std::vector<bool>{true, true, true, true});
  CHECK(left({{0, Comparison::kEqual, {number(10)}}}) == std::vector<bool>{false, true, false, false});
  CHECK(left({{0, Comparison::kEqual, {number(99)}}}) == std::vector<bool>{false, false, false, true});
  CHECK(left({{0, Comparison::kEqual, {nothing()}}}) == std::vector<bool>{false, false, false, false});
  CHECK(left({{0, Comparison::kNone, {nothing()}}}) == std::vector<bool>{false, false, false, true});
  CHECK(left({{0, Comparison::kNone, {number(1), number(25)}}}) == std::vector<bool>{true, false, true, false});
  CHECK(left({{0, Comparison::kLess, {number(10)}}}) == std::vector<bool>{true, false, false, true});
  CHECK(left({{0, Comparison::kLessEqual, {number(10)}}}) == std::vector<bool>{true, true, false, true});
  CHECK(left({{0, Comparison::kGreaterEqual, {number(20)}}}) == std::vector<bool>{false, false, true, true});
}

TEST_CASE("a row's bound is never left out by a condition that is true of the row", "[partition]") {
  std::mt19937 random(7);
  const auto some = [&](int n) { return static_cast<int32_t>(random() % static_cast<uint32_t>(n)); };
  const std::vector<PartitionRouter> routers = {
      {key_of(PartitionMethod::range, 2),
       {range({kMin, kMin}, {at(2), at(3)}), range({at(2), at(3)}, {at(4), kMin}), range({at(4), at(1)}, {kMax, kMax}),
        otherwise(PartitionMethod::range)}},
      {key_of(PartitionMethod::list),
       {list({number(0), number(3)}), list({number(1), nothing()}), otherwise(PartitionMethod::list)}},
      {key_of(PartitionMethod::hash, 2), {hash(2, 0), hash(4, 1), hash(4, 3)}},
  };
  constexpr Comparison kAll[] = {Comparison::kEqual,   Comparison::kLess,         Comparison::kLessEqual,
                                 Comparison::kGreater, Comparison::kGreaterEqual, Comparison::kNone};
  for (int round = 0; round < 30'000; ++round) {
    const PartitionRouter& router = routers[round % routers.size()];
    const size_t parts = &router == &routers[1] ? 1 : 2;
    std::vector<Value> row;
    for (size_t i = 0; i < parts; ++i) row.push_back(some(8) == 0 ? nothing() : number(some(6)));
    std::vector<PartitionFact> facts;
    bool holds = true;
    for (int i = some(3); i >= 0; --i) {
      PartitionFact fact{static_cast<uint32_t>(some(static_cast<int>(parts))), kAll[some(6)], {number(some(6))}};
      if (fact.comparison == Comparison::kNone) fact.values.push_back(some(2) == 0 ? nothing() : number(some(6)));
      const Value& value = row[fact.part];
      const auto compares = [&](const Value& other) {
        if (value.is_null() || other.is_null())
          return fact.comparison == Comparison::kNone && value.is_null() && other.is_null();
        const int32_t a = value.get<int32_t>(), b = other.get<int32_t>();
        switch (fact.comparison) {
          case Comparison::kLess: return a < b;
          case Comparison::kLessEqual: return a <= b;
          case Comparison::kGreater: return a > b;
          case Comparison::kGreaterEqual: return a >= b;
          default: return a == b;
        }
      };
      holds = holds && std::any_of(fact.values.begin(), fact.values.end(), compares);
      facts.push_back(std::move(fact));
    }
    const int bound = router.route(row);
    if (!holds || bound == PartitionRouter::kNone) continue;
    REQUIRE(router.survivors(facts)[static_cast<size_t>(bound)]);
  }
}

}  // namespace troupe
