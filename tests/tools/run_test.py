#!/usr/bin/env python3
"""tools/run from outside: what somebody sees who types it for the first time.

TROUPE_BIN=build/release/tools/troupe tests/tools/run_test.py
Needs psql. Takes free ports of 127.0.0.1 and directories of its own, and stops every node it started.
"""
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import unittest

from processes import (BINARY, PATIENCE_S, ROOT, expect_no_sanitizer_report, free_port, is_running,
                       wait_until)


class RunTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="troupe run ")  # a blank, because paths have them
        self.addCleanup(scratch.cleanup)
        self.data = pathlib.Path(scratch.name) / "data"
        self.port = free_port()
        self.environment = dict(os.environ, TROUPE_BIN=BINARY)
        self.addCleanup(self.stop_and_look)

    def command(self, *options):
        return [str(ROOT / "tools/run"), "--data", str(self.data), "--port", self.port, *options]

    def run_tool(self, *options):
        # Files, not pipes: the node in the background would keep a pipe open.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(self.command(*options), env=self.environment, stdout=output,
                                  stderr=subprocess.STDOUT, timeout=PATIENCE_S, check=False)
            output.seek(0)
            return done.returncode, output.read()

    def pid(self):
        try:
            return int((self.data / "node.pid").read_text())
        except FileNotFoundError:
            return None

    def stop_and_look(self):
        self.stop(signal.SIGKILL)
        log = self.data / "node.log"
        expect_no_sanitizer_report(log.read_text() if log.exists() else "")

    def stop(self, how):
        pid = self.pid()
        if pid is None or not is_running(pid):
            return
        os.kill(pid, how)
        wait_until(lambda: not is_running(pid), "the node has ended")

    def psql(self, statement):
        done = subprocess.run(["psql", "-h", "127.0.0.1", "-p", self.port, "-U", "postgres", "-AtXc", statement],
                              capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def start(self, *options):
        code, output = self.run_tool(*options)
        log = self.data / "node.log"
        self.assertEqual(code, 0, output + (log.read_text() if log.exists() else ""))
        return output

    def test_starts_a_node_with_sample_data_and_says_what_to_type(self):
        output = self.start()
        self.assertIn(f"psql -h 127.0.0.1 -p {self.port} -U postgres", output)
        self.assertIn(f"subscribe --port {self.port} countries", output)
        self.assertEqual(self.psql("SELECT official_name FROM countries WHERE code = 'CH'"), "Swiss Confederation")
        for table, least in [("countries", 249), ("subdivisions", 5000), ("currencies", 170), ("languages", 7900),
                             ("time_zones", 400)]:
            self.assertGreaterEqual(int(self.psql(f"SELECT count(*) FROM {table}")), least)
        self.assertEqual(self.psql("SELECT latitude < 0 FROM time_zones WHERE name = 'Pacific/Auckland'"), "t")

    def test_says_that_it_already_runs(self):
        self.start("--no-sample")
        pid = self.pid()
        output = self.start("--no-sample")
        self.assertIn(f"already runs in {self.data}: port {self.port}, process {pid}", output)
        self.assertEqual(self.pid(), pid)

    def test_keeps_its_data_through_a_stop_and_a_kill(self):
        self.start()
        self.psql("UPDATE countries SET name = 'Aotearoa' WHERE code = 'NZ'")
        for how in (signal.SIGTERM, signal.SIGKILL):
            self.stop(how)
            output = self.start()
            self.assertNotIn("Loaded", output)
            self.assertEqual(self.psql("SELECT name FROM countries WHERE code = 'NZ'"), "Aotearoa")

    def test_loads_only_what_is_missing(self):
        self.start()
        self.psql("DROP TABLE currencies")
        self.stop(signal.SIGTERM)
        output = self.start()
        self.assertEqual([line for line in output.splitlines() if line.startswith("Loaded")],
                         ["Loaded currencies: 181 rows"])

    def test_no_sample_means_no_tables(self):
        self.start("--no-sample")
        self.assertEqual(self.psql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0")

    def test_names_the_option_when_the_port_is_taken(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", int(self.port)))
            other.listen()
            code, output = self.run_tool()
        self.assertEqual(code, 1)
        self.assertRegex(output, rf"port {self.port} on 127\.0\.0\.1 is taken .* tools/run --port \d+")
        self.assertFalse(self.data.exists())

    def test_reports_why_a_node_does_not_start(self):
        self.data.mkdir()
        (self.data / "node.meta").write_text("this is no node's")
        code, output = self.run_tool()
        self.assertEqual(code, 1)
        self.assertIn("node.meta is damaged", output)
        self.assertIsNone(self.pid())

    def foreground(self, how):
        """Ctrl-C reaches the terminal's whole process group, SIGTERM only the one it is sent to."""
        log = tempfile.TemporaryFile("w+")
        self.addCleanup(log.close)
        process = subprocess.Popen(self.command("--foreground", "--no-sample"), env=self.environment, stdout=log,
                                   stderr=subprocess.STDOUT, start_new_session=True)

        def text():
            log.seek(0)
            return log.read()

        try:
            wait_until(lambda: "In another terminal" in text() or process.poll() is not None, "the node is ready")
            self.assertIsNone(process.poll(), text())
            self.assertEqual(self.psql("SELECT 1"), "1")
            node = self.pid()
            (os.killpg if how == signal.SIGINT else os.kill)(process.pid, how)
            self.assertEqual(process.wait(PATIENCE_S), 0, text())
            self.assertFalse(is_running(node))
            self.assertIsNone(self.pid())
            self.assertIn("stopped", text())
        finally:
            process.kill()
            process.wait()

    def test_foreground_ends_cleanly_with_ctrl_c(self):
        self.foreground(signal.SIGINT)

    def test_foreground_ends_cleanly_with_sigterm(self):
        self.foreground(signal.SIGTERM)

    def test_wrong_usage_is_exit_code_2(self):
        for options in (["--port", "0"], ["--port", "70000"], ["--port", "x"], ["--port"], ["--data"], ["--unknown"]):
            done = subprocess.run([str(ROOT / "tools/run"), *options], env=self.environment, capture_output=True,
                                  text=True, check=False)
            self.assertEqual(done.returncode, 2, options)
            self.assertIn("tools/run [--port N]", done.stderr)

    def test_help_is_exit_code_0(self):
        done = subprocess.run([str(ROOT / "tools/run"), "--help"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0)
        for option in ("--port", "--data", "--no-sample", "--foreground"):
            self.assertIn(option, done.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
