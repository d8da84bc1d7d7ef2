#include "tests/runtime/plan/plan_fixture.hpp"

using namespace troupe;

TEST_CASE_METHOD(BankFixture, "unknown names are reported as PostgreSQL does, with a hint where one helps", "[bind]") {
  CHECK(error_of("SELECT nope FROM accounts") == "42703 8 column \"nope\" does not exist");
  CHECK(error_of("SELECT abalanc FROM accounts") ==
        "42703 8 column \"abalanc\" does not exist\n"
        "HINT: Perhaps you meant to reference the column \"accounts.abalance\".");
  CHECK(error_of("SELECT a.nope FROM accounts a") == "42703 8 column a.nope does not exist");
  CHECK(error_of("SELECT x.aid FROM accounts") == "42P01 8 missing FROM-clause entry for table \"x\"");
  CHECK(error_of("SELECT accounts.aid FROM accounts a") ==
        "42P01 8 invalid reference to FROM-clause entry for table \"accounts\"\n"
        "HINT: Perhaps you meant to reference the table alias \"a\".");
  CHECK(error_of("SELECT * FROM nowhere") == "42P01 15 relation \"nowhere\" does not exist");
  CHECK(error_of("SELECT * FROM ghost.t") == "42P01 15 relation \"ghost.t\" does not exist");
  CHECK(error_of("SELECT bid FROM accounts, branches") == "42702 8 column reference \"bid\" is ambiguous");
  CHECK(error_of("SELECT 1 FROM accounts a, branches a").find("42712") == 0);
  CHECK(failure("SELECT nofunction(1)").code == ErrorCode::kUndefinedFunction);
  CHECK(error_of("SELECT 1::nosuchtype") == "42704 11 type \"nosuchtype\" does not exist");
}

TEST_CASE_METHOD(BankFixture, "grouping mistakes name the column", "[bind]") {
  CHECK(error_of("SELECT aid, sum(abalance) FROM accounts GROUP BY bid") ==
        "42803 8 column \"accounts.aid\" must appear in the GROUP BY clause or be used in an aggregate function");
  CHECK(error_of("SELECT aid FROM accounts WHERE sum(abalance) > 1") ==
        "42803 32 aggregate functions are not allowed in WHERE");
  CHECK(error_of("SELECT sum(sum(abalance)) FROM accounts") ==
        "42803 12 aggregate function calls cannot be nested");
  // The primary key decides the other columns.
  CHECK(plan("SELECT filler, count(*) FROM accounts GROUP BY aid")->columns.size() == 2);
}

TEST_CASE_METHOD(BankFixture, "types that do not fit are said where they stand", "[bind]") {
  CHECK(error_of("SELECT 1 FROM accounts WHERE aid") ==
        "42804 30 argument of WHERE must be type boolean, not type integer");
  CHECK(error_of("SELECT 1 WHERE 1 AND true") == "42804 16 argument of AND must be type boolean, not type integer");
  CHECK(error_of("SELECT 'abc'::int") == "22P02 8 invalid input syntax for type integer: \"abc\"");
  CHECK(failure("SELECT 1 UNION SELECT 'x'::text").code == ErrorCode::kDatatypeMismatch);
  CHECK(failure("SELECT true + 1").code == ErrorCode::kUndefinedFunction);
  CHECK(error_of("SELECT 1 UNION SELECT 1, 2").find("each UNION query must have the same number of columns") !=
        std::string::npos);
}

TEST_CASE_METHOD(BankFixture, "ORDER BY and LIMIT mistakes", "[bind]") {
  CHECK(error_of("SELECT aid FROM accounts ORDER BY 2") == "42P10 35 ORDER BY position 2 is not in select list");
  CHECK(error_of("SELECT DISTINCT aid FROM accounts ORDER BY bid") ==
        "42P10 44 for SELECT DISTINCT, ORDER BY expressions must appear in select list");
  CHECK(failure("SELECT aid FROM accounts LIMIT true").code == ErrorCode::kDatatypeMismatch);
}

TEST_CASE_METHOD(BankFixture, "what is not there yet is refused by name", "[bind]") {
  const auto refused = [&](std::string text, std::string_view name) {
    const ErrorFields fields = failure(std::move(text));
    CHECK(fields.code == ErrorCode::kFeatureNotSupported);
    CHECK(fields.message.find(name) != std::string::npos);
  };
  refused("CREATE TEMPORARY TABLE t (a int)", "a temporary relation here");  // without a session's schema
  refused("DELETE FROM accounts USING branches WHERE CURRENT OF c", "WHERE CURRENT OF");
}
