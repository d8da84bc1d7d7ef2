#include "runtime/transaction/transaction.hpp"

#include <catch2/catch.hpp>

namespace troupe {
namespace {

constexpr TransactionModes kDefaults{};

TEST_CASE("a statement outside a block is a transaction of its own", "[transaction]") {
  Transaction txn;
  CHECK(txn.status() == Transaction::Status::kIdle);
  txn.begin_statement(kDefaults, 100);
  CHECK(txn.status() == Transaction::Status::kActive);
  CHECK(txn.started_us() == 100);
  CHECK(txn.command() == 1);
  txn.fail();
  CHECK(txn.check_usable().ok());
  txn.end();
  CHECK(txn.status() == Transaction::Status::kIdle);
  CHECK(txn.id() == kNoTxn);
}

TEST_CASE("a failed block takes nothing but its end", "[transaction]") {
  Transaction txn;
  REQUIRE(txn.begin_block(kDefaults, 1).ok());
  txn.begin_statement(kDefaults, 2);
  CHECK(txn.started_us() == 1);
  txn.fail();
  CHECK(error_code(txn.check_usable()) == ErrorCode::kInFailedSqlTransaction);
  txn.end();
  CHECK(txn.check_usable().ok());
}

TEST_CASE("BEGIN in a block is a warning and changes nothing", "[transaction]") {
  Transaction txn;
  REQUIRE(txn.begin_block({.isolation = IsolationLevel::kRepeatableRead}, 1).ok());
  CHECK(error_code(txn.begin_block(kDefaults, 2)) == ErrorCode::kActiveSqlTransaction);
  CHECK(txn.keeps_snapshot());
}

TEST_CASE("isolation is set before the first query only", "[transaction]") {
  Transaction txn;
  REQUIRE(txn.begin_block(kDefaults, 1).ok());
  CHECK(txn.set_modes({.isolation = IsolationLevel::kSerializable}).ok());
  txn.set_snapshot(9);
  CHECK(error_code(txn.set_modes(kDefaults)) == ErrorCode::kActiveSqlTransaction);
  CHECK(txn.set_modes({.isolation = IsolationLevel::kSerializable, .read_only = true}).ok());
  CHECK(error_code(txn.set_modes({.isolation = IsolationLevel::kSerializable})) == ErrorCode::kActiveSqlTransaction);
  CHECK(error_code(txn.check_writable("INSERT")) == ErrorCode::kReadOnlySqlTransaction);
}

TEST_CASE("rolling back to a savepoint names the first command to forget and makes a failed block usable",
          "[transaction]") {
  Transaction txn;
  REQUIRE(txn.begin_block(kDefaults, 1).ok());
  txn.begin_statement(kDefaults, 2);
  REQUIRE(txn.savepoint("a").ok());
  txn.begin_statement(kDefaults, 3);
  REQUIRE(txn.savepoint("b").ok());
  txn.begin_statement(kDefaults, 4);
  txn.fail();
  CHECK(txn.rollback_to("a").value() == 2);
  CHECK(txn.check_usable().ok());
  CHECK(error_code(txn.rollback_to("b").status()) == ErrorCode::kInvalidSavepoint);
  CHECK(txn.rollback_to("a").value() == 2);
}

TEST_CASE("of savepoints with one name the newest counts, and releasing it uncovers the older", "[transaction]") {
  Transaction txn;
  REQUIRE(txn.begin_block(kDefaults, 1).ok());
  REQUIRE(txn.savepoint("s").ok());
  txn.begin_statement(kDefaults, 2);
  REQUIRE(txn.savepoint("s").ok());
  CHECK(txn.rollback_to("s").value() == 2);
  REQUIRE(txn.release("s").ok());
  CHECK(txn.rollback_to("s").value() == 1);
  CHECK(error_code(txn.release("none")) == ErrorCode::kInvalidSavepoint);
}

}  // namespace
}  // namespace troupe
