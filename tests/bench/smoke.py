#!/usr/bin/env python3
"""kefu-bench and helpdesk understand each other, and nothing is lost, doubled or out of order.

What it measures is not looked at: this machine may be doing anything.
"""
import argparse
import os
import sys

sys.dont_write_bytecode = True
import server  # noqa: E402

RUNS = [
    "relay --pairs 20 --fanin 5 --window 4 --secs 1 --warmup 0.2",
    "relay --pairs 10 --rate 500 --secs 1 --warmup 0.2",
    "idle --conns 40 --hold 0.2",
    "prepare --pairs 6 --fanin 3 --tokens {tokens}",
    "reconnect --conns 60 --rounds 2 --hold 0.1 --inflight 3",
]

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--bench", required=True)
parser.add_argument("--helpdesk", required=True)
options = parser.parse_args()

failed = False
with server.Server("kefu", server.helpdesk(options.helpdesk)) as target:
    for run in RUNS:
        tokens = os.path.join(target.folder.name, "tokens")
        figures = target.bench(options.bench, run.format(tokens=tokens).split())
        good = figures["good"]
        if run.startswith("prepare"):
            with open(tokens, encoding="ascii") as lines:
                good = good and len([line for line in lines if len(line.split()) == 2]) == 6 + 2
        elif not run.startswith("idle"):
            good = good and figures["sent"] > 0
        if run.startswith("relay"):
            good = good and figures["delivered_per_s"] > 0
        print("ok    " if good else "FAILED", run, "" if good else figures)
        failed = failed or not good
sys.exit(failed)
