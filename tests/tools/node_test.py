#!/usr/bin/env python3
"""troupe node and troupe inspect from outside: signals, exit codes, what they print.

TROUPE_BIN=build/release/tools/troupe tests/tools/node_test.py
"""
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import unittest

from processes import BINARY, PATIENCE_S, expect_no_sanitizer_report, free_port, wait_until

SUPERBLOCKS_BYTES = 8192


class NodeTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="troupe-node-")
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)
        self.data = self.scratch / "data"
        self.port = free_port()
        self.node = None
        self.addCleanup(self.end, signal.SIGKILL)

    def troupe(self, *arguments):
        return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=PATIENCE_S, check=False)

    def sql(self, *statements):
        arguments = [part for statement in statements for part in ("-c", statement)]
        done = self.troupe("sql", "--port", self.port, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def output(self):
        return (self.scratch / "output").read_text()

    def launch(self, *options):
        with open(self.scratch / "output", "w", encoding="utf-8") as output:
            self.node = subprocess.Popen([BINARY, "node", *options], stdout=output, stderr=subprocess.STDOUT)

    def start(self, *options):
        self.launch(*(options or ("--data", str(self.data), "--port", self.port)))
        wait_until(lambda: " ready on " in self.output() or self.node.poll() is not None, "the node is ready")
        self.assertIsNone(self.node.poll(), self.output())

    def refuses(self, problem):
        """It ends at once, and says what is wrong and what to do."""
        self.launch("--data", str(self.data), "--port", self.port)
        self.assertEqual(self.node.wait(PATIENCE_S), 1)
        self.assertIn(problem, self.output())
        self.assertIn("hint: ", self.output())

    def end(self, how):
        if self.node is None:
            return None
        if self.node.poll() is None:
            self.node.send_signal(how)
        code = self.node.wait(PATIENCE_S)
        expect_no_sanitizer_report(self.output())
        return code

    def inspect(self, what, *options):
        return self.troupe("inspect", what, "--data", str(self.data), *options)


class Node(NodeTest):
    def test_says_when_it_is_ready_and_stops_cleanly(self):
        for how in (signal.SIGINT, signal.SIGTERM):
            self.start()
            self.assertRegex(self.output(), rf"(?m)^troupe \S+ ready on 127\.0\.0\.1:{self.port}, data in {self.data} "
                                            r"\(\d+ cells, \d+ partitions, recovered to SCN \d+ in \d+ ms\)$")
            self.assertEqual(self.end(how), 0)
            self.assertIn(f"{how.name}: stopping", self.output())
            self.assertIn("stopped", self.output())

    def test_the_command_line_overrides_the_configuration_file(self):
        config = self.scratch / "troupe.toml"
        config.write_text(f'[node]\ndata_directory = "{self.data}"\nport = {self.port}\ncells = 2\npartitions = 3\n')
        self.start("--config", str(config), "--cells", "1")
        self.assertIn("(1 cells, 3 partitions,", self.output())
        self.assertEqual(self.sql("SELECT 1"), "1\n")

    def test_each_cell_has_a_core_of_its_own_where_there_are_as_many(self):
        cores = os.sched_getaffinity(0)
        config = self.scratch / "troupe.toml"
        for cells, pinned in ((1, True), (len(cores), False), (len(cores), True), (len(cores) + 1, True)):
            config.write_text(f'[node]\ndata_directory = "{self.data}"\nport = {self.port}\npartitions = 1\n'
                              f"cells = {cells}\npin_cells = {'true' if pinned else 'false'}\n")
            self.start("--config", str(config))
            cells_cores = self.cores_of_cells()
            self.assertEqual(len(cells_cores), cells)
            if pinned and cells == len(cores):
                self.assertEqual(len(set().union(*cells_cores)), cells, "no core twice")
                self.assertTrue(all(len(own) == 1 for own in cells_cores))
            else:
                self.assertTrue(all(own == cores for own in cells_cores))
            self.assertEqual(self.end(signal.SIGTERM), 0)

    def test_a_directory_keeps_its_partitions_on_a_machine_with_other_cores(self):
        self.start("--data", str(self.data), "--port", self.port, "--cells", "3")
        self.assertIn("(3 cells, 3 partitions,", self.output())
        self.sql("CREATE TABLE t AS SELECT i FROM generate_series(1, 1000) i")
        self.end(signal.SIGTERM)
        self.start("--data", str(self.data), "--port", self.port, "--cells", "70")
        self.assertIn("(70 cells, 3 partitions,", self.output())
        self.assertEqual(self.sql("SELECT count(*) FROM t"), "1000\n")
        self.end(signal.SIGTERM)
        self.start("--data", str(self.scratch / "many"), "--port", self.port, "--cells", "70")
        self.assertIn("(70 cells, 64 partitions,", self.output())

    def test_anybody_may_connect_to_the_unix_socket(self):
        config = self.scratch / "troupe.toml"
        config.write_text(f'[node]\nunix_socket_directory = "{self.scratch}"\n')
        self.start("--config", str(config), "--data", str(self.data), "--port", self.port)
        self.assertEqual((self.scratch / f".s.PGSQL.{self.port}").stat().st_mode & 0o777, 0o777)

    def cores_of_cells(self):
        tasks = pathlib.Path(f"/proc/{self.node.pid}/task")
        return [os.sched_getaffinity(int(task.name)) for task in tasks.iterdir()
                if (task / "comm").read_text().startswith("cell-")]

    def test_a_bad_configuration_is_named(self):
        config = self.scratch / "troupe.toml"
        for text, expected in [("[node]\nprot = 1\n", 'unknown configuration key "node.prot"'),
                               ('[node]\nlog_level = "loud"\n', 'node.log_level is "loud"')]:
            config.write_text(text)
            done = self.troupe("node", "--config", str(config), "--data", str(self.data), "--port", self.port)
            self.assertEqual(done.returncode, 1)
            self.assertIn(expected, done.stderr)
            self.assertIn("hint: ", done.stderr)

    def test_a_value_of_another_type_is_refused(self):
        config = self.scratch / "troupe.toml"
        for text, problem in (("[node]\npin_cells = 1\n", "node.pin_cells must be true or false"),
                              ('[limits]\ncache_bytes = "17179869185GB"\n', "limits.cache_bytes must be a number")):
            config.write_text(text)
            done = self.troupe("node", "--config", str(config), "--data", str(self.data), "--port", self.port)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"{config}:2: {problem}", done.stderr)

    def test_wrong_usage_is_exit_code_2(self):
        for options in (["--port", "0"], ["--port", "70000"], ["--partitions", "0"], ["--config", "/none"]):
            self.assertEqual(self.troupe("node", *options).returncode, 2, options)
        self.assertEqual(self.troupe("inspect").returncode, 2)
        self.assertEqual(self.troupe("inspect", "log").returncode, 2)

    def test_a_directory_and_a_port_have_one_node(self):
        self.start()
        same_data = self.troupe("node", "--data", str(self.data), "--port", free_port())
        self.assertEqual(same_data.returncode, 1)
        self.assertIn(f"in use by process {self.node.pid}", same_data.stderr)
        same_port = self.troupe("node", "--data", str(self.scratch / "other"), "--port", self.port)
        self.assertEqual(same_port.returncode, 1)
        self.assertIn(self.port, same_port.stderr)

    def test_survives_a_client_that_goes_away_while_rows_are_sent(self):
        self.start()
        client = subprocess.Popen([BINARY, "sql", "--port", self.port, "-c",
                                   "SELECT repeat('x', 1000) FROM generate_series(1, 1000000)"],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        client.stdout.read(10)
        client.kill()
        client.wait()
        client.stdout.close()
        self.assertEqual(self.sql("SELECT 1"), "1\n")

    def test_can_be_interrupted_before_it_is_ready(self):
        self.launch("--data", str(self.data), "--port", self.port)
        wait_until(lambda: " starts, process " in self.output(), "its signals are handled")
        self.assertIn(self.end(signal.SIGTERM), (0, 1))
        self.assertRegex(self.output(), "stopped")


class Inspect(NodeTest):
    def fill(self):
        self.start()
        self.sql("CREATE TABLE notes (id int PRIMARY KEY, body text)",
                 "INSERT INTO notes SELECT i, 'note ' || i FROM generate_series(1, 20000) AS i",
                 "INSERT INTO notes SELECT 100000 + i, repeat('long ' || i, 10000) FROM generate_series(1, 20) AS i",
                 "CREATE TABLE gone (id int PRIMARY KEY)", "INSERT INTO gone SELECT * FROM generate_series(1, 5000)")
        self.sql("CHECKPOINT")
        self.sql("DELETE FROM notes WHERE id % 3 = 0", "DROP TABLE gone")
        self.notes = int(self.sql("SELECT count(*) FROM notes"))
        self.sql("CHECKPOINT")

    def test_refuses_while_the_node_runs(self):
        self.start()
        for what in ("log", "checkpoint", "pages"):
            done = self.inspect(what)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"in use by process {self.node.pid}", done.stderr)
            self.assertIn("Stop that node first", done.stderr)

    def test_refuses_what_is_no_data_directory(self):
        done = self.troupe("inspect", "pages", "--data", str(self.scratch))
        self.assertEqual(done.returncode, 1)
        self.assertIn("is no data directory", done.stderr)
        self.assertEqual(list(self.scratch.iterdir()), [])

    def test_finds_nothing_wrong_after_a_stop_and_after_a_kill(self):
        self.fill()
        for how in (signal.SIGTERM, signal.SIGKILL):
            self.end(how)
            pages = self.inspect("pages")
            self.assertEqual(pages.returncode, 0, pages.stdout)
            self.assertIn("all sound", pages.stdout)
            self.assertRegex(pages.stdout, r" [1-9]\d* overflow")
            self.assertEqual(set(re.findall(r"(\d+) lost", pages.stdout)), {"0"})
            self.assertEqual(self.inspect("checkpoint").returncode, 0)
            self.assertEqual(self.inspect("log").returncode, 0)
            self.start()
            self.sql("INSERT INTO notes VALUES (0, 'after')", "DELETE FROM notes WHERE id = 0", "CHECKPOINT")

    def test_lists_slots_and_trees(self):
        self.fill()
        self.end(signal.SIGTERM)
        checkpoint = self.inspect("checkpoint").stdout
        self.assertEqual(checkpoint.count("<- current"), 2 * len(list(self.data.glob("partition-*.data"))))
        rows = {}  # of a tree, in all partitions
        for tree, count in re.findall(r"(?m)^ +(\d+) +(\d+) +\d+ +\d+ +\d+$", checkpoint):
            rows[tree] = rows.get(tree, 0) + int(count)
        self.assertIn(self.notes, rows.values())

    def test_prints_records_of_the_log_from_a_position_on(self):
        self.fill()
        self.end(signal.SIGTERM)
        lines = self.inspect("log").stdout.splitlines()
        self.assertIn("stopped cleanly", lines[-1])
        commits = [line for line in lines if " commit " in line]
        self.assertGreaterEqual(len(commits), 5)
        position = commits[2].split()[0]
        some = [line for line in self.inspect("log", "--from", position, "--lines", "2").stdout.splitlines()
                if not line.startswith("segment")]
        self.assertEqual(len(some), 2)
        self.assertTrue(some[0].startswith(position))

    def flip(self, file, offset):
        with open(file, "r+b") as opened:
            opened.seek(offset)
            byte = opened.read(1)
            opened.seek(offset)
            opened.write(bytes([byte[0] ^ 0x40]))

    def test_finds_every_damaged_page(self):
        self.fill()
        self.end(signal.SIGTERM)
        file = self.data / "partition-0.data"
        checkpoint = self.inspect("checkpoint").stdout
        directory = int(re.search(r"directory \d+ bytes at (\d+).*<- current", checkpoint).group(1))
        content = file.read_bytes()
        # Pages begin with their magic number and, eight bytes on, their own address.
        pages = [at for at in range(SUPERBLOCKS_BYTES, len(content), 512)
                 if content[at:at + 4] == b"TRPG" and int.from_bytes(content[at + 8:at + 16], "little") >> 23 == at // 512]
        self.assertIn(directory, pages)
        sound = self.inspect("pages").stdout
        found = 0
        for page in pages[:60]:
            self.flip(file, page + 70)
            done = self.inspect("pages")
            if done.returncode != 0:  # else a page of an older checkpoint, which nothing reaches
                found += 1
                self.assertIn("damaged: ", done.stdout)
                self.assertIn(f"page at byte {page} of {file}", done.stdout)
                self.assertIn("checksum", done.stdout)
            self.flip(file, page + 70)
        self.assertGreater(found, 10)
        self.assertEqual(self.inspect("pages").stdout, sound)

    def test_one_damaged_superblock_loses_nothing_and_two_are_refused(self):
        self.fill()
        self.end(signal.SIGTERM)
        rows = self.inspect("checkpoint").stdout
        self.assertEqual(rows.count("<- current"), 4, rows)
        file = self.data / "partition-0.data"
        self.flip(file, 20)
        torn = self.inspect("checkpoint")
        self.assertEqual(torn.returncode, 0)
        self.assertRegex(torn.stdout, "slot 0: not valid: .*checksum")
        self.start()
        self.assertIn("superblock of", self.sql("SELECT * FROM sys.events"))
        self.end(signal.SIGTERM)
        self.assertEqual(self.inspect("checkpoint").stdout.count("<- current"), 4)
        self.flip(file, 20)
        self.flip(file, 4096 + 20)
        self.assertEqual(self.inspect("checkpoint").returncode, 1)
        self.assertEqual(self.inspect("pages").returncode, 1)
        self.refuses("superblock of")


class LostFiles(NodeTest):
    """Rows written in bulk are in the data files only, the rest in the log too: no file may be missing unnoticed."""

    def setUp(self):
        super().setUp()
        self.start()
        self.sql("CREATE TABLE loaded AS SELECT i, i AS v FROM generate_series(1, 1000) i", "CREATE TABLE t (i int)",
                 "INSERT INTO t SELECT generate_series(1, 100)")

    def test_a_partitions_file(self):
        self.end(signal.SIGTERM)
        file = self.data / "partition-1.data"
        content = file.read_bytes()
        file.unlink()
        self.refuses("partition-1.data")
        self.assertFalse(file.exists(), "nothing is made in its place")
        file.write_bytes(b"")
        self.refuses("partition-1.data")
        file.write_bytes(content)
        self.start()
        self.assertEqual(self.sql("SELECT count(*) FROM loaded"), "1000\n")

    def test_what_was_fixed_when_the_directory_was_made(self):
        self.end(signal.SIGTERM)
        (self.data / "node.meta").unlink()
        self.refuses("node.meta is missing, but")

    def test_the_log(self):
        for point_too in (False, True):
            self.sql("CHECKPOINT", "INSERT INTO t VALUES (0)")
            self.end(signal.SIGTERM)
            away = self.scratch / "away"
            (self.data / "log").rename(away)
            point = (self.data / "recovery.point").read_bytes()
            if point_too:
                (self.data / "recovery.point").unlink()
            self.refuses("there is no log in")
            for path in (self.data / "log").glob("*"):
                path.unlink()
            (self.data / "log").rmdir()
            away.rename(self.data / "log")
            (self.data / "recovery.point").write_bytes(point)
            self.start()
        self.assertEqual(self.sql("SELECT count(*) FROM t"), "102\n")

    def test_a_segment_that_was_cut_short(self):
        self.end(signal.SIGTERM)
        segment = sorted((self.data / "log").glob("log-*.seg"))[-1]
        content = segment.read_bytes()
        used = int(re.search(r"(?m)^end (\d+)", self.inspect("log").stdout).group(1))
        for size in (used // 2 // 512 * 512, used // 4 * 3 + 1, used - 512, used, 100, 0):
            segment.write_bytes(content[:size])
            self.refuses(segment.name)
            inspected = self.inspect("log")
            self.assertEqual(inspected.returncode, 1)
            if size >= 512:
                self.assertIn(f"is {size} bytes, its header says {len(content)}", inspected.stderr)
        segment.write_bytes(content)
        self.start()
        self.assertEqual(self.sql("SELECT count(*) FROM t"), "100\n")

    def test_the_newest_segments_after_a_clean_stop(self):
        self.end(signal.SIGTERM)
        self.data = self.scratch / "small"
        config = self.scratch / "small.toml"
        config.write_text('[log]\nsegment_bytes = "2MB"\nrecord_bytes_max = "1MB"\n')
        options = ("--data", str(self.data), "--port", self.port, "--config", str(config))
        self.start(*options)
        self.sql("CREATE TABLE t (i int)")
        for _ in range(12):
            self.sql("INSERT INTO t SELECT i FROM generate_series(1, 30000) i")
        rows = self.sql("SELECT count(*) FROM t")
        self.end(signal.SIGTERM)
        end = int(re.search(r"(?m)^end (\d+)", self.inspect("log").stdout).group(1))
        segments = [path for path in sorted((self.data / "log").glob("log-*.seg")) if int(path.stem[4:], 16) < end]
        self.assertGreater(len(segments), 2)
        away = self.scratch / "away"
        away.mkdir()
        for segment in reversed(segments[1:]):  # from the newest that holds records on, one more each time
            for later in (self.data / "log").glob("log-*.seg"):
                if later.name >= segment.name:
                    later.rename(away / later.name)
            self.refuses(f'{segment.name}" is missing: the log ends at')
            inspected = self.inspect("log")
            self.assertEqual(inspected.returncode, 1)
            self.assertIn("is known to have reached", inspected.stdout)
        for path in away.glob("*"):
            path.rename(self.data / "log" / path.name)
        self.start(*options)
        self.assertEqual(self.sql("SELECT count(*) FROM t"), rows)

    def test_a_damaged_recovery_point_is_reported_and_done_without(self):
        self.sql("CHECKPOINT")
        self.end(signal.SIGTERM)
        path = self.data / "recovery.point"
        content = path.read_bytes()
        path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
        self.start()
        self.assertIn("recovery.point is damaged", self.sql("SELECT * FROM sys.events"))
        self.assertEqual(self.sql("SELECT count(*) FROM t"), "100\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
