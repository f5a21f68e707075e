#!/usr/bin/env python3
"""Counts the instructions that a message costs the hub, under valgrind, and fails above --most.

Unlike times they are the same in every run. Libraries and compilers move them by some percent: --most leaves room for
that. What has become dearer on purpose raises it, in the commit that does so.
"""
import argparse
import re
import subprocess
import sys

MESSAGES = 20_000

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--valgrind", required=True)
parser.add_argument("--program", required=True, help="kefu-steady")
parser.add_argument("--policies", type=int, default=0, help="local ones, in a chain")
parser.add_argument("--most", type=int, required=True, help="instructions a message")
parser.add_argument("--receivers", type=int, default=1, help="devices of the agent, which all get each message")
options = parser.parse_args()

command = [options.valgrind, "--tool=callgrind", "--toggle-collect=measured", "--callgrind-out-file=/dev/null"]
arguments = [str(MESSAGES), str(options.receivers), str(options.policies)]
run = subprocess.run(command + [options.program] + arguments, capture_output=True, text=True, check=False)
collected = re.search(r"Collected *: *(\d+)", run.stderr)
if run.returncode != 0 or not collected:
    sys.exit(f"failed\n{run.stdout}{run.stderr}")
count = int(collected[1]) // MESSAGES
print(f"{count} instructions a message, at most {options.most}")
sys.exit(count > options.most)
