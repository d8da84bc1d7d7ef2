"""Starts and stops the servers that tests and benchmarks talk to. Whatever was started is stopped with the script: each
class is a context manager, and its process dies with its parent."""
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import sanitizers
from pgwire import Wire

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
POSTGRES_BIN = os.environ.get("POSTGRES_BIN", "/usr/lib/postgresql/15/bin")
TROUPE = os.environ.get("TROUPE", os.path.join(ROOT, "build/release/tools/troupe"))
NULLPG_SOURCE = os.path.join(ROOT, "../shared/bench/nullpg.c")


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def stop_process(process, first_signal, patience_s):
    """Asks with `first_signal`, then kills."""
    if process is None or process.poll() is not None:
        return
    process.send_signal(first_signal)
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Server:
    """One process that speaks PostgreSQL's protocol on 127.0.0.1:port and in socket_dir."""
    name = "server"
    user = "postgres"
    database = "postgres"

    def __init__(self):
        self.port = free_port()
        self.dir = tempfile.mkdtemp(prefix=f"{self.name}_")
        self.socket_dir = self.dir
        self.process = None

    def __enter__(self):
        try:
            self.prepare()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stop()
        report = self.sanitizer_report()
        shutil.rmtree(self.dir, ignore_errors=True)
        if report is not None:
            raise AssertionError(f"{self.name} has a sanitizer's report in its log:\n{report}")

    def sanitizer_report(self):
        if not os.path.exists(self.log_path):
            return None
        with open(self.log_path, errors="replace") as log:
            return sanitizers.report_in(log.read())

    def prepare(self):
        pass

    def start(self):
        """Returns how many seconds passed until the first query was answered."""
        raise NotImplementedError

    def stop(self):
        stop_process(self.process, signal.SIGTERM, 20 * sanitizers.SLOWNESS)
        self.process = None

    def kill(self):
        """kill -9 of the server and its children: what a crash is."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)  # launch() made it a group of its own
            self.process.wait()
            self.process = None

    @property
    def log_path(self):
        return os.path.join(self.dir, "server.log")

    def launch(self, command, **options):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True, **options)

    def wait_ready(self, patience_s=30 * sanitizers.SLOWNESS):
        """Until a query is answered; returns how many seconds that took."""
        begin = time.monotonic()
        while True:
            try:
                with self.connect() as wire:
                    wire.query("SELECT 1")
                    return time.monotonic() - begin
            except Exception as problem:
                if self.process.poll() is not None:
                    raise RuntimeError(f"{self.name} ended with {self.process.returncode}: {self.log_tail()}")
                if time.monotonic() - begin > patience_s:
                    raise RuntimeError(f"{self.name} does not answer ({problem}): {self.log_tail()}")
                time.sleep(0.01)

    def connect(self, timeout=10 * sanitizers.SLOWNESS):
        wire = Wire.connect(port=self.port, timeout=timeout)
        try:
            return wire.startup(self.user, self.database)
        except BaseException:
            wire.close()
            raise

    def log_tail(self, lines=15):
        with open(self.log_path, errors="replace") as log:
            return "".join(log.readlines()[-lines:])

    def dsn(self):
        return f"host=127.0.0.1 port={self.port} user={self.user} dbname={self.database} connect_timeout={5 * sanitizers.SLOWNESS:.0f}"

    def process_ids(self):
        """The server's processes: its own and its children."""
        own, ids = self.process.pid, []
        for entry in os.listdir("/proc"):
            try:
                if entry.isdigit() and os.getpgid(int(entry)) == own:
                    ids.append(int(entry))
                elif entry.isdigit() and parent_of(int(entry)) == own:
                    ids.append(int(entry))
            except (ProcessLookupError, FileNotFoundError):
                pass  # it ended meanwhile
        return ids

    def memory_bytes(self):
        """Proportional set size: memory that processes share is counted once."""
        total = 0
        for process_id in self.process_ids():
            try:
                with open(f"/proc/{process_id}/smaps_rollup") as rollup:
                    total += next(int(line.split()[1]) for line in rollup if line.startswith("Pss:")) * 1024
            except (ProcessLookupError, FileNotFoundError, StopIteration):
                pass
        return total

    def settings(self):
        return {}


