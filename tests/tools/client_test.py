#!/usr/bin/env python3
"""troupe sql and troupe subscribe from outside: what they print, exit codes, and how they take the end of a node.

TROUPE_BIN=build/release/tools/troupe tests/tools/client_test.py
"""
import json
import signal
import subprocess
import threading
import time
import unittest

from node_test import NodeTest
import sanitizers
from processes import BINARY, PATIENCE_S, free_port, wait_until


class ClientTest(NodeTest):
    def client(self, *arguments, text=None):
        return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=PATIENCE_S, check=False,
                              input=text)

    def run_sql(self, *arguments, text=None):
        return self.client("sql", "--port", self.port, *arguments, text=text)


class Usage(ClientTest):
    def test_every_subcommand_explains_itself(self):
        for command in ([], ["node"], ["sql"], ["subscribe"], ["inspect"], ["inspect", "log"], ["inspect", "pages"],
                        ["inspect", "checkpoint"], ["version"]):
            done = self.client(*command, "--help")
            self.assertEqual((done.returncode, done.stderr), (0, ""), command)
            self.assertIn("Usage:", done.stdout)
        self.assertRegex(self.client("--version").stdout, r"^troupe \d+\.\d+\.\d+\n$")

    def test_wrong_usage_is_exit_code_2(self):
        for command in ([], ["nonsense"], ["sql"], ["sql", "--port", "0", "-c", "x"], ["sql", "--port", "x", "-c", "x"],
                        ["subscribe"], ["subscribe", "t", "--format", "xml"], ["inspect"], ["node"], ["version", "x"]):
            done = self.client(*command)
            self.assertEqual(done.returncode, 2, command)
            self.assertNotEqual(done.stderr, "", command)
        self.assertIn('no subcommand "nonsense"', self.client("nonsense").stderr)

    def test_nobody_there_is_exit_code_3(self):
        for command in (["sql", "-c", "SELECT 1"], ["subscribe", "t"]):
            done = self.client(*command, "--port", free_port())
            self.assertEqual(done.returncode, 3, command)
            self.assertIn("hint: Is a node running there?", done.stderr)


