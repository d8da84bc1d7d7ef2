#!/usr/bin/env python3
"""troupe inspect verify from outside: a directory that a killed node left under load is whole, and whatever is done to
its files is named.

TROUPE_BIN=build/release/tools/troupe tests/tools/verify_test.py
Needs psycopg2.
"""
import hashlib
import os
import pathlib
import random
import shutil
import subprocess
import sys
import threading
import time
import unittest

import psycopg2

from processes import BINARY, PATIENCE_S, ROOT

sys.path.insert(0, str(ROOT / "tests/support"))
import sanitizers  # noqa: E402
import servers  # noqa: E402

CONFIG = ('[node]\npartitions = 3\n[limits]\ncache_bytes = "4MB"\ndirty_bytes_max = "2MB"\n'
          '[log]\nsegment_bytes = "2MB"\nretention_bytes_max = "4MB"\nrecord_bytes_max = "1MB"\n'
          '[checkpoint]\nlog_bytes = "2MB"\ninterval_s = 2\n')
TABLES = """
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE t (id serial PRIMARY KEY, a int UNIQUE, b text, m mood, long text, made timestamptz DEFAULT now());
CREATE INDEX ON t (b, a DESC);
CREATE INDEX ON t (lower(b));
CREATE UNIQUE INDEX ON t (b) WHERE m = 'happy';
CREATE INDEX ON t (m);
CREATE TABLE child (t int REFERENCES t ON DELETE CASCADE, n numeric(8, 2), tags text[]);
CREATE INDEX ON child (t);
CREATE TABLE plain (v text);
CREATE MATERIALIZED VIEW counted AS SELECT m, count(*) FROM t GROUP BY m;
"""


