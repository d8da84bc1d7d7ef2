#!/usr/bin/python3
"""Starts a node of its own and runs a script against it: with_node.py SCRIPT [ARGUMENT ...] adds --port N."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import servers  # noqa: E402


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    with servers.TroupeServer() as node:
        command = [sys.executable, sys.argv[1], "--port", str(node.port)] + sys.argv[2:]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
