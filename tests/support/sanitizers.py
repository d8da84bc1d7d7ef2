"""Servers built with sanitizers (presets asan and tsan): how much longer they take, and what they report."""
import os
import re

# Times that only bound how long a test waits are multiplied by it. What a test asserts about the server is not.
SLOWNESS = float(os.environ.get("TROUPE_SLOWNESS", "1"))
REPORT = re.compile(r"^.*(?:WARNING: ThreadSanitizer|ERROR: (?:Address|Leak)Sanitizer|: runtime error: )", re.MULTILINE)
REPORT_CHARACTERS = 8000


def report_in(output):
    """The first report in what a server printed; None when there is none."""
    found = REPORT.search(output)
    return output[found.start():found.start() + REPORT_CHARACTERS] if found else None
