#!/usr/bin/python3
"""Bytes that change on the disk, in every kind of file, of a stopped node and of one that runs: a start is refused or a
statement fails, naming the file, or nothing is lost. Wrong rows are never answered.

    rot_test.py --flips 400 --seed 7 Rot.test_any_byte_of_a_stopped_node

says which outcome each kind of file had."""
import argparse
import collections
import glob
import os
import random
import shutil
import sys
import time
import unittest

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import sanitizers  # noqa: E402
import servers  # noqa: E402

OPTIONS = argparse.Namespace(flips=24, seed=1)
SMALL = ('[node]\npartitions = 2\n[limits]\ncache_bytes = "1MB"\ndirty_bytes_max = "1MB"\n'
         '[log]\nsegment_bytes = "2MB"\nretention_bytes_max = "4MB"\nrecord_bytes_max = "1MB"\n'
         '[checkpoint]\ninterval_s = 3600\nlog_bytes = "1GB"\n')
# What a row says of itself, so that no answer can be wrong and look right.
ROWS = "SELECT id, v, n FROM t ORDER BY id"


def flip(path, offset, bit=0x10):
    with open(path, "r+b") as opened:
        opened.seek(offset)
        byte = opened.read(1)
        opened.seek(offset)
        opened.write(bytes([byte[0] ^ bit]))


def kind_of(path):
    name = os.path.basename(path)
    return "log segment" if name.startswith("log-") else "spare" if name.startswith("spare-") \
        else "data file" if name.endswith(".data") else name


