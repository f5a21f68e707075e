#!/usr/bin/env python3
"""Counts kefu's system calls a delivered message, under strace, for the shapes of the benchmark.

strace slows the server down, so that it finds more to do in each turn of its loop: the counts are a lower bound of what
an idle machine would show in the closed loops, and fair in the open one.
"""
import argparse
import os
import re
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
import server  # noqa: E402

CASES = ["--pairs 100 --window 1", "--pairs 100 --fanin 10 --window 1", "--pairs 100 --window 16", "--pairs 100 --rate 1000"]

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--bin", required=True, help="where kefu-bench and helpdesk are")
parser.add_argument("--secs", default="3")
options = parser.parse_args()
bench = os.path.join(options.bin, "kefu-bench")
for case in CASES:
    with server.Server("kefu", server.helpdesk(os.path.join(options.bin, "helpdesk"))) as target:
        out = os.path.join(target.folder.name, "strace")
        arguments = ["relay", *case.split(), "--secs", options.secs, "--warmup", "0"]
        trace = subprocess.Popen(["strace", "-f", "-c", "-o", out, "-p", str(target.process.pid)], stderr=subprocess.DEVNULL)
        figures = target.bench(bench, arguments)
        trace.send_signal(signal.SIGINT)
        trace.wait()
        calls = {}
        with open(out, encoding="ascii") as lines:
            for line in lines:
                if found := re.match(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?([a-z]\w*)$", line):
                    calls[found[2]] = int(found[1]) / figures["sent"]
    calls.pop("total", None)
    most = sorted(calls.items(), key=lambda call: -call[1])
    print(f"{case}: {sum(calls.values()):.2f} a message; " + ", ".join(f"{name} {count:.2f}" for name, count in most if count >= 0.01))