def parent_of(process_id):
    with open(f"/proc/{process_id}/stat") as stat:
        return int(stat.read().rpartition(")")[2].split()[1])


class PostgresServer(Server):
    """A private PostgreSQL, run by the user postgres when this script is root's (root may not run it)."""
    name = "postgres"
    SETTINGS = {"fsync": "on", "synchronous_commit": "on", "shared_buffers": "1GB", "max_wal_size": "8GB"}

    def __init__(self, settings=None):
        super().__init__()
        self.extra = dict(self.SETTINGS, **(settings or {}))
        self.data = os.path.join(self.dir, "data")
        self.as_user = []
        if os.geteuid() == 0:
            shutil.chown(self.dir, "postgres", "postgres")
            self.as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]

    def prepare(self):
        command = [f"{POSTGRES_BIN}/initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                   "--locale=C.UTF-8"]
        with open(self.log_path, "ab") as log:
            subprocess.run(self.as_user + command, stdout=log, stderr=log, check=True, cwd="/")

    def start(self):
        options = [f"-c{name}={value}" for name, value in self.extra.items()]
        # Quitting with the parent: setpriv sets the signal after it has changed the user, which would clear it.
        guard = self.as_user + ["--pdeathsig", "QUIT"] if self.as_user else []
        self.launch(guard + [f"{POSTGRES_BIN}/postgres", "-D", self.data, "-p", str(self.port), "-k", self.dir,
                             "-clisten_addresses=127.0.0.1"] + options,
                    cwd="/", preexec_fn=None if guard else die_with_parent)
        return self.wait_ready()

    def stop(self):
        stop_process(self.process, signal.SIGINT, 30)  # fast shutdown
        self.process = None

    def settings(self):
        version = subprocess.run([f"{POSTGRES_BIN}/postgres", "--version"], capture_output=True, text=True).stdout
        return dict({"version": version.strip(), "locale": "C.UTF-8"}, **self.extra)


class TroupeServer(Server):
    name = "troupe"

    def __init__(self, arguments=(), binary=TROUPE):
        super().__init__()
        self.binary = binary
        self.arguments = list(arguments)
        self.data = os.path.join(self.dir, "data")
        if not os.access(binary, os.X_OK):
            shutil.rmtree(self.dir, ignore_errors=True)
            raise FileNotFoundError(f"{binary} is not built (or set TROUPE to where it is)")

    def start(self):
        self.launch([self.binary, "node", "--data", self.data, "--port", str(self.port)] + self.arguments,
                    preexec_fn=die_with_parent)
        return self.wait_ready()

    def settings(self):
        return {"binary": os.path.relpath(self.binary, ROOT), "arguments": " ".join(self.arguments) or "(defaults)"}


class NullServer(Server):
    """Canned answers and no work: the ceiling that pgbench can reach here."""
    name = "null"

    @staticmethod
    def available():
        return os.path.exists(NULLPG_SOURCE) and shutil.which("cc") is not None

    def prepare(self):
        self.binary = os.path.join(self.dir, "nullpg")
        subprocess.run(["cc", "-O2", "-pthread", "-w", "-o", self.binary, NULLPG_SOURCE], check=True)

    def start(self):
        self.launch([self.binary, str(self.port), self.dir, "2", "epoll"], preexec_fn=die_with_parent)
        return self.wait_ready()

    def settings(self):
        return {"threads": "2", "mode": "epoll"}


class RunningServer(Server):
    """Somebody else's server; it is neither started nor stopped."""
    name = "running"

    def __init__(self, host, port, user="postgres", database="postgres"):
        self.host, self.port, self.user, self.database = host, port, user, database

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def connect(self, timeout=10 * sanitizers.SLOWNESS):
        return Wire.connect(self.host, self.port, timeout).startup(self.user, self.database)


def add_server_arguments(parser, default="troupe"):
    parser.add_argument("--server", choices=["troupe", "postgres"], default=default, help="what to start")
    parser.add_argument("--troupe", default=TROUPE, help="the troupe executable")


def make_server(args):
    try:
        return PostgresServer() if args.server == "postgres" else TroupeServer(binary=args.troupe)
    except FileNotFoundError as missing:
        sys.exit(str(missing))
