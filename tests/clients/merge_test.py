#!/usr/bin/python3
"""MERGE while others change the same rows: what became of it is as on PostgreSQL."""
import os
import sys
import unittest

import psycopg2

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../support"))
sys.path.insert(0, os.path.join(HERE, "../isolation"))
import interleaving as il  # noqa: E402
import servers  # noqa: E402

MERGE = ("MERGE INTO m USING (VALUES (1, 100), (2, 200)) s (k, v) ON m.k = s.k AND m.flag "
         "WHEN MATCHED AND m.v > 50 THEN DELETE WHEN MATCHED THEN UPDATE SET v = m.v + s.v "
         "WHEN NOT MATCHED THEN INSERT VALUES (s.k + 10, s.v, true)")
# What another transaction has done to the row that MERGE waits for.
CHANGES = {
    "value": "UPDATE m SET v = v + 1 WHERE k = 1",
    "condition": "UPDATE m SET v = 60 WHERE k = 1",
    "match": "UPDATE m SET flag = false WHERE k = 1",
    "key": "UPDATE m SET k = 5 WHERE k = 1",
    "delete": "DELETE FROM m WHERE k = 1",
    "other row": "UPDATE m SET v = v + 1 WHERE k = 3",
}


def outcome(dsn, level, change, end):
    """The table, and MERGE's own end, when another transaction changes rows while MERGE runs."""
    with psycopg2.connect(dsn) as setup, setup.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS m")
        cursor.execute("CREATE TABLE m (k int PRIMARY KEY, v int, flag bool)")
        cursor.execute("INSERT INTO m VALUES (1, 1, true), (2, 2, true), (3, 3, true)")
    setup.close()
    other, merging = il.Transaction(dsn, il.READ_COMMITTED), il.Transaction(dsn, level)
    try:
        merging("SELECT count(*) FROM m")
        other(change)
        merged = merging(MERGE)
        other(end).wait()
        merged.wait()
        told = merged.error.pgcode if merged.error else merged.value
        merging("COMMIT").wait()
    finally:
        other.end()
        merging.end()
    with psycopg2.connect(dsn) as check, check.cursor() as cursor:
        cursor.execute("SELECT * FROM m ORDER BY k")
        rows = cursor.fetchall()
    check.close()
    return told, rows


@unittest.skipUnless(os.path.exists(os.path.join(servers.POSTGRES_BIN, "initdb")), "PostgreSQL is not installed")
class MergeTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.node = cls.enterClassContext(servers.TroupeServer())
        cls.postgres = cls.enterClassContext(servers.PostgresServer())

    def test_rows_that_others_change_meanwhile(self):
        for level in (il.READ_COMMITTED, il.REPEATABLE_READ):
            for name, change in CHANGES.items():
                for end in ("COMMIT", "ROLLBACK"):
                    with self.subTest(level=level, change=name, end=end):
                        expected = outcome(self.postgres.dsn(), level, change, end)
                        self.assertEqual(outcome(self.node.dsn(), level, change, end), expected)


if __name__ == "__main__":
    unittest.main()