class Verify(unittest.TestCase):
    def setUp(self):
        self.node = servers.TroupeServer(binary=BINARY)
        config = os.path.join(self.node.dir, "troupe.toml")
        pathlib.Path(config).write_text(CONFIG)
        self.node.arguments = ["--config", config]
        self.node.__enter__()
        self.addCleanup(self.node.__exit__)
        self.data = pathlib.Path(self.node.data)

    def connect(self, autocommit=True):
        connection = psycopg2.connect(self.node.dsn())
        connection.autocommit = autocommit
        return connection

    def run_sql(self, sql):
        connection = self.connect()
        connection.cursor().execute(sql)
        connection.close()

    def verify(self):
        return subprocess.run([BINARY, "inspect", "verify", str(self.data)], capture_output=True, text=True,
                              timeout=PATIENCE_S, check=False)

    def is_whole(self):
        done = self.verify()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout.splitlines()[-1], "whole")
        return done.stdout

    def finds(self, *wanted):
        done = self.verify()
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout.splitlines()[-1], r"^\d+ findings: not whole")
        for text in wanted:
            self.assertRegex(done.stdout, f"(?m)^damaged: .*{text}")
        return done.stdout

    def contents(self):
        files = [path for path in self.data.rglob("*") if path.is_file() and path.name != "troupe.pid"]
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    def load(self, seconds):
        """Writers of every kind, until the node is killed."""
        def write(seed):
            source = random.Random(seed)
            try:
                connection = self.connect(autocommit=False)
                cursor = connection.cursor()
                for i in range(1_000_000):
                    key = source.randrange(2_000)
                    cursor.execute(source.choice(STATEMENTS), {"key": key, "new": seed * 1_000_000 + i})
                    if source.random() < 0.7:
                        connection.commit() if source.random() < 0.9 else connection.rollback()
            except psycopg2.errors.IntegrityError:
                connection.close()
                write(seed + 1_000)
            except psycopg2.errors.OperationalError as ended:
                if ended.pgcode in ("40001", "40P01"):
                    connection.close()
                    write(seed + 1_000)
            except psycopg2.InterfaceError:
                pass
        writers = [threading.Thread(target=write, args=(n + 1,), daemon=True) for n in range(4)]
        for writer in writers:
            writer.start()
        time.sleep(seconds)
        self.node.kill()
        for writer in writers:
            writer.join(PATIENCE_S)

    def fill(self):
        self.run_sql(TABLES)
        self.run_sql("INSERT INTO t (a, b, m, long) SELECT i, 'Row ' || i, 'ok', CASE WHEN i % 50 = 0 THEN "
                     "repeat(md5(i::text), 2000) END FROM generate_series(1, 3000) i;"
                     "INSERT INTO child SELECT id, id, ARRAY['x', b] FROM t;"
                     "INSERT INTO plain SELECT repeat('p', i % 100) FROM generate_series(1, 3000) i;"
                     "REFRESH MATERIALIZED VIEW counted")
        self.run_sql("CREATE DATABASE other")

    def test_whole_after_every_kill_under_load(self):
        self.fill()
        for seconds in (0.3, 1, 2):
            self.load(seconds)
            before = self.contents()
            said = self.is_whole()
            self.assertEqual(self.contents(), before, "it only reads")
            self.assertRegex(said, r"(?m)^table t: \d{3,} rows, 5 indexes$")
            self.assertIn("not closed", said)
            self.node.start()
            connection = self.connect(autocommit=False)
            connection.tpc_begin(f"waits {seconds}")
            connection.cursor().execute("INSERT INTO plain VALUES ('prepared')")
            connection.tpc_prepare()
            connection.close()
        self.node.stop()
        said = self.is_whole()
        self.assertIn("closed cleanly", said)
        self.assertIn("3 prepared transactions", said)

    def test_a_new_directory_is_whole(self):
        self.node.stop()
        self.is_whole()

    def test_refuses_a_running_node_and_what_is_no_directory_of_one(self):
        done = self.verify()
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"in use by process {self.node.process.pid}", done.stderr)
        done = subprocess.run([BINARY, "inspect", "verify", self.node.dir], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is no data directory", done.stderr)

    def test_names_whatever_is_damaged(self):
        self.fill()
        self.run_sql("SELECT * FROM pg_create_logical_replication_slot('kept', 'pgoutput')")
        self.run_sql("CHECKPOINT")
        self.run_sql("UPDATE t SET a = -a, b = b || 'x' WHERE id % 2 = 0")
        self.node.stop()
        self.is_whole()
        whole = str(self.data) + ".whole"
        shutil.copytree(self.data, whole)

        def again(change, *wanted):
            shutil.rmtree(self.data)
            shutil.copytree(whole, self.data)
            change()
            with self.subTest(wanted):
                self.finds(*wanted)

        def flip(name, offset):
            def change():
                path = self.data / name
                content = bytearray(path.read_bytes())
                content[offset % len(content)] ^= 0x10
                path.write_bytes(content)
            return change
        content = (self.data / "partition-1.data").read_bytes()
        pages = [at for at in range(8192, len(content), 512) if content[at:at + 4] == b"TRPG"
                 and int.from_bytes(content[at + 8:at + 16], "little") >> 23 == at // 512]
        leaves = [at for at in pages if content[at + 16] == 1]
        leaves.sort(key=lambda at: int.from_bytes(content[at + 32:at + 40], "little"), reverse=True)
        found = 0
        for leaf in leaves[:8]:  # some of an older checkpoint, which nothing reaches
            flip("partition-1.data", leaf + 80)()
            done = self.verify()
            found += done.returncode
            if done.returncode != 0:
                self.assertRegex(done.stdout, f"damaged: .*page at byte {leaf} of .*partition-1.data.*checksum")
            flip("partition-1.data", leaf + 80)()
        self.assertGreater(found, 2)
        again(flip("partition-0.data", 30), "slot at byte 0: superblock of .*partition-0.data")
        again(flip("partition-0.data", 4096 + 30), "slot at byte 4096: superblock of .*partition-0.data")
        again(flip("node.meta", 12), "node.meta is damaged")
        again(flip("recovery.point", 3), "recovery.point is damaged")
        again(flip("replication.slots", 16), "replication slots is damaged")
        segments = sorted(path.name for path in (self.data / "log").glob("log-*.seg"))
        last = (self.data / "log" / segments[-1]).read_bytes().rstrip(b"\0")
        again(flip(f"log/{segments[-1]}", len(last) // 2), f"log segment .*{segments[-1]}.* at offset")
        again(flip(f"log/{segments[-1]}", 24), f"log segment .*{segments[-1]}.* at offset 0")
        again(lambda: (self.data / "partition-2.data").unlink(), "partition-2.data")
        again(lambda: os.truncate(self.data / "partition-1.data", len(content) // 2), "partition-1.data")
        again(lambda: (self.data / "log" / segments[-1]).unlink(), "log")
        again(lambda: os.truncate(self.data / "log" / segments[-1], 600), "log")
        if len(segments) > 1:
            again(lambda: (self.data / "log" / segments[-2]).unlink(), "log")
        again(lambda: shutil.copy(self.data / "partition-0.data", self.data / "partition-1.data"),
              "partition-1.data belongs to partition 0")

    def test_a_file_of_another_moment_is_noticed(self):
        self.fill()
        self.run_sql("CHECKPOINT")
        self.node.stop()
        old = (self.data / "partition-1.data").read_bytes()
        self.node.start()
        for i in range(8):
            self.run_sql(f"UPDATE t SET b = b || '{i}', long = long || 'x'; CHECKPOINT; SELECT pg_sleep(0.2)")
        self.node.stop()
        self.is_whole()
        (self.data / "partition-1.data").write_bytes(old)
        self.finds("the log in .* begins after SCN .*partition-1.data covers only")


STATEMENTS = [
    "INSERT INTO t (a, b, m) VALUES (%(new)s, 'New ' || %(new)s, 'sad')",
    "UPDATE t SET b = 'Changed ' || %(new)s, m = 'happy' WHERE id = %(key)s",
    "UPDATE t SET a = -a WHERE id BETWEEN %(key)s AND %(key)s + 20",
    "DELETE FROM t WHERE id = %(key)s",
    "INSERT INTO child SELECT id, 1, '{}' FROM t WHERE id = %(key)s",
    "INSERT INTO plain SELECT repeat('x', 500) FROM generate_series(1, 50)",
    "UPDATE t SET long = repeat(md5('%(new)s'), 1000) WHERE id = %(key)s",
    "DELETE FROM plain WHERE length(v) = %(key)s",
]

if __name__ == "__main__":
    unittest.main(verbosity=2)
