#!/usr/bin/python3
"""Webhooks as their receiver sees them: signed, in order within a key, again after a failure with ever longer pauses, to
the dead letters in the end; through a receiver that fails, dawdles, goes away, and a node that is killed with -9."""
import collections
import os
import re
import sys
import time
import unittest

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import certificates  # noqa: E402
import node_case  # noqa: E402
import sanitizers  # noqa: E402
from webhook_receiver import OTHER_SECRET, Receiver, SECRET, sign  # noqa: E402

PATIENCE_S = 30 * sanitizers.SLOWNESS


def wait_until(reached, patience_s=PATIENCE_S):
    until = time.monotonic() + patience_s
    while not reached():
        if time.monotonic() > until:
            raise AssertionError(f"not so after {patience_s} s")
        time.sleep(0.02)


class WebhookTest(node_case.NodeCase):
    def receiver(self, answer=None, **options):
        receiver = Receiver(answer, **options)
        self.addCleanup(receiver.stop)
        return receiver

    def make(self, connection, url, options="retry_first = '50ms', retry_longest = '400ms', timeout = '2s'",
             stream="s ON t"):
        self.run_in(connection, "CREATE TABLE IF NOT EXISTS t (id int PRIMARY KEY, v text)")
        self.run_in(connection, f"CREATE STREAM IF NOT EXISTS {stream}")
        self.run_in(connection, f"CREATE WEBHOOK w ON STREAM s TO '{url}' WITH (secret = '{SECRET}', {options})")

    def webhook(self, connection):
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM sys.webhooks")
            return dict(zip([c.name for c in cursor.description], cursor.fetchone()))

    def wait_taken(self, receiver, count):
        wait_until(lambda: len(receiver.taken) >= count)
        return receiver.taken

    # --- what is delivered ---

    def test_a_change_is_delivered_signed(self):
        receiver = self.receiver()
        c = self.connect()
        self.make(c, receiver.url, "headers = E'Authorization: Bearer x\\nX-Shop: a: b'")
        self.run_in(c, "INSERT INTO t VALUES (1, 'ä\"')")
        self.run_in(c, "UPDATE t SET v = NULL")
        self.run_in(c, "DELETE FROM t")
        insert, update, delete = self.wait_taken(receiver, 3)
        self.assertEqual(insert.path, "/hook?a=b")
        self.assertEqual(insert.headers["Host"], f"localhost:{receiver.port}")
        self.assertEqual(insert.headers["Content-Type"], "application/json")
        self.assertEqual(insert.headers["Authorization"], "Bearer x")
        self.assertEqual(insert.headers["X-Shop"], "a: b")
        self.assertEqual(insert.message["type"], "t.insert")
        self.assertRegex(insert.message["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
        self.assertEqual((insert.data["key"], insert.data["before"], insert.data["after"]),
                         ({"id": 1}, None, {"id": 1, "v": 'ä"'}))
        self.assertEqual((update.data["before"]["v"], update.data["after"]["v"]), ('ä"', None))
        self.assertEqual((delete.message["type"], delete.data["after"]), ("t.delete", None))
        for one in (insert, update, delete):
            self.assertEqual(one.signatures(),
                             [sign(SECRET, one.id, one.headers["webhook-timestamp"], one.body)])
            self.assertLess(abs(int(one.headers["webhook-timestamp"]) - time.time()), 60)
            self.assertTrue(one.id.endswith("_" + one.data["token"]))
        self.assertEqual(len({one.id for one in receiver.deliveries}), 3)
        wait_until(lambda: self.webhook(c)["state"] == "idle")
        state = self.webhook(c)
        self.assertEqual((state["delivered"], state["failed"], state["last_status"], state["last_error"]),
                         (3, 0, 200, None))
        # One connection serves one delivery after the other.
        self.assertLessEqual(receiver.connections, 3)

    def test_the_changes_of_a_key_come_in_order(self):
        receiver = self.receiver(lambda d: 500 if len(receiver.deliveries) % 7 == 0 else 200)
        c = self.connect()
        self.make(c, receiver.url, "retry_first = '1ms', retry_longest = '20ms', max_deliveries = 0")
        self.run_in(c, "INSERT INTO t SELECT g, '0' FROM generate_series(1, 30) g")
        for n in range(1, 6):
            self.run_in(c, f"UPDATE t SET v = '{n}'")
        wait_until(lambda: len({d.id for d in receiver.taken}) >= 180)
        told = collections.defaultdict(list)
        for one in receiver.taken:
            told[one.data["key"]["id"]].append(one.data["after"]["v"])
        for key, versions in told.items():
            first_seen = list(dict.fromkeys(versions))
            self.assertEqual(first_seen, ["0", "1", "2", "3", "4", "5"], key)

    def test_several_secrets_sign_while_receivers_change_over(self):
        receiver = self.receiver()
        c = self.connect()
        self.make(c, receiver.url)
        self.run_in(c, f"ALTER WEBHOOK w ON STREAM s SET (secret = '{OTHER_SECRET} {SECRET}')")
        self.run_in(c, "INSERT INTO t VALUES (1, 'a')")
        [one] = self.wait_taken(receiver, 1)
        stamp = one.headers["webhook-timestamp"]
        self.assertEqual(one.signatures(), [sign(s, one.id, stamp, one.body) for s in (OTHER_SECRET, SECRET)])

    def test_over_tls_the_receiver_shows_who_it_is(self):
        folder = certificates.Certificates(self.node.dir)
        folder.make_server("server")
        receiver = self.receiver(certificates=(f"{self.node.dir}/server.crt", f"{self.node.dir}/server.key"))
        c = self.connect()
        self.make(c, receiver.url)
        self.run_in(c, "INSERT INTO t VALUES (1, 'a')")
        wait_until(lambda: "certificate" in (self.webhook(c)["last_error"] or ""))
        self.assertEqual(receiver.deliveries, [])
        # The authorities that the machine trusts are OpenSSL's.
        self.node.stop()
        os.environ["SSL_CERT_FILE"] = f"{self.node.dir}/root.crt"
        self.addCleanup(os.environ.pop, "SSL_CERT_FILE")
        self.node.start()
        [one] = self.wait_taken(receiver, 1)
        self.assertEqual(one.data["after"], {"id": 1, "v": "a"})

    # --- what fails ---

    def test_a_failure_is_tried_again_after_longer_and_longer_pauses(self):
        receiver = self.receiver(lambda d: 503 if len(receiver.deliveries) <= 4 else 200)
        c = self.connect()
        self.make(c, receiver.url, "retry_first = '200ms', retry_longest = '10s'")
        self.run_in(c, "INSERT INTO t VALUES (1, 'a')")
        wait_until(lambda: self.webhook(c)["state"] == "retrying")
        state = self.webhook(c)
        self.assertEqual(state["last_error"], "HTTP status 503")
        self.assertEqual(state["last_status"], 503)
        self.assertIsNotNone(state["next_try"])
        self.wait_taken(receiver, 1)
        self.assertEqual(len({d.id for d in receiver.deliveries}), 1)
        self.assertEqual(len(receiver.deliveries), 5)
        at = [d.at for d in receiver.deliveries]
        pauses = [b - a for a, b in zip(at, at[1:])]
        for n, pause in enumerate(pauses):
            self.assertGreater(pause, 0.1 * 2 ** n)
            self.assertLess(pause, 0.2 * 2 ** n + 2 * sanitizers.SLOWNESS)
        # Each try is signed with its own time.
        for one in receiver.deliveries:
            self.assertEqual(one.signatures(), [sign(SECRET, one.id, one.headers["webhook-timestamp"], one.body)])
        wait_until(lambda: self.webhook(c)["state"] == "idle")

    def test_a_receiver_that_asks_for_time_gets_it(self):
        receiver = self.receiver(lambda d: (429, {"Retry-After": "1"}) if len(receiver.deliveries) == 1 else 200)
        c = self.connect()
        self.make(c, receiver.url, "retry_first = '10ms', retry_longest = '10s'")
        self.run_in(c, "INSERT INTO t VALUES (1, 'a')")
        self.wait_taken(receiver, 1)
        first, second = receiver.deliveries
        self.assertGreater(second.at - first.at, 0.95)

    def test_what_fails_too_often_goes_to_the_dead_letters_and_the_others_go_on(self):
        receiver = self.receiver(lambda d: 400 if d.data["key"]["id"] == 3 else 200)
        c = self.connect()
        self.make(c, receiver.url, "retry_first = '10ms', retry_longest = '50ms', max_deliveries = 4, partitions = 1")
        self.run_in(c, "INSERT INTO t SELECT g, 'a' FROM generate_series(1, 5) g")
        self.wait_taken(receiver, 4)
        self.assertEqual([d.data["key"]["id"] for d in receiver.taken], [1, 2, 4, 5])
        self.assertEqual(sum(d.data["key"]["id"] == 3 for d in receiver.deliveries), 4)
        wait_until(lambda: self.webhook(c)["dead_letters"] == 1)
        [(name, key, deliveries, error)] = self.run_in(
            c, "SELECT group_name, key, deliveries, error FROM sys.stream_dead_letters")
        self.assertEqual((name, key, deliveries, error), ("w", {"id": 3}, 4, "HTTP status 400"))
        self.run_in(c, "ALTER WEBHOOK w ON STREAM s DISCARD DEAD LETTERS")
        self.assertEqual(self.run_in(c, "SELECT * FROM sys.stream_dead_letters"), [])

    def test_a_slow_receiver_is_given_up_and_holds_back_its_own_keys_only(self):
        slow = {1}
        receiver = self.receiver(lambda d: (time.sleep(1.5) if d.data["key"]["id"] in slow else None, 200)[1])
        c = self.connect()
        self.make(c, receiver.url, "timeout = '300ms', retry_first = '50ms', retry_longest = '100ms', partitions = 64")
        self.run_in(c, "INSERT INTO t VALUES (1, 'slow')")
        wait_until(lambda: self.webhook(c)["failed"] >= 1)
        self.assertEqual(self.webhook(c)["last_error"], "no answer within 300 ms")
        begun = time.monotonic()
        self.run_in(c, "INSERT INTO t SELECT g, 'a' FROM generate_series(2, 20) g")
        wait_until(lambda: len({d.data["key"]["id"] for d in receiver.taken} - {1}) >= 15)
        self.assertLess(time.monotonic() - begun, 5 * sanitizers.SLOWNESS)
        slow.clear()
        wait_until(lambda: len({d.data["key"]["id"] for d in receiver.taken}) == 20)

    def test_a_receiver_that_is_away_gets_everything_when_it_is_back(self):
        receiver = self.receiver()
        c = self.connect()
        self.make(c, receiver.url)
        self.run_in(c, "INSERT INTO t VALUES (1, 'a')")
        self.wait_taken(receiver, 1)
        receiver.stop()
        self.run_in(c, "INSERT INTO t SELECT g, 'a' FROM generate_series(2, 10) g")
        wait_until(lambda: "connecting to localhost" in (self.webhook(c)["last_error"] or ""))
        receiver.start()
        wait_until(lambda: {d.data["key"]["id"] for d in receiver.taken} == set(range(1, 11)))

    def test_a_node_killed_again_and_again_loses_nothing(self):
        receiver = self.receiver(lambda d: 500 if len(receiver.deliveries) % 5 == 0 else 200)
        c = self.connect()
        self.make(c, receiver.url, "timeout = '1s', retry_first = '20ms', retry_longest = '200ms', max_deliveries = 0")
        written = 0
        for _ in range(3):
            c = self.connect()
            until = time.monotonic() + 1
            while time.monotonic() < until:
                written += 1
                self.run_in(c, f"INSERT INTO t VALUES ({written}, 'a')")
            self.node.kill()
            self.node.start()
        wait_until(lambda: len({d.data["key"]["id"] for d in receiver.taken}) == written, 3 * PATIENCE_S)
        ids = collections.defaultdict(set)
        for one in receiver.deliveries:
            ids[one.data["token"]].add(one.id)
        self.assertTrue(all(len(known) == 1 for known in ids.values()))
        c = self.connect()
        self.assertEqual(self.run_in(c, "SELECT count(*) FROM sys.stream_dead_letters"), [(0,)])

    def test_a_sender_that_is_killed_has_a_successor(self):
        receiver = self.receiver()
        c = self.connect()
        self.make(c, receiver.url, "timeout = '100ms'")
        self.run_in(c, "INSERT INTO t VALUES (1, 'a')")
        self.wait_taken(receiver, 1)
        [(actor,)] = self.run_in(c, "SELECT id FROM sys.actors WHERE kind = 'webhook'")
        self.run_in(c, f"SELECT sys.kill_actor({actor})")
        self.run_in(c, "INSERT INTO t VALUES (2, 'b')")
        wait_until(lambda: {d.data["key"]["id"] for d in receiver.taken} == {1, 2})

    # --- definitions ---

    def test_it_can_be_disabled_moved_sent_back_and_dropped(self):
        receiver, other = self.receiver(), self.receiver()
        c = self.connect()
        self.make(c, receiver.url)
        self.run_in(c, "INSERT INTO t VALUES (1, 'a')")
        self.wait_taken(receiver, 1)
        self.run_in(c, "ALTER WEBHOOK w ON STREAM s DISABLE")
        wait_until(lambda: self.run_in(c, "SELECT count(*) FROM sys.actors WHERE kind = 'webhook'") == [(0,)])
        self.assertEqual(self.webhook(c)["state"], "disabled")
        self.run_in(c, "INSERT INTO t VALUES (2, 'b')")
        time.sleep(0.5)
        self.assertEqual(len(receiver.deliveries), 1)
        self.run_in(c, f"ALTER WEBHOOK w ON STREAM s TO '{other.url}'")
        self.run_in(c, "ALTER WEBHOOK w ON STREAM s ENABLE")
        self.assertEqual(self.wait_taken(other, 1)[0].data["key"], {"id": 2})
        self.run_in(c, "ALTER WEBHOOK w ON STREAM s SEEK TO EARLIEST")
        self.wait_taken(other, 3)
        self.assertEqual([d.data["key"]["id"] for d in other.taken][1:3], [1, 2])
        self.run_in(c, "DROP WEBHOOK w ON STREAM s")
        wait_until(lambda: self.run_in(c, "SELECT count(*) FROM sys.actors WHERE kind = 'webhook'") == [(0,)])
        self.assertEqual(self.run_in(c, "SELECT * FROM sys.webhooks"), [])
        self.assertEqual(self.run_in(c, "SELECT * FROM sys.stream_partitions"), [])

    def test_only_who_may_reach_others_makes_one_and_secrets_stay_secret(self):
        c = self.connect()
        self.run_in(c, "CREATE ROLE maker LOGIN; CREATE ROLE reader LOGIN; GRANT ALL ON SCHEMA public TO maker")
        maker, reader = self.connect(user="maker"), self.connect(user="reader")
        self.run_in(maker, "CREATE TABLE t (id int PRIMARY KEY, v text)")
        self.run_in(maker, "CREATE STREAM s ON t")
        self.run_in(maker, "GRANT SELECT ON STREAM s TO reader")
        make = f"CREATE WEBHOOK w ON STREAM s TO 'http://localhost:1/x' WITH (secret = '{SECRET}', headers = 'A: b')"
        with self.assertRaises(psycopg2.Error) as refused:
            self.run_in(maker, make)
        self.assertEqual(refused.exception.pgcode, "42501")
        self.run_in(c, "GRANT pg_execute_server_program TO maker")
        self.run_in(maker, make)
        rows = {name: self.webhook(connection) for name, connection in
                (("maker", maker), ("reader", reader), ("postgres", c))}
        self.assertEqual((rows["maker"]["url"], rows["maker"]["headers"]), ("http://localhost:1/x", "A"))
        self.assertEqual((rows["reader"]["url"], rows["reader"]["headers"], rows["reader"]["last_error"]),
                         (None, None, None))
        for row in rows.values():
            self.assertNotIn("whsec_", repr(row))
        stranger = self.connect(user="reader")
        self.run_in(c, "REVOKE SELECT ON STREAM s FROM reader")
        self.assertEqual(self.run_in(stranger, "SELECT * FROM sys.webhooks"), [])
        for sql in ("CONSUME 1 FROM s GROUP w", "ACKNOWLEDGE s GROUP w BATCH '1'"):
            with self.assertRaises(psycopg2.Error) as refused:
                self.run_in(c, sql)
            self.assertEqual(refused.exception.pgcode, "55000")


if __name__ == "__main__":
    unittest.main(verbosity=2)
