"""What the tests of the binary share: where it is, free ports, waiting."""
import os
import pathlib
import socket
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/support"))
import sanitizers  # noqa: E402

BINARY = str(pathlib.Path(os.environ.get("TROUPE_BIN", ROOT / "build/release/tools/troupe")).resolve())
PATIENCE_S = 60 * sanitizers.SLOWNESS


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def expect_no_sanitizer_report(output):
    report = sanitizers.report_in(output)
    if report is not None:
        raise AssertionError(f"a sanitizer's report:\n{report}")


def is_running(pid):
    """A zombie has ended; only its parent has not looked yet."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition, what):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {PATIENCE_S} s until {what}")
        time.sleep(0.05)
