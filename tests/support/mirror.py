"""Mirror follows tables through SUBSCRIBE and plays their events back; MirrorCase is a test that compares it with them."""
import json
import os
import random
import socket
import threading
import time
import unittest

import psycopg2

import pgwire
import sanitizers
import servers


def token_key(token):
    scn, event = token.split(".")
    return int(scn), int(event)


class Mirror(threading.Thread):
    """Follows tables and plays their events back. `where`: of its rows only those; `user`: who looks. `cut_every`: the connection is dropped after about so many events."""

    def __init__(self, node, tables, key, token=None, cut_every=0, seed=1, pause_s=0.0, where=None, user="postgres"):
        super().__init__(daemon=True)
        self.node, self.tables, self.key, self.token = node, tables, key, token
        self.cut_every, self.random, self.pause_s = cut_every, random.Random(seed), pause_s
        self.where, self.user = f" WHERE {where}" if where else "", user
        self.rows = {}
        self.events = []  # (table, op)
        self.images = []  # after (or before) of each event
        self.keep_images = False
        self.problem = None
        self.wire = None
        self.stopping = False
        self.reconnects = -1
        self.subscribed = threading.Event()

    def __enter__(self):
        self.start()
        self.subscribed.wait(10 * sanitizers.SLOWNESS)
        return self

    def __exit__(self, *_):
        self.stopping = True
        try:
            self.wire.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.join(10 * sanitizers.SLOWNESS)

    def run(self):
        while not self.stopping and self.problem is None:
            try:
                self.follow()
            except (OSError, EOFError):
                time.sleep(0.02)
            except Exception as problem:  # noqa: BLE001: told by wait_for()
                self.problem = problem

    def follow(self):
        wire = self.wire = pgwire.Wire.connect(port=self.node.port, timeout=None).startup(user=self.user)
        self.reconnects += 1
        since = f" FROM '{self.token}'" if self.token else ""
        left = self.random.randint(1, 2 * self.cut_every) if self.cut_every else -1
        with wire:
            wire.send(pgwire.query(f"SUBSCRIBE TO {', '.join(self.tables)}{self.where}{since}"))
            while not self.stopping:
                kind, body = wire.receive()
                if kind == "T":
                    self.subscribed.set()
                elif kind == "E":
                    fields = pgwire.error_fields(body)
                    if fields["C"] in ("57P01", "57P02", "57P03", "08006"):
                        raise EOFError
                    raise pgwire.WireError(fields)
                elif kind == "D":
                    self.on_event(*[None if v is None else v.decode() for v in pgwire.data_row(body)])
                    left -= 1
                    if left == 0:
                        return
                    if self.pause_s:
                        time.sleep(self.pause_s)

    def on_event(self, token, scn, xid, table, op, before, after):
        if self.token and token_key(token) <= token_key(self.token):
            raise AssertionError(f"token {token} after {self.token}")
        self.token = token
        self.events.append((table, op))
        if self.keep_images:
            self.images.append(json.loads(after or before or "null"))
        if op == "truncate" or op == "drop":
            self.rows = {k: v for k, v in self.rows.items() if k[0] != table}
            return
        old = (table, json.loads(before)[self.key]) if before else None
        new = (table, json.loads(after)[self.key]) if after else None
        if op == "insert" and new in self.rows:
            raise AssertionError(f"{new} inserted twice")
        if op != "insert" and old not in self.rows:
            raise AssertionError(f"{op} of {old}, which is not there")
        if old and old != new:
            del self.rows[old]
        if new:
            self.rows[new] = after

    def count(self, op):
        return sum(1 for _, o in self.events if o == op)

    def wait_for(self, what, patience_s=60 * sanitizers.SLOWNESS):
        until = time.monotonic() + patience_s
        while not what():
            if self.problem:
                raise self.problem
            if time.monotonic() > until:
                raise AssertionError(f"not seen after {patience_s} s: {len(self.events)} events, token {self.token}")
            time.sleep(0.01)


class MirrorCase(unittest.TestCase):
    def setUp(self):
        self.node = servers.TroupeServer().__enter__()
        self.addCleanup(self.node.__exit__)
        self.connection = self.connect()
        self.cursor = self.connection.cursor()

    def connect(self):
        connection = psycopg2.connect(host="127.0.0.1", port=self.node.port, user="postgres", dbname="postgres")
        connection.autocommit = True
        self.addCleanup(connection.close)
        return connection

    def run_sql(self, *statements):
        for statement in statements:
            self.cursor.execute(statement)

    def copy(self, table, rows):
        """In a cursor's current transaction."""
        text = "".join("\t".join(map(str, row)) + "\n" for row in rows)
        reader, writer = os.pipe()
        feeder = threading.Thread(target=self.feed, args=(writer, text))
        feeder.start()
        with os.fdopen(reader) as source:
            self.cursor.copy_expert(f"COPY {table} FROM STDIN", source)
        feeder.join()

    @staticmethod
    def feed(writer, text):
        with os.fdopen(writer, "w") as sink:
            sink.write(text)

    def assert_mirrors(self, mirror, table, key, patience_s=30 * sanitizers.SLOWNESS):
        """The mirror comes to hold exactly what the table holds."""
        self.cursor.execute(f"SELECT * FROM {table}")
        names = [column[0] for column in self.cursor.description]
        expected = {(table, row[names.index(key)]): dict(zip(names, row)) for row in self.cursor.fetchall()}
        mirror.wait_for(lambda: len(mirror.rows) == len(expected) and set(mirror.rows) == set(expected), patience_s)
        for name, row in expected.items():
            self.assertEqual(json.loads(mirror.rows[name]), row)
