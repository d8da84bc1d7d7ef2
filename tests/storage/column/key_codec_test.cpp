#include "storage/column/key_codec.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <optional>

#include "storage/base/random.hpp"
#include "storage/column/array_format.hpp"
#include "storage/column/hash.hpp"
#include "storage/column/numeric_format.hpp"
#include "storage/column/range_format.hpp"
#include "storage/column/record_format.hpp"

namespace troupe {
namespace {

Value small(int64_t v, int scale) {
  std::string packed(kNumericSmallBytes, '\0');
  write_small_numeric({v, scale}, packed.data());
  return Value::text(packed);
}

Value special(NumericForm form) { return Value::text(std::string(1, static_cast<char>(form))); }

std::string key_of(const KeyColumn& column, const Value& v) {
  std::string key;
  encode_key_column(column, v, &key);
  return key;
}

int sign(int v) { return v < 0 ? -1 : (v > 0 ? 1 : 0); }

/// `values` must ascend; equal neighbours are allowed.
void check_order(CompareKind kind, const std::vector<Value>& values) {
  for (const bool descending : {false, true}) {
    const KeyColumn column{.kind = kind, .descending = descending};
    for (size_t i = 0; i < values.size(); ++i) {
      for (size_t j = 0; j < values.size(); ++j) {
        const int expected = compare_values(kind, values[i], values[j]);
        INFO("values " << i << " and " << j);
        if (i < j) CHECK(expected <= 0);
        const int actual = key_of(column, values[i]).compare(key_of(column, values[j]));
        CHECK(sign(actual) == (descending ? -sign(expected) : sign(expected)));
        if (expected == 0) CHECK(hash_value(kind, values[i]) == hash_value(kind, values[j]));
      }
      std::string_view rest;
      const std::string key = key_of(column, values[i]) + "tail";
      rest = key;
      if (kind >= CompareKind::kArray) continue;  // these are not read back from keys
      const auto back = decode_key_column(column, &rest);
      REQUIRE(back.ok());
      CHECK(rest == "tail");
      CHECK(compare_values(kind, *back, values[i]) == 0);
      if (key_is_lossless(kind)) CHECK(*back == values[i]);
    }
  }
}

TEST_CASE("integers, floats and strings sort by their keys", "[column]") {
  check_order(CompareKind::kInt32,
              {Value::of(INT32_MIN), Value::of(-1), Value::of(0), Value::of(1), Value::of(INT32_MAX)});
  check_order(CompareKind::kInt64,
              {Value::of(INT64_MIN), Value::of(int64_t{-1}), Value::of(int64_t{255}), Value::of(INT64_MAX)});
  const double inf = std::numeric_limits<double>::infinity();
  check_order(CompareKind::kFloat64,
              {Value::of(-inf), Value::of(-1.5), Value::of(-0.0), Value::of(0.0), Value::of(1e-300), Value::of(2.0),
               Value::of(inf), Value::of(std::nan("")), Value::of(-std::nan(""))});
  check_order(CompareKind::kBytes,
              {Value::text(""), Value::text(std::string(1, '\0')), Value::text(std::string("\0\xff", 2)),
               Value::text("a"), Value::text(std::string("a\0", 2)), Value::text("ab"), Value::text("b")});
  check_order(CompareKind::kPadded, {Value::text("a"), Value::text("a  "), Value::text("b ")});
}

TEST_CASE("numerics sort by value whatever their scale", "[column]") {
  NumericDigits large;
  large.weight = 10;
  large.digits = {12, 0, 5};
  NumericDigits tiny;
  tiny.weight = -9;
  tiny.scale = 40;
  tiny.digits = {7};
  NumericDigits large_negative = large;
  large_negative.negative = true;
  check_order(CompareKind::kNumeric, {special(NumericForm::kMinusInfinity),
                                      Value::text(pack_numeric(large_negative)),
                                      small(-12345, 2),
                                      small(-100, 2),
                                      small(-1, 0),
                                      small(-99, 2),
                                      small(0, 0),
                                      small(0, 5),
                                      Value::text(pack_numeric(tiny)),
                                      small(1, 18),
                                      small(5, 1),
                                      small(50, 2),
                                      small(99, 2),
                                      small(1, 0),
                                      small(100, 2),
                                      small(1234567, 4),
                                      small(12345, 1),
                                      small(INT64_MAX, 0),
                                      Value::text(pack_numeric(large)),
                                      special(NumericForm::kInfinity),
                                      special(NumericForm::kNan)});
}

TEST_CASE("random numerics sort by their keys", "[column]") {
  Random random(7);
  const KeyColumn column{.kind = CompareKind::kNumeric};
  for (int i = 0; i < 2000; ++i) {
    const auto any = [&] {
      return small(static_cast<int64_t>(random.next() >> random.below(64)) * (random.chance(0.5) ? 1 : -1),
                   static_cast<int>(random.below(19)));
    };
    const Value a = any(), b = any();
    REQUIRE(sign(key_of(column, a).compare(key_of(column, b))) == compare_values(CompareKind::kNumeric, a, b));
    const std::string key = key_of(column, a);
    std::string_view rest = key;
    REQUIRE(compare_numeric(decode_key_column(column, &rest)->bytes(), a.bytes()) == 0);
  }
}

TEST_CASE("intervals, arrays and times with zone sort by their keys", "[column]") {
  check_order(CompareKind::kInterval,
              {Value::of(Interval{0, 0, -1}), Value::of(Interval{0, 29, 0}), Value::of(Interval{0, 0, 1}),
               Value::of(Interval{0, 30, 0}), Value::of(Interval{1, 30, 0})});
  check_order(CompareKind::kTimeTz,
              {Value::of(TimeTz{0, -3600, 0}), Value::of(TimeTz{0, 0, 0}), Value::of(TimeTz{0, 3600, 0})});
  const auto array = [](std::vector<Value> v) { return Value::text(pack_array(23, Physical::kInt32, v)); };
  check_order(CompareKind::kArray, {array({}), array({Value::of(1)}), array({Value::of(1), Value::of(0)}),
                                    array({Value::of(2)}), array({Value::null(Physical::kInt32)})});
}

TEST_CASE("records sort by their keys, field by field", "[column]") {
  constexpr Oid kInt4 = 23, kText = 25, kNumeric = 1700;
  const auto record = [](std::optional<int32_t> a, std::optional<std::string_view> b, const Value& c) {
    std::string packed = new_record();
    append_record_field(kInt4, Physical::kInt32, "a", a ? Value::of(*a) : Value::null(Physical::kInt32), &packed);
    append_record_field(kText, Physical::kVarlen, "", b ? Value::text(std::string(*b)) : Value::null(Physical::kVarlen),
                        &packed);
    append_record_field(kNumeric, Physical::kVarlen, "", c, &packed);
    return Value::text(packed);
  };
  std::string shorter = new_record();
  append_record_field(kInt4, Physical::kInt32, "other", Value::of(1), &shorter);
  check_order(CompareKind::kRecord,
              {record(-1, "b", small(0, 0)), record(1, "", small(9, 0)),
               record(1, "a", small(10, 1)), record(1, "a", small(100, 2)), record(1, "ab", small(0, 0)),
               record(1, std::nullopt, small(0, 0)), Value::text(shorter), record(std::nullopt, "a", small(0, 0)),
               Value::text(new_record())});
}

TEST_CASE("ranges sort by their keys: empty ones first, then by their bounds", "[column]") {
  constexpr Oid kInt4 = 23;
  const auto bound = [](const Value& value, bool inclusive, bool is_lower) {
    return RangeBound{value.is_null(), inclusive, is_lower, bound_bytes(value)};
  };
  const auto range = [&](std::optional<int32_t> from, bool from_inclusive, std::optional<int32_t> to, bool to_inclusive) {
    const Value lower = from ? Value::of(*from) : Value(), upper = to ? Value::of(*to) : Value();
    return Value::text(pack_range(kInt4, Physical::kInt32, bound(lower, from_inclusive, true),
                                  bound(upper, to_inclusive, false)));
  };
  const std::vector<Value> ascending{Value::text(pack_empty_range(kInt4, Physical::kInt32)),
                                     range(std::nullopt, false, 3, false), range(std::nullopt, false, std::nullopt, false),
                                     range(1, true, 3, false), range(1, true, 3, true), range(1, true, std::nullopt, false),
                                     range(1, false, 3, true), range(2, true, 3, true)};
  // The same whether the kind says that they are ranges or they do.
  check_order(CompareKind::kRange, ascending);
  check_order(CompareKind::kOwn, ascending);
  for (const Value& value : ascending) {
    CHECK(RangeView::is_valid(value.bytes()));
    CHECK_FALSE(RangeView::is_valid(value.bytes().substr(0, 7)));
    CHECK_FALSE(RangeView::is_valid(value.string() + "x"));
  }
}

TEST_CASE("nulls sort where the column says", "[column]") {
  const Value null = Value::null(Physical::kInt32);
  for (const bool descending : {false, true}) {
    const KeyColumn last{.kind = CompareKind::kInt32, .descending = descending, .nulls_first = false};
    const KeyColumn first{.kind = CompareKind::kInt32, .descending = descending, .nulls_first = true};
    CHECK(key_of(last, null) > key_of(last, Value::of(INT32_MAX)));
    CHECK(key_of(last, null) > key_of(last, Value::of(INT32_MIN)));
    CHECK(key_of(first, null) < key_of(first, Value::of(INT32_MAX)));
    CHECK(key_of(first, null) < key_of(first, Value::of(INT32_MIN)));
  }
}

TEST_CASE("the successor of a prefix bounds all its keys", "[column]") {
  CHECK(prefix_successor("ab") == "ac");
  CHECK(prefix_successor("a\xff\xff") == "b");
  CHECK_FALSE(prefix_successor("\xff\xff").has_value());
}

TEST_CASE("equal integers of different widths hash alike, and hashes never change", "[column]") {
  CHECK(hash_value(CompareKind::kInt16, Value::of(int16_t{-5})) ==
        hash_value(CompareKind::kInt64, Value::of(int64_t{-5})));
  // What a slot was computed from once must be computed again by every later version.
  CHECK(hash_value(CompareKind::kInt64, Value::of(int64_t{42})) == 0x386AFCF6DDE9D8B4ULL);
  CHECK(hash_value(CompareKind::kBytes, Value::text("troupe")) == 0x5C264160F9C6D080ULL);
}

}  // namespace
}  // namespace troupe