def pages_of(path):
    """Where a page begins: its magic number and, eight bytes on, its own address."""
    with open(path, "rb") as opened:
        content = opened.read()
    return [at for at in range(8192, len(content), 512)
            if content[at:at + 4] == b"TRPG" and int.from_bytes(content[at + 8:at + 16], "little") >> 23 == at // 512]


class Rot(unittest.TestCase):
    def setUp(self):
        self.node = servers.TroupeServer()
        config = os.path.join(self.node.dir, "troupe.toml")
        with open(config, "w") as out:
            out.write(SMALL)
        self.node.arguments = ["--config", config]
        self.node.__enter__()
        self.addCleanup(self.node.__exit__)
        self.fill()

    def connect(self):
        connection = psycopg2.connect(self.node.dsn())
        connection.autocommit = True
        self.addCleanup(connection.close)
        return connection.cursor()

    def fill(self):
        cursor = self.connect()
        cursor.execute("CREATE TABLE t (id int PRIMARY KEY, v text, n int UNIQUE)")
        cursor.execute("INSERT INTO t SELECT i, md5(i::text) || repeat(md5((i * 7)::text), 10), -i "
                       "FROM generate_series(1, 4000) i")
        cursor.execute("INSERT INTO t SELECT 10000 + i, repeat(md5(i::text), 3000), i FROM generate_series(1, 8) i")
        cursor.execute("CHECKPOINT")
        cursor.execute("UPDATE t SET v = md5(v) WHERE id % 5 = 0")
        cursor.execute("DELETE FROM t WHERE id % 11 = 0")
        self.expected = self.rows(cursor)

    @staticmethod
    def rows(cursor):
        cursor.execute(ROWS)
        return cursor.fetchall()

    def files(self):
        all_files = [path for path in glob.glob(os.path.join(self.node.data, "**"), recursive=True)
                     if os.path.isfile(path) and os.path.getsize(path) > 0]
        return sorted(path for path in all_files if not path.endswith(("troupe.pid", "disk.reserve")))

    def outcome_of_start(self, path):
        """What became of a node whose file changed while it was stopped."""
        try:
            self.node.start()
        except RuntimeError as refused:
            said = str(refused)
            self.assertIn("ended with 1", said)
            self.assertIn(path, said)
            self.assertIn("hint: ", said)
            return "start refused"
        cursor = self.connect()
        try:
            self.assertEqual(self.rows(cursor), self.expected)
            cursor.execute("SELECT count(n), sum(n) FROM t WHERE n > -100000")
            cursor.fetchall()
        except psycopg2.Error as problem:
            self.assertEqual(problem.pgcode, "XX001", problem)
            self.assertIn(path, str(problem))
            return "statement failed"
        cursor.execute("SELECT count(*) FROM sys.events WHERE kind = 'recovery'")
        return "told in sys.events" if cursor.fetchone()[0] > 0 else "harmless"

    def end_node(self):
        if self.node.process.poll() is None:
            self.node.kill()

    def try_flips(self, places):
        """Each `(path, offset)` by itself, in copies of one directory; prints what came of them."""
        whole = self.node.data + ".whole"
        shutil.copytree(self.node.data, whole)
        outcomes = collections.Counter()
        for path, offset in places:
            shutil.rmtree(self.node.data)
            shutil.copytree(whole, self.node.data)
            flip(path, offset)
            with self.subTest(file=os.path.basename(path), offset=offset):
                outcomes[kind_of(path), self.outcome_of_start(path)] += 1
            self.end_node()
        print(dict(outcomes), end=" ", flush=True)
        return outcomes

    def some_places(self, source):
        """Of each kind of file as many, where bytes are that count rather than in the padding."""
        places, by_kind = [], collections.defaultdict(list)
        for path in self.files():
            by_kind[kind_of(path)].append(path)
        for paths in by_kind.values():
            for _ in range(max(1, OPTIONS.flips // len(by_kind))):
                path = source.choice(paths)
                with open(path, "rb") as opened:
                    content = opened.read()
                full = [source.randrange(len(content)) for _ in range(50)]
                places.append((path, next((at for at in full if content[at] != 0), full[0])))
        return places

    def test_any_byte_of_a_stopped_node(self):
        self.node.stop()
        outcomes = self.try_flips(self.some_places(random.Random(OPTIONS.seed)))
        self.assertEqual({kind for kind, _ in outcomes} - {"spare"},
                         {"data file", "log segment", "node.meta", "recovery.point"})

    def test_any_byte_of_a_node_that_was_killed(self):
        self.node.kill()
        # The last batch of a log that nobody closed: it may be a write that was torn (storage/log/format.hpp).
        places = [(path, at) for path, at in self.some_places(random.Random(OPTIONS.seed + 1))
                  if kind_of(path) != "log segment"]
        self.try_flips(places)

    def test_the_whole_checkpoint_of_a_stopped_node(self):
        """Superblocks, tree directory and free map refuse the start; pages fail the statements that read them."""
        self.node.stop()
        path = os.path.join(self.node.data, "partition-0.data")
        pages = pages_of(path)
        with open(path, "rb") as opened:
            content = opened.read()
        of_kind = {kind: [at for at in pages if content[at + 16] == kind] for kind in (1, 2, 3, 4, 5)}
        newest = {kind: max(found, key=lambda at: int.from_bytes(content[at + 32:at + 40], "little"))
                  for kind, found in of_kind.items() if found}
        self.assertEqual(set(newest), {1, 2, 3, 4, 5})
        outcomes = self.try_flips([(path, at + 80) for at in newest.values()])
        self.assertGreaterEqual(outcomes["data file", "start refused"], 2)
        self.assertGreaterEqual(outcomes["data file", "statement failed"], 2)

    def test_a_page_of_a_running_node(self):
        """The statement that needs it fails and says where; the others go on; put right again, all is well."""
        cursor = self.connect()
        cursor.execute("CHECKPOINT")
        cursor.execute("CREATE TABLE other AS SELECT i FROM generate_series(1, 100) i")
        cursor.execute("CREATE TABLE large AS SELECT i, repeat(md5(i::text), 20) v FROM generate_series(1, 8000) i")
        cursor.execute("SELECT count(*) FROM large")  # so the commit is in the trees
        cursor.execute("CHECKPOINT")
        damaged = []
        for path in glob.glob(os.path.join(self.node.data, "partition-*.data")):
            damaged += [(path, at + 70) for at in pages_of(path)]
        for path, at in damaged:
            flip(path, at)
        for _ in range(2):
            with self.assertRaises(psycopg2.Error) as failed:
                self.rows(cursor)
                cursor.execute("SELECT sum(length(v)) FROM large")
            self.assertEqual(failed.exception.pgcode, "XX001", failed.exception)
            self.assertRegex(str(failed.exception), r"page at byte \d+ of .*partition-\d.data .*checksum")
        cursor.execute("SELECT 1")
        for path, at in damaged:
            flip(path, at)
        self.assertEqual(self.rows(cursor), self.expected)
        cursor.execute("SELECT count(*) FROM other")
        self.assertEqual(cursor.fetchone(), (100,))

    def test_other_files_of_a_running_node(self):
        """It has no more use for them until the next start, which is refused or says what it met."""
        for name in ("node.meta", "recovery.point", "partition-0.data", "partition-1.data"):
            with self.subTest(name):
                cursor = self.connect()
                cursor.execute("CHECKPOINT")
                time.sleep(0.5 * sanitizers.SLOWNESS)  # the log writer notes it
                path = os.path.join(self.node.data, name)
                flip(path, 20)
                self.assertEqual(self.rows(cursor), self.expected)
                cursor.execute("UPDATE t SET n = n WHERE id = 1")
                self.node.kill()
                outcome = self.outcome_of_start(path)
                self.assertEqual(outcome, "start refused" if name == "node.meta" else "told in sys.events")
                if outcome == "start refused":
                    flip(path, 20)
                    self.node.start()

    def test_the_log_of_a_running_node(self):
        """What recovery needs of it refuses the next start, by name."""
        cursor = self.connect()
        cursor.execute("UPDATE t SET n = n")
        time.sleep(0.5 * sanitizers.SLOWNESS)  # a mark follows
        cursor.execute("UPDATE t SET n = n WHERE id = 1")
        path = sorted(glob.glob(os.path.join(self.node.data, "log", "log-*.seg")))[-1]
        with open(path, "rb") as opened:
            content = opened.read().rstrip(b"\0")
        flip(path, len(content) // 2)
        self.assertEqual(self.rows(cursor), self.expected)
        self.node.kill()
        self.assertEqual(self.outcome_of_start(path), "start refused")
        flip(path, len(content) // 2)
        self.node.start()
        self.assertEqual(self.rows(self.connect()), self.expected)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--flips", type=int, default=OPTIONS.flips)
    parser.add_argument("--seed", type=int, default=OPTIONS.seed)
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(verbosity=2, argv=sys.argv[:1] + rest)
