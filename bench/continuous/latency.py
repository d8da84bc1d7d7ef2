#!/usr/bin/python3
"""How long until an update is in a continuous view: a three-table join-aggregate view, its tables changed by some thousand
rows a second, and a probe that updates one row, and from the answer to its COMMIT on reads the view until the change
is there. (The read waits for the view by itself; its time is what is measured, its own work included.)

    bench/continuous/latency.py [--changes 20000] [--seconds 10] [--rows 100000] [--writers 2] [--batch 100]

Also prints what reading all of the view costs by its query (in a SERIALIZABLE transaction, which does not use what is kept).
"""
import argparse
import os
import statistics
import sys
import threading
import time

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tests/support"))
import servers  # noqa: E402

VIEW = """SELECT r.name AS region, count(*) AS orders, sum(o.price) AS total
FROM orders o JOIN customers c ON c.id = o.customer JOIN regions r ON r.id = c.region GROUP BY r.name"""


def connect(server):
    connection = psycopg2.connect(server.dsn())
    connection.autocommit = True
    return connection, connection.cursor()


def prepare(cursor, rows):
    cursor.execute("CREATE TABLE regions (id int PRIMARY KEY, name text)")
    cursor.execute("CREATE TABLE customers (id int PRIMARY KEY, region int)")
    cursor.execute("CREATE TABLE orders (id int PRIMARY KEY, customer int, price int)")
    cursor.execute("CREATE INDEX ON customers (region); CREATE INDEX ON orders (customer)")
    cursor.execute("INSERT INTO regions SELECT i, 'region ' || i FROM generate_series(0, 99) i")
    cursor.execute(f"INSERT INTO customers SELECT i, i % 99 FROM generate_series(1, {rows // 10}) i")
    cursor.execute(f"INSERT INTO orders SELECT i, 1 + i % {rows // 10}, i % 100 FROM generate_series(1, {rows}) i")
    cursor.execute("INSERT INTO customers VALUES (0, 99); INSERT INTO orders VALUES (0, 0, 0)")
    cursor.execute("ANALYZE")
    cursor.execute(f"CREATE MATERIALIZED VIEW v WITH (continuous) AS {VIEW}")
    while True:
        cursor.execute("SELECT state FROM sys.continuous_views")
        if cursor.fetchone()[0] == "live":
            return
        time.sleep(0.05)


class Writer(threading.Thread):
    """Updates `batch` rows a statement, so many rows a second."""

    def __init__(self, server, number, args):
        super().__init__(daemon=True)
        self.connection, self.cursor = connect(server)
        self.number, self.args, self.changed, self.stopping = number, args, 0, False

    def run(self):
        rate = self.args.changes / self.args.writers
        begin, at = time.monotonic(), 1 + self.number * self.args.rows // self.args.writers
        while not self.stopping:
            if self.changed > rate * (time.monotonic() - begin):
                time.sleep(0.001)
                continue
            if at + self.args.batch > (self.number + 1) * self.args.rows // self.args.writers:
                at = 1 + self.number * self.args.rows // self.args.writers
            self.cursor.execute("UPDATE orders SET price = price + 1 WHERE id BETWEEN %s AND %s",
                                (at, at + self.args.batch - 1))
            self.changed += self.args.batch
            at += self.args.batch


def probe(cursor, seconds):
    times, until, price = [], time.monotonic() + seconds, 0
    while time.monotonic() < until:
        price += 1
        cursor.execute("UPDATE orders SET price = %s WHERE id = 0", (price,))
        begin = time.monotonic()
        cursor.execute("SELECT total FROM v WHERE region = 'region 99'")
        assert cursor.fetchone()[0] == price
        times.append((time.monotonic() - begin) * 1000)
        time.sleep(0.01)
    return sorted(times)


def by_query(cursor):
    times = []
    for _ in range(5):
        begin = time.monotonic()
        cursor.execute("BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT * FROM v; COMMIT")
        times.append((time.monotonic() - begin) * 1000)
    return statistics.median(times)


def report(name, times):
    print(f"{name}: {len(times)} probes, p50 {statistics.median(times):.2f} ms, "
          f"p99 {times[int(len(times) * 0.99)]:.2f} ms, most {times[-1]:.2f} ms", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, default=20000, help="rows a second")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rows", type=int, default=100000)
    parser.add_argument("--writers", type=int, default=2)
    parser.add_argument("--batch", type=int, default=100)
    args = parser.parse_args()
    with servers.TroupeServer() as server:
        _, cursor = connect(server)
        prepare(cursor, args.rows)
        report("nobody writes", probe(cursor, args.seconds / 4))
        print(f"all of it by its query: {by_query(cursor):.2f} ms", flush=True)
        writers = [Writer(server, i, args) for i in range(args.writers)]
        for writer in writers:
            writer.start()
        begin = time.monotonic()
        times = probe(cursor, args.seconds)
        changed = sum(writer.changed for writer in writers) / (time.monotonic() - begin)
        for writer in writers:
            writer.stopping = True
            writer.join()
        report(f"{changed:.0f} changes/s", times)
        cursor.execute("SELECT batches, changes, reads, rebuilds FROM sys.continuous_views")
        print("batches, changes, reads, rebuilds:", cursor.fetchone())


if __name__ == "__main__":
    main()
