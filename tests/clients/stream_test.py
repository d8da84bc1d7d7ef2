#!/usr/bin/python3
"""Streams and consumer groups as their readers see them: order within a key, exactly once, redelivery, dead letters,
lost places, snapshots that join with what comes after, through kill -9 of the node and of consumers.

With --seconds N (and --rate, --members, --groups): only the soak, for so long, with its figures.
"""
import argparse
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
import unittest

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import node_case  # noqa: E402
import pgwire  # noqa: E402
import sanitizers  # noqa: E402
import servers  # noqa: E402
import stream_load  # noqa: E402


class Follower(threading.Thread):
    """The events of a statement that does not end, as dicts."""

    def __init__(self, node, sql):
        super().__init__(daemon=True)
        self.node, self.sql = node, sql
        self.events, self.error = [], None
        self.ready = threading.Event()
        self.wire = None

    def __enter__(self):
        self.start()
        self.ready.wait(10 * sanitizers.SLOWNESS)
        return self

    def __exit__(self, *_):
        try:
            self.wire.sock.close()
        except OSError:
            pass

    def run(self):
        self.wire = pgwire.Wire.connect(port=self.node.port, timeout=None).startup()
        names = []
        try:
            self.wire.send(pgwire.query(self.sql))
            while True:
                kind, body = self.wire.receive()
                if kind == "T":
                    names = ["token", "scn", "xid", "committed_at", "position", "table", "op", "key", "before",
                             "after", "schema_version"]
                    self.ready.set()
                elif kind == "D":
                    values = [None if v is None else v.decode() for v in pgwire.data_row(body)]
                    self.events.append(dict(zip(names, values)))
                elif kind == "E":
                    self.error = pgwire.error_fields(body)
                    self.ready.set()
                    return
        except (OSError, EOFError):
            self.ready.set()

    def wait(self, count, seconds=10):
        until = time.monotonic() + seconds * sanitizers.SLOWNESS
        while len(self.events) < count and self.error is None and time.monotonic() < until:
            time.sleep(0.01)
        return self.events

    def wait_error(self, seconds=10):
        until = time.monotonic() + seconds * sanitizers.SLOWNESS
        while self.error is None and time.monotonic() < until:
            time.sleep(0.01)
        return self.error


