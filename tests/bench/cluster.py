#!/usr/bin/env python3
"""Measures 1, 2 and 3 nodes on one PostgreSQL and one NATS, as examples/cluster/up.sh starts them.

  cluster.py --bin build/release/bin --out results      needs postgresql, nats-server and haproxy

The visitor and the agent of each conversation are on different nodes, to which the generator goes without HAProxy. All
processes share the machine's cores, the generator too: messages a second say what the machine carries, and the CPU of
each message, split by who used it, what machines of their own would carry. Numbers of nodes take turns within a round,
in the other direction every second round, each on a new database; the medians of all rounds are shown.
"""
import argparse
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
import results  # noqa: E402
import server  # noqa: E402

UP = os.path.join(server.HERE, "..", "..", "examples", "cluster", "up.sh")
# As server.helpdesk().
NODE_OPTIONS = "--threads 1 --log-level warning --capacity 1000 --grace 86400".split()
CASES = {
    "w1": "relay --pairs 300 --window 1",
    "w8": "relay --pairs 300 --window 8",
}
PARTS = ["nodes", "database", "bus"]
SAMPLE_SECONDS = 0.05
START_SECONDS = 120


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, help="where kefu-bench and helpdesk are")
    parser.add_argument("--nodes", default="1,2,3", help="how many, each in turn")
    parser.add_argument("--cases", default=",".join(CASES), help="some of " + ",".join(CASES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--secs", type=float, default=5)
    parser.add_argument("--smoke", action="store_true", help="two nodes for a second; looks at losses, never at times")
    parser.add_argument("--out", help="the folder of cluster.md and cluster.json")
    return parser.parse_args()


def free_ports(count):
    """The first of so many neighbours that nobody listens on; below those that outgoing connections get."""
    while True:
        first = random.randrange(10_000, 20_000)
        probes = []
        try:
            for port in range(first, first + count):
                probes.append(socket.socket())
                probes[-1].bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
        finally:
            for probe in probes:
                probe.close()


def stat_of(pid):
    """proc(5): of /proc/PID/stat what follows the name. None when it has ended."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()
    except OSError:
        return None


def children_of(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
            return children.read().split()
    except OSError:
        return []


def cpu_seconds(pids):
    """User and system time of these processes and of their children."""
    ticks = 0
    for pid in pids:
        if stat := stat_of(pid):
            ticks += sum(int(field) for field in stat[11:15])
        for child in children_of(pid):
            if stat := stat_of(child):
                ticks += sum(int(field) for field in stat[11:13])
    return ticks / os.sysconf("SC_CLK_TCK")


class Cluster:
    """up.sh, which lives as long as the `with` block, on a folder of its own."""

    def __init__(self, helpdesk, nodes):
        self.helpdesk = helpdesk
        self.nodes = nodes

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="kefu-cluster-")
        port = free_ports(3 + self.nodes)
        self.first_port = port + 3
        environment = {**os.environ, "FOLDER": self.folder.name, "PORT": str(port), "NODES": str(self.nodes)}
        self.log = open(os.path.join(self.folder.name, "up.log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            ["bash", UP, self.helpdesk, *NODE_OPTIONS], env=environment, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL
        )
        try:
            self.wait_until_it_is_up()
        except Exception:
            self.__exit__()
            raise
        self.pids = {
            "nodes": [self.pid(f"node-{n}") for n in range(self.nodes)],
            "database": [self.pid("postgres")],
            "bus": [self.pid("nats")],
        }
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.log.close()
        self.folder.cleanup()

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def wait_until_it_is_up(self):
        end = time.monotonic() + START_SECONDS
        while "pids and logs in" not in self.said():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"up.sh: {self.said()[-500:]}")
            time.sleep(0.05)

    def pid(self, name):
        with open(os.path.join(self.folder.name, name + ".pid"), encoding="ascii") as file:
            return int(file.read())

    def sample(self, samples, over):
        while not over.is_set():
            now = time.monotonic_ns()
            samples.append((now, {part: cpu_seconds(pids) for part, pids in self.pids.items()}))
            over.wait(SAMPLE_SECONDS)

    def bench(self, program, arguments):
        """One run of kefu-bench: its figures, and the CPU of each part for a message. Raises RuntimeError when it could
        not measure."""
        samples, over = [], threading.Event()
        sampler = threading.Thread(target=self.sample, args=(samples, over))
        sampler.start()
        try:
            command = [program, *arguments, "--json", "--target", "kefu", "--port", str(self.first_port)]
            command += ["--nodes", str(self.nodes), "--secret-file", os.path.join(self.folder.name, "secret")]
            figures = server.figures_of(command, None)
        finally:
            over.set()
            sampler.join()
        inside = [cpu for at, cpu in samples if figures["begun_ns"] <= at <= figures["ended_ns"]]
        times = [at for at, _ in samples if figures["begun_ns"] <= at <= figures["ended_ns"]]
        messages = figures["delivered_per_s"] * (times[-1] - times[0]) / 1e9 if len(times) > 1 else 0
        for part in PARTS:
            spent = inside[-1][part] - inside[0][part] if messages else 0
            figures[f"{part}_us_per_msg"] = spent * 1e6 / messages if messages else 0
        return figures


def run_all(options, counts, cases):
    runs = {(case, nodes): [] for case in cases for nodes in counts}
    for turn in range(options.rounds):
        for nodes in counts[:: 1 if turn % 2 == 0 else -1]:
            with Cluster(os.path.join(options.bin, "helpdesk"), nodes) as cluster:
                for case in cases:
                    arguments = CASES[case].split() + ["--secs", str(options.secs)]
                    figures = cluster.bench(os.path.join(options.bin, "kefu-bench"), arguments)
                    runs[case, nodes].append(figures)
                    shown = {key: figures[key] for key in KEYS}
                    print(turn, case, nodes, shown, figures["complaint"], file=sys.stderr, flush=True)
    return runs


KEYS = ["delivered_per_s", "p50_us", "p99_us"] + [f"{part}_us_per_msg" for part in PARTS] + ["gen_cpu", "other_cpu", "steal"]
HEADS = ["messages/s", "p50 ms", "p99 ms", "CPU a message, µs: nodes", "database", "bus", "generator, cores"]


def markdown(runs):
    lines = [results.machine() + ".", ""]
    lines += ["| | nodes | " + " | ".join(HEADS) + " | runs | faults |", "| --- |" + " ---: |" * (len(HEADS) + 3)]
    for (case, nodes), all_of_it in runs.items():
        middle = {key: statistics.median(run[key] for run in all_of_it) for key in KEYS}
        cells = [results.number(middle["delivered_per_s"]), *(f"{middle[key] / 1000:.1f}" for key in ("p50_us", "p99_us"))]
        cells += [f"{middle[f'{part}_us_per_msg']:.0f}" for part in PARTS] + [f"{middle['gen_cpu']:.2f}"]
        faults = sum(not run["good"] for run in all_of_it)
        lines.append(f"| `{CASES[case]}` | {nodes} | " + " | ".join(cells) + f" | {len(all_of_it)} | {faults} |")
    return "\n".join(lines) + "\n"


def smoke(options):
    try:
        with Cluster(os.path.join(options.bin, "helpdesk"), 2) as cluster:
            arguments = "relay --pairs 10 --window 4 --secs 1 --warmup 0.2 --drain 30".split()
            figures = cluster.bench(os.path.join(options.bin, "kefu-bench"), arguments)
    except RuntimeError as error:
        if "missing: " not in str(error):
            raise
        print(f"SKIPPED: {error}")
        return 0
    good = figures["good"] and figures["delivered_per_s"] > 0 and figures["database_us_per_msg"] > 0
    print("ok" if good else f"FAILED {figures}")
    return 0 if good else 1


def main():
    options = read_options()
    if options.smoke:
        sys.exit(smoke(options))
    runs = run_all(options, [int(count) for count in options.nodes.split(",")], options.cases.split(","))
    print(markdown(runs))
    if options.out:
        os.makedirs(options.out, exist_ok=True)
        with open(os.path.join(options.out, "cluster.md"), "w", encoding="utf-8") as out:
            out.write(markdown(runs))
        with open(os.path.join(options.out, "cluster.json"), "w", encoding="utf-8") as out:
            listed = [{"case": case, "nodes": nodes, "runs": each} for (case, nodes), each in runs.items()]
            json.dump({"machine": results.machine(), "runs": listed}, out, indent=1)


if __name__ == "__main__":
    main()
