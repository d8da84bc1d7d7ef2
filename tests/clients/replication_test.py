#!/usr/bin/python3
"""PostgreSQL's logical replication out of a node: pg_recvlogical, psycopg2's replication connection, and a real
PostgreSQL 15 that subscribes: initial copy, then every change once, also when either side is killed in the middle.
"""
import argparse
import os
import random
import struct
import subprocess
import sys
import threading
import time
import unittest

import psycopg2
import psycopg2.extras

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import node_case  # noqa: E402
import sanitizers  # noqa: E402
import servers  # noqa: E402

OPTIONS = argparse.Namespace(scale=1)
PATIENCE_S = 60 * sanitizers.SLOWNESS


def lsn_number(text):
    high, low = text.split("/")
    return int(high, 16) << 32 | int(low, 16)


class Message:
    """One of pgoutput's messages, read as the protocol's documentation says."""

    def __init__(self, data):
        self.data, self.at = data, 1
        self.kind = chr(data[0])
        getattr(self, "read_" + self.kind)()

    def take(self, form):
        values = struct.unpack_from("!" + form, self.data, self.at)
        self.at += struct.calcsize("!" + form)
        return values[0] if len(values) == 1 else values

    def text(self):
        end = self.data.index(b"\0", self.at)
        value, self.at = self.data[self.at:end].decode(), end + 1
        return value

    def tuple(self):
        values = []
        for _ in range(self.take("h")):
            kind = self.take("c")
            if kind == b"n":
                values.append(None)
            else:
                size = self.take("i")
                values.append((kind, self.data[self.at:self.at + size]))
                self.at += size
        return [value if value is None else value[1].decode() if value[0] == b"t" else value[1] for value in values]

    def read_B(self):
        self.lsn, self.time, self.xid = self.take("QqI")

    def read_C(self):
        self.flags, self.lsn, self.end, self.time = self.take("bQQq")

    def read_R(self):
        self.relation, self.schema, self.name = self.take("I"), self.text(), self.text()
        self.identity = self.take("c")
        self.columns = [(self.take("b"), self.text(), *self.take("Ii")) for _ in range(self.take("h"))]

    def read_Y(self):
        self.type, self.schema, self.name = self.take("I"), self.text(), self.text()

    def read_I(self):
        self.relation, self.new = self.take("I"), None
        assert self.take("c") == b"N"
        self.new = self.tuple()

    def read_U(self):
        self.relation, self.old, self.old_kind = self.take("I"), None, self.take("c")
        if self.old_kind != b"N":
            self.old = self.tuple()
            assert self.take("c") == b"N"
        self.new = self.tuple()

    def read_D(self):
        self.relation, self.old_kind, self.old = self.take("I"), self.take("c"), None
        self.old = self.tuple()

    def read_T(self):
        count, self.options = self.take("Ib")
        self.relations = [self.take("I") for _ in range(count)]


