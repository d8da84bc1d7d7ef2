#!/usr/bin/python3
"""What a node says about itself: sys.actors, sys.limits, sys.events, sys.partitions, sys.checkpoints.

    TROUPE=build/release/tools/troupe tests/clients/sys_test.py
"""
import os
import sys
import tempfile
import threading
import time
import unittest

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import pgwire as pg  # noqa: E402
import sanitizers  # noqa: E402
import servers  # noqa: E402

CONFIG = """
[limits]
checkpoints_max = 12
events_max = 40
"""


def wait_until(condition, what, patience_s=20 * sanitizers.SLOWNESS):
    end = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience_s} s until {what}")
        time.sleep(0.05)


class SysTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        config = tempfile.NamedTemporaryFile("w", suffix=".toml")
        cls.addClassCleanup(config.close)
        config.write(CONFIG)
        config.flush()
        cls.node = servers.TroupeServer(["--config", config.name, "--cells", "2", "--partitions", "2"])
        cls.enterClassContext(cls.node)
        cls.connection = psycopg2.connect(cls.node.dsn())
        cls.connection.autocommit = True
        cls.addClassCleanup(cls.connection.close)

    def rows(self, sql, *values):
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, sql, *values):
        return self.rows(sql, *values)[0][0]

    def table(self, name, rows):
        self.rows(f"DROP TABLE IF EXISTS {name}")
        self.rows(f"CREATE TABLE {name} (id int8 PRIMARY KEY, payload text)")
        self.rows(f"INSERT INTO {name} SELECT g, repeat('x', 100) FROM generate_series(1, {rows}) g")

    def used(self, limit):
        return self.value("SELECT used FROM sys.limits WHERE name = %s", limit)

    def actor(self, name):
        return self.value("SELECT id FROM sys.actors WHERE name = %s", name)

    def kill(self, name):
        self.assertTrue(self.value("SELECT sys.kill_actor(%s)", self.actor(name)))

    # --- what PostgreSQL's own commands tell of the node ---

    def test_show_tells_of_this_node(self):
        self.assertEqual(self.value("SHOW port"), str(self.node.port))
        self.assertEqual(self.value("SHOW data_directory"), os.path.abspath(self.node.data))

    def test_cancelling_nobody_warns(self):
        self.connection.notices.clear()
        self.assertFalse(self.value("SELECT pg_cancel_backend(0)"))
        self.assertEqual(self.connection.notices, ["WARNING:  PID 0 is not a PostgreSQL server process\n"])

    def test_a_key_is_shown_with_its_columns_as_they_are_written(self):
        self.rows('CREATE TABLE named ("Col One" int UNIQUE, plain int, UNIQUE (plain, "Col One"))')
        self.rows("INSERT INTO named VALUES (1, 2)")
        with self.assertRaises(psycopg2.errors.UniqueViolation) as refused:
            self.rows("INSERT INTO named VALUES (1, 3)")
        self.assertEqual(refused.exception.diag.message_detail, 'Key ("Col One")=(1) already exists.')

    # --- sys.checkpoints ---

    def test_sizes_of_relations_grow_with_their_rows(self):
        self.table("sized", 20_000)
        self.rows("CREATE INDEX sized_payload ON sized (payload)")
        wait_until(lambda: self.value("SELECT pg_relation_size('sized')") > 20_000 * 100, "the table's size is known")
        wait_until(lambda: self.value("SELECT pg_relation_size('sized_payload')") > 20_000 * 100, "the index's is")
        table, index, all_indexes, total = self.rows(
            "SELECT pg_table_size('sized'), pg_relation_size('sized_payload'), pg_indexes_size('sized'),"
            " pg_total_relation_size('sized')")[0]
        self.assertLess(table, 20_000 * 160)
        self.assertEqual(index, all_indexes)
        self.assertEqual(total, table + index)
        self.assertGreaterEqual(self.value("SELECT pg_database_size('postgres')"), total)
        self.assertEqual(self.value("SELECT pg_relation_size('pg_class')"), 0)
        self.assertIsNone(self.value("SELECT pg_relation_size(4000000000::oid)"))
        self.rows("TRUNCATE sized")
        wait_until(lambda: self.value("SELECT pg_total_relation_size('sized')") == 0, "nothing is left")
        self.rows("DROP TABLE sized")

    def test_a_checkpoint_is_a_row_for_each_partition(self):
        self.table("checkpointed", 5_000)
        before = self.value("SELECT coalesce(max(id), 0) FROM sys.checkpoints")
        self.rows("CHECKPOINT")
        rows = self.rows("SELECT partition, scn, started_at <= now() AND started_at > now() - interval '1 minute', "
                         "duration_ms, pages, bytes, state, error FROM sys.checkpoints WHERE id > %s ORDER BY 1",
                         before)
        self.assertEqual([row[0] for row in rows], [0, 1])
        for _, scn, just_now, duration_ms, pages, size, state, error in rows:
            self.assertGreater(scn, 2)
            self.assertTrue(just_now)
            self.assertGreater(duration_ms, 0)
            self.assertGreater(pages, 0)
            self.assertGreater(size, pages * 32)
            self.assertEqual((state, error), ("done", None))

    def test_checkpoints_are_kept_up_to_a_limit(self):
        for _ in range(8):
            self.rows("CHECKPOINT")
        self.assertEqual(self.value("SELECT count(*) FROM sys.checkpoints"), 12)
        self.assertEqual(self.used("limits.checkpoints_max"), 12)
        ids = [row[0] for row in self.rows("SELECT id FROM sys.checkpoints")]
        self.assertEqual(ids, list(range(ids[0], ids[0] + 12)))

    def test_a_checkpoint_survives_the_actors_that_make_it(self):
        for name in ("page_writer", "partition[0]", "checkpointer", "transaction_manager"):
            with self.subTest(name):
                self.table("survived", 20_000)
                done = []

                def checkpoint(done=done):
                    with self.node.connect(timeout=30 * sanitizers.SLOWNESS) as wire:
                        done.append(wire.query("CHECKPOINT").error)

                thread = threading.Thread(target=checkpoint)
                thread.start()
                for _ in range(5):
                    self.kill(name)
                    time.sleep(0.01)
                thread.join(30 * sanitizers.SLOWNESS)
                self.assertEqual(done, [None])
                self.rows("CHECKPOINT")
                self.assertEqual(self.value("SELECT count(*) FROM sys.checkpoints WHERE state = 'running'"), 0)
                self.assertEqual(self.value("SELECT count(*) FROM survived"), 20_000)

    # --- sys.limits ---

    def test_each_limit_shows_how_much_of_it_is_used(self):
        for name, value, unit, used, description in self.rows("SELECT * FROM sys.limits"):
            self.assertGreater(value, 0, name)
            self.assertIn(unit, ("count", "bytes", "s"), name)
            self.assertGreaterEqual(used, 0, name)
            self.assertTrue(description, name)
        self.assertGreaterEqual(self.used("limits.connections_max"), 1)
        with psycopg2.connect(self.node.dsn()):
            self.assertGreaterEqual(self.used("limits.connections_max"), 2)

    def test_uncommitted_writes_count_while_they_are_pending(self):
        self.table("pending", 10)
        with psycopg2.connect(self.node.dsn()) as writer, writer.cursor() as cursor:
            cursor.execute("INSERT INTO pending SELECT g, repeat('y', 1000) FROM generate_series(100, 3000) g")
            wait_until(lambda: self.used("limits.pending_bytes_max") > 1_000_000, "the pending bytes are shown")
            writer.rollback()
        wait_until(lambda: self.used("limits.pending_bytes_max") < 1_000_000, "they are gone")

    def test_log_and_dirty_pages_count_until_a_checkpoint(self):
        self.rows("CHECKPOINT")
        before = self.used("checkpoint.log_bytes")
        self.table("logged", 20_000)
        wait_until(lambda: self.used("checkpoint.log_bytes") > before + 2_000_000, "the log has grown")
        wait_until(lambda: self.used("limits.dirty_bytes_max") > 2_000_000, "pages are dirty")
        self.assertGreater(self.used("log.retention_bytes_max"), 2_000_000)
        self.rows("CHECKPOINT")
        self.assertLess(self.used("checkpoint.log_bytes"), 1_000_000)
        self.assertLess(self.used("checkpoint.interval_s"), 10)
        wait_until(lambda: self.used("limits.dirty_bytes_max") < 1_000_000, "the pages are clean")
        self.assertGreater(self.used("limits.cache_bytes"), 1_000_000)

    def test_waiting_for_a_lock_counts(self):
        self.table("locked", 10)
        holder, waiter = self.node.connect(), self.node.connect()
        with holder, waiter:
            holder.query("BEGIN")
            holder.query("UPDATE locked SET payload = 'a' WHERE id = 1")
            waiter.send(pg.query("UPDATE locked SET payload = 'b' WHERE id = 1"))
            wait_until(lambda: self.used("limits.lock_waiters_max") == 1, "the waiter is shown")
            holder.query("COMMIT")
            self.assertIsNone(waiter.result().error)
        wait_until(lambda: self.used("limits.lock_waiters_max") == 0, "nobody waits")

    def test_memory_of_a_sort_counts_while_it_is_held(self):
        self.table("sorted", 50_000)
        with psycopg2.connect(self.node.dsn()) as reader, reader.cursor("sorting") as cursor:
            cursor.itersize = 10
            cursor.execute("SELECT payload, id FROM sorted ORDER BY payload, id DESC")
            cursor.fetchone()
            self.assertGreater(self.used("limits.sort_bytes_max"), 5_000_000)
        wait_until(lambda: self.used("limits.sort_bytes_max") < 1_000_000, "the sort's memory is given back")

    # --- sys.actors ---

    def test_actors_are_a_tree(self):
        rows = self.rows("SELECT id, parent, kind, name, state FROM sys.actors")
        by_id = {row[0]: row for row in rows}
        roots = [row for row in rows if row[1] == 0]
        self.assertEqual([row[3] for row in roots], ["node"])
        for actor, parent, kind, name, state in rows:
            self.assertEqual(state, "running", name)
            if parent != 0:
                self.assertEqual(by_id[parent][2], "supervisor", name)
        for kind in ("log_writer", "change_publisher", "partition", "lock_shard", "page_reader", "page_writer",
                     "checkpointer", "transaction_manager", "deadlock_detector", "sequences", "ticker", "listener",
                     "session"):
            self.assertIn(kind, {row[2] for row in rows})

    def test_messages_and_busy_time_grow_with_work(self):
        query = "SELECT sum(messages), sum(busy_ms) FROM sys.actors WHERE kind = 'partition'"
        messages, busy = self.rows(query)[0]
        self.table("worked", 50_000)
        after = self.rows(query)[0]
        self.assertGreater(after[0], messages)
        self.assertGreater(after[1], busy + 1)

    def test_a_mailbox_that_waits_is_shown(self):
        # Its own statement runs while sys.actors is read, so somebody's mailbox may hold a tick, nobody's a thousand.
        self.assertLess(self.value("SELECT max(mailbox_depth) FROM sys.actors"), 1_000)

    # --- sys.events and restarts ---

    def test_a_restart_is_counted_and_has_a_reason(self):
        for name in ("page_reader[0]", "partition[1]", "lock_shard[1]", "log_writer", "deadlock_detector", "sequences",
                     "storage"):
            with self.subTest(name):
                restarts = self.value("SELECT restarts FROM sys.actors WHERE name = %s", name)
                self.kill(name)
                wait_until(lambda name=name, restarts=restarts: self.rows(
                    "SELECT restarts, state FROM sys.actors WHERE name = %s", name) == [(restarts + 1, "running")],
                    f"{name} runs again")
                kind, reason = self.rows("SELECT kind, reason FROM sys.events WHERE source = %s "
                                         "ORDER BY id DESC LIMIT 1", name)[0]
                self.assertEqual(kind, "restart")
                self.assertIn("kill", reason)

    def test_events_are_kept_up_to_a_limit(self):
        for _ in range(45):
            self.kill("page_reader[0]")
            time.sleep(0.005)
        self.assertLessEqual(self.value("SELECT count(*) FROM sys.events"), 40)
        self.assertEqual(self.used("limits.events_max"), self.value("SELECT count(*) FROM sys.events"))

    def test_threads_of_killed_actors_end_though_everybody_else_is_idle(self):
        self.table("idle", 100)

        def threads():
            return len(os.listdir(f"/proc/{self.node.process.pid}/task"))
        with self.node.connect() as idle:
            idle.query("INSERT INTO idle SELECT id + 1000 FROM idle")
            before = threads()
            for kind in ("log_writer", "page_reader", "change_publisher", "page_writer", "page_reader", "log_writer"):
                actor, restarts = self.rows("SELECT id, restarts FROM sys.actors WHERE kind = %s ORDER BY 1 LIMIT 1", kind)[0]
                self.assertTrue(self.value("SELECT sys.kill_actor(%s)", actor))
                wait_until(lambda: self.value("SELECT count(*) FROM sys.actors WHERE id = %s AND restarts > %s "
                                              "AND state = 'running'", actor, restarts) == 1, f"the {kind} is there again")
            wait_until(lambda: threads() <= before, "the threads of those that were killed have ended")

    def test_killing_an_actor_that_is_not_there_says_so(self):
        self.assertFalse(self.value("SELECT sys.kill_actor(999999)"))

    # --- sys.partitions ---

    def test_partitions_show_what_they_hold(self):
        self.table("held", 20_000)
        self.rows("CHECKPOINT")
        rows = self.rows("SELECT id, state, applied_scn, trees, file_bytes, cached_bytes FROM sys.partitions ORDER BY 1")
        self.assertEqual([row[0] for row in rows], [0, 1])
        for _, state, applied, trees, file_bytes, cached in rows:
            self.assertEqual(state, "running")
            self.assertGreater(applied, 2)
            self.assertGreater(trees, 0)
            self.assertGreater(file_bytes, 100_000)
            self.assertGreater(cached, 0)