class StreamTest(node_case.NodeCase):
    def consume(self, connection, count, group="g", stream="s", member="m", wait=None):
        with connection.cursor() as cursor:
            waits = f" WAIT '{wait}'" if wait else ""
            cursor.execute(f"CONSUME {count} FROM {stream} GROUP {group} MEMBER '{member}'{waits}")
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row)) for row in cursor.fetchall()]

    def make(self, connection, options="ack_timeout = '300ms', partitions = 4", stream_options=""):
        self.run_in(connection, "CREATE TABLE t (id int PRIMARY KEY, v text)")
        self.run_in(connection, f"CREATE STREAM s ON t {stream_options}")
        self.run_in(connection, f"CREATE CONSUMER GROUP g ON s START LATEST WITH ({options})")

    # --- SUBSCRIBE TO STREAM ---

    def test_a_subscriber_gets_what_the_stream_is_about(self):
        c = self.connect()
        self.run_in(c, "CREATE TABLE t (id int PRIMARY KEY, v text, secret text)")
        self.run_in(c, "CREATE STREAM s ON t (id, v) WHERE id > 10")
        with Follower(self.node, "SUBSCRIBE TO STREAM s WITH (transactions, progress = '100ms')") as follower:
            self.run_in(c, "INSERT INTO t VALUES (1, 'a', 'x'), (11, 'b', 'y')")
            self.run_in(c, "UPDATE t SET id = 12 WHERE id = 1")
            self.run_in(c, "UPDATE t SET v = 'bb' WHERE id = 11")
            self.run_in(c, "ALTER TABLE t ADD COLUMN w int")
            self.run_in(c, "DELETE FROM t WHERE id = 11")
            self.run_in(c, "TRUNCATE t")
            until = time.monotonic() + 10 * sanitizers.SLOWNESS
            while time.monotonic() < until and not any(e["op"] == "truncate" for e in follower.events):
                time.sleep(0.02)
            events = [e for e in follower.events if e["op"] != "progress"]
            time.sleep(0.3)
            self.assertTrue(any(e["op"] == "progress" for e in follower.events))
        told = [(e["op"], e["key"], e["after"] and json.loads(e["after"])) for e in events if e["op"] not in
                ("begin", "commit")]
        self.assertEqual(told, [
            ("insert", '{"id":11}', {"id": 11, "v": "b"}),
            ("insert", '{"id":12}', {"id": 12, "v": "a"}),
            ("update", '{"id":11}', {"id": 11, "v": "bb"}),
            ("delete", '{"id":11}', None),
            ("truncate", None, None)])
        self.assertEqual([e["op"] for e in events][:3], ["begin", "insert", "commit"])
        first = events[1]
        self.assertEqual(first["table"], "t")
        self.assertIsNone(first["before"])
        self.assertEqual(first["scn"], first["token"].split(".")[0])
        self.assertRegex(first["committed_at"], r"^\d{4}-\d\d-\d\d ")

    def test_what_a_table_looks_like_is_an_event(self):
        c = self.connect()
        self.run_in(c, "CREATE TABLE t (id int PRIMARY KEY, v text)")
        self.run_in(c, "CREATE STREAM s ON t")
        with Follower(self.node, "SUBSCRIBE TO STREAM s") as follower:
            self.run_in(c, "INSERT INTO t VALUES (1, 'a')")
            self.run_in(c, "ALTER TABLE t ADD COLUMN n numeric(6,2) NOT NULL DEFAULT 1.5")
            self.run_in(c, "ANALYZE t")  # is no change of it
            self.run_in(c, "INSERT INTO t VALUES (2, 'b')")
            events = follower.wait(3)
        self.assertEqual([e["op"] for e in events], ["insert", "schema", "insert"])
        self.assertEqual(json.loads(events[1]["after"])[2], {"name": "n", "type": "numeric(6,2)", "not_null": True})
        self.assertNotEqual(events[0]["schema_version"], events[2]["schema_version"])
        self.assertEqual(events[1]["schema_version"], events[2]["schema_version"])
        self.assertEqual(json.loads(events[2]["after"]), {"id": 2, "v": "b", "n": 1.50})
        # From before the change on it is told again, and the same.
        with Follower(self.node, f"SUBSCRIBE TO STREAM s FROM SCN {int(events[0]['scn']) - 1}") as again:
            self.assertEqual(again.wait(3), events)

    def test_the_rows_of_partitions_are_told_as_of_their_table(self):
        c = self.connect()
        self.run_in(c, "CREATE TABLE p (id int, day int, v text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day)")
        self.run_in(c, "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)")
        self.run_in(c, "INSERT INTO p VALUES (1, 1, 'a'), (11, 1, 'old')")
        self.run_in(c, "CREATE STREAM s ON p (id, day, v) WHERE v <> 'hidden'")
        self.run_in(c, "CREATE CONSUMER GROUP g ON s START LATEST WITH (partitions = 1, ack_timeout = '30s')")
        # With its columns in another order, and one that the table does not have any more.
        self.run_in(c, "CREATE TABLE p3 (v text, gone int, day int NOT NULL, id int NOT NULL, PRIMARY KEY (id, day))")
        self.run_in(c, "ALTER TABLE p3 DROP COLUMN gone")
        self.run_in(c, "INSERT INTO p3 VALUES ('before', 25, 7)")
        with Follower(self.node, "SUBSCRIBE TO STREAM s SNAPSHOT") as follower:
            self.assertEqual([e["op"] for e in follower.wait(3)], ["snapshot", "snapshot", "progress"])
            del follower.events[:]
            self.run_in(c, "INSERT INTO p VALUES (2, 2, 'b'), (3, 3, 'hidden')")
            self.run_in(c, "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20) PARTITION BY LIST (id)")
            self.run_in(c, "CREATE TABLE p2_5 PARTITION OF p2 FOR VALUES IN (2, 5)")
            self.run_in(c, "INSERT INTO p VALUES (5, 15, 'c')")
            self.run_in(c, "ALTER TABLE p ATTACH PARTITION p3 FOR VALUES FROM (20) TO (30)")
            self.run_in(c, "INSERT INTO p VALUES (6, 25, 'd')")
            self.run_in(c, "UPDATE p SET day = 15 WHERE id = 2")
            self.run_in(c, "TRUNCATE p1")
            self.run_in(c, "ALTER TABLE p DETACH PARTITION p3")
            self.run_in(c, "INSERT INTO p3 VALUES ('after', 26, 8)")
            self.run_in(c, "DROP TABLE p2_5")
            events = list(follower.wait(8))
        told = [(e["op"], e["table"], e["key"] and json.loads(e["key"]), e["after"] and json.loads(e["after"]))
                for e in events]
        moved = sorted(told[3:5], key=lambda t: t[0])
        self.assertEqual(told[:3] + moved + told[5:], [
            ("insert", "p", {"id": 2, "day": 2}, {"id": 2, "day": 2, "v": "b"}),
            ("insert", "p", {"id": 5, "day": 15}, {"id": 5, "day": 15, "v": "c"}),
            ("insert", "p", {"id": 6, "day": 25}, {"id": 6, "day": 25, "v": "d"}),
            ("delete", "p", {"id": 2, "day": 2}, None),
            ("insert", "p", {"id": 2, "day": 15}, {"id": 2, "day": 15, "v": "b"}),
            ("truncate", "p", None, {"partition": "p1"}),
            ("drop", "p", None, {"partition": "p3"}),
            ("drop", "p", None, {"partition": "p2_5"})])
        self.assertEqual(len({e["schema_version"] for e in events if e["schema_version"]}), 1)
        # Whoever reads it later, when the partitions are others, is told the same.
        with Follower(self.node, f"SUBSCRIBE TO STREAM s FROM SCN {int(events[0]['scn']) - 1}") as again:
            self.assertEqual([(e["token"], e["op"], e["after"]) for e in again.wait(8)],
                             [(e["token"], e["op"], e["after"]) for e in events])
        got = []
        while len(got) < 8:
            more = self.consume(c, 100, wait="5s")
            self.assertTrue(more)
            got += [e["token"] for e in more]
            self.run_in(c, "ACKNOWLEDGE s GROUP g")
        self.assertEqual(got, [e["token"] for e in events])

    def test_places_to_begin(self):
        c = self.connect()
        self.run_in(c, "CREATE TABLE t (id int PRIMARY KEY)")
        self.run_in(c, "INSERT INTO t VALUES (1)")
        self.run_in(c, "CREATE STREAM s ON t")
        time.sleep(0.05)
        [(between,)] = self.run_in(c, "SELECT clock_timestamp()")
        time.sleep(0.05)
        self.run_in(c, "INSERT INTO t VALUES (2)")

        def ids(start):
            with Follower(self.node, f"SUBSCRIBE TO STREAM s {start}") as follower:
                self.run_in(c, "INSERT INTO t VALUES (3)")
                self.run_in(c, "DELETE FROM t WHERE id = 3")
                until = time.monotonic() + 10 * sanitizers.SLOWNESS
                while time.monotonic() < until and not any(e["op"] == "delete" for e in follower.events):
                    time.sleep(0.01)
                return [json.loads(e["key"])["id"] for e in follower.events if e["op"] in ("insert", "snapshot")][:9]

        self.assertEqual(ids(""), [3])
        self.assertEqual(ids(f"FROM TIMESTAMP '{between}'")[0], 2)
        self.assertEqual(ids(f"TIMESTAMP '{between}'")[0], 2)
        self.assertEqual(ids("FROM EARLIEST")[:2], [1, 2])
        self.assertEqual(ids("EARLIEST")[:2], [1, 2])
        self.assertEqual(ids("FROM LATEST"), [3])
        self.assertEqual(sorted(ids("FROM SNAPSHOT")[:2]), [1, 2])
        self.assertEqual(sorted(ids("SNAPSHOT")[:2]), [1, 2])
        for start, problem in (("FROM 'nonsense'", "22023"), ("FROM SCN 99999999", "22023"),
                               ("FROM TIMESTAMP 'infinity'", "22023"), ("FROM TIMESTAMP 'x'", "22007")):
            with Follower(self.node, f"SUBSCRIBE TO STREAM s {start}") as follower:
                self.assertEqual(follower.wait_error()["C"], problem, start)

    def test_a_snapshot_joins_with_what_comes_after(self):
        c = self.connect()
        self.run_in(c, "CREATE TABLE t (id int PRIMARY KEY, n int)")
        self.run_in(c, "INSERT INTO t SELECT g, 0 FROM generate_series(1, 20000) g")
        self.run_in(c, "CREATE STREAM s ON t WITH (snapshot = 'initial')")
        stop = threading.Event()
        written = [0]

        def writing():
            w = self.connect()
            while not stop.is_set():
                at = written[0]
                self.run_in(w, f"UPDATE t SET n = n + 1 WHERE id BETWEEN {at % 200 * 100} AND {at % 200 * 100 + 99}")
                if at % 10 == 0:
                    self.run_in(w, f"DELETE FROM t WHERE id = {20000 - at // 10}")
                    self.run_in(w, f"INSERT INTO t VALUES ({30000 + at}, 7)")
                written[0] += 1

        writer = threading.Thread(target=writing)
        writer.start()
        time.sleep(0.3)
        with Follower(self.node, "SUBSCRIBE TO STREAM s") as follower:
            follower.wait(20000, 30)
            time.sleep(0.5)
            stop.set()
            writer.join()
            self.run_in(c, "INSERT INTO t VALUES (99999, -1)")
            until = time.monotonic() + 20 * sanitizers.SLOWNESS
            while time.monotonic() < until and '"id":99999' not in (follower.events[-1]["key"] or ""):
                time.sleep(0.02)
            rows = {}
            snapshot_over = False
            for event in follower.events:
                if event["op"] == "progress":
                    snapshot_over = True
                    continue
                key = json.loads(event["key"])["id"]
                if event["op"] == "snapshot":
                    self.assertFalse(snapshot_over)
                    self.assertIsNone(event["token"])
                if event["op"] in ("snapshot", "insert"):
                    self.assertNotIn(key, rows, event)
                else:
                    self.assertEqual(rows[key], json.loads(event["before"]), event)
                if event["op"] == "delete":
                    del rows[key]
                else:
                    rows[key] = json.loads(event["after"])
        self.assertGreater(written[0], 20)
        self.assertEqual(sorted((r["id"], r["n"]) for r in rows.values()),
                         sorted(self.run_in(c, "SELECT id, n FROM t")))

    # --- consumer groups ---

    def test_members_share_and_a_key_stays_in_order(self):
        c = self.connect()
        self.make(c, "ack_timeout = '30s', partitions = 4")
        a, b = self.connect(), self.connect()
        self.assertEqual(self.consume(a, 10, member="a"), [])
        self.assertEqual(self.consume(b, 10, member="b"), [])
        self.consume(a, 10, member="a")  # makes room for b
        self.run_in(c, "INSERT INTO t SELECT g, 'v0' FROM generate_series(1, 40) g")
        for n in range(1, 4):
            self.run_in(c, f"UPDATE t SET v = 'v{n}'")
        seen = {"a": [], "b": []}
        until = time.monotonic() + 10 * sanitizers.SLOWNESS
        while sum(map(len, seen.values())) < 160 and time.monotonic() < until:
            for name, connection in (("a", a), ("b", b)):
                events = self.consume(connection, 30, member=name)
                if events:
                    seen[name] += [(e["key"]["id"], e["after"]["v"]) for e in events]
                    self.run_in(connection, "ACKNOWLEDGE s GROUP g")
        self.assertEqual(len(seen["a"]) + len(seen["b"]), 160)
        self.assertTrue(seen["a"] and seen["b"])
        self.assertEqual({i for i, _ in seen["a"]} & {i for i, _ in seen["b"]}, set())
        for told in seen.values():
            for key in {i for i, _ in told}:
                self.assertEqual([v for i, v in told if i == key], ["v0", "v1", "v2", "v3"])
        rows = self.run_in(c, "SELECT member, partitions, in_flight FROM sys.stream_consumers ORDER BY 1")
        self.assertEqual(rows, [("a", 2, 0), ("b", 2, 0)])

    def test_an_effect_and_its_acknowledgement_are_one(self):
        c = self.connect()
        self.make(c)
        self.run_in(c, "CREATE TABLE effect (id int)")
        self.run_in(c, "INSERT INTO t VALUES (1, 'a')")
        [event] = self.consume(c, 10, wait="5s")
        self.assertEqual(event["delivery"], 1)
        self.run_in(c, "BEGIN")
        self.run_in(c, "INSERT INTO effect VALUES (1)")
        self.run_in(c, "ACKNOWLEDGE s GROUP g")
        self.run_in(c, "ROLLBACK")
        [again] = self.consume(c, 10, wait="5s")
        self.assertEqual((again["token"], again["delivery"]), (event["token"], 2))
        self.run_in(c, "BEGIN")
        self.run_in(c, "INSERT INTO effect VALUES (1)")
        self.run_in(c, f"ACKNOWLEDGE s GROUP g BATCH '{again['batch']}'")
        # Nobody gets it while it is not known whether this commits.
        other = self.connect()
        time.sleep(0.4)
        self.assertEqual(self.consume(other, 10, member="other"), [])
        self.run_in(c, "COMMIT")
        self.assertEqual(self.consume(other, 10, member="other", wait="500ms"), [])
        self.assertEqual(self.run_in(c, "SELECT count(*) FROM effect"), [(1,)])
        with self.assertRaises(psycopg2.Error) as late:
            self.run_in(c, f"ACKNOWLEDGE s GROUP g BATCH '{event['batch']}'")
        self.assertEqual(late.exception.pgcode, "55000")

    def test_whoever_is_too_late_cannot_acknowledge(self):
        c, other = self.connect(), self.connect()
        self.make(c)
        self.run_in(c, "INSERT INTO t VALUES (1, 'a')")
        [mine] = self.consume(c, 10, member="slow", wait="5s")
        [theirs] = self.consume(other, 10, member="quick", wait="5s")
        self.assertEqual(mine["token"], theirs["token"])
        with self.assertRaises(psycopg2.Error) as late:
            self.run_in(c, "ACKNOWLEDGE s GROUP g")
        self.assertEqual(late.exception.pgcode, "55000")
        self.run_in(other, "ACKNOWLEDGE s GROUP g")

    def test_acknowledged_up_to_a_token(self):
        c = self.connect()
        self.make(c, "ack_timeout = '300ms', partitions = 1")
        self.run_in(c, "INSERT INTO t SELECT g, 'a' FROM generate_series(1, 5) g")
        events = self.consume(c, 10, wait="5s")
        self.assertEqual(len(events), 5)
        self.run_in(c, f"ACKNOWLEDGE s GROUP g UPTO '{events[2]['token']}'")
        rest = []
        while len(rest) < 2:
            more = self.consume(c, 10, wait="5s")
            self.assertTrue(more)
            rest += more
            self.run_in(c, "ACKNOWLEDGE s GROUP g")
        self.assertEqual([e["token"] for e in rest], [e["token"] for e in events[3:]])

    def test_what_nobody_can_process_goes_to_the_dead_letters(self):
        c = self.connect()
        self.make(c, "ack_timeout = '30s', max_deliveries = 3, partitions = 1")
        self.run_in(c, "INSERT INTO t SELECT g, 'a' FROM generate_series(1, 5) g")
        done = []
        for _ in range(30):
            events = self.consume(c, 10, wait="100ms")
            if any(e["key"]["id"] == 3 for e in events):
                self.run_in(c, "REJECT s GROUP g REASON 'three is too much'")
            elif events:
                done += [e["key"]["id"] for e in events]
                self.run_in(c, "ACKNOWLEDGE s GROUP g")
        self.assertEqual(done, [1, 2, 4, 5])
        rows = self.run_in(c, "SELECT stream_name, group_name, key, after, deliveries, error FROM "
                              "sys.stream_dead_letters")
        self.assertEqual(rows, [("s", "g", {"id": 3}, {"id": 3, "v": "a"}, 3, "three is too much")])

    def test_no_event_is_delivered_more_often_than_allowed(self):
        c = self.connect()
        for most in (1, 2, 3, 5):
            self.run_in(c, "DROP TABLE IF EXISTS t CASCADE")
            self.make(c, f"ack_timeout = '30s', max_deliveries = {most}, partitions = 1")
            self.run_in(c, "INSERT INTO t SELECT g, 'a' FROM generate_series(1, 4) g")
            times = {}
            for _ in range(6 * most):
                for event in self.consume(c, 10, wait="50ms"):
                    key = event["key"]["id"]
                    times[key] = times.get(key, 0) + 1
                    self.assertEqual(event["delivery"], times[key], (most, key))
                self.run_in(c, "REJECT s GROUP g REASON 'none of them'")
            self.assertEqual(times, {key: most for key in range(1, 5)})
            self.assertEqual(self.run_in(c, "SELECT key->>'id', deliveries FROM sys.stream_dead_letters ORDER BY 1"),
                             [(str(key), most) for key in range(1, 5)])

    def test_what_was_acknowledged_in_part_keeps_its_count(self):
        c = self.connect()
        self.make(c, "ack_timeout = '30s', max_deliveries = 9, partitions = 1")
        self.run_in(c, "INSERT INTO t SELECT g, 'a' FROM generate_series(1, 3) g")
        events = self.consume(c, 10, wait="5s")
        self.run_in(c, f"ACKNOWLEDGE s GROUP g UPTO '{events[0]['token']}'")
        self.run_in(c, "REJECT s GROUP g")
        again = self.consume(c, 10, wait="5s")
        self.assertEqual([(e["key"]["id"], e["delivery"]) for e in again], [(2, 2), (3, 2)])
        # What is behind the token that is rejected counts as not delivered.
        self.run_in(c, f"REJECT s GROUP g UPTO '{again[0]['token']}' REASON 'two' AFTER '200ms'")
        begun = time.monotonic()
        [alone] = self.consume(c, 10, wait="5s")
        self.assertGreater(time.monotonic() - begun, 0.15)
        self.assertEqual((alone["key"]["id"], alone["delivery"]), (2, 3))
        self.run_in(c, "ACKNOWLEDGE s GROUP g")
        [last] = self.consume(c, 10, wait="5s")
        self.assertEqual((last["key"]["id"], last["delivery"]), (3, 1))

    def test_partitions_of_a_batch_are_answered_one_by_one(self):
        c = self.connect()
        self.make(c, "ack_timeout = '30s', partitions = 8")
        self.run_in(c, "INSERT INTO t SELECT g, 'a' FROM generate_series(1, 40) g")
        events = self.consume(c, 100, wait="5s")
        parts = sorted({e["partition"] for e in events})
        self.assertGreater(len(parts), 2)
        batch = events[0]["batch"]
        self.run_in(c, f"ACKNOWLEDGE s GROUP g BATCH '{batch}' PARTITION {parts[0]}")
        self.run_in(c, f"REJECT s GROUP g BATCH '{batch}' PARTITION {parts[1]} REASON 'no'")
        again = self.consume(c, 100, wait="5s")
        self.assertEqual({e["partition"] for e in again}, {parts[1]})
        self.assertEqual(self.run_in(c, "SELECT in_flight FROM sys.stream_consumers"), [(len(parts) - 1,)])

    def test_a_row_of_which_where_fails_stops_nobody(self):
        c = self.connect()
        self.run_in(c, "CREATE TABLE t (id int PRIMARY KEY, n int)")
        self.run_in(c, "CREATE STREAM s ON t WHERE 10 / n > 1")
        self.run_in(c, "CREATE CONSUMER GROUP g ON s START LATEST")
        with Follower(self.node, "SUBSCRIBE TO STREAM s") as follower:
            self.run_in(c, "INSERT INTO t VALUES (1, 2)")
            self.run_in(c, "INSERT INTO t VALUES (2, 0)")
            self.run_in(c, "INSERT INTO t VALUES (3, 3)")
            events = follower.wait(3)
        self.assertEqual([(e["op"], json.loads(e["key"])["id"]) for e in events],
                         [("insert", 1), ("error", 2), ("insert", 3)])
        self.assertEqual(json.loads(events[1]["after"]), {"sqlstate": "22012", "message": "division by zero"})
        self.assertIsNone(events[1]["before"])
        got = []
        until = time.monotonic() + 10 * sanitizers.SLOWNESS
        while len(got) < 2 and time.monotonic() < until:
            got += [e["key"]["id"] for e in self.consume(c, 10, wait="1s")]
            self.run_in(c, "ACKNOWLEDGE s GROUP g")
        self.assertEqual(sorted(got), [1, 3])
        self.assertEqual(self.consume(c, 10, wait="100ms"), [])
        self.assertEqual(self.run_in(c, "SELECT key, before, after, error FROM sys.stream_dead_letters"),
                         [({"id": 2}, None, None, "WHERE of the stream: division by zero (22012)")])

    def test_an_event_larger_than_a_batch_may_be_stops_nobody(self):
        self.node.stop()
        config = os.path.join(self.node.dir, "small_batch.toml")
        with open(config, "w", encoding="utf-8") as out:
            out.write('[streams]\nbatch_bytes_max = "64KB"\n')
        self.node.arguments = ["--config", config]
        self.node.start()
        c = self.connect()
        self.make(c, "ack_timeout = '30s', partitions = 1")
        self.run_in(c, "INSERT INTO t VALUES (1, repeat('x', 100000))")
        self.run_in(c, "INSERT INTO t VALUES (2, 'small')")
        self.assertEqual([e["key"]["id"] for e in self.consume(c, 10, wait="5s")], [2])
        [(key, error)] = self.run_in(c, "SELECT key, error FROM sys.stream_dead_letters")
        self.assertEqual(key, {"id": 1})
        self.assertIn("more than streams.batch_bytes_max", error)

    def test_a_session_that_ends_leaves_what_it_has_to_others(self):
        c, other = self.connect(), self.connect()
        self.make(c, "ack_timeout = '1h', partitions = 4")
        self.run_in(c, "INSERT INTO t SELECT g, 'a' FROM generate_series(1, 10) g")
        mine = self.run_in(other, "CONSUME 100 FROM s GROUP g WAIT '5s'")
        self.assertEqual(len(mine), 10)
        self.assertEqual(self.consume(c, 100, member="b"), [])
        other.close()
        got = []
        until = time.monotonic() + 10 * sanitizers.SLOWNESS
        while len(got) < 10 and time.monotonic() < until:
            got += self.consume(c, 100, member="b", wait="500ms")
        self.assertEqual(sorted(e["key"]["id"] for e in got), list(range(1, 11)))
        self.assertEqual({e["delivery"] for e in got}, {2})
        self.assertEqual(self.run_in(c, "SELECT DISTINCT member FROM sys.stream_consumers"), [("b",)])

    def test_a_group_is_dropped_while_somebody_waits_for_it(self):
        c, other = self.connect(), self.connect()
        self.make(c)
        problem = []

        def waiting():
            try:
                self.run_in(other, "CONSUME 10 FROM s GROUP g WAIT '60s'")
            except psycopg2.Error as error:
                problem.append(error)

        thread = threading.Thread(target=waiting)
        thread.start()
        time.sleep(0.5)
        begun = time.monotonic()
        self.run_in(c, "DROP CONSUMER GROUP g ON s")
        self.assertLess(time.monotonic() - begun, 2 * sanitizers.SLOWNESS)
        thread.join(20)
        self.assertEqual(problem[0].pgcode, "42704")
        self.assertIn('consumer group "g" of stream "s" was dropped', str(problem[0]))
        self.assertEqual(self.run_in(c, "SELECT count(*) FROM sys.stream_partitions"), [(0,)])
        self.assertEqual(self.run_in(c, "SELECT count(*) FROM sys.stream_members"), [(0,)])

    def test_an_owner_discards_dead_letters(self):
        c = self.connect()
        self.run_in(c, "CREATE ROLE maker LOGIN; CREATE ROLE reader LOGIN; GRANT ALL ON SCHEMA public TO maker")
        maker, reader = self.connect(user="maker"), self.connect(user="reader")
        self.make(maker, "ack_timeout = '30s', max_deliveries = 1, partitions = 1")
        self.run_in(maker, "GRANT SELECT ON STREAM s TO reader")
        self.run_in(maker, "INSERT INTO t SELECT g, 'a' FROM generate_series(1, 3) g")
        for _ in range(8):
            self.consume(maker, 10, wait="50ms")
            self.run_in(maker, "REJECT s GROUP g")
        tokens = [t for t, in self.run_in(maker, "SELECT token FROM sys.stream_dead_letters ORDER BY key->>'id'")]
        self.assertEqual(len(tokens), 3)
        with self.assertRaises(psycopg2.Error) as refused:
            self.run_in(reader, "ALTER CONSUMER GROUP g ON s DISCARD DEAD LETTERS")
        self.assertEqual(refused.exception.pgcode, "42501")
        self.run_in(maker, f"ALTER CONSUMER GROUP g ON s DISCARD DEAD LETTERS '{tokens[0]}', '{tokens[2]}'")
        self.assertEqual(self.run_in(maker, "SELECT token FROM sys.stream_dead_letters"), [(tokens[1],)])
        self.run_in(maker, "ALTER CONSUMER GROUP g ON s DISCARD DEAD LETTERS")
        self.assertEqual(self.run_in(maker, "SELECT token FROM sys.stream_dead_letters"), [])

    def test_groups_seek(self):
        c = self.connect()
        self.make(c, "ack_timeout = '30s', partitions = 2")
        self.run_in(c, "INSERT INTO t SELECT g, 'a' FROM generate_series(1, 5) g")
        first = self.consume(c, 10, wait="5s")
        self.run_in(c, f"ALTER CONSUMER GROUP g ON s SEEK TO '{first[1]['token']}'")
        with self.assertRaises(psycopg2.Error) as void:
            self.run_in(c, "ACKNOWLEDGE s GROUP g")
        self.assertEqual(void.exception.pgcode, "55000")
        again = self.consume(c, 10, wait="5s")
        self.assertEqual([e["token"] for e in again], [e["token"] for e in first[2:]])
        self.run_in(c, "ACKNOWLEDGE s GROUP g")
        self.run_in(c, "ALTER CONSUMER GROUP g ON s SEEK TO EARLIEST")
        self.assertEqual([e["token"] for e in self.consume(c, 10, wait="5s")], [e["token"] for e in first])
        self.run_in(c, "ALTER CONSUMER GROUP g ON s SEEK TO LATEST")
        self.assertEqual(self.consume(c, 10), [])

    def test_a_large_transaction_comes_in_batches(self):
        c = self.connect()
        self.make(c, "ack_timeout = '30s'")
        rows = 30_000
        with c.cursor() as cursor:
            import io
            cursor.copy_expert("COPY t FROM STDIN", io.StringIO("".join(f"{i}\tv{i}\n" for i in range(rows))))
        self.run_in(c, f"INSERT INTO t SELECT g, 'w' FROM generate_series({rows}, {2 * rows - 1}) g")
        seen = []
        while len(seen) < 2 * rows:
            events = self.consume(c, 7_000, wait="10s")
            self.assertTrue(events)
            seen += [e["key"]["id"] for e in events]
            self.run_in(c, "ACKNOWLEDGE s GROUP g")
        self.assertEqual(sorted(seen), list(range(2 * rows)))

    def test_who_waits_is_told_at_once(self):
        c, other = self.connect(), self.connect()
        self.make(c)
        got = []
        waiting = threading.Thread(target=lambda: got.extend(self.consume(other, 10, wait="20s")))
        begun = time.monotonic()
        waiting.start()
        time.sleep(1.5)  # longer than the acknowledgement's timeout: it stays a member
        self.run_in(c, "INSERT INTO t VALUES (1, 'a')")
        waiting.join()
        self.assertEqual(len(got), 1)
        self.assertLess(time.monotonic() - begun, 1.5 + 2 * sanitizers.SLOWNESS)

    def test_a_lost_place_says_where_to_go_on(self):
        self.node.stop()
        config = os.path.join(self.node.dir, "small_log.toml")
        with open(config, "w", encoding="utf-8") as out:
            out.write('[log]\nretention_bytes_max = 0\nsegment_bytes = "2MB"\nrecord_bytes_max = "1MB"\n'
                      '[checkpoint]\nlog_bytes = "1MB"\n')
        self.node.arguments = ["--config", config]
        self.node.start()
        c = self.connect()
        self.make(c, "ack_timeout = '30s'", "WITH (retention = '1 hour')")
        self.run_in(c, "INSERT INTO t VALUES (1, 'first')")
        self.run_in(c, "CREATE TABLE other (id int, pad text)")
        until = time.monotonic() + 60 * sanitizers.SLOWNESS
        lost = None
        while lost is None and time.monotonic() < until:
            for _ in range(5):
                self.run_in(c, "INSERT INTO other SELECT g, repeat(md5(g::text), 20) FROM generate_series(1, 1000) g")
            self.run_in(c, "CHECKPOINT")
            try:
                self.run_in(c, "ALTER CONSUMER GROUP g ON s SEEK TO SCN 3")
                self.consume(c, 10)
            except psycopg2.Error as error:
                lost = error
        self.assertEqual(lost.pgcode, "72000")
        self.assertIn("has lost its place", str(lost))
        self.assertRegex(lost.diag.message_detail, r'^The earliest valid token is "\d+\.0"\.$')
        token = lost.diag.message_detail.split('"')[1]
        self.run_in(c, f"ALTER CONSUMER GROUP g ON s SEEK TO '{token}'")
        self.consume(c, 10)
        self.run_in(c, "ALTER CONSUMER GROUP g ON s SEEK TO EARLIEST")
        self.consume(c, 10)
        with Follower(self.node, "SUBSCRIBE TO STREAM s FROM SCN 3") as follower:
            self.assertEqual(follower.wait_error()["C"], "72000")

    def test_retention_is_time(self):
        c = self.connect()
        self.make(c, "ack_timeout = '30s'", "WITH (retention = '1s')")
        self.run_in(c, "INSERT INTO t VALUES (1, 'old')")
        time.sleep(1.2)
        with self.assertRaises(psycopg2.Error) as lost:
            self.consume(c, 10)
        self.assertEqual(lost.exception.pgcode, "72000")
        self.run_in(c, "ALTER CONSUMER GROUP g ON s SEEK TO EARLIEST")
        self.assertEqual(self.consume(c, 10), [])
        self.run_in(c, "INSERT INTO t VALUES (2, 'new')")
        self.assertEqual([e["key"]["id"] for e in self.consume(c, 10, wait="5s")], [2])

    def test_rights(self):
        c = self.connect()
        self.make(c)
        for role in ("reader", "stranger"):
            self.run_in(c, f"CREATE ROLE {role} LOGIN")
        self.run_in(c, "GRANT SELECT ON STREAM s TO reader")
        self.run_in(c, "INSERT INTO t VALUES (1, 'a')")
        reader, stranger = self.connect(user="reader"), self.connect(user="stranger")
        self.assertEqual(len(self.consume(reader, 10, wait="5s")), 1)
        self.run_in(reader, "ACKNOWLEDGE s GROUP g")
        for sql in ("CONSUME 1 FROM s GROUP g", "ACKNOWLEDGE s GROUP g BATCH '1'", "SUBSCRIBE TO STREAM s",
                    "CREATE CONSUMER GROUP h ON s", "DROP STREAM s", "CREATE STREAM mine ON t"):
            with self.assertRaises(psycopg2.Error, msg=sql) as refused:
                self.run_in(stranger, sql)
            self.assertEqual(refused.exception.pgcode, "42501", sql)
        for sql in ("SELECT * FROM sys.stream_partitions", "DELETE FROM sys.stream_letters"):
            with self.assertRaises(psycopg2.Error) as refused:
                self.run_in(reader, sql)
            self.assertEqual(refused.exception.pgcode, "42501")
        self.assertEqual(self.run_in(stranger, "SELECT * FROM sys.stream_consumers"), [])
        self.assertEqual(self.run_in(stranger, "SELECT * FROM sys.streams"), [])
        self.assertEqual(len(self.run_in(reader, "SELECT * FROM sys.streams")), 1)
        self.assertEqual(len(self.run_in(reader, "SELECT * FROM sys.stream_consumers")), 1)
        with Follower(self.node, "SET ROLE reader; SUBSCRIBE TO STREAM s") as follower:
            self.run_in(c, "REVOKE SELECT ON STREAM s FROM reader")
            self.run_in(c, "INSERT INTO t VALUES (2, 'b')")
            self.assertEqual(follower.wait_error()["C"], "42501")

    def test_row_security_is_refused(self):
        c = self.connect()
        self.run_in(c, "CREATE TABLE p (id int PRIMARY KEY)")
        self.run_in(c, "ALTER TABLE p ENABLE ROW LEVEL SECURITY")
        self.run_in(c, "CREATE ROLE other LOGIN")
        self.run_in(c, "GRANT ALL ON p TO other")
        self.run_in(c, "GRANT ALL ON SCHEMA public TO other")
        with self.assertRaises(psycopg2.Error) as refused:
            self.run_in(self.connect(user="other"), "CREATE STREAM s ON p")
        self.assertEqual(refused.exception.pgcode, "0A000")

    def test_a_crash_forgets_nothing(self):
        c = self.connect()
        self.make(c, "ack_timeout = '1s', max_deliveries = 3")
        self.run_in(c, "INSERT INTO t SELECT g, 'a' FROM generate_series(1, 10) g")
        got = self.consume(c, 4, wait="5s")
        self.run_in(c, "ACKNOWLEDGE s GROUP g")
        self.consume(c, 3, wait="5s")
        self.node.kill()
        self.node.start()
        c = self.connect()
        self.assertEqual(self.run_in(c, "SELECT stream_name, tables FROM sys.streams"), [("s", "public.t")])
        ids = [e["key"]["id"] for e in got]
        until = time.monotonic() + 20 * sanitizers.SLOWNESS
        while len(ids) < 10 and time.monotonic() < until:
            ids += [e["key"]["id"] for e in self.consume(c, 10, member="new", wait="2s")]
            self.run_in(c, "ACKNOWLEDGE s GROUP g")
        self.assertEqual(sorted(ids), list(range(1, 11)))

    def test_pg_dump_goes_on_as_before(self):
        c = self.connect()
        self.make(c)
        self.run_in(c, "COMMENT ON STREAM s IS 'about t'")
        self.run_in(c, "INSERT INTO t VALUES (1, 'a')")
        self.consume(c, 10, wait="5s")
        dump = self.tool("pg_dump", "postgres")
        self.assertIn("CREATE TABLE public.t", dump)
        for word in ("stream", "error:", "sys."):
            self.assertNotIn(word, dump)

    def test_soak(self):
        figures = soak(self.node, seconds=6, rate=1_500, members=2, groups=4, kill_every_s=2.5)
        self.assertEqual(figures["problems"], [])
        self.assertGreater(figures["changes"], 1_000)


