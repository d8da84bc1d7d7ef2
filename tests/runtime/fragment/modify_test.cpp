/// INSERT, UPDATE, DELETE and SELECT FOR UPDATE end to end. What is expected is what PostgreSQL 15 answers.
#include "sql_fixture.hpp"

namespace troupe {
namespace {

struct Accounts {
  Accounts() : session(db), other(db) {
    session.ddl(
        "CREATE TABLE acc (id int PRIMARY KEY, owner text NOT NULL, balance int DEFAULT 0 "
        "CHECK (balance >= 0), email text UNIQUE)");
    session.ddl("CREATE INDEX acc_owner_idx ON acc (owner)");
    session.affected(
        "INSERT INTO acc VALUES (1, 'ann', 100, 'a@x'), (2, 'bob', 200, 'b@x'), (3, 'cid', 300, NULL), "
        "(4, 'dan', 400, NULL)");
  }
  Rows all() { return session.rows("SELECT * FROM acc ORDER BY id"); }
  /// Every index agrees with the rows.
  void check_indexes() {
    for (const std::string& row : session.rows("SELECT id, owner, email FROM acc")) {
      const std::string id = row.substr(0, row.find('|'));
      const std::string owner = row.substr(id.size() + 1, row.rfind('|') - id.size() - 1);
      const std::string email = row.substr(row.rfind('|') + 1);
      CHECK_FALSE(session.rows("SELECT id FROM acc WHERE owner = '" + owner + "'").empty());
      if (email != "NULL") CHECK(session.rows("SELECT id FROM acc WHERE email = '" + email + "'") == Rows{id});
    }
  }
  LocalDatabase db;
  LocalSession session;
  LocalSession other;
};

}  // namespace

TEST_CASE("inserted rows have their defaults and are returned", "[insert]") {
  Accounts a;
  CHECK(a.session.rows("INSERT INTO acc (id, owner) VALUES (9, 'eve') RETURNING *, id + 1") == Rows{"9|eve|0|NULL|10"});
  CHECK(a.session.affected("INSERT INTO acc SELECT id + 100, owner, balance FROM acc") == 5);
  CHECK(a.session.rows("SELECT count(*) FROM acc") == Rows{"10"});
  a.check_indexes();
}

TEST_CASE("the redo of short writes comes with their answers, unless a row is written twice", "[insert]") {
  LocalDatabase db;
  LocalSession session(db);
  session.ddl("CREATE TABLE p (id int PRIMARY KEY, v int)");
  session.run("INSERT INTO p VALUES (1, 1)");
  CHECK(session.written_redo_was_complete);
  session.run("UPDATE p SET v = v + 1 WHERE id = 1");
  CHECK(session.written_redo_was_complete);
  session.run("INSERT INTO p SELECT g, g FROM generate_series(2, 9) g");
  CHECK(session.written_redo_was_complete);
  session.run("INSERT INTO p SELECT g, g FROM generate_series(10, 2000) g");
  CHECK_FALSE(session.written_redo_was_complete);
  session.begin();
  session.run("UPDATE p SET v = v + 1 WHERE id = 1");
  session.run("DELETE FROM p WHERE id = 2");
  session.commit();
  CHECK(session.written_redo_was_complete);
  session.begin();
  session.run("UPDATE p SET v = v + 1 WHERE id = 1");
  session.run("UPDATE p SET v = v + 1 WHERE id = 1");
  session.commit();
  CHECK_FALSE(session.written_redo_was_complete);
  session.run("UPDATE p SET id = id + 1 WHERE id IN (3, 4)");  // 4 is left and taken by one command
  CHECK_FALSE(session.written_redo_was_complete);
  CHECK(session.rows("SELECT v FROM p WHERE id = 1") == Rows{"5"});
}

TEST_CASE("violated constraints say which and by what", "[insert]") {
  Accounts a;
  CHECK(a.session.error_of("INSERT INTO acc VALUES (1, 'x', 1, 'z')") ==
        "23505 duplicate key value violates unique constraint \"acc_pkey\"\nKey (id)=(1) already exists.");
  CHECK(a.session.error_of("INSERT INTO acc VALUES (7, 'x', 1, 'a@x')") ==
        "23505 duplicate key value violates unique constraint \"acc_email_key\"\nKey (email)=(a@x) already exists.");
  CHECK(a.session.error_of("INSERT INTO acc VALUES (7, NULL, 1)") ==
        "23502 null value in column \"owner\" of relation \"acc\" violates not-null constraint\n"
        "Failing row contains (7, null, 1, null).");
  CHECK(a.session.error_of("INSERT INTO acc VALUES (7, 'x', -1)") ==
        "23514 new row for relation \"acc\" violates check constraint \"acc_balance_check\"\n"
        "Failing row contains (7, x, -1, null).");
  CHECK(a.session.error_of("UPDATE acc SET balance = balance - 150") ==
        "23514 new row for relation \"acc\" violates check constraint \"acc_balance_check\"\n"
        "Failing row contains (1, ann, -50, a@x).");
  CHECK(a.session.error_of("UPDATE acc SET owner = NULL WHERE id = 2") ==
        "23502 null value in column \"owner\" of relation \"acc\" violates not-null constraint\n"
        "Failing row contains (2, null, 200, b@x).");
  CHECK(a.session.error_of("UPDATE acc SET email = 'a@x' WHERE id = 2") ==
        "23505 duplicate key value violates unique constraint \"acc_email_key\"\nKey (email)=(a@x) already exists.");
  CHECK(a.all() == Rows{"1|ann|100|a@x", "2|bob|200|b@x", "3|cid|300|NULL", "4|dan|400|NULL"});
}

TEST_CASE("an update sees the rows as they were before it", "[update]") {
  Accounts a;
  CHECK(a.session.affected("UPDATE acc SET balance = balance + 1000 WHERE balance < 5000") == 4);
  CHECK(a.session.rows("SELECT balance FROM acc ORDER BY id") == Rows{"1100", "1200", "1300", "1400"});
  CHECK(a.session.affected("INSERT INTO acc SELECT id + 10, owner, balance FROM acc") == 4);
  CHECK(a.session.rows("SELECT count(*) FROM acc") == Rows{"8"});
  CHECK(a.session.rows("UPDATE acc SET owner = upper(owner) WHERE id = 1 RETURNING owner, balance") ==
        Rows{"ANN|1100"});
  CHECK(a.session.rows("SELECT id FROM acc WHERE owner = 'ANN'") == Rows{"1"});
  CHECK(a.session.rows("SELECT id FROM acc WHERE owner = 'ann' ORDER BY id") == Rows{"11"});
}

TEST_CASE("update from another table changes each row once", "[update]") {
  Accounts a;
  a.session.ddl("CREATE TABLE change (acc_id int, amount int)");
  a.session.affected("INSERT INTO change VALUES (1, 5), (1, 7), (3, 11)");
  CHECK(a.session.affected("UPDATE acc SET balance = balance + amount FROM change WHERE acc_id = id") == 2);
  const Rows balances = a.session.rows("SELECT balance FROM acc ORDER BY id");
  CHECK((balances[0] == "105" || balances[0] == "107"));
  CHECK(balances[2] == "311");
}

TEST_CASE("unique keys move with their rows", "[update]") {
  Accounts a;
  CHECK(a.session.affected("UPDATE acc SET email = 'n' || id WHERE id <> 2") == 3);
  CHECK(a.session.rows("SELECT id FROM acc WHERE email = 'n4'") == Rows{"4"});
  CHECK(a.session.rows("SELECT id FROM acc WHERE email = 'a@x'").empty());
  CHECK(a.session.affected("INSERT INTO acc VALUES (8, 'new', 1, 'a@x')") == 1);
  CHECK(a.session.affected("DELETE FROM acc WHERE email = 'n3'") == 1);
  CHECK(a.session.affected("INSERT INTO acc VALUES (9, 'new', 1, 'n3')") == 1);
  a.check_indexes();
}

TEST_CASE("a changed primary key moves the row", "[update]") {
  Accounts a;
  CHECK(a.session.rows("UPDATE acc SET id = id + 10, balance = 1 WHERE id <= 2 RETURNING id, email") ==
        Rows{"11|a@x", "12|b@x"});
  CHECK(a.all() == Rows{"3|cid|300|NULL", "4|dan|400|NULL", "11|ann|1|a@x", "12|bob|1|b@x"});
  CHECK(a.session.error_of("UPDATE acc SET id = 4 WHERE id = 3") ==
        "23505 duplicate key value violates unique constraint \"acc_pkey\"\nKey (id)=(4) already exists.");
  a.check_indexes();
}

TEST_CASE("delete takes rows out of every index", "[delete]") {
  Accounts a;
  CHECK(a.session.rows("DELETE FROM acc WHERE balance > 150 AND email IS NOT NULL RETURNING id, owner") ==
        Rows{"2|bob"});
  CHECK(a.session.rows("SELECT id FROM acc WHERE owner = 'bob'").empty());
  CHECK(a.session.rows("SELECT id FROM acc WHERE email = 'b@x'").empty());
  CHECK(a.session.affected("DELETE FROM acc") == 3);
  CHECK(a.all().empty());
}

TEST_CASE("on conflict do nothing leaves what is there", "[conflict]") {
  Accounts a;
  CHECK(
      a.session.rows("INSERT INTO acc VALUES (1, 'x', 1, 'q'), (7, 'y', 1, 'b@x'), (8, 'z', 1, 'w'), (8, 'v', 1, 'u') "
                     "ON CONFLICT DO NOTHING RETURNING id, owner") == Rows{"8|z"});
  CHECK(a.session.rows("SELECT id FROM acc WHERE email = 'q'").empty());
  CHECK(a.session.affected("INSERT INTO acc VALUES (9, 'free', 1, 'q')") == 1);
  CHECK(a.session.error_of("INSERT INTO acc VALUES (1, 'x', 1, 'r') ON CONFLICT (email) DO NOTHING") ==
        "23505 duplicate key value violates unique constraint \"acc_pkey\"\nKey (id)=(1) already exists.");
  a.check_indexes();
}

TEST_CASE("on conflict do update sees the existing and the excluded row", "[conflict]") {
  Accounts a;
  CHECK(a.session.rows("INSERT INTO acc AS c VALUES (1, 'new', 5, 'p'), (6, 'six', 6, 'q') ON CONFLICT (id) DO UPDATE "
                       "SET balance = c.balance + excluded.balance, email = excluded.email RETURNING id, balance") ==
        Rows{"1|105", "6|6"});
  CHECK(a.session.rows("SELECT id FROM acc WHERE email = 'p'") == Rows{"1"});
  CHECK(a.session.rows("SELECT id FROM acc WHERE email = 'a@x'").empty());
  CHECK(a.session.affected("INSERT INTO acc VALUES (50, 'x', 7, 'b@x') ON CONFLICT (email) DO UPDATE "
                           "SET balance = excluded.balance") == 1);
  CHECK(a.session.rows("SELECT balance FROM acc WHERE id = 2") == Rows{"7"});
  CHECK(a.session.affected("INSERT INTO acc VALUES (1, 'x', 7, NULL) ON CONFLICT (id) DO UPDATE "
                           "SET balance = 0 WHERE acc.balance > 1000") == 0);
  CHECK(a.session.error_of("INSERT INTO acc VALUES (60, 'a', 1), (60, 'b', 2) ON CONFLICT (id) DO UPDATE "
                           "SET balance = 1") == "21000 ON CONFLICT DO UPDATE command cannot affect row a second time");
  a.check_indexes();
}

TEST_CASE("a statement sees its transaction's earlier commands, others see none", "[transaction]") {
  Accounts a;
  a.session.begin();
  a.session.affected("UPDATE acc SET balance = 1 WHERE id = 1");
  a.session.affected("INSERT INTO acc VALUES (5, 'eve', 5)");
  a.session.affected("DELETE FROM acc WHERE id = 2");
  CHECK(a.session.rows("SELECT id, balance FROM acc ORDER BY id") == Rows{"1|1", "3|300", "4|400", "5|5"});
  CHECK(a.other.rows("SELECT id, balance FROM acc ORDER BY id") == Rows{"1|100", "2|200", "3|300", "4|400"});
  a.session.commit();
  CHECK(a.other.rows("SELECT id, balance FROM acc ORDER BY id") == Rows{"1|1", "3|300", "4|400", "5|5"});
  a.session.begin();
  a.session.affected("DELETE FROM acc");
  a.session.rollback();
  CHECK(a.session.rows("SELECT count(*) FROM acc") == Rows{"4"});
}

TEST_CASE("read committed checks the newest version again", "[transaction]") {
  Accounts a;
  a.session.begin();
  // Between this statement's snapshot and its write somebody else commits.
  a.db.data.before_write = [&] { a.other.affected("UPDATE acc SET balance = 50 WHERE id = 1"); };
  CHECK(a.session.affected("UPDATE acc SET balance = balance + 1 WHERE balance < 300") == 2);
  CHECK(a.session.rows("SELECT balance FROM acc WHERE id <= 2 ORDER BY id") == Rows{"51", "201"});
  a.session.commit();
  a.session.begin();
  a.db.data.before_write = [&] { a.other.affected("UPDATE acc SET balance = 999 WHERE id = 1"); };
  CHECK(a.session.affected("UPDATE acc SET owner = 'poor' WHERE balance < 100") == 0);
  a.db.data.before_write = [&] { a.other.affected("DELETE FROM acc WHERE id = 2"); };
  CHECK(a.session.affected("DELETE FROM acc WHERE balance = 201") == 0);
  a.session.commit();
}

TEST_CASE("read committed follows a row to its new primary key", "[transaction]") {
  Accounts a;
  a.session.begin();
  a.db.data.before_write = [&] { a.other.affected("UPDATE acc SET id = 10 WHERE id = 1"); };
  CHECK(a.session.rows("UPDATE acc SET balance = 7 WHERE balance = 100 RETURNING id, owner, balance") ==
        Rows{"10|ann|7"});
  a.session.commit();
  a.session.begin();
  // Each takes the key of the next: nobody is followed further than he went.
  a.db.data.before_write = [&] { a.other.affected("UPDATE acc SET id = id + 1 WHERE id < 10"); };
  CHECK(a.session.sorted_rows("UPDATE acc SET balance = balance + 1 WHERE id < 10 RETURNING id, balance") ==
        Rows{"3|201", "4|301", "5|401"});
  a.session.commit();
}

TEST_CASE("a row of which it is forgotten whether it is gone or moved has its statement retried", "[transaction]") {
  Accounts a;
  a.session.begin();
  a.db.data.before_write = [&] {
    a.other.affected("UPDATE acc SET id = 10 WHERE id = 1");
    for (PartitionId id = 0; id < a.db.data.partition_count(); ++id) {
      a.db.data.partition(id).set_oldest_snapshot(a.db.last_scn);
    }
  };
  CHECK(a.session.error_of("UPDATE acc SET balance = 7 WHERE balance = 100") ==
        "40001 could not serialize access due to concurrent update");
  a.session.rollback();
}

TEST_CASE("repeatable read refuses to overwrite what it cannot see", "[transaction]") {
  Accounts a;
  a.session.begin(true);
  a.other.affected("UPDATE acc SET balance = 50 WHERE id = 1");
  a.other.affected("DELETE FROM acc WHERE id = 2");
  a.other.affected("INSERT INTO acc VALUES (5, 'late', 1)");
  CHECK(a.session.rows("SELECT id, balance FROM acc WHERE id < 3 ORDER BY id") == Rows{"1|100", "2|200"});
  CHECK(a.session.affected("UPDATE acc SET balance = 1 WHERE id = 5") == 0);
  CHECK(a.session.error_of("UPDATE acc SET balance = balance + 1 WHERE id = 1") ==
        "40001 could not serialize access due to concurrent update");
  CHECK(a.session.error_of("DELETE FROM acc WHERE owner = 'bob'") ==
        "40001 could not serialize access due to concurrent delete");
  a.session.rollback();
}

TEST_CASE("select for update shows the newest version of what still matches", "[lock]") {
  Accounts a;
  a.session.begin();
  a.db.data.before_write = [&] { a.other.affected("UPDATE acc SET balance = 70 WHERE id = 1"); };
  CHECK(a.session.rows("SELECT id, balance FROM acc WHERE id < 3 ORDER BY id FOR UPDATE") == Rows{"1|70", "2|200"});
  a.db.data.before_write = [&] { a.other.affected("UPDATE acc SET balance = 500 WHERE id = 3"); };
  CHECK(a.session.rows("SELECT id FROM acc WHERE balance = 300 FOR UPDATE").empty());
  a.session.commit();
}

TEST_CASE("data-modifying with queries run to their end and see one snapshot", "[cte]") {
  Accounts a;
  CHECK(a.session.rows("WITH gone AS (DELETE FROM acc WHERE id < 3 RETURNING id, balance) "
                       "SELECT sum(balance), (SELECT count(*) FROM acc) FROM gone") == Rows{"300|4"});
  CHECK(a.session.rows("WITH x AS (UPDATE acc SET balance = 0 RETURNING id) SELECT 1") == Rows{"1"});
  CHECK(a.session.rows("SELECT id, balance FROM acc ORDER BY id") == Rows{"3|0", "4|0"});
}

TEST_CASE("serial columns number rows without gaps", "[insert]") {
  LocalDatabase db;
  LocalSession session(db);
  session.ddl("CREATE TABLE s (id serial PRIMARY KEY, v text)");
  CHECK(session.rows("INSERT INTO s (v) VALUES ('a'), ('b') RETURNING id") == Rows{"1", "2"});
  CHECK(session.rows("INSERT INTO s (v) SELECT 'c' FROM generate_series(1, 2) RETURNING id") == Rows{"3", "4"});
}

TEST_CASE("tables without a primary key keep equal rows apart", "[insert]") {
  LocalDatabase db;
  LocalSession session(db);
  session.ddl("CREATE TABLE h (a int, b int)");
  CHECK(session.affected("INSERT INTO h VALUES (1, 1), (1, 1), (2, 2)") == 3);
  CHECK(session.affected("UPDATE h SET b = 9 WHERE a = 1") == 2);
  CHECK(session.affected("DELETE FROM h WHERE b = 9") == 2);
  CHECK(session.rows("SELECT * FROM h") == Rows{"2|2"});
}

}  // namespace troupe
