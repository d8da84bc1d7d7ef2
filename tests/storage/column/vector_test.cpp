#include "storage/column/vector.hpp"

#include <catch2/catch.hpp>

namespace troupe {
namespace {

const std::string kLong = "a string that does not fit into sixteen bytes";

TEST_CASE("short strings compare without their pointer, long ones by all bytes", "[column]") {
  const std::string other = kLong + "!";
  CHECK(StringRef("abc") == StringRef("abc"));
  CHECK_FALSE(StringRef("abc") == StringRef("abd"));
  CHECK(StringRef("abc").compare(StringRef("abcd")) < 0);
  CHECK(StringRef("abcz").compare(StringRef("abcd")) > 0);
  CHECK(StringRef(kLong) == StringRef(std::string_view(kLong)));
  CHECK(StringRef(kLong).compare(StringRef(other)) < 0);
  CHECK(StringRef("").compare(StringRef("a")) < 0);
  CHECK(StringRef(std::string_view("a\0b", 3)).compare(StringRef("a")) > 0);
}

TEST_CASE("a vector grows, keeps nulls and hands back what was appended", "[column]") {
  Vector v;
  v.reset_empty(Physical::kInt32, 4);
  for (int32_t i = 0; i < 5000; ++i) {
    if (i % 7 == 3) {
      v.append_null();
    } else {
      v.append(i);
    }
  }
  REQUIRE(v.size() == 5000);
  for (uint32_t i = 0; i < 5000; ++i) {
    REQUIRE(v.is_null(i) == (i % 7 == 3));
    if (!v.is_null(i)) REQUIRE(v.get<int32_t>(i) == static_cast<int32_t>(i));
  }
  CHECK(v.null_count() == 714);
  v.check_invariants();
}

TEST_CASE("gathered strings outlive the vector they came from", "[column]") {
  Vector picked;
  {
    Vector v;
    v.reset_empty(Physical::kVarlen);
    v.append_string(kLong);
    v.append_null();
    v.append_string("short");
    const std::vector<uint32_t> rows{2, 1, 0, 0};
    picked = v.gather(rows);
  }
  CHECK(picked.string(0) == "short");
  CHECK(picked.is_null(1));
  CHECK(picked.string(2) == kLong);
  // Writing on goes to a heap of its own.
  picked.append_string(kLong + kLong);
  CHECK(picked.string(3) == kLong);
  CHECK(picked.string(4) == kLong + kLong);
}

TEST_CASE("a slice shares rows and nulls at any offset", "[column]") {
  Vector v(Physical::kInt64, 200);
  for (uint32_t i = 0; i < 200; ++i) v.set<int64_t>(i, i);
  v.set_null(77);
  const Vector slice = v.slice(70, 20);
  CHECK(slice.size() == 20);
  CHECK(slice.get<int64_t>(0) == 70);
  CHECK(slice.is_null(7));
  CHECK_FALSE(slice.is_null(8));
  Vector other(Physical::kInt64, 20);
  other.merge_nulls(slice);
  CHECK(other.is_null(7));
  CHECK(other.null_count() == 1);
}

TEST_CASE("a constant stands for all its rows", "[column]") {
  const Vector c = Vector::constant(Value::text(kLong), 10);
  CHECK(c.is_constant());
  CHECK(c.string(9) == kLong);
  const Vector flat = c.flattened();
  CHECK_FALSE(flat.is_constant());
  CHECK(flat.string(9) == kLong);
  CHECK(Vector::null_constant(Physical::kInt32, 3).flattened().null_count() == 3);
  CHECK(c.value(4) == Value::text(kLong));
}

TEST_CASE("a shared vector refuses to be written", "[column]") {
  Vector v(Physical::kInt32, 4);
  Vector slice = v.slice(0, 2);
  CHECK_THROWS_AS(slice.set_null(0), CheckFailure);
}

}  // namespace
}  // namespace troupe
