#include <catch2/catch.hpp>

#include "runtime/types/partition_hash.hpp"
#include "runtime/types/text_io.hpp"

namespace troupe {
namespace {

int64_t hash_of(Oid type, std::string_view text) {
  const EvalContext context;
  const auto value = parse_text(Type{type}, text, context);
  REQUIRE(value.ok());
  return static_cast<int64_t>(partition_hash(type, *value));
}

}  // namespace

// Answers of PostgreSQL 15's hash functions with the seed of hash partitioning.
TEST_CASE("hashes are PostgreSQL's", "[partition]") {
  CHECK(hash_of(oid::kInt4, "1") == 5968994663651403477);
  CHECK(hash_of(oid::kInt4, "-7") == -7298374200968567817);
  CHECK(hash_of(oid::kInt8, "1") == 5968994663651403477);
  CHECK(hash_of(oid::kInt8, "-5000000000") == -4482100988868492312);
  CHECK(hash_of(oid::kInt2, "3") == -6526785837914879018);
  CHECK(hash_of(oid::kText, "hello, partition") == 2304002571675944537);
  CHECK(hash_of(oid::kText, "") == -5700645584453517373);
  CHECK(hash_of(oid::kNumeric, "1234567.0100") == 4458009019006130943);
  CHECK(hash_of(oid::kNumeric, "0.00012") == 3073084697884637736);
  CHECK(hash_of(oid::kNumeric, "0.00") == 8816678312871386364);
  CHECK(hash_of(oid::kUuid, "00112233-4455-6677-8899-aabbccddeeff") == -8699738442285490013);
  CHECK(hash_of(oid::kFloat8, "1.5") == -2826383321045882978);
  CHECK(hash_of(oid::kFloat8, "-0") == 8816678312871386365);
  CHECK(hash_of(oid::kFloat4, "2.5") == 7089695983626872352);
}

TEST_CASE("nulls do not count in the hash of a key", "[partition]") {
  const Oid types[] = {oid::kInt4, oid::kInt4};
  const Value one_null[] = {Value::null(Physical::kInt32), Value::of(int32_t{5})};
  const Value alone[] = {Value::of(int32_t{5})};
  CHECK(partition_hash(types, one_null) == partition_hash(types, alone));
}

}  // namespace troupe