class Sql(ClientTest):
    def setUp(self):
        super().setUp()
        self.start()

    def test_a_failed_statement_is_exit_code_1_and_ends_the_script(self):
        done = self.run_sql("-c", "SELECT 1; SELECT 1/0; SELECT 2", "-c", "SELECT 3")
        self.assertEqual((done.returncode, done.stdout), (1, "1\n"))
        self.assertIn("division by zero", done.stderr)
        done = self.run_sql("--keep-going", "-c", "SELECT 1/0", "-c", "SELECT 3")
        self.assertEqual((done.returncode, done.stdout), (1, "3\n"))
        done = self.client("sql", "--port", self.port, "-d", "nowhere", "-c", "SELECT 1")
        self.assertEqual(done.returncode, 1)
        self.assertIn('database "nowhere" does not exist', done.stderr)

    def test_runs_files_and_standard_input(self):
        script = self.scratch / "script.sql"
        script.write_text("-- a comment;\nCREATE TABLE notes (id int PRIMARY KEY, body text);\n"
                          "INSERT INTO notes VALUES (1, 'semi;colon'), (2, NULL);\nSELECT * FROM notes ORDER BY id;\n")
        self.assertEqual(self.run_sql("--header", "-f", str(script)).stdout, "id\tbody\n1\tsemi;colon\n2\t\\N\n")
        self.assertEqual(self.run_sql("-f", "-", text="SELECT count(*) FROM notes").stdout, "2\n")
        self.assertEqual(self.run_sql("-f", "/none").returncode, 1)

    def test_a_file_is_run_statement_by_statement(self):
        script = self.scratch / "script.sql"
        script.write_text("CREATE TABLE kg (a int PRIMARY KEY);\nINSERT INTO kg VALUES (1);\n\n-- once more;\n"
                          "INSERT INTO kg\nVALUES (1);\nINSERT INTO kg VALUES (2);\nSELECT a, $$x;'$$ FROM kg ORDER BY a")
        done = self.run_sql("-f", str(script))
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(f'{script}:5: ERROR:  duplicate key value violates unique constraint "kg_pkey"', done.stderr)
        self.assertEqual(self.sql("SELECT a FROM kg"), "1\n")
        self.sql("DELETE FROM kg")
        done = self.run_sql("--keep-going", "-f", "-", text=script.read_text() + ";\n\\timing on\nSELECT 'last'")
        self.assertEqual((done.returncode, done.stdout), (1, "1\tx;'\n2\tx;'\nlast\n"))
        self.assertIn('<stdin>:1: ERROR:  relation "kg" already exists', done.stderr)
        self.assertIn("<stdin>:9: ERROR:  psql's commands are not known here: \\timing on", done.stderr)
        self.run_sql("--keep-going", "-f", "-", text="BEGIN; DELETE FROM kg; SELECT 1/0; INSERT INTO kg VALUES (9); COMMIT")
        self.assertEqual(self.sql("SELECT count(*) FROM kg"), "2\n")

    def test_a_file_may_hold_rows_for_copy(self):
        text = ("CREATE TABLE c (a int, b text);\nCOPY public.c (a, b) FROM stdin;\n1\tone;\n2\t'\n\\.\n\n"
                "COPY nowhere FROM STDIN;\nDROP TABLE c;\n\\.\n"
                "COPY c FROM STDIN (FORMAT csv); SELECT count(*) FROM c;\n3,\"two\nlines\"\n")
        done = self.run_sql("--keep-going", "-f", "-", text=text)
        self.assertEqual((done.returncode, done.stdout), (1, "3\n"), done.stderr)
        self.assertEqual(done.stderr.count("ERROR"), 1)
        self.assertEqual(self.sql("SELECT * FROM c ORDER BY a"), "1\tone;\n2\t'\n3\ttwo\nlines\n")
        done = self.run_sql("-f", "-", text="SELECT 1;\nCOPY c FROM STDIN;\n7\tok\nx\tno\n\\.\nSELECT 2")
        self.assertEqual((done.returncode, done.stdout), (1, "1\n"))
        self.assertIn('<stdin>:2: ERROR:  invalid input syntax for type integer: "x"\nCONTEXT:  COPY c, line 2, column a: "x"',
                      done.stderr)

    def test_copies_from_standard_input_and_to_standard_output(self):
        self.sql("CREATE TABLE notes (id int PRIMARY KEY, body text)")
        self.assertEqual(self.run_sql("-c", "COPY notes FROM STDIN", text="1\tone\n2\t\\N\n").returncode, 0)
        self.assertEqual(self.run_sql("-c", "COPY (SELECT * FROM notes ORDER BY id) TO STDOUT (FORMAT csv)").stdout,
                         "1,one\n2,\n")
        self.assertEqual(self.run_sql("-c", "COPY notes FROM STDIN", text="x\n").returncode, 1)

    def test_a_node_that_is_killed_is_exit_code_3(self):
        running = subprocess.Popen([BINARY, "sql", "--port", self.port, "-c", "SELECT pg_sleep(30)"],
                                   stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        wait_until(lambda: "pg_sleep(30)" in self.sql("SELECT query FROM pg_stat_activity"), "the statement runs")
        self.end(signal.SIGKILL)
        _, problem = running.communicate(timeout=PATIENCE_S)
        self.assertEqual(running.returncode, 3, problem)


class Subscribe(ClientTest):
    def setUp(self):
        super().setUp()
        self.start()
        self.sql("CREATE TABLE events (id int8 PRIMARY KEY, body text)")
        self.output_file = self.scratch / "events"
        self.token_file = self.scratch / "token"
        self.followers = []
        self.addCleanup(self.kill_followers)

    def kill_followers(self):
        for follower in self.followers:
            follower.kill()
            follower.wait()

    def follow(self, *options, table="events"):
        with open(self.output_file, "a", encoding="utf-8") as output:
            follower = subprocess.Popen([BINARY, "subscribe", "--port", self.port, table, *options], stdout=output,
                                        stderr=subprocess.DEVNULL)
        self.followers.append(follower)
        return follower

    def follow_with_token(self):
        follower = self.follow("--format", "json", "--token-file", str(self.token_file))
        wait_until(self.token_file.exists, "the subscription has begun")
        return follower

    def ids(self):
        return [json.loads(line)["after"]["id"] for line in self.output_file.read_text().splitlines()]

    def restart(self, how=signal.SIGKILL):
        self.end(how)
        self.start()

    def test_prints_each_change_as_json(self):
        follower = self.follow("--format", "json", "--count", "4", "--token-file", str(self.token_file))
        wait_until(self.token_file.exists, "the subscription has begun")
        self.sql("INSERT INTO events VALUES (1, 'a \"quoted\" ü')", "UPDATE events SET body = NULL",
                 "BEGIN; DELETE FROM events; INSERT INTO events VALUES (2, ''); COMMIT")
        self.assertEqual(follower.wait(PATIENCE_S), 0)
        lines = [json.loads(line) for line in self.output_file.read_text().splitlines()]
        self.assertEqual([(line["op"], line["before"], line["after"]) for line in lines],
                         [("insert", None, {"id": 1, "body": 'a "quoted" ü'}),
                          ("update", {"id": 1, "body": 'a "quoted" ü'}, {"id": 1, "body": None}),
                          ("delete", {"id": 1, "body": None}, None), ("insert", None, {"id": 2, "body": ""})])
        self.assertEqual(len({line["token"] for line in lines}), 4)
        self.assertEqual(lines[2]["scn"], lines[3]["scn"])
        self.assertEqual(self.token_file.read_text().strip(), lines[3]["token"])

    def test_prints_a_table_too(self):
        follower = self.follow("--count", "1", "--token-file", str(self.token_file))
        wait_until(self.token_file.exists, "the subscription has begun")
        self.sql("INSERT INTO events VALUES (7, 'seven')")
        self.assertEqual(follower.wait(PATIENCE_S), 0)
        head, row = self.output_file.read_text().splitlines()
        self.assertEqual(head.split()[:4], ["token", "scn", "op", "table"])
        self.assertIn("insert", row)
        self.assertIn('"seven"', row)

    def test_goes_on_from_its_token_file(self):
        for first in (1, 11):
            follower = self.follow("--format", "json", "--count", "10", "--token-file", str(self.token_file))
            wait_until(self.token_file.exists, "the subscription has begun")
            self.sql(f"INSERT INTO events SELECT g FROM generate_series({first}, {first + 9}) g")
            self.assertEqual(follower.wait(PATIENCE_S), 0)
        ids = self.ids()  # those of one commit come in the order of its log record
        self.assertEqual((sorted(ids[:10]), sorted(ids[10:])), (list(range(1, 11)), list(range(11, 21))))

    def test_sees_every_change_once_across_kills_of_the_node(self):
        self.follow_with_token()
        acknowledged = []
        stopping = threading.Event()

        def write():
            number = 0
            while not stopping.is_set():
                number += 1
                done = self.run_sql("-c", f"INSERT INTO events VALUES ({number})")
                if done.returncode == 0:
                    acknowledged.append(number)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for _ in range(3):
                time.sleep(0.7)
                self.restart()
            time.sleep(0.7)
        finally:
            stopping.set()
            writer.join()
        there = [int(line) for line in self.sql("SELECT id FROM events ORDER BY id").split()]
        self.assertEqual([number for number in acknowledged if number not in set(there)], [])
        wait_until(lambda: len(self.ids()) >= len(there), "every change has come")
        time.sleep(0.2)
        self.assertEqual(self.ids(), there)

    def test_misses_nothing_when_the_node_is_killed_before_the_first_change(self):
        follower = self.follow_with_token()
        follower.send_signal(signal.SIGSTOP)
        self.restart()
        self.sql("INSERT INTO events VALUES (1)")
        follower.send_signal(signal.SIGCONT)
        wait_until(lambda: self.ids() == [1], "the change has come")

    def test_comes_back_after_a_clean_stop_too(self):
        self.follow_with_token()
        self.sql("INSERT INTO events VALUES (1)")
        wait_until(lambda: self.ids() == [1], "the change has come")
        self.restart(signal.SIGTERM)
        self.sql("INSERT INTO events VALUES (2)")
        wait_until(lambda: self.ids() == [1, 2], "the change has come")

    def test_an_unknown_table_or_token_is_exit_code_1(self):
        for arguments, expected in ((["nowhere"], 'relation "nowhere" does not exist'),
                                    (["events", "--from", "x"], "invalid resume token"),
                                    (["events", "--from", "999999.0"], "has not happened")):
            done = self.client("subscribe", "--port", self.port, *arguments)
            self.assertEqual(done.returncode, 1, arguments)
            self.assertIn(expected, done.stderr)

    def test_output_that_cannot_be_written_ends_it(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            follower = subprocess.Popen([BINARY, "subscribe", "--port", self.port, "events", "--token-file",
                                         str(self.token_file)], stdout=full, stderr=subprocess.PIPE, text=True)
        self.followers.append(follower)
        wait_until(self.token_file.exists, "the subscription has begun")
        before = self.token_file.read_text()
        self.sql("INSERT INTO events VALUES (1)")
        _, problem = follower.communicate(timeout=PATIENCE_S)
        self.assertEqual(follower.returncode, 1)
        self.assertIn("cannot write the output", problem)
        self.assertEqual(self.token_file.read_text(), before)


class CleanStop(ClientTest):
    """SIGTERM and SIGINT end a node with code 0 and soon, whoever is connected."""

    def stop_within(self, seconds, how):
        begin = time.monotonic()
        self.assertEqual(self.end(how), 0, self.output())
        self.assertLess(time.monotonic() - begin, seconds * sanitizers.SLOWNESS)

    def test_with_idle_slow_and_working_clients(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            self.start()
            self.sql("DROP TABLE IF EXISTS stopped", "CREATE TABLE stopped (id int8 PRIMARY KEY, body text)")
            quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
            idle = subprocess.Popen([BINARY, "subscribe", "--port", self.port, "stopped", "--no-reconnect"], **quiet)
            slow = subprocess.Popen([BINARY, "subscribe", "--port", self.port, "stopped", "--no-reconnect"], **quiet)
            waiting = subprocess.Popen([BINARY, "sql", "--port", self.port, "-c", "SELECT pg_sleep(60)"], **quiet)
            clients = [idle, slow, waiting]
            try:
                time.sleep(0.5)
                slow.send_signal(signal.SIGSTOP)
                for first in range(0, 100_000, 20_000):
                    self.sql(f"INSERT INTO stopped SELECT g, repeat('x', 200) FROM generate_series({first}, "
                             f"{first + 19_999}) g")
                working = subprocess.Popen([BINARY, "sql", "--port", self.port, "-c",
                                            "UPDATE stopped SET body = repeat('y', 200)"], **quiet)
                clients.append(working)
                time.sleep(0.1)
                self.stop_within(8, how)
            finally:
                for client in clients:
                    client.kill()
                    client.communicate()

    def test_what_was_acknowledged_is_there_after_a_stop_under_load(self):
        self.start()
        self.sql("CREATE TABLE stopped (id int8 PRIMARY KEY)")
        acknowledged = []

        def write():
            number = 0
            while self.run_sql("-c", f"INSERT INTO stopped VALUES ({number})").returncode == 0:
                acknowledged.append(number)
                number += 1

        writer = threading.Thread(target=write)
        writer.start()
        until = time.monotonic() + 20 * sanitizers.SLOWNESS
        while not acknowledged and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(1)
        self.stop_within(8, signal.SIGTERM)
        writer.join()
        self.start()
        there = {int(line) for line in self.sql("SELECT id FROM stopped").split()}
        self.assertTrue(acknowledged)
        self.assertEqual(set(acknowledged) - there, set())


if __name__ == "__main__":
    unittest.main(verbosity=2)