class AfterRecoveryTest(unittest.TestCase):
    def test_what_was_recovered_is_in_a_checkpoint_soon(self):
        with servers.TroupeServer(["--cells", "2"]) as node:
            for first in (0, 100_000):
                with node.connect(timeout=60 * sanitizers.SLOWNESS) as wire:
                    wire.query("CREATE TABLE IF NOT EXISTS recovered (id int8 PRIMARY KEY, payload text)")
                    result = wire.query(f"INSERT INTO recovered SELECT g, repeat('x', 200) FROM "
                                        f"generate_series({first + 1}, {first + 100_000}) g")
                    self.assertIsNone(result.error)
                node.kill()
                node.start()
            with node.connect() as wire:
                done = "SELECT count(*) FROM sys.checkpoints WHERE state = 'done'"
                wait_until(lambda: wire.query(done).rows[0][0] != b"0", "a checkpoint has been made")
                used = wire.query("SELECT used FROM sys.limits WHERE name = 'checkpoint.log_bytes'").rows[0][0]
                self.assertLess(int(used), 1_000_000)
                self.assertEqual(wire.query("SELECT count(*) FROM recovered").rows, [[b"200000"]])


class FirstConnectionTest(unittest.TestCase):
    def test_who_connects_while_the_node_starts_is_served_once_it_runs(self):
        with servers.TroupeServer() as node:
            for _ in range(15):
                node.kill()
                node.launch([node.binary, "node", "--data", node.data, "--port", str(node.port)],
                            preexec_fn=servers.die_with_parent)
                while True:
                    try:
                        with node.connect(timeout=5 * sanitizers.SLOWNESS) as wire:  # no second try: the first one may not hang
                            self.assertEqual(wire.query("SELECT 1").rows, [[b"1"]])
                        break
                    except ConnectionRefusedError:
                        time.sleep(0.001)


if __name__ == "__main__":
    unittest.main(verbosity=2)
