#!/usr/bin/python3
"""LISTEN and NOTIFY as real clients see them: what comes while nothing is going on, in which order, to whom, and what
happens when somebody is slow or is killed.

    TROUPE=build/release/tools/troupe tests/clients/notify_test.py
"""
import glob
import os
import select
import shutil
import socket
import subprocess
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

HERE = os.path.dirname(os.path.abspath(__file__))
JDBC = next(iter(glob.glob("/usr/share/java/postgresql.jar")), None)
PATIENCE = 20 * sanitizers.SLOWNESS


def hear(connection, count, seconds=PATIENCE):
    """Payloads, once so many have come, or those there are after so long: the client only waits on its socket."""
    heard = []
    until = time.monotonic() + seconds
    while len(heard) < count and time.monotonic() < until:
        if select.select([connection], [], [], 0.1)[0]:
            connection.poll()
        heard += connection.notifies
        connection.notifies.clear()
    return [notify.payload for notify in heard]


class NotifyTest(node_case.NodeCase):
    def setUp(self):
        super().setUp()
        self.own = self.connect()

    def listener(self, channel="news", **where):
        connection = self.connect(**where)
        self.run_in(connection, f"LISTEN {channel}")
        return connection

    def test_it_comes_while_the_client_waits_on_its_socket(self):
        listener = self.listener()
        self.run_in(self.own, "NOTIFY news, 'hello'")
        self.assertEqual(hear(listener, 1), ["hello"])
        self.run_in(self.own, "BEGIN; NOTIFY news, 'a'; SELECT pg_notify('news', 'b')")
        self.assertEqual(hear(listener, 1, seconds=0.3), [])
        self.run_in(self.own, "COMMIT")
        self.assertEqual(hear(listener, 2), ["a", "b"])

    def test_it_says_who_said_it_and_what_was_said_can_be_seen(self):
        listener = self.listener()
        self.run_in(self.own, "CREATE TABLE t (id int PRIMARY KEY)")
        for i in range(100):
            self.run_in(self.own, f"BEGIN; INSERT INTO t VALUES ({i}); NOTIFY news, '{i}'; COMMIT")
            select.select([listener], [], [], PATIENCE)
            listener.poll()
            notify = listener.notifies.pop()
            self.assertEqual((notify.pid, notify.channel, notify.payload), (self.own.get_backend_pid(), "news", str(i)))
            self.assertEqual(self.run_in(listener, f"SELECT id FROM t WHERE id = {i}"), [(i,)])

    def test_within_a_transaction_nothing_comes(self):
        listener = self.listener()
        self.run_in(listener, "BEGIN")
        self.run_in(self.own, "NOTIFY news, 'later'")
        self.assertEqual(hear(listener, 1, seconds=0.3), [])
        self.run_in(listener, "SELECT 1")
        self.assertEqual(listener.notifies, [])
        self.run_in(listener, "COMMIT")
        self.assertEqual([notify.payload for notify in listener.notifies], ["later"])

    def test_it_comes_before_the_client_may_go_on_also_in_the_extended_protocol(self):
        with pgwire.Wire.connect(port=self.node.port) as wire:
            wire.startup()
            wire.query("LISTEN news")
            for _ in range(2):
                wire.notifications.clear()
                wire.send(pgwire.parse("SELECT pg_notify('news', 'x')"), pgwire.bind(), pgwire.execute(), pgwire.SYNC)
                wire.result()
                self.assertEqual([said for _, _, said in wire.notifications], ["x"])
            wire.notifications.clear()
            wire.query("SELECT pg_notify('news', i || repeat('x', 1000)) FROM generate_series(1, 2000) i")
            self.assertEqual([said.rstrip("x") for _, _, said in wire.notifications], [str(i) for i in range(1, 2001)])

    def test_databases_are_apart(self):
        self.run_in(self.own, "CREATE DATABASE other")
        here, there = self.listener(), self.listener(database="other")
        self.run_in(self.own, "NOTIFY news, 'here'")
        self.assertEqual(hear(here, 1), ["here"])
        self.assertEqual(hear(there, 1, seconds=0.3), [])

    def test_a_transaction_with_them_is_not_prepared(self):
        for statement in ("NOTIFY news", "LISTEN news", "SELECT pg_notify('news', '')"):
            self.run_in(self.own, f"BEGIN; {statement}")
            with self.assertRaises(psycopg2.errors.FeatureNotSupported) as raised:
                self.run_in(self.own, "PREPARE TRANSACTION 'p'")
            self.assertIn("cannot PREPARE a transaction that has executed LISTEN, UNLISTEN, or NOTIFY",
                          str(raised.exception))

    def test_psql_prints_it(self):
        printed = self.tool("psql", "-d", "postgres", text="LISTEN news;\nNOTIFY news, 'to myself';\nSELECT 1;\n")
        self.assertIn('Asynchronous notification "news" with payload "to myself" received from server process', printed)

    @unittest.skipUnless(JDBC and shutil.which("java"), "pgjdbc is not installed")
    def test_jdbc_is_told(self):
        url = f"jdbc:postgresql://127.0.0.1:{self.node.port}/postgres?user=postgres"
        ran = subprocess.run(["java", "-cp", JDBC, os.path.join(HERE, "drivers/Notify.java"), url],
                             capture_output=True, text=True, check=True)
        self.assertEqual(ran.stdout.splitlines(),
                         ["nothing", "news by a function", "nothing", "news first", "news second"])

    def test_eight_say_and_eight_hear_all_of_it_in_one_order(self):
        """With changes and without, so that some wait for the log and others do not."""
        speakers, each = 8, 200
        self.run_in(self.own, "CREATE TABLE said (speaker int, number int, PRIMARY KEY (speaker, number))")
        listeners = [self.listener() for _ in range(8)]

        def speak(speaker, connection):
            for number in range(each):
                payload = f"{speaker}:{number}"
                if number % 2:
                    self.run_in(connection, f"NOTIFY news, '{payload}'")
                else:
                    self.run_in(connection, f"BEGIN; INSERT INTO said VALUES ({speaker}, {number});"
                                            f" NOTIFY news, '{payload}'; COMMIT")

        heard = [[] for _ in listeners]

        def listen(i):
            heard[i] = hear(listeners[i], speakers * each, seconds=60 * sanitizers.SLOWNESS)

        threads = [threading.Thread(target=listen, args=(i,)) for i in range(len(listeners))]
        threads += [threading.Thread(target=speak, args=(i, self.connect())) for i in range(speakers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(heard[0]), speakers * each)
        for other in heard[1:]:
            self.assertEqual(other, heard[0])
        for speaker in range(speakers):
            self.assertEqual([said for said in heard[0] if said.startswith(f"{speaker}:")],
                             [f"{speaker}:{number}" for number in range(each)])

    def test_whoever_listens_and_goes_takes_nothing_from_others(self):
        """Sessions are killed while they speak and while they listen: what was committed is heard, and nothing else."""
        self.run_in(self.own, "CREATE TABLE said (id int PRIMARY KEY)")
        listener = self.listener()
        stopping = threading.Event()
        self.addCleanup(stopping.set)

        def reconnect():
            while True:
                try:
                    connection = self.connect()
                    self.run_in(connection, "LISTEN news")
                    return connection
                except psycopg2.Error:
                    pass  # killed before it had begun

        def speak(first):
            connection, number = reconnect(), first
            while not stopping.is_set():
                number += 4
                try:
                    self.run_in(connection, f"BEGIN; INSERT INTO said VALUES ({number});"
                                            f" NOTIFY news, '{number}'; COMMIT")
                except psycopg2.Error:
                    connection.close()
                    connection = reconnect()

        speakers = [threading.Thread(target=speak, args=(i,)) for i in range(4)]
        for speaker in speakers:
            speaker.start()
        until, heard, killed = time.monotonic() + 4, [], 0
        while time.monotonic() < until:
            killed += sum(done for (done,) in self.run_in(
                self.own, "SELECT sys.kill_actor(id) FROM (SELECT id FROM sys.actors WHERE kind = 'session' AND name NOT IN"
                          f" ({self.names_of(self.own, listener)}) ORDER BY random() LIMIT 1) chosen"))
            heard += hear(listener, 1, seconds=0.05)
        stopping.set()
        for speaker in speakers:
            speaker.join()
        heard += hear(listener, 1_000_000, seconds=1)
        self.assertGreater(killed, 5)
        committed = {str(number) for (number,) in self.run_in(self.own, "SELECT id FROM said")}
        self.assertEqual(len(heard), len(set(heard)))
        self.assertEqual(set(heard), committed)

    def names_of(self, *connections):
        """Of their actors in sys.actors, for a list in SQL."""
        names = []
        for connection in connections:
            with socket.socket(fileno=os.dup(connection.fileno())) as client:
                names.append("'session 127.0.0.1:%d'" % client.getsockname()[1])
        return ", ".join(names)

    def test_after_a_crash_nothing_is_left_of_it(self):
        listener = self.listener()
        self.run_in(self.own, "NOTIFY news, 'before'")
        self.assertEqual(hear(listener, 1), ["before"])
        self.node.kill()
        self.node.start()
        self.own = self.connect()
        self.assertEqual(self.run_in(self.own, "SELECT count(*) FROM pg_listening_channels()"), [(0,)])
        listener = self.listener()
        self.run_in(self.own, "NOTIFY news, 'after'")
        self.assertEqual(hear(listener, 1), ["after"])


class LimitsTest(node_case.NodeCase):
    """With a queue of 1 MB, and 4 channels."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        config = os.path.join(folder.name, "troupe.toml")
        with open(config, "w") as out:
            out.write('[limits]\nnotification_bytes_max = "1MB"\nchannels_max = 4\n')
        self.node = servers.TroupeServer(["--config", config])
        self.node.__enter__()
        self.addCleanup(self.node.__exit__)
        self.own = self.connect()

    def fill(self):
        """Speaks until it is refused; what was said."""
        said = 0
        while True:
            try:
                self.run_in(self.own, f"SELECT pg_notify('news', '{said:06}' || repeat('x', 5000))")
            except psycopg2.errors.ProgramLimitExceeded as error:
                self.assertIn("too many notifications in the NOTIFY queue", str(error))
                return said
            said += 1
            self.assertLess(said, 20_000)

    def check_heard(self, wire, said):
        while len(wire.notifications) < said:
            wire.query("SELECT 1")
        self.assertEqual([payload[:6] for _, _, payload in wire.notifications], [f"{i:06}" for i in range(said)])

    def check_room(self):
        self.run_in(self.own, "SELECT pg_notify('news', repeat('x', 7000))")
        self.assertEqual(self.run_in(self.own, "SELECT pg_notification_queue_usage() < 0.5"), [(True,)])

    def slow_listener(self):
        wire = pgwire.Wire.connect(port=self.node.port)
        self.addCleanup(wire.close)
        wire.startup()
        wire.query("LISTEN news")
        return wire

    def test_a_listener_in_a_long_transaction(self):
        wire = self.slow_listener()
        wire.query("BEGIN")
        said = self.fill()
        self.assertGreater(said, 100)
        self.assertEqual(self.run_in(self.own, "SELECT pg_notification_queue_usage() > 0.9"), [(True,)])
        self.assertEqual(self.run_in(self.own, "SELECT used > 900000 FROM sys.limits"
                                               " WHERE name = 'limits.notification_bytes_max'"), [(True,)])
        self.run_in(self.own, "CREATE TABLE others (id int)")  # who says nothing is not held up
        with self.assertRaises(psycopg2.errors.ProgramLimitExceeded) as raised:
            self.run_in(self.own, "SELECT pg_notify('news', repeat('x', 7000))")
        self.assertIn(f"The session with PID {wire.process_id} is the one", str(raised.exception))
        wire.query("COMMIT")
        self.check_heard(wire, said)
        self.check_room()

    def test_a_listener_that_does_not_read(self):
        wire = self.slow_listener()
        said = self.fill()
        self.check_heard(wire, said)
        self.check_room()

    def test_a_listener_that_does_not_read_and_goes(self):
        wire = self.slow_listener()
        self.fill()
        self.run_in(self.own, f"SELECT pg_terminate_backend({wire.process_id})")
        until = time.monotonic() + PATIENCE
        while self.run_in(self.own, "SELECT pg_notification_queue_usage() > 0.1") == [(True,)]:
            self.assertLess(time.monotonic(), until)
            time.sleep(0.05)
        self.check_room()

    def test_one_transaction_that_says_too_much_is_rolled_back(self):
        listener = self.connect()
        self.run_in(listener, "LISTEN news")
        with self.assertRaises(psycopg2.errors.ProgramLimitExceeded):
            self.run_in(self.own, "SELECT pg_notify('news', i::text) FROM generate_series(1, 1000000) i")
        self.assertEqual(hear(listener, 1, seconds=0.2), [])
        self.check_room()

    def test_channels(self):
        for i in range(4):
            self.run_in(self.own, f"LISTEN c{i}")
        self.run_in(self.own, "LISTEN c0")
        other = self.connect()
        with self.assertRaises(psycopg2.errors.ProgramLimitExceeded):
            self.run_in(other, "LISTEN c0")
        self.assertEqual(self.run_in(other, "SELECT * FROM pg_listening_channels()"), [])
        self.assertEqual(self.run_in(self.own, "SELECT used FROM sys.limits WHERE name = 'limits.channels_max'"), [(4,)])
        self.run_in(self.own, "UNLISTEN c3")
        self.run_in(other, "LISTEN c0")


if __name__ == "__main__":
    unittest.main(verbosity=2 if sanitizers.SLOWNESS > 1 else 1)
