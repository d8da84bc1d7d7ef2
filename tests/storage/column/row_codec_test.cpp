#include "storage/column/row_codec.hpp"

#include <catch2/catch.hpp>

namespace troupe {
namespace {

RowLayout layout() {
  return RowLayout({Physical::kInt32, Physical::kVarlen, Physical::kBool, Physical::kVarlen, Physical::kFloat64});
}

std::vector<Value> some_row() {
  return {Value::of(int32_t{7}), Value::text("hello"), Value::of(true), Value::text(std::string(40, 'x')),
          Value::of(2.5)};
}

TEST_CASE("any column of an encoded row is read by itself", "[column]") {
  const RowLayout rows = layout();
  std::string bytes;
  encode_row(rows, some_row(), &bytes);
  REQUIRE(RowView::verify(rows, bytes).ok());
  const RowView row(rows, bytes);
  CHECK(row.get<int32_t>(0) == 7);
  CHECK(row.string(1) == "hello");
  CHECK(row.string(3) == std::string(40, 'x'));
  CHECK(row.get<double>(4) == 2.5);
}

TEST_CASE("nulls take no bytes from the strings after them", "[column]") {
  const RowLayout rows = layout();
  auto values = some_row();
  values[1] = Value::null(Physical::kVarlen);
  std::string bytes;
  encode_row(rows, values, &bytes);
  const RowView row(rows, bytes);
  CHECK(row.is_null(1));
  CHECK(row.string(3) == std::string(40, 'x'));
}

TEST_CASE("a row written before ADD COLUMN reads the default", "[column]") {
  const RowLayout old_layout({Physical::kInt32, Physical::kVarlen});
  const RowLayout rows = layout();
  std::string bytes;
  const std::vector<Value> old_values{Value::of(int32_t{1}), Value::text("old")};
  encode_row(old_layout, old_values, &bytes);
  const std::vector<Value> defaults{{}, {}, Value::of(false), Value::text("default"), Value::null(Physical::kFloat64)};
  const RowView row(rows, bytes);
  CHECK(row.string(1) == "old");
  CHECK(row.is_missing(3));
  CHECK(row.value(3, defaults[3]) == Value::text("default"));

  const std::vector<std::string_view> all{bytes, bytes};
  const std::vector<uint32_t> columns{3, 0, 4};
  Batch batch;
  decode_rows(rows, all, columns, defaults, {}, &batch);
  CHECK(batch.rows == 2);
  CHECK(batch.columns[0].string(1) == "default");
  CHECK(batch.columns[1].get<int32_t>(0) == 1);
  CHECK(batch.columns[2].is_null(1));

  std::string changed;
  const std::vector<uint32_t> changed_columns{0, 4};
  const std::vector<Value> changed_values{Value::of(int32_t{2}), Value::of(1.0)};
  encode_changed_row(rows, row, changed_columns, changed_values, defaults, &changed);
  const RowView after(rows, changed);
  CHECK(after.get<int32_t>(0) == 2);
  CHECK(after.string(1) == "old");
  CHECK(after.string(3) == "default");
  CHECK(after.get<double>(4) == 1.0);
}

TEST_CASE("a batch's rows encode as their values do", "[column]") {
  const RowLayout rows = layout();
  Batch batch;
  batch.rows = 1;
  for (const Value& v : some_row()) batch.columns.push_back(Vector::constant(v, 1));
  std::string from_batch, from_values;
  encode_row(rows, batch, 0, &from_batch);
  encode_row(rows, some_row(), &from_values);
  CHECK(from_batch == from_values);
}

TEST_CASE("damaged rows are told from whole ones", "[column]") {
  const RowLayout rows = layout();
  std::string bytes;
  encode_row(rows, some_row(), &bytes);
  for (size_t size = 0; size < bytes.size(); ++size) {
    CHECK_FALSE(RowView::verify(rows, std::string_view(bytes).substr(0, size)).ok());
  }
}

}  // namespace
}  // namespace troupe
