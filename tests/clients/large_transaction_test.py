#!/usr/bin/python3
"""Transactions larger than memory: they spill, are right about everything they read, and commit; memory stays bounded.

    large_transaction_test.py --megabytes 300 --memory-mb 256
    large_transaction_test.py --gigabytes 10 --memory-mb 512

prints how long each step took, the process's memory, and how long others had to wait.
"""
import argparse
import os
import sys
import threading
import time
from contextlib import closing

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import sanitizers  # noqa: E402
from faulty_server import FaultyServer  # noqa: E402

ROW_BYTES = 1000
PAD = f"repeat(md5(i::text), {ROW_BYTES // 32})"


def memory_mb(node):
    with open(f"/proc/{node.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:")) / 1024


class Watch:
    """The process's memory, and how long a read and a write of another table take meanwhile."""

    def __init__(self, node):
        self.node, self.peak_mb, self.slowest_s, self.stopped = node, 0, 0, False
        self.threads = [threading.Thread(target=self.look, daemon=True), threading.Thread(target=self.ask, daemon=True)]
        for thread in self.threads:
            thread.start()

    def look(self):
        while not self.stopped:
            self.peak_mb = max(self.peak_mb, memory_mb(self.node))
            time.sleep(0.01)

    def ask(self):
        with closing(connect(self.node)) as connection, connection.cursor() as cursor:
            while not self.stopped:
                begun = time.monotonic()
                cursor.execute("SELECT v FROM other WHERE id = 1")
                self.slowest_s = max(self.slowest_s, time.monotonic() - begun)
                time.sleep(0.005)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stopped = True
        for thread in self.threads:
            thread.join()


def connect(node, autocommit=True):
    connection = psycopg2.connect(node.dsn(), connect_timeout=60)
    connection.autocommit = autocommit
    return connection


def check(what, actual, expected):
    if actual != expected:
        sys.exit(f"{what}: {actual!r}, expected {expected!r}")


