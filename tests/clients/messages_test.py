#!/usr/bin/python3
"""How many messages a statement costs, read from sys.actors of a running node.

The design's targets: an autocommitted prepared point read at most 4, a one-row update at most 10, a scan one for every
10,000 rows beside a constant: a partition goes on by itself, on a cell of its own, for about a millisecond as long as
nobody else wants its thread, and rows that leave it come in answers of megabytes after a short first one.

    tests/clients/messages_test.py --server troupe
"""
import argparse
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import pgwire as pg  # noqa: E402
import sanitizers  # noqa: E402
import servers  # noqa: E402

ROWS = 200_000
POINT_READ_MAX = 4.0
UPDATE_MAX = 10.0
TIMERS = 0.2  # what runs by the clock while there is work, such as the log writer's watch for a pause
ROWS_PER_MESSAGE = 10_000
IDLE_TICKS = 20  # about a second
SCAN_CONSTANT = 30  # each partition's first and last answers, ticks, reading sys.actors itself


class Counter:
    """All messages that the node's actors have handled, but for what time alone causes: it is measured as so many for
    each of the ticker's, because a node that gets little of a processor ticks less often."""

    def __init__(self, node):
        self.wire = node.connect()
        self.wire.query("SELECT 1")
        begin = end = self.read()
        while end[0] < begin[0] + IDLE_TICKS:
            time.sleep(0.1)
            end = self.read()
        self.idle_per_tick = (end[1] - begin[1]) / (end[0] - begin[0])

    def read(self):
        rows = self.wire.query("SELECT sum(CASE WHEN kind = 'ticker' THEN messages ELSE 0 END), sum(messages)"
                               " FROM sys.actors").rows
        return int(rows[0][0]), int(rows[0][1])

    def of(self, work):
        begin = self.read()
        work()
        end = self.read()
        return end[1] - begin[1] - self.idle_per_tick * (end[0] - begin[0])


def repeat(wire, statement, values):
    """Runs the prepared statement once for each value, one round trip each, as an application does."""
    for value in values:
        result = wire.ask(pg.bind([str(value)], statement=statement), pg.execute(), pg.SYNC)
        if result.error:
            raise result.error


def measure(node):
    with node.connect(timeout=60 * sanitizers.SLOWNESS) as wire:
        for sql in ("CREATE TABLE messages (id int8 PRIMARY KEY, value int8, filler text)",
                    f"INSERT INTO messages SELECT g, 0, repeat('x', 60) FROM generate_series(1, {ROWS}) g",
                    "CHECKPOINT"):
            result = wire.query(sql)
            if result.error:
                raise result.error
        wire.ask(pg.parse("SELECT value FROM messages WHERE id = $1", "read"),
                 pg.parse("UPDATE messages SET value = value + 1 WHERE id = $1", "update"), pg.SYNC)
        repeat(wire, "read", range(1, 20))
        repeat(wire, "update", range(1, 20))
        counter = Counter(node)
        reads, updates = 3_000, 1_000
        per_read = counter.of(lambda: repeat(wire, "read", range(1, reads + 1))) / reads
        per_update = counter.of(lambda: repeat(wire, "update", range(1, updates + 1))) / updates
        scans = {}
        for sql in ("SELECT count(*), sum(value) FROM messages", "SELECT * FROM messages",
                    "SELECT id FROM messages WHERE filler = 'none'"):
            wire.query(sql)
            scans[sql] = counter.of(lambda sql=sql: wire.query(sql))
        counter.wire.close()
    return per_read, per_update, scans


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    servers.add_server_arguments(parser)
    args = parser.parse_args()
    with servers.TroupeServer([], args.troupe) as node:
        per_read, per_update, scans = measure(node)
    problems = []
    print(f"point read: {per_read:.2f} messages, at most {POINT_READ_MAX:.0f}")
    if not 1.5 < per_read <= POINT_READ_MAX:
        problems.append("point read")
    print(f"one-row update: {per_update:.2f} messages, at most {UPDATE_MAX:.0f}")
    if not 3 < per_update <= UPDATE_MAX + TIMERS:
        problems.append("one-row update")
    for sql, messages in scans.items():
        limit = ROWS / ROWS_PER_MESSAGE + SCAN_CONSTANT
        print(f"{sql}: {messages:.0f} messages for {ROWS} rows, at most {limit:.0f}")
        if not 1 < messages <= limit:
            problems.append(sql)
    print(f"too many (or uncounted) messages: {problems}" if problems else "ok")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
