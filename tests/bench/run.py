#!/usr/bin/env python3
"""Measures kefu and its peers in turn, and writes a table with ratios: Markdown, JSON, and a plot.

  run.py --bin build/release/bin --peers FOLDER --out results        builds the peers of peers.py, runs all cases
  run.py --bin build/release/bin --peer 'go=raw:./relay-go -port {port}' --cases w1,w16

A peer is name=target:command; {port} and {data} are filled in. Each run gets a fresh server, pinned to one core, the
generator to another. The servers take turns within a round, in the other direction every second round, so that what
the machine does meanwhile hits all of them. Before each run it waits, for a while, until the machine is quiet; a run
during which something else used the CPUs is noisy: it is repeated, a few times, and the medians are taken without it. A
server that had noisy runs only is shown with these (0 quiet runs), and gets no ratio. With --wsload kefu's relay cases
are run under wsload too, a generator that knows nothing of kefu but an adapter.
"""
import argparse
import os
import statistics
import sys
import time

sys.dont_write_bytecode = True
import peers  # noqa: E402
import results  # noqa: E402
import server  # noqa: E402

# Idle holds until what the arrivals needed has been let go: it measures sessions at rest.
CASES = {
    "w1x100": "relay --pairs 100 --window 1",
    "w1": "relay --pairs 1000 --window 1",
    "fan10": "relay --pairs 1000 --fanin 10 --window 1",
    "w16": "relay --pairs 1000 --window 16",
    "open10k": "relay --pairs 1000 --rate 10000 --spin",
    "open70": "relay --pairs 1000 --rate {70% of w1} --spin",
    "idle5k": "idle --conns 5000 --hold 10",
    "idle19k9": "idle --conns 19900 --hold 10",
    "reconnect5k": "reconnect --conns 5000 --rounds 3 --hold 1",
    "reconnect19k9": "reconnect --conns 19900 --rounds 3 --hold 1",
}


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, help="where kefu-bench and helpdesk are")
    parser.add_argument("--synchronous", default="full", choices=["full", "normal"], help="of kefu's store and the floor's")
    parser.add_argument("--peers", help="the folder of the peers' sources, see peers.py")
    parser.add_argument("--build", default="build/bench-peers", help="where these are built")
    parser.add_argument("--peer", action="append", default=[], help="name=target:command")
    parser.add_argument("--wsload", action="store_true", help="run kefu under wsload too")
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
    parser.add_argument("--out", help="the folder of results.md, results.json and results.svg")
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


def arguments_of(options, case, name, runs):
    """None when the case needs another's figures, and there are none."""
    load = CASES[case]
    if "{70% of w1}" in load:
        known = runs.get(("w1", name)) or []
        if not known:
            return None
        rate = 0.7 * statistics.median(run["delivered_per_s"] for run in known)
        load = load.replace("{70% of w1}", f"{rate:.0f}")
    arguments = load.split()
    if arguments[0] == "relay":
        arguments += ["--secs", str(options.secs)] + options.bench_args.split()
    return arguments


def measure(options, servers, name, arguments):
    target, command, generator = servers[name]
    wait_until_quiet(options.quiet_seconds)
    with server.Server(target, command, options.server_core) as running:
        wait_until_quiet(5)
        if generator:
            figures = running.wsload(generator, options.kefu_bench, arguments, options.bench_core)
        else:
            figures = running.bench(options.kefu_bench, arguments, options.bench_core)
    figures["noisy"] = figures["other_cpu"] > options.max_other or figures["steal"] > options.max_steal
    return figures


def run_all(options, servers, cases):
    runs = {(case, name): [] for case in cases for name in servers}
    for turn in range(options.rounds):
        for case in cases:
            for name in list(servers)[:: 1 if turn % 2 == 0 else -1]:
                arguments = arguments_of(options, case, name, runs)
                if arguments is None or (servers[name][2] and arguments[0] != "relay"):
                    continue
                for _ in range(1 + options.extra):
                    try:
                        figures = measure(options, servers, name, arguments)
                    except RuntimeError as error:
                        print(f"{case} {name}: {error}", file=sys.stderr, flush=True)
                        break
                    runs[case, name].append(figures)
                    shown = {key: figures.get(key) for key in results.figures_of(case) + ["other_cpu", "steal"]}
                    print(turn, case, name, "NOISY" if figures["noisy"] else "", shown, figures["complaint"], file=sys.stderr, flush=True)
                    if not figures["noisy"]:
                        break
    return runs


def all_servers(options):
    """Name to (what it speaks, its command line, the path of wsload or None)."""
    kefu = server.helpdesk(os.path.join(options.bin, "helpdesk"), options.synchronous)
    servers = {"kefu": ("kefu", kefu, None)}
    if options.peers:
        for name, (target, command) in peers.build_all(options.peers, os.path.abspath(options.build), options.synchronous).items():
            servers[name] = (target, command, None)
    for peer in options.peer:
        name, rest = peer.split("=", 1)
        servers[name] = (*rest.split(":", 1), None)
    if options.wsload:
        wsload = peers.build_wsload(options.peers, os.path.join(os.path.abspath(options.build), "wsload"))
        servers["kefu, by wsload"] = ("kefu", kefu, wsload)
    return servers


def main():
    options = read_options()
    options.kefu_bench = os.path.join(options.bin, "kefu-bench")
    servers = all_servers(options)
    cases = options.cases.split(",")
    runs = run_all(options, servers, cases)
    print(results.markdown(cases, CASES, list(servers), runs))
    if options.out:
        results.write(options.out, cases, CASES, list(servers), runs)


if __name__ == "__main__":
    main()