class Test:
    def __init__(self, node, rows, bound_mb):
        self.node, self.rows, self.bound_mb = node, rows, bound_mb

    def run(self, name, action, *arguments):
        begun = time.monotonic()
        with Watch(self.node) as watch:
            action(*arguments)
        print(f"{name:<44} {time.monotonic() - begun:7.2f} s   peak RSS {watch.peak_mb:6.0f} MB"
              f"   slowest read of others {watch.slowest_s * 1e3:6.0f} ms", flush=True)
        if watch.peak_mb > self.bound_mb and sanitizers.SLOWNESS == 1:
            sys.exit(f"{name}: {watch.peak_mb:.0f} MB of memory, at most {self.bound_mb} MB are expected")

    def one(self, cursor, sql):
        cursor.execute(sql)
        return cursor.fetchone()

    def refused(self, cursor, state, sql):
        try:
            cursor.execute(sql)
        except psycopg2.Error as problem:
            check(sql, problem.pgcode, state)
            return problem.diag.message_primary
        sys.exit(f"{sql} was not refused")

    def make(self, cursor):
        cursor.execute("CREATE TABLE big (id int PRIMARY KEY, k int UNIQUE, v int, pad text)")
        cursor.execute("CREATE INDEX ON big (v)")
        cursor.execute("INSERT INTO big VALUES (0, 0, 0, 'first')")
        cursor.execute("CREATE TABLE other (id int PRIMARY KEY, v int)")
        cursor.execute("INSERT INTO other VALUES (1, 1)")

    def insert(self, cursor):
        cursor.execute(f"INSERT INTO big SELECT i, -i, i % 100, {PAD} FROM generate_series(1, {self.rows}) i")
        check("rows inserted", cursor.rowcount, self.rows)

    def own_reads(self, cursor):
        """Of rows that are spilled: by key, by range, by index, backwards, with a cursor."""
        rows, half = self.rows, self.rows // 2
        check("a row by its key", self.one(cursor, f"SELECT k, v FROM big WHERE id = {half}"), (-half, half % 100))
        check("a row by its unique key", self.one(cursor, f"SELECT id FROM big WHERE k = {-half}"), (half,))
        check("rows of an index", self.one(cursor, "SELECT count(*), min(id) FROM big WHERE v = 7"),
              (len(range(7, rows + 1, 100)), 7))
        check("a range", self.one(cursor, f"SELECT count(*) FROM big WHERE id BETWEEN {half} AND {half + 99}"), (100,))
        cursor.execute("SELECT id FROM big ORDER BY id DESC LIMIT 3")
        check("backwards", cursor.fetchall(), [(rows,), (rows - 1,), (rows - 2,)])
        cursor.execute("DECLARE own CURSOR FOR SELECT id FROM big WHERE id < 1000 ORDER BY id")
        cursor.execute(f"UPDATE big SET v = v + 100 WHERE id IN (3, {half})")
        cursor.execute("FETCH 4 FROM own")
        check("a cursor", cursor.fetchall(), [(0,), (1,), (2,), (3,)])
        cursor.execute("CLOSE own")
        check("rows written twice", self.one(cursor, f"SELECT sum(v) FROM big WHERE id IN (3, {half})"),
              (203 + half % 100,))

    def conflicts(self, cursor):
        half = self.rows // 2
        with closing(connect(self.node)) as connection, connection.cursor() as other:
            check("others see none of it", self.one(other, "SELECT count(*) FROM big"), (1,))
            other.execute("SET lock_timeout = '100ms'")
            self.refused(other, "55P03", f"INSERT INTO big VALUES ({half}, 1, 1, '')")
            self.refused(other, "55P03", f"INSERT INTO big VALUES (-5, {-half}, 1, '')")
            other.execute("INSERT INTO big VALUES (-1, 1, -1, 'of another')")
            other.execute("DELETE FROM big WHERE id = -1")
        cursor.execute("SAVEPOINT violation")
        message = self.refused(cursor, "23505", f"INSERT INTO big VALUES ({half}, 1, 1, '')")
        check("a violation", message, 'duplicate key value violates unique constraint "big_pkey"')
        cursor.execute("ROLLBACK TO violation")
        self.refused(cursor, "23505", f"INSERT INTO big VALUES (-2, {-half}, 1, '')")
        cursor.execute("ROLLBACK TO violation")

    def savepoint(self, cursor):
        """A savepoint before what spills: all of it is taken back."""
        expected = self.one(cursor, "SELECT count(*), sum(v), sum(length(pad)) FROM big")
        cursor.execute("SAVEPOINT before")
        cursor.execute("UPDATE big SET pad = '', v = -1 WHERE id % 3 = 0")
        cursor.execute("DELETE FROM big WHERE id % 3 = 1")
        check("what is left", self.one(cursor, "SELECT count(*) FROM big WHERE id % 3 = 1"), (0,))
        cursor.execute("ROLLBACK TO before")
        check("after a rollback", self.one(cursor, "SELECT count(*), sum(v), sum(length(pad)) FROM big"), expected)

    def rewrite(self, cursor):
        """Keys that are gone come again, on the other side of the spill."""
        step = max(1, self.rows // 1000)
        cursor.execute(f"DELETE FROM big WHERE id % {step} = 0 AND id > 0")
        gone = cursor.rowcount
        cursor.execute(f"INSERT INTO big SELECT i, -i, 5, 'again' FROM generate_series({step}, {self.rows}, {step}) i")
        check("rows that came again", cursor.rowcount, gone)
        check("as they are now", self.one(cursor, "SELECT count(*) FROM big WHERE pad = 'again' AND v = 5"), (gone,))

    def contents(self, cursor):
        return self.one(cursor, "SELECT count(*), sum(id::bigint), sum(v), sum(length(pad)), min(k) FROM big")

    def recover(self, expected):
        self.node.kill()
        seconds = self.node.start()
        print(f"ready {seconds:.2f} s after kill -9, RSS {memory_mb(self.node):.0f} MB")
        with closing(connect(self.node)) as connection, connection.cursor() as cursor:
            check("the contents after a crash", self.contents(cursor), expected)
            cursor.execute("SET enable_seqscan = off")
            check("an index after a crash", self.one(cursor, "SELECT count(*) FROM big WHERE v = 7"),
                  self.one(cursor, "SELECT count(*) FROM big WHERE v + 0 = 7"))

    def full_disk(self):
        """A disk without room: the transaction ends, the node goes on."""
        with closing(connect(self.node, autocommit=False)) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            self.node.break_disk("full")
            # Pages that have room already take some of it; what goes into the log takes none of theirs.
            try:
                cursor.execute("UPDATE big SET v = v + 1")
            except psycopg2.Error as problem:
                check("UPDATE on a full disk", problem.pgcode, "53100")
            else:
                self.refused(cursor, "53100", "COMMIT")
            self.node.mend_disk()
            connection.rollback()
            with closing(connect(self.node)) as another, another.cursor() as other:
                deadline = time.monotonic() + 30 * sanitizers.SLOWNESS
                while True:
                    try:
                        other.execute("UPDATE other SET v = v + 1")
                        break
                    except psycopg2.Error as problem:
                        if problem.pgcode != "53100" or time.monotonic() > deadline:
                            raise
                        time.sleep(0.2)

    def whole(self):
        with closing(connect(self.node)) as setup:
            self.make(setup.cursor())
        with closing(connect(self.node, autocommit=False)) as connection:
            cursor = connection.cursor()
            self.run(f"INSERT of {self.rows} rows", self.insert, cursor)
            self.run("its own reads", self.own_reads, cursor)
            self.run("conflicts and violations", self.conflicts, cursor)
            self.run("ROLLBACK TO SAVEPOINT", self.savepoint, cursor)
            self.run("DELETE and INSERT of the same keys", self.rewrite, cursor)
            expected = self.contents(cursor)
            self.run("COMMIT", connection.commit)
        self.recover(expected)
        for sql in ("UPDATE big SET v = v + 1", "DELETE FROM big"):
            with closing(connect(self.node, autocommit=False)) as connection:
                self.run(f"{sql} of all", connection.cursor().execute, sql)
                self.run("ROLLBACK", connection.rollback)
                check("after a rollback", self.contents(connection.cursor()), expected)
        self.full_disk()
        with closing(connect(self.node)) as connection, connection.cursor() as cursor:
            check("after a full disk", self.contents(cursor), expected)
            self.run("UPDATE of all, committed", cursor.execute, "UPDATE big SET v = v + 1")
            self.run("DELETE of all, committed", cursor.execute, "DELETE FROM big")
            self.recover((0, None, None, None, None))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--gigabytes", type=float, default=0)
    parser.add_argument("--memory-mb", type=int, default=256, help="fail above it")
    args = parser.parse_args()
    megabytes = int(args.gigabytes * 1024) or args.megabytes
    with FaultyServer() as node:
        config = os.path.join(node.dir, "troupe.toml")
        share = max(8, (args.memory_mb - 192) // 8)
        with open(config, "w") as out:
            out.write(f'[limits]\npending_memory_bytes = "{share}MB"\ncache_bytes = "{2 * share}MB"\n'
                      f'dirty_bytes_max = "{share}MB"\nhistory_bytes_max = "{share}MB"\nsort_bytes_max = "{share}MB"\n'
                      f'log_queued_bytes_max = "{max(18, share)}MB"\n'
                      f'[log]\nsegment_bytes = "64MB"\nretention_bytes_max = "64MB"\n')
        node.stop()
        node.arguments = ["--config", config]
        node.start()
        Test(node, megabytes * (1 << 20) // ROW_BYTES, args.memory_mb).whole()
    return 0


if __name__ == "__main__":
    sys.exit(main())
