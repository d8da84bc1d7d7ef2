#!/usr/bin/python3
"""A table ten times as large as the cache: every kind of access works, answers right, and memory stays bounded.

    larger_than_cache_test.py --cache-mb 32 --table-mb 320

prints how long each took, and the process's memory.
"""
import argparse
import base64
import io
import os
import random
import sys
import threading
import time

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import sanitizers  # noqa: E402
from faulty_server import FaultyServer  # noqa: E402

ROW_BYTES = 1000


class Rows(io.RawIOBase):
    """COPY's input: id, k, v, pad; the padding cannot be compressed to less than three quarters."""

    def __init__(self, first, last, seed):
        self.lines, self.rest = self.make(first, last, random.Random(seed)), b""

    @staticmethod
    def make(first, last, source):
        for i in range(first, last):
            pad = base64.b64encode(source.randbytes(ROW_BYTES * 3 // 4)).decode()
            yield f"{i}\t{i * 7919 % 1000003}\t{i % 100}\t{pad}\n".encode()

    def readable(self):
        return True

    def readinto(self, buffer):
        while len(self.rest) < len(buffer):
            line = next(self.lines, None)
            if line is None:
                break
            self.rest += line
        size = min(len(buffer), len(self.rest))
        buffer[:size], self.rest = self.rest[:size], self.rest[size:]
        return size


def memory_mb(node, what="VmRSS"):
    with open(f"/proc/{node.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(what + ":")) / 1024


class Steps:
    def __init__(self, node, cursor):
        self.node, self.cursor, self.deleted = node, cursor, False

    def run(self, name, action):
        begun = time.monotonic()
        result = action()
        print(f"{name:<44} {time.monotonic() - begun:7.2f} s   RSS {memory_mb(self.node):6.0f} MB", flush=True)
        return result

    def one(self, sql, *parameters):
        self.cursor.execute(sql, parameters)
        return self.cursor.fetchone()


def check(what, actual, expected):
    if actual != expected:
        sys.exit(f"{what}: {actual!r}, expected {expected!r}")


def load(node, cursor, rows, bulk):
    cursor.execute("CREATE TABLE big (id int PRIMARY KEY, k int, v int, pad text)")
    if bulk:
        cursor.execute("BEGIN")
        cursor.execute("TRUNCATE big")
        cursor.copy_expert("COPY big FROM STDIN", io.BufferedReader(Rows(0, rows, 1), 1 << 20))
        cursor.execute("COMMIT")
    else:
        step = max(1, rows // 32)
        for first in range(0, rows, step):
            cursor.copy_expert("COPY big FROM STDIN",
                               io.BufferedReader(Rows(first, min(rows, first + step), first), 1 << 20))


def read_points(steps, rows):
    randomness = random.Random(7)
    for _ in range(2000):
        i = randomness.randrange(rows)
        expected = None if i % 10 == 4 and steps.deleted else (i * 7919 % 1000003,)
        check("a point read", steps.one("SELECT k FROM big WHERE id = %s", i), expected)


def check_messages_of_a_scan(cursor):
    """What the kernel has in memory is no message's business."""
    def messages():
        cursor.execute("SELECT sum(messages) FROM sys.actors")
        return cursor.fetchone()[0]

    cursor.execute("SELECT sum(length(pad)) FROM big")
    before = messages()
    cursor.execute("SELECT sum(length(pad)) FROM big")
    needed = messages() - before
    if needed > 200:
        sys.exit(f"a scan took {needed} messages, at most 200 are expected")


def exercise(steps, rows):
    randomness = random.Random(7)
    points = [randomness.randrange(rows) for _ in range(2000)]

    def update_points():
        for i in points[:1000]:
            steps.cursor.execute("UPDATE big SET v = v + 1000 WHERE id = %s", (i,))
            check("rows updated", steps.cursor.rowcount, 1)

    def read_index():
        for i in points[:1000]:
            check("an index scan", steps.one("SELECT id FROM big WHERE k = %s", i * 7919 % 1000003), (i,))

    def read_ranges():
        for i in points[:50]:
            last = min(i + 500, rows)
            check("a range", steps.one("SELECT count(*), sum(id) FROM big WHERE id >= %s AND id < %s", i, last),
                  (last - i, sum(range(i, last))))

    expected = sum(i % 100 for i in range(rows))
    steps.run("2,000 point reads", lambda: read_points(steps, rows))
    steps.run("50 ranges of 500 rows", read_ranges)
    steps.run("full-table aggregate", lambda: check(
        "the sums", steps.one("SELECT count(*), sum(v), sum(length(pad)) FROM big"), (rows, expected, rows * ROW_BYTES)))
    steps.run("CREATE INDEX", lambda: steps.cursor.execute("CREATE INDEX ON big (k)"))
    steps.run("1,000 reads by the index", read_index)
    steps.run("1,000 updates", update_points)
    steps.run("update of every tenth row", lambda: (
        steps.cursor.execute("UPDATE big SET v = v + 10000 WHERE id % 10 = 3"),
        check("rows updated", steps.cursor.rowcount, len(range(3, rows, 10)))))
    expected += 1000 * 1000 + 10000 * len(range(3, rows, 10))
    steps.run("aggregate by group", lambda: (
        steps.cursor.execute("SELECT id % 10, count(*), sum(v) FROM big GROUP BY 1"),
        check("the groups' sum", sum(row[2] for row in steps.cursor.fetchall()), expected)))
    steps.deleted = True
    steps.run("delete of every tenth row", lambda: steps.cursor.execute("DELETE FROM big WHERE id % 10 = 4"))
    check("rows left", steps.one("SELECT count(*) FROM big"), (rows - len(range(4, rows, 10)),))


def read_while_reader_is_killed(node, rows, readers=8, kills=60):
    """Pages that were asked for when the page readers are killed are asked for again: no read waits for ever."""
    stop = threading.Event()
    wrong = []

    def read(seed):
        randomness = random.Random(seed)
        connection = connect(node)
        with connection.cursor() as cursor:
            while not stop.is_set():
                i = randomness.randrange(rows)
                cursor.execute("SELECT k FROM big WHERE id = %s", (i,))
                if cursor.fetchone() not in ((i * 7919 % 1000003,), None):
                    wrong.append(i)

    threads = [threading.Thread(target=read, args=(seed,), daemon=True) for seed in range(readers)]
    for thread in threads:
        thread.start()
    with connect(node).cursor() as cursor:
        for _ in range(kills):
            cursor.execute("SELECT sys.kill_actor(id) FROM sys.actors WHERE kind = 'page_reader'")
            time.sleep(0.03)
    stop.set()
    for thread in threads:
        thread.join(10 * sanitizers.SLOWNESS)
    check("reads that wait for ever", sum(thread.is_alive() for thread in threads), 0)
    check("wrong reads", wrong, [])


def connect(node):
    connection = psycopg2.connect(host="127.0.0.1", port=node.port, user="postgres", dbname="postgres")
    connection.autocommit = True
    return connection


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache-mb", type=int, default=4)
    parser.add_argument("--table-mb", type=int, default=40)
    parser.add_argument("--no-bulk", action="store_true", help="load through the log, in 32 transactions")
    parser.add_argument("--memory-mb", type=int, default=0, help="fail above it (default: the limits' sum and 96 MB)")
    args = parser.parse_args()
    cache = args.cache_mb << 20
    with FaultyServer() as node:
        config = os.path.join(node.dir, "troupe.toml")
        with open(config, "w") as out:
            out.write(f"[limits]\ncache_bytes = {cache}\ndirty_bytes_max = {cache}\nhistory_bytes_max = {cache}\n"
                      f"[log]\nsegment_bytes = \"32MB\"\nretention_bytes_max = \"64MB\"\n")
        node.stop()
        node.arguments = ["--config", config]
        node.start()
        cursor = connect(node).cursor()
        rows = args.table_mb * (1 << 20) // ROW_BYTES
        steps = Steps(node, cursor)
        steps.run(f"COPY of {rows} rows", lambda: load(node, cursor, rows, not args.no_bulk))
        steps.run("CHECKPOINT", lambda: cursor.execute("CHECKPOINT"))
        disk = sum(os.path.getsize(os.path.join(node.data, name)) for name in os.listdir(node.data)
                   if name.startswith("partition-"))
        print(f"on the disk {disk >> 20} MB, cache {args.cache_mb} MB")
        check("the table is large", disk >= 6 * cache, True)
        exercise(steps, rows)
        steps.run("messages of a scan", lambda: check_messages_of_a_scan(cursor))
        node.break_disk("cold")
        steps.run("2,000 point reads from the disk", lambda: read_points(steps, rows))
        steps.run("reads while the page readers are killed", lambda: read_while_reader_is_killed(node, rows))
        node.mend_disk()
        cursor.execute("CHECKPOINT")
        node.kill()
        seconds = node.start()
        print(f"ready {seconds:.2f} s after kill -9")
        cursor = connect(node).cursor()
        cursor.execute("SELECT count(*) FROM big")
        check("rows after a crash", cursor.fetchone(), (rows - len(range(4, rows, 10)),))
        peak = memory_mb(node, "VmHWM")
        bound = args.memory_mb or 3 * args.cache_mb + 96
        print(f"peak memory after the restart {peak:.0f} MB; bound {bound} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
