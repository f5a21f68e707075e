#!/usr/bin/env python3
"""kefu-bench and helpdesk understand each other, and nothing is lost, doubled or out of order.

What it measures is not looked at: this machine may be doing anything.
"""
import argparse
import sys

sys.dont_write_bytecode = True
import server  # noqa: E402

RUNS = [
    "relay --pairs 20 --fanin 5 --window 4 --secs 1 --warmup 0.2",
    "relay --pairs 10 --rate 500 --secs 1 --warmup 0.2",
    "idle --conns 40 --hold 0.2",
    "reconnect --conns 60 --rounds 2 --hold 0.1 --inflight 3",
]

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--bench", required=True)
parser.add_argument("--helpdesk", required=True)
options = parser.parse_args()

failed = False
with server.Server("kefu", server.helpdesk(options.helpdesk)) as target:
    for run in RUNS:
        figures = target.bench(options.bench, run.split())
        good = figures["good"] and (run.startswith("idle") or figures["sent"] > 0)
        if run.startswith("relay"):
            good = good and figures["delivered_per_s"] > 0
        print("ok    " if good else "FAILED", run, "" if good else figures)
        failed = failed or not good
sys.exit(failed)
