#include "storage/column/batch_codec.hpp"

#include <catch2/catch.hpp>

namespace troupe {
namespace {

Batch some_batch() {
  Batch batch;
  batch.rows = 300;
  Vector ints(Physical::kInt32, 300), strings(Physical::kVarlen, 300);
  for (uint32_t i = 0; i < 300; ++i) {
    ints.set<int32_t>(i, static_cast<int32_t>(i * 3));
    strings.set_string(i, std::string(i % 30, 'a'));
  }
  ints.set_null(100);
  strings.set_null(299);
  batch.columns = {ints, strings, Vector::constant(Value::of(int64_t{9}), 300)};
  return batch;
}

void check_same(const Batch& a, const Batch& b) {
  REQUIRE(a.rows == b.rows);
  REQUIRE(a.columns.size() == b.columns.size());
  for (size_t c = 0; c < a.columns.size(); ++c) {
    for (uint32_t i = 0; i < a.rows; ++i) REQUIRE(a.columns[c].value(i) == b.columns[c].value(i));
  }
  b.check_invariants();
}

TEST_CASE("a batch comes back from a frame without copying fixed columns", "[column]") {
  const Batch batch = some_batch();
  std::string bytes;
  encode_batch(batch, &bytes);
  const FrameBytes frame = FrameBytes::copy_of(bytes);
  const auto back = decode_batch(frame.view(), frame);
  REQUIRE(back.ok());
  check_same(batch, *back);
  const char* values = reinterpret_cast<const char*>(back->columns[0].values<int32_t>());
  CHECK(values > frame.view().data());
  CHECK(values < frame.view().data() + frame.size());
}

TEST_CASE("a sliced batch and one at an odd address survive", "[column]") {
  const Batch batch = some_batch().slice(93, 20);
  std::string bytes;
  encode_batch(batch, &bytes);
  const FrameBytes frame = FrameBytes::copy_of("?" + bytes);
  const auto back = decode_batch(frame.view().substr(1), frame);
  REQUIRE(back.ok());
  check_same(batch, *back);
}

TEST_CASE("a cut batch is an error, never a crash", "[column]") {
  std::string bytes;
  encode_batch(some_batch(), &bytes);
  for (size_t size = 0; size < bytes.size(); size += 13) {
    CHECK_FALSE(decode_batch(std::string_view(bytes).substr(0, size), Ref<Shared>()).ok());
  }
}

TEST_CASE("value lists come back", "[column]") {
  const std::vector<Value> values{Value::of(int32_t{1}), Value::null(Physical::kVarlen), Value::text("x"),
                                  Value::of(Interval{1, 2, 3})};
  std::string bytes;
  encode_values(values, &bytes);
  const auto back = decode_values(bytes);
  REQUIRE(back.ok());
  CHECK(*back == values);
  CHECK_FALSE(decode_values(std::string_view(bytes).substr(0, bytes.size() - 1)).ok());
}

}  // namespace
}  // namespace troupe
