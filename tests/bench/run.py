#!/usr/bin/env python3
"""Measures kefu and its peers in turn, and prints a Markdown table with ratios.

  run.py --bench build/release/bin/kefu-bench --kefu build/release/bin/helpdesk \\
         --peer 'floor=durable:./relay-durable {port} {data}/floor.db FULL' \\
         --peer 'go=raw:./relay-go -port {port}' --out results.json

A peer is name=target:command; {port} and {data} are filled in. Each run gets a fresh server, pinned to one core, the
generator to another. The servers take turns within a round, in the other direction every second round, so that what
the machine does meanwhile hits all of them. Before each run it waits, for a while, until the machine is quiet; a run
during which something else used the CPUs is noisy: it is repeated, a few times, and the medians are taken without it. A
server that had noisy runs only is shown with these (0 quiet runs), and gets no ratio.
"""
import argparse
import json
import statistics
import sys
import time

sys.dont_write_bytecode = True
import server  # noqa: E402

CASES = {
    "w1": "relay --pairs 1000 --window 1",
    "fan10": "relay --pairs 1000 --fanin 10 --window 1",
    "w16": "relay --pairs 1000 --window 16",
    "open10k": "relay --pairs 1000 --rate 10000 --spin",
    "idle": "idle --conns 5000",
    "reconnect": "reconnect --conns 5000 --rounds 3 --hold 1",
}
RELAY_FIGURES = ["delivered_per_s", "cpu_us_per_msg", "p50_us", "p99_us", "gen_cpu"]
FIGURES = {
    "open10k": RELAY_FIGURES + ["gen_lag_p99_us"],
    "idle": ["bytes_per_session", "connect_cpu_us", "idle_cpu"],
    "reconnect": ["back_s", "cpu_us_per_session"],
}


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", required=True, help="kefu-bench")
    parser.add_argument("--kefu", help="helpdesk")
    parser.add_argument("--synchronous", default="full", choices=["full", "normal"], help="of kefu's store")
    parser.add_argument("--peer", action="append", default=[], help="name=target:command")
    parser.add_argument("--cases", default=",".join(CASES), help="some of " + ",".join(CASES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--extra", type=int, default=2, help="how often the noisy runs of a round are repeated")
    parser.add_argument("--secs", type=float, default=3)
    parser.add_argument("--bench-args", default="", help="for every relay run, e.g. '--delivered-every 0'")
    parser.add_argument("--max-other", type=float, default=0.1, help="cores that others may use in a run")
    parser.add_argument("--max-steal", type=float, default=0.1)
    parser.add_argument("--quiet-seconds", type=float, default=30, help="how long to wait for a quiet machine")
    parser.add_argument("--server-core", type=int, default=0)
    parser.add_argument("--bench-core", type=int, default=1)
    parser.add_argument("--out", help="all runs, as JSON")
    return parser.parse_args()


def busy_share(seconds):
    """Of all cores, over that time."""

    def ticks():
        with open("/proc/stat", encoding="ascii") as stat:
            fields = [int(field) for field in stat.readline().split()[1:9]]
        return sum(fields) - fields[3] - fields[4], sum(fields)

    busy, total = ticks()
    time.sleep(seconds)
    busy_after, total_after = ticks()
    return (busy_after - busy) / max(1, total_after - total)


def wait_until_quiet(seconds):
    end = time.monotonic() + seconds
    while busy_share(0.5) > 0.04 and time.monotonic() < end:
        pass


def measure(options, servers, name, case):
    target, command = servers[name]
    arguments = CASES[case].split()
    if arguments[0] == "relay":
        arguments += ["--secs", str(options.secs)] + options.bench_args.split()
    wait_until_quiet(options.quiet_seconds)
    with server.Server(target, command, options.server_core) as running:
        wait_until_quiet(5)
        figures = running.bench(options.bench, arguments, options.bench_core)
    figures["noisy"] = figures["other_cpu"] > options.max_other or figures["steal"] > options.max_steal
    return figures


def run_all(options, servers, cases):
    runs = {(case, name): [] for case in cases for name in servers}
    for turn in range(options.rounds):
        for case in cases:
            for name in list(servers)[:: 1 if turn % 2 == 0 else -1]:
                for _ in range(1 + options.extra):
                    try:
                        figures = measure(options, servers, name, case)
                    except RuntimeError as error:
                        print(f"{case} {name}: {error}", file=sys.stderr, flush=True)
                        break
                    runs[case, name].append(figures)
                    shown = {k: figures[k] for k in FIGURES.get(case, RELAY_FIGURES) + ["other_cpu", "steal"]}
                    print(turn, case, name, "NOISY" if figures["noisy"] else "", shown, figures["complaint"], file=sys.stderr, flush=True)
                    if not figures["noisy"]:
                        break
    return runs


def medians(runs, keys):
    """Of the quiet runs; of all, when none was."""
    kept = [run for run in runs if not run["noisy"]] or runs
    return {key: statistics.median(run[key] for run in kept) for key in keys} if kept else None


def number(value):
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def print_table(case, names, runs):
    keys = FIGURES.get(case, RELAY_FIGURES)
    found = {name: medians(runs[case, name], keys) for name in names}
    print(f"\n### {case}: `{CASES[case]}`\n")
    print("| | " + " | ".join(keys) + " | quiet runs | faults |")
    print("| --- |" + " ---: |" * (len(keys) + 2))
    for name in names:
        if not found[name]:
            print(f"| {name} | not measured |")
            continue
        quiet = sum(not run["noisy"] for run in runs[case, name])
        faults = sum(not run["good"] for run in runs[case, name])
        cells = [number(found[name][key]) for key in keys]
        print(f"| {name} | " + " | ".join(cells) + f" | {quiet} of {len(runs[case, name])} | {faults} |")
    for name in names[1:]:
        if not all(any(not run["noisy"] for run in runs[case, one]) for one in (names[0], name)):
            print(f"| {names[0]} ÷ {name} | no ratio: a side has no quiet run |")
            continue
        ratios = [found[names[0]][key] / found[name][key] if found[name][key] else 0 for key in keys]
        print(f"| {names[0]} ÷ {name} | " + " | ".join(f"{ratio:.2f}" for ratio in ratios) + " | | |")


def main():
    options = read_options()
    servers = {}
    if options.kefu:
        servers["kefu"] = ("kefu", server.helpdesk(options.kefu, options.synchronous))
    for peer in options.peer:
        name, rest = peer.split("=", 1)
        servers[name] = tuple(rest.split(":", 1))
    cases = options.cases.split(",")
    runs = run_all(options, servers, cases)
    for case in cases:
        print_table(case, list(servers), runs)
    if options.out:
        with open(options.out, "w", encoding="utf-8") as out:
            json.dump([{"case": case, "server": name, "runs": runs[case, name]} for case, name in runs], out, indent=1)


if __name__ == "__main__":
    main()