def soak(node, seconds, rate, members, groups, kill_every_s):
    """Half of the groups exactly once, half at least once; the node and consumers are killed again and again."""
    exact = [f"exact{i}" for i in range(groups // 2)]
    loose = [f"loose{i}" for i in range(groups - groups // 2)]
    dsn = node.dsn()
    stream_load.set_up(dsn, exact, loose)
    context = multiprocessing.get_context("fork")
    stop, stop_writing = context.Event(), context.Event()
    changed, delivered = context.Value("q", 0), context.Value("q", 0)
    folder = tempfile.mkdtemp(prefix="stream_soak_")
    writer = context.Process(target=stream_load.write, args=(dsn, stop_writing, rate, changed), daemon=True)
    consumers, journals = {}, {group: [] for group in loose}

    def begin(group, number):
        journal = None
        if group in journals:
            journal = os.path.join(folder, f"{group}_{number}_{len(journals[group])}")
            journals[group].append(journal)
        process = context.Process(target=stream_load.consume, daemon=True,
                                  args=(dsn, stop, group, f"m{number}", group in exact, journal, 500, delivered))
        process.start()
        consumers[group, number] = process

    for group in exact + loose:
        for number in range(members):
            begin(group, number)
    writer.start()
    kills = {"node": 0, "consumer": 0}
    died = []
    until, turn = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        time.sleep(max(0.0, min(kill_every_s, until - time.monotonic())))
        died += [key for key, process in consumers.items() if process.exitcode not in (None, 0, -signal.SIGKILL)]
        if time.monotonic() >= until:
            break
        turn += 1
        if turn % 2:
            kills["consumer"] += 1
            group, number = sorted(consumers)[turn * 7 % len(consumers)]
            consumers[group, number].kill()
            consumers[group, number].join()
            begin(group, number)
        else:
            kills["node"] += 1
            node.kill()
            node.start()
    stop_writing.set()
    writer.join(30)
    problems = [f"consumer {key} died" for key in died]
    connection = stream_load.connect(dsn)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, seq FROM items")
        wanted = dict(cursor.fetchall())
        waited_until = time.monotonic() + 60 * sanitizers.SLOWNESS
        behind = exact + loose
        while behind and time.monotonic() < waited_until:
            time.sleep(0.2)
            cursor.execute("SELECT group_name, sum(in_flight) FROM sys.stream_consumers GROUP BY 1")
            flying = dict(cursor.fetchall())
            behind = []
            for group in exact:
                cursor.execute(f"SELECT count(*) FROM state_{group} s JOIN items i USING (id) WHERE s.seq <> i.seq")
                if cursor.fetchone()[0]:
                    behind.append(group)
            for group in loose:
                if flying.get(group) or stream_load.journal_problems(journals[group], wanted):
                    behind.append(group)
        stop.set()
        for process in consumers.values():
            process.join(20)
        problems += [f"group {group} did not come to the end" for group in behind]
        for group in exact:
            cursor.execute(f"SELECT what FROM problem_{group}")
            problems += [what for what, in cursor.fetchall()]
        for group in loose:
            problems += stream_load.journal_problems(journals[group], wanted)
        cursor.execute("SELECT count(*) FROM sys.stream_dead_letters")
        if letters := cursor.fetchone()[0]:
            problems.append(f"{letters} dead letters")
    connection.close()
    return {"seconds": seconds, "changes": sum(wanted.values()), "delivered": delivered.value, "groups": groups,
            "consumers": len(consumers), "kills": kills, "problems": problems[:20]}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--rate", type=int, default=5_000)
    parser.add_argument("--members", type=int, default=5)
    parser.add_argument("--groups", type=int, default=4)
    parser.add_argument("--kill-every", type=float, default=5.0)
    options, rest = parser.parse_known_args()
    if options.seconds is None:
        unittest.main(argv=[sys.argv[0]] + rest)
    with servers.TroupeServer() as server:
        result = soak(server, options.seconds, options.rate, options.members, options.groups, options.kill_every)
    print(json.dumps(result, indent=1))
    sys.exit(1 if result["problems"] else 0)
