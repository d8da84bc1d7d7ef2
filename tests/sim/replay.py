"""The same seeds in two processes give the same runs: addresses and hash seeds differ, traces must not."""
import os
import subprocess
import sys

SIM = os.environ["TROUPE_SIM"]
PATIENCE_S = 125 * float(os.environ.get("TROUPE_SLOWNESS", "1"))


def traces(arguments):
    return subprocess.run([SIM, *arguments], capture_output=True, text=True, check=False, timeout=PATIENCE_S).stdout


def main():
    arguments = sys.argv[1:] or ["--seed", "100", "--seeds", "40"]
    first, second = (
        [line for line in traces(arguments).splitlines() if line.startswith("seed ")] for _ in range(2)
    )
    if not first:
        sys.exit("no seed was run")
    different = [f"{a}\n{b}" for a, b in zip(first, second) if a != b]
    if different or len(first) != len(second):
        sys.exit("two processes differ:\n" + "\n".join(different[:5]))
    print(f"{len(first)} seeds gave the same traces in two processes")


main()
