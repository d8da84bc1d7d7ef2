#include "runtime/transaction/prepared_transactions.hpp"

#include <catch2/catch.hpp>

namespace troupe {
namespace {

PreparedTransaction sample(const std::string& name) {
  PreparedTransaction transaction;
  transaction.name = name;
  transaction.txn = 0x0102030405060708;
  transaction.owner = 10;
  transaction.database = 5;
  transaction.prepared_us = 1'700'000'000'000'000;
  transaction.participants = 5;
  transaction.changes = std::string(5'000, 'c');
  transaction.locks = {{0, "locks"}, {2, ""}};
  transaction.weak_locks = {{17, TableLockMode::kRowExclusive}};
  return transaction;
}

void add(PreparedTransactions& all, PreparedTransaction transaction) {
  Preparation preparation;
  preparation.transaction = std::make_shared<const PreparedTransaction>(std::move(transaction));
  all.add(std::move(preparation));
}

const PreparedActor kOwner{10, false, 5};

}  // namespace

TEST_CASE("a prepared transaction is what it was when its rows are put together again", "[transaction]") {
  const PreparedTransaction before = sample("deal");
  const std::string encoded = encode_prepared(before);
  std::string joined;
  std::string last_key;
  for (const auto& [key, piece] : prepared_rows(before.txn, encoded)) {
    CHECK(last_key < key);
    CHECK(prepared_row_transaction(key) == before.txn);
    joined += piece;
    last_key = key;
  }
  const auto after = decode_prepared(joined);
  REQUIRE(after.ok());
  CHECK(after->name == before.name);
  CHECK(after->txn == before.txn);
  CHECK(after->owner == before.owner);
  CHECK(after->database == before.database);
  CHECK(after->prepared_us == before.prepared_us);
  CHECK(after->participants == before.participants);
  CHECK(after->changes == before.changes);
  CHECK(after->locks == before.locks);
  CHECK(after->weak_locks == before.weak_locks);
  CHECK_FALSE(decode_prepared(joined.substr(0, joined.size() - 1)).ok());
}

TEST_CASE("a name is one transaction's from its PREPARE on", "[transaction]") {
  PreparedTransactions all(2);
  {
    const auto claim = all.claim_new("deal");
    REQUIRE(claim.ok());
    CHECK(error_code(all.claim_new("deal").status()) == ErrorCode::kDuplicateObject);
    CHECK(error_code(all.claim("deal", kOwner).status()) == ErrorCode::kUndefinedObject);
  }
  CHECK(all.size() == 0);  // it came to nothing
  {
    const auto claim = all.claim_new("deal");
    add(all, sample("deal"));
    CHECK(error_code(all.claim("deal", kOwner).status()) == ErrorCode::kObjectNotInPrerequisiteState);
  }
  CHECK(all.holds(sample("").txn));
  CHECK(all.claim("deal", kOwner).ok());
  const auto second = all.claim_new("other");
  CHECK(error_code(all.claim_new("third").status()) == ErrorCode::kOutOfMemory);
  CHECK(error_code(all.claim_new(std::string(200, 'x')).status()) == ErrorCode::kInvalidParameterValue);
  CHECK(error_code(PreparedTransactions(0).claim_new("a").status()) == ErrorCode::kObjectNotInPrerequisiteState);
}

TEST_CASE("its owner and superusers decide, in its database", "[transaction]") {
  PreparedTransactions all(2);
  add(all, sample("deal"));
  CHECK(error_code(all.claim("deal", {11, false, 5}).status()) == ErrorCode::kInsufficientPrivilege);
  CHECK(error_code(all.claim("deal", {10, false, 6}).status()) == ErrorCode::kFeatureNotSupported);
  CHECK(all.claim("deal", {11, true, 5}).ok());
}

TEST_CASE("who has decided does not give back the name's next transaction", "[transaction]") {
  PreparedTransactions all(2);
  add(all, sample("deal"));
  auto claim = all.claim("deal", kOwner);
  REQUIRE(claim.ok());
  CHECK(all.remove("deal").transaction->name == "deal");
  CHECK(all.remove("deal").transaction == nullptr);
  const auto next = all.claim_new("deal");
  REQUIRE(next.ok());
  CHECK(error_code(claim->check()) == ErrorCode::kUndefinedObject);  // the name is another one's
  CHECK(next->check().ok());
  *claim = PreparedTransactions::Claim();
  CHECK(claim->check().ok());
  CHECK(error_code(all.claim_new("deal").status()) == ErrorCode::kDuplicateObject);
}

TEST_CASE("a claim holds until what it is for has happened", "[transaction]") {
  PreparedTransactions all(2);
  const auto preparing = all.claim_new("deal");
  REQUIRE(preparing.ok());
  CHECK(preparing->check().ok());
  add(all, sample("deal"));
  CHECK(error_code(preparing->check()) == ErrorCode::kDuplicateObject);  // it is prepared already
  all.remove("deal");
  CHECK(error_code(preparing->check()) == ErrorCode::kDuplicateObject);
  add(all, sample("other"));
  const auto deciding = all.claim("other", kOwner);
  REQUIRE(deciding.ok());
  CHECK(deciding->check().ok());
  all.remove("other");
  CHECK(error_code(deciding->check()) == ErrorCode::kUndefinedObject);
}

}  // namespace troupe