class ReplicationTest(node_case.NodeCase):
    def replication(self):
        connection = psycopg2.connect(self.node.dsn(), connection_factory=psycopg2.extras.LogicalReplicationConnection)
        self.addCleanup(connection.close)
        return connection.cursor()

    def start(self, cursor, slot="s", publication="p", lsn=0, **more):
        options = {"proto_version": "1", "publication_names": publication, **more}
        cursor.start_replication(slot_name=slot, options=options, decode=False, start_lsn=lsn)

    def messages(self, cursor, commits=1, patience_s=PATIENCE_S):
        """Until so many commits came."""
        found, until = [], time.monotonic() + patience_s
        while commits > 0 and time.monotonic() < until:
            message = cursor.read_message()
            if message is None:
                time.sleep(0.01)
                continue
            found.append(Message(message.payload))
            if found[-1].kind == "C":
                commits -= 1
                cursor.send_feedback(flush_lsn=message.data_start, force=True)
        self.assertEqual(commits, 0, [m.kind for m in found])
        return found

    def nothing_more(self, cursor):
        time.sleep(0.3 * sanitizers.SLOWNESS)
        message = cursor.read_message()
        self.assertIsNone(message, message and message.payload)

    def test_identify_system_and_ordinary_sql(self):
        cursor = self.replication()
        cursor.execute("IDENTIFY_SYSTEM")
        system, timeline, position, database = cursor.fetchone()
        self.assertGreater(int(system), 0)
        self.assertEqual((timeline, database), (1, "postgres"))
        self.assertGreater(lsn_number(position), 0)
        cursor.execute("SHOW server_version_num")
        self.assertGreaterEqual(int(cursor.fetchone()[0]), 150000)
        cursor.execute("SELECT 1 + 1")
        self.assertEqual(cursor.fetchone(), (2,))
        for text, code in (("BASE_BACKUP", "0A000"), ("CREATE_REPLICATION_SLOT x PHYSICAL", "0A000"),
                           ("START_REPLICATION SLOT none LOGICAL 0/0", "42704"), ("DROP_REPLICATION_SLOT none", "42704"),
                           ("CREATE_REPLICATION_SLOT \"Bad!\" LOGICAL pgoutput", "42602"),
                           ("CREATE_REPLICATION_SLOT x LOGICAL wal2json", "0A000"),
                           ("CREATE_REPLICATION_SLOT x LOGICAL", "42601"), ("START_REPLICATION SLOT x LOGICAL 0/ZZ", "42601"),
                           ("CREATE_REPLICATION_SLOT x LOGICAL pgoutput (SNAPSHOT 'no')", "22023")):
            with self.assertRaises(psycopg2.Error, msg=text) as caught:
                cursor.execute(text)
            self.assertEqual(caught.exception.pgcode, code, text)

    def test_who_may_replicate(self):
        own = self.connect()
        self.run_in(own, "CREATE ROLE plain LOGIN; CREATE ROLE streamer LOGIN REPLICATION")
        with self.assertRaisesRegex(psycopg2.OperationalError, "must be superuser or replication role to start walsender"):
            psycopg2.connect(self.node.dsn(), user="plain",
                             connection_factory=psycopg2.extras.LogicalReplicationConnection)
        psycopg2.connect(self.node.dsn(), user="streamer",
                         connection_factory=psycopg2.extras.LogicalReplicationConnection).close()
        plain = self.connect(user="plain")
        for text in ("SELECT * FROM pg_create_logical_replication_slot('s', 'pgoutput')",
                     "SELECT pg_drop_replication_slot('s')"):
            with self.assertRaises(psycopg2.errors.InsufficientPrivilege):
                self.run_in(plain, text)
        with self.assertRaisesRegex(psycopg2.OperationalError, "physical replication is not supported"):
            psycopg2.connect(self.node.dsn(), connection_factory=psycopg2.extras.PhysicalReplicationConnection)

    def test_what_pgoutput_says(self):
        own = self.connect()
        self.run_in(own, "CREATE TYPE mood AS ENUM ('sad', 'happy');"
                         "CREATE TABLE t (a int PRIMARY KEY, b text, c numeric(8,2), m mood);"
                         "CREATE TABLE whole (a int, b text); ALTER TABLE whole REPLICA IDENTITY FULL;"
                         "CREATE TABLE other (a int); CREATE PUBLICATION p FOR TABLE t, whole")
        cursor = self.replication()
        cursor.create_replication_slot("s", output_plugin="pgoutput")
        self.run_in(own, "INSERT INTO t VALUES (1, 'one', 1.5, 'happy'), (2, NULL, NULL, NULL)")
        self.run_in(own, "INSERT INTO other VALUES (1)")
        self.run_in(own, "UPDATE t SET b = 'eins' WHERE a = 1")
        self.run_in(own, "DELETE FROM t WHERE a = 2")
        self.run_in(own, "INSERT INTO whole VALUES (1, 'x')")
        self.run_in(own, "UPDATE whole SET b = 'y'")
        self.run_in(own, "TRUNCATE t, whole")
        self.start(cursor)
        told = self.messages(cursor, 6)
        self.assertEqual("".join(m.kind for m in told), "BYRIICBUCBDCBRICBUCBRRTC")
        begin, kind, relation, first, second, commit = told[:6]
        self.assertEqual((kind.schema, kind.name), ("public", "mood"))
        self.assertEqual((relation.schema, relation.name, relation.identity), ("public", "t", b"d"))
        self.assertEqual([(c[0], c[1], c[2], c[3]) for c in relation.columns],
                         [(1, "a", 23, -1), (0, "b", 25, -1), (0, "c", 1700, 524294), (0, "m", kind.type, -1)])
        self.assertEqual(first.new, ["1", "one", "1.50", "happy"])
        self.assertEqual(second.new, ["2", None, None, None])
        self.assertEqual(begin.lsn, commit.lsn)
        self.assertGreater(commit.end, commit.lsn)
        self.assertLess(abs(begin.time / 1e6 + 946684800 - time.time()), 600)
        update, delete = told[7], told[10]
        self.assertEqual((update.old, update.new), (None, ["1", "eins", "1.50", "happy"]))
        self.assertEqual((delete.old_kind, delete.old), (b"K", ["2", None, None, None]))
        self.assertEqual((told[17].old_kind, told[17].old, told[17].new), (b"O", ["1", "x"], ["1", "y"]))
        self.assertEqual(len(told[22].relations), 2)
        lsns = [m.lsn for m in told if m.kind == "B"]
        self.assertEqual(lsns, sorted(set(lsns)))
        self.nothing_more(cursor)

    def test_binary_columns_lists_filters_and_actions(self):
        own = self.connect()
        self.run_in(own, "CREATE TABLE t (a int PRIMARY KEY, b text, c int);"
                         "CREATE PUBLICATION p FOR TABLE t (a, c) WHERE (a > 10);"
                         "CREATE PUBLICATION q FOR TABLE t WITH (publish = 'delete')")
        self.run_in(own, "SELECT * FROM pg_create_logical_replication_slot('s', 'pgoutput')")
        self.run_in(own, "SELECT * FROM pg_create_logical_replication_slot('s2', 'pgoutput')")
        self.run_in(own, "INSERT INTO t VALUES (1, 'x', 5), (11, 'y', 7)")
        self.run_in(own, "UPDATE t SET a = 12 WHERE a = 1")
        self.run_in(own, "UPDATE t SET a = 2 WHERE a = 11")
        self.run_in(own, "DELETE FROM t WHERE a = 2")
        self.run_in(own, "DELETE FROM t WHERE a = 12")
        cursor = self.replication()
        self.start(cursor, binary="true", proto_version="4", streaming="on", messages="true")
        told = self.messages(cursor, 4)
        self.assertEqual("".join(m.kind for m in told), "BRICBICBDCBDC")
        self.assertEqual([c[1] for c in told[1].columns], ["a", "c"])
        self.assertEqual([m.new for m in told if m.kind == "I"],
                         [[b"\0\0\0\x0b", b"\0\0\0\x07"], [b"\0\0\0\x0c", b"\0\0\0\x05"]])
        self.assertEqual([m.old[0] for m in told if m.kind == "D"], [b"\0\0\0\x0b", b"\0\0\0\x0c"])
        second = self.replication()
        self.start(second, slot="s2", publication="q")
        told = self.messages(second, 4)  # a row that moves to another key is told as one that goes and one that comes
        self.assertEqual([m.old[0] for m in told if m.kind == "D"], ["1", "11", "2", "12"])

    def test_unique_values_may_wander(self):
        """A subscriber with the same unique indexes never sees a value in two rows."""
        own = self.connect()
        self.run_in(own, "CREATE TABLE t (a int PRIMARY KEY, u int UNIQUE); CREATE PUBLICATION p FOR TABLE t;"
                         "INSERT INTO t SELECT i, i FROM generate_series(1, 10) i")
        self.run_in(own, "SELECT * FROM pg_create_logical_replication_slot('s', 'pgoutput')")
        self.run_in(own, "BEGIN; DELETE FROM t WHERE a = 9; INSERT INTO t VALUES (0, 9);"
                         "UPDATE t SET u = -1 WHERE a = 1; UPDATE t SET u = 1 WHERE a = 2;"
                         "UPDATE t SET u = 2 WHERE a = 1; COMMIT")
        cursor = self.replication()
        self.start(cursor)
        rows = {str(i): str(i) for i in range(1, 11)}
        for message in self.messages(cursor):
            if message.kind == "D" or (message.kind == "U" and message.old):
                del rows[message.old[0]]
            if message.kind in "IU":
                rows[message.new[0]] = message.new[1]
                self.assertEqual(len(set(rows.values())), len(rows), rows)
        expected = {str(a): str(u) for a, u in self.run_in(own, "SELECT a, u FROM t")}
        self.assertEqual(rows, expected)

    def test_definitions_change_in_the_middle(self):
        own = self.connect()
        self.run_in(own, "CREATE TABLE t (a int PRIMARY KEY, b text); CREATE PUBLICATION p FOR TABLE t")
        self.run_in(own, "SELECT * FROM pg_create_logical_replication_slot('s', 'pgoutput')")
        self.run_in(own, "INSERT INTO t VALUES (1, 'x')")
        self.run_in(own, "ALTER TABLE t ADD COLUMN c int DEFAULT 7")
        self.run_in(own, "INSERT INTO t VALUES (2, 'y', 8)")
        self.run_in(own, "CREATE TABLE late (a int PRIMARY KEY); ALTER PUBLICATION p ADD TABLE late")
        self.run_in(own, "INSERT INTO late VALUES (1)")
        self.run_in(own, "BEGIN; INSERT INTO t VALUES (3, 'z', 9); ALTER TABLE t ALTER COLUMN a TYPE bigint; COMMIT")
        self.run_in(own, "UPDATE t SET b = 'w' WHERE a = 1")
        self.run_in(own, "BEGIN; INSERT INTO t VALUES (4, 'v', 9); TRUNCATE t; INSERT INTO t VALUES (5, 'u', 9); COMMIT")
        self.run_in(own, "ALTER TABLE t RENAME TO renamed; INSERT INTO renamed VALUES (6, 's', 1)")
        self.run_in(own, "DROP TABLE renamed")
        self.node.kill()
        self.node.start()
        cursor = self.replication()
        self.start(cursor)
        told = self.messages(cursor, 7)
        self.assertEqual([m.new for m in told if m.kind in "IU"],
                         [["1", "x"], ["2", "y", "8"], ["1"], ["3", "z", "9"], ["1", "w", "7"], ["5", "u", "9"],
                          ["6", "s", "1"]])
        names = [(m.name, len(m.columns), m.columns[0][2]) for m in told if m.kind == "R"]
        self.assertEqual(names[0], ("t", 2, 23))
        self.assertEqual(names[-1], ("renamed", 3, 20))
        self.assertIn(("late", 1, 23), names)

    def test_large_transactions_and_rows_in_bulk(self):
        own = self.connect()
        rows = 200_000
        self.run_in(own, "CREATE TABLE t (a int PRIMARY KEY, b text); CREATE TABLE bulk (a int, b text);"
                         "CREATE PUBLICATION p FOR ALL TABLES")
        self.run_in(own, "SELECT * FROM pg_create_logical_replication_slot('s', 'pgoutput')")
        self.run_in(own, f"INSERT INTO t SELECT i, repeat('x', 100) FROM generate_series(1, {rows}) i")
        self.run_in(own, f"BEGIN; CREATE TABLE filled (a int, b text); "
                         f"INSERT INTO filled SELECT i, 'y' || i FROM generate_series(1, {rows}) i; COMMIT")
        self.run_in(own, "UPDATE t SET b = 'z'")
        cursor = self.replication()
        self.start(cursor)
        counts = {}
        commits, until = 0, time.monotonic() + 4 * PATIENCE_S
        while commits < 3 and time.monotonic() < until:
            message = cursor.read_message()
            if message is None:
                time.sleep(0.01)
                continue
            kind = chr(message.payload[0])
            counts[kind] = counts.get(kind, 0) + 1
            commits += kind == "C"
        self.assertEqual((counts["I"], counts["U"], counts["C"]), (2 * rows, rows, 3))

    def test_slots_and_their_functions(self):
        own = self.connect()
        self.run_in(own, "CREATE TABLE t (a int PRIMARY KEY); CREATE PUBLICATION p FOR TABLE t")
        name, lsn = self.run_in(own, "SELECT * FROM pg_create_logical_replication_slot('s', 'pgoutput')")[0]
        self.assertEqual(name, "s")
        self.assertEqual(self.run_in(own, "SELECT slot_name, plugin, slot_type, database, temporary, active, wal_status, "
                                          f"confirmed_flush_lsn = '{lsn}', two_phase FROM pg_replication_slots"),
                         [("s", "pgoutput", "logical", "postgres", False, False, "reserved", True, False)])
        with self.assertRaises(psycopg2.errors.DuplicateObject):
            self.run_in(own, "SELECT * FROM pg_create_logical_replication_slot('s', 'pgoutput')")
        cursor = self.replication()
        self.start(cursor)
        self.run_in(own, "INSERT INTO t VALUES (1)")
        self.messages(cursor)
        for text in ("SELECT pg_drop_replication_slot('s')",
                     "SELECT * FROM pg_replication_slot_advance('s', pg_current_wal_lsn())"):
            with self.assertRaisesRegex(psycopg2.errors.ObjectInUse, 'replication slot "s" is active for PID'):
                self.run_in(own, text)
        state = self.wait_for(own, "SELECT state, sent_lsn > '0/0', flush_lsn = sent_lsn, sync_state "
                                   "FROM pg_stat_replication", [("streaming", True, True, "async")])
        self.assertEqual(len(state), 1)
        self.assertEqual(self.run_in(own, "SELECT active FROM pg_replication_slots"), [(True,)])
        cursor.connection.close()
        self.wait_for(own, "SELECT active FROM pg_replication_slots", [(False,)])
        self.run_in(own, "INSERT INTO t VALUES (2)")
        end = self.run_in(own, "SELECT end_lsn = pg_current_wal_lsn() FROM "
                               "pg_replication_slot_advance('s', pg_current_wal_lsn())")
        self.assertEqual(end, [(True,)])
        self.node.kill()
        self.node.start()
        own = self.connect()
        cursor = self.replication()
        self.start(cursor)
        self.run_in(own, "INSERT INTO t VALUES (3)")
        self.assertEqual([m.new for m in self.messages(cursor) if m.kind == "I"], [["3"]])
        cursor.connection.close()
        self.wait_for(own, "SELECT active FROM pg_replication_slots", [(False,)])
        self.run_in(own, "SELECT pg_drop_replication_slot('s')")
        self.node.kill()
        self.node.start()
        own = self.connect()
        self.assertEqual(self.run_in(own, "SELECT count(*) FROM pg_replication_slots"), [(0,)])
        temporary = self.replication()
        temporary.execute("CREATE_REPLICATION_SLOT tmp TEMPORARY LOGICAL pgoutput (SNAPSHOT 'nothing')")
        self.assertEqual(self.run_in(own, "SELECT slot_name, temporary FROM pg_replication_slots"), [("tmp", True)])
        temporary.connection.close()
        self.wait_for(own, "SELECT count(*) FROM pg_replication_slots", [(0,)])

    def wait_for(self, connection, sql, expected):
        until = time.monotonic() + PATIENCE_S
        while (found := self.run_in(connection, sql)) != expected and time.monotonic() < until:
            time.sleep(0.05)
        self.assertEqual(found, expected)
        return found

    def test_the_snapshot_of_a_slot_joins_its_stream(self):
        own = self.connect()
        self.run_in(own, "CREATE TABLE t (a int PRIMARY KEY); CREATE PUBLICATION p FOR TABLE t")
        stop = threading.Event()

        def write():
            writer = self.connect()
            for i in range(100_000):
                if stop.is_set():
                    return
                self.run_in(writer, f"INSERT INTO t VALUES ({i})")

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for how in ("export", "use"):
                slot = f"s_{how}"
                cursor = self.replication()
                if how == "use":
                    cursor.execute("BEGIN READ ONLY ISOLATION LEVEL REPEATABLE READ")
                cursor.execute(f"CREATE_REPLICATION_SLOT {slot} LOGICAL pgoutput (SNAPSHOT '{how}')")
                snapshot = cursor.fetchone()[2]
                reader = cursor
                if how == "export":
                    reader = self.connect().cursor()
                    reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
                    reader.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
                reader.execute("SELECT a FROM t")
                seen = {row[0] for row in reader.fetchall()}
                reader.execute("COMMIT")
                time.sleep(0.2)
                self.start(cursor, slot=slot)
                streamed = [int(m.new[0]) for m in self.messages(cursor, 20) if m.kind == "I"]
                self.assertEqual(streamed[0], len(seen), how)
                self.assertEqual(streamed, list(range(streamed[0], streamed[0] + len(streamed))))
                cursor.connection.close()
        finally:
            stop.set()
            writer.join()

    def test_a_slot_that_is_left_behind_is_lost(self):
        config = os.path.join(self.node.dir, "small.toml")
        with open(config, "w") as out:
            out.write("[log]\nretention_bytes_max = 0\nsegment_bytes = \"17MB\"\n[checkpoint]\nlog_bytes = \"1MB\"\n")
        self.node.stop()
        self.node.arguments = ["--config", config]
        self.node.start()
        own = self.connect()
        self.run_in(own, "CREATE TABLE t (a int, b text); CREATE PUBLICATION p FOR TABLE t")
        self.run_in(own, "SELECT * FROM pg_create_logical_replication_slot('s', 'pgoutput')")
        until = time.monotonic() + PATIENCE_S
        while self.run_in(own, "SELECT wal_status FROM pg_replication_slots") != [("lost",)]:
            self.assertLess(time.monotonic(), until)
            self.run_in(own, "INSERT INTO t SELECT i, repeat('x', 1000) FROM generate_series(1, 5000) i")
            self.run_in(own, "CHECKPOINT")
        with self.assertRaises(psycopg2.errors.ObjectNotInPrerequisiteState):
            self.start(self.replication())
        self.run_in(own, "SELECT pg_drop_replication_slot('s')")

    def test_pg_recvlogical(self):
        own = self.connect()
        self.run_in(own, "CREATE TABLE t (a int PRIMARY KEY, b text); CREATE PUBLICATION p FOR TABLE t")
        tool = [f"{servers.POSTGRES_BIN}/pg_recvlogical", "-d", self.node.dsn(), "-S", "r"]
        subprocess.run(tool + ["-P", "pgoutput", "--create-slot"], check=True)
        self.run_in(own, "INSERT INTO t VALUES (1, 'one')")
        self.run_in(own, "UPDATE t SET b = 'two'")
        end = self.run_in(own, "SELECT pg_current_wal_lsn()")[0][0]
        ran = subprocess.run(tool + ["--start", "-f", "-", "-o", "proto_version=1", "-o", "publication_names=p",
                                     "--endpos", end, "--no-loop"], capture_output=True, check=True, timeout=PATIENCE_S)
        self.assertIn(b"one", ran.stdout)
        self.assertIn(b"two", ran.stdout)
        ran = subprocess.run(tool + ["--start", "-f", "-", "-o", "proto_version=1", "-o", "publication_names=p",
                                     "--endpos", end, "--no-loop"], capture_output=True, check=True, timeout=PATIENCE_S)
        self.assertEqual(ran.stdout, b"")
        subprocess.run(tool + ["--drop-slot"], check=True)
        self.assertEqual(self.run_in(own, "SELECT count(*) FROM pg_replication_slots"), [(0,)])

    def test_a_silent_subscriber_is_given_up(self):
        own = self.connect()
        self.run_in(own, "CREATE TABLE t (a int PRIMARY KEY); CREATE PUBLICATION p FOR TABLE t")
        cursor = self.replication()
        cursor.execute("SET wal_sender_timeout = '1s'")
        cursor.create_replication_slot("s", output_plugin="pgoutput")
        self.start(cursor)
        self.wait_for(own, "SELECT active FROM pg_replication_slots", [(True,)])
        self.wait_for(own, "SELECT active FROM pg_replication_slots", [(False,)])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", type=float, default=1)
    options, rest = parser.parse_known_args()
    OPTIONS.scale = options.scale
    unittest.main(argv=sys.argv[:1] + rest)


if __name__ == "__main__":
    main()
