#!/usr/bin/env python3
"""The server's memory stays flat under load: what it takes in the last half is no more than it took in the second quarter.

The load is a closed loop of 1,000 conversations, limited by a rate so that the store grows by gigabytes in an hour, not
in minutes. Every ten minutes other people come; those who left are remembered until their sessions expire, after a day,
so each of them may cost as much as an idle session.
"""
import argparse
import os
import sys
import threading
import time

sys.dont_write_bytecode = True
import server  # noqa: E402

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--bench", required=True)
parser.add_argument("--helpdesk", required=True)
parser.add_argument("--secs", type=float, default=3600)
parser.add_argument("--rate", type=int, default=5000, help="messages a second")
parser.add_argument("--slack", type=float, default=0.05, help="growth that is noise")
parser.add_argument("--session-bytes", type=int, default=1024, help="growth for each new session")
options = parser.parse_args()


def resident_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def sample(pid, out, over):
    while not over.wait(options.secs / 400):
        out.append(resident_kb(pid))


# kefu-bench measures 600 s at most: then it connects anew, with other participants.
longest = min(600.0, options.secs)
PAIRS = 1000
with server.Server("kefu", server.helpdesk(options.helpdesk)) as target:
    samples, over = [], threading.Event()
    sampler = threading.Thread(target=sample, args=(target.process.pid, samples, over))
    sampler.start()
    try:
        end = time.monotonic() + options.secs
        sent, faults, runs = 0, 0, 0
        while time.monotonic() < end:
            secs = max(1.0, min(longest, end - time.monotonic()))
            figures = target.bench(
                options.bench, ["relay", "--pairs", str(PAIRS), "--rate", str(options.rate), "--secs", str(secs)], seconds=secs + 120
            )
            sent += figures["sent"]
            faults += not figures["good"]
            runs += 1
    finally:
        over.set()
        sampler.join()
    stored = sum(os.path.getsize(os.path.join(target.folder.name, name)) for name in os.listdir(target.folder.name))

quarter = len(samples) // 4
before, after = max(samples[quarter : 2 * quarter]), max(samples[2 * quarter :])
print(f"{sent} messages, {stored / 1e6:.0f} MB stored, {faults} faulty runs; resident {before / 1024:.1f} MB, later {after / 1024:.1f} MB")
newcomers = 2 * PAIRS * (runs - runs // 2)  # of the last half
allowed = before * (1 + options.slack) + newcomers * options.session_bytes / 1024
sys.exit(faults > 0 or sent == 0 or after > allowed)
