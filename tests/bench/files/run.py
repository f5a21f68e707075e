#!/usr/bin/env python3
"""Measures file transfers, beside nginx and beside messages.

  run.py --bin build/release/bin                                 all of it, in a folder of the system's temporary ones
  run.py --bin build/release/bin --folder /dev/shm --work copy   uploads and downloads alone, on a disk in memory

copy    uploads and downloads of a large file, kefu and nginx in turn, the server pinned to one core and the client to another.
        What counts is GB per second of the server's CPU, which other programs on the machine change less than wall time.
        kefu makes no digest here; what one on_commit costs is a line of its own. nginx takes PUT (dav module) and sends by
        sendfile.
beside  the latency of messages without transfers, beside uploads and beside downloads.
mixed   messages, and a file up or down for every nine of them.
"""
import argparse
import hashlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import server  # noqa: E402
import transfers  # noqa: E402

GB = 1e9
GIB = 1 << 30
CLIENTS = 8  # mixed: that have a file on the way
QUIET_US = 1000  # a run whose generator was later than that, at its 99th percentile, measured the machine
NGINX = """
daemon off; worker_processes 1; pid {folder}/pid; error_log stderr error;
events {{ worker_connections 256; }}
http {{
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 1000000;
  client_max_body_size 0; client_body_buffer_size {buffer}; client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/t1; fastcgi_temp_path {folder}/t2; uwsgi_temp_path {folder}/t3; scgi_temp_path {folder}/t4;
  server {{ listen 127.0.0.1:{port}; root {folder}/root; location / {{ dav_methods PUT DELETE; }} }}
}}
"""


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=".", help="where kefu-bench and helpdesk are")
    parser.add_argument("--bench", help="kefu-bench, if it is elsewhere")
    parser.add_argument("--helpdesk", help="likewise")
    parser.add_argument("--nginx", default="nginx")
    parser.add_argument("--folder", help="where the data of the servers lie")
    parser.add_argument("--files-folder", help="where kefu keeps files, on another disk perhaps")
    parser.add_argument("--work", default="copy,beside,mixed")
    parser.add_argument("--size", type=int, default=GIB, help="bytes of a file")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3, help="copy: transfers of a server in a round")
    parser.add_argument("--rate", type=int, default=2000, help="beside: messages a second")
    parser.add_argument("--link", type=float, default=0, help="beside: Mbit/s of whoever sends or fetches the file; 0: no limit")
    parser.add_argument("--events", type=int, default=1000, help="mixed: events a second, a tenth of them files")
    parser.add_argument("--file", type=int, default=100_000, help="mixed: bytes of a file")
    parser.add_argument("--secs", type=float, default=10, help="beside, mixed: of a run")
    parser.add_argument("--server-core", type=int, default=0)
    parser.add_argument("--client-core", type=int, default=1)
    parser.add_argument("--synchronous", default="full", choices=["full", "normal"])
    parser.add_argument("--smoke", action="store_true", help="small, anywhere, and looks at nothing but the bytes")
    parser.add_argument("--out", help="a file for the figures, as JSON")
    options = parser.parse_args()
    options.bench = options.bench or os.path.join(options.bin, "kefu-bench")
    options.helpdesk = options.helpdesk or os.path.join(options.bin, "helpdesk")
    if options.smoke:
        options.server_core = options.client_core = None
        options.size, options.rounds, options.repeats = 3_000_001, 1, 1
        options.secs, options.events, options.rate = 0.5, 100, 200
    if options.folder:
        tempfile.tempdir = options.folder
    return options


class Kefu:
    """helpdesk with files, and people who have a conversation each to send them to."""

    def __init__(self, options, digest="never"):
        command = server.helpdesk(options.helpdesk, options.synchronous) + f" --files --file-digest {digest}"
        if options.files_folder:
            self.files = tempfile.TemporaryDirectory(prefix="kefu-bench-", dir=options.files_folder)
            command += f" --files-folder {self.files.name}"
        self.server = server.Server("kefu", command, options.server_core)
        self.options = options

    def __enter__(self):
        self.server.__enter__()
        tokens = os.path.join(self.server.folder.name, "tokens")
        arguments = ["prepare", "--prefix", "files", "--pairs", str(CLIENTS), "--tokens", tokens]
        self.server.bench(self.options.bench, arguments)
        with open(tokens, encoding="ascii") as lines:
            self.tokens = [line.split()[1] for line in lines]
        self.pids = [self.server.process.pid]
        return self

    def __exit__(self, *_):
        self.server.__exit__()
        if self.options.files_folder:
            self.files.cleanup()

    def client(self, n=0, rate=0):
        return transfers.Tus(self.server.port, self.tokens[n], f"00000000-0000-7000-8000-{n:012x}", rate)


class Nginx:
    def __init__(self, options, buffer):
        self.options, self.buffer = options, buffer

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="kefu-bench-")
        self.port = server.free_port()
        for name in ("", "root", "body"):
            path = os.path.join(self.folder.name, name)
            os.makedirs(path, exist_ok=True)
            os.chmod(path, 0o777)  # its worker may be somebody else
        path = os.path.join(self.folder.name, "conf")
        with open(path, "w", encoding="ascii") as out:
            out.write(NGINX.format(folder=self.folder.name, port=self.port, buffer=self.buffer))
        self.process = subprocess.Popen(
            [self.options.nginx, "-p", self.folder.name, "-c", path],
            stdin=subprocess.DEVNULL,
            preexec_fn=server.pinned(self.options.server_core),
        )
        try:
            self.wait_until_it_listens()
        except Exception:
            self.__exit__()
            raise
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as children:
            self.pids = [int(child) for child in children.read().split()]
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(server.STOP_SECONDS)
        self.folder.cleanup()

    def wait_until_it_listens(self):
        end = time.monotonic() + server.START_SECONDS
        while True:
            try:
                return transfers.Connection(self.port).close()
            except OSError:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise
                time.sleep(0.02)

    def client(self):
        return transfers.Dav(self.port)


def has_dav(nginx):
    try:
        return "http_dav_module" in subprocess.run([nginx, "-V"], capture_output=True, text=True, check=False).stderr
    except OSError:
        return False


def copy_once(options, target, source, digest):
    """Figures up and down, of some transfers one after the other; with a digest, whether the bytes are those."""
    used = {"up": [0, 0], "down": [0, 0]}
    client = target.client()

    def measure(way, work):
        for i, seconds in enumerate(transfers.timed(target.pids, work)):
            used[way][i] += seconds

    for _ in range(options.repeats):
        paths, sizes = [], []
        measure("up", lambda: paths.append(client.upload(source, options.size)))
        transfers.cpu_seconds_at_rest(target.pids)

        def fetch():
            sizes.append(client.begin_download(paths[0]))
            client.connection.throw_away(sizes[0])

        measure("down", fetch)
        if sizes[0] != options.size:
            raise RuntimeError(f"{sizes[0]} bytes came back of {options.size}")
        if digest and client.connection.digest(client.begin_download(paths[0])) != digest:
            raise RuntimeError("other bytes came back")
        client.remove(paths[0])
    client.close()
    moved = options.repeats * options.size / GB
    return {way: {"gb_per_cpu_s": moved / cpu, "cpu_s_per_gb": cpu / moved, "gb_per_s": moved / wall} for way, (cpu, wall) in used.items()}


def with_digest(options, source):
    """CPU seconds a GB of a digest on_commit, behind the answer."""
    with Kefu(options, "on_commit") as target:
        client = target.client()
        client.upload(source, options.size)
        before = transfers.cpu_seconds(target.pids)
        used = transfers.cpu_seconds_at_rest(target.pids) - before
        client.close()
    return used / (options.size / GB)


def copy(options, source):
    digest = None
    if options.smoke:
        source.seek(0)
        digest = hashlib.sha256(source.read()).hexdigest()
    makers = {"kefu": lambda: Kefu(options)}
    if has_dav(options.nginx):
        # Its default, and a larger buffer for bodies: the better one is compared with.
        makers["nginx, 16 KB buffer"] = lambda: Nginx(options, "16k")
        makers["nginx, 1 MB buffer"] = lambda: Nginx(options, "1m")
    else:
        print("no nginx with the dav module: nothing to compare with")
    runs = {name: [] for name in makers}
    for turn in range(options.rounds):
        for name in list(makers) if turn % 2 == 0 else reversed(makers):
            with makers[name]() as target:
                runs[name].append(copy_once(options, target, source, digest))
    result = {}
    for name, rounds in runs.items():
        result[name] = {}
        for way in ("up", "down"):
            figures = {key: statistics.median(one[way][key] for one in rounds) for key in rounds[0][way]}
            result[name][way] = figures
            print(f"{name:20} {way:5}", " ".join(f"{key} {value:.2f}" for key, value in figures.items()), flush=True)
    for way in ("up", "down") if len(makers) > 1 else ():
        best = max(result[name][way]["gb_per_cpu_s"] for name in makers if name != "kefu")
        result["kefu"][way]["ratio"] = result["kefu"][way]["gb_per_cpu_s"] / best
        print(f"{way}: {result['kefu'][way]['ratio']:.2f} of nginx's GB a CPU second")
    if not options.smoke:
        result["digest_cpu_s_per_gb"] = with_digest(options, source)
        print(f"a digest on_commit: {result['digest_cpu_s_per_gb']:.2f} CPU s/GB more, behind the answer")
    return result


class Background(threading.Thread):
    """Runs `work`, which goes on until it is told to stop; what it raises counts."""

    def __init__(self, work):
        super().__init__()
        self.work, self.stopping, self.failure = work, threading.Event(), None

    def run(self):
        try:
            self.work(self.stopping)
        except Exception as failure:  # pylint: disable=broad-except
            self.failure = failure

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.join()
        if self.failure:
            raise self.failure


class Probe(Background):
    """Asks the loops of messages for what no store has, again and again: nothing that held them up for longer went unseen."""

    def __init__(self, port):
        super().__init__(self.ask)
        self.connection, self.longest_ms = transfers.Connection(port), 0

    def ask(self, stopping):
        while not stopping.is_set():
            since = time.monotonic()
            self.connection.ask("GET", "/no-such-page", {}, 404)
            self.longest_ms = max(self.longest_ms, 1000 * (time.monotonic() - since))
            time.sleep(0.002)


def messages(options, target, rate, name):
    arguments = f"relay --pairs 100 --rate {rate} --secs {options.secs} --warmup {options.secs / 10}".split()
    with Probe(target.server.port) as probe:
        figures = target.server.bench(options.bench, arguments, options.client_core)
    figures["loop_ms"] = round(probe.longest_ms, 1)
    keys = ("p50_us", "p99_us", "max_us", "loop_ms", "gen_lag_p99_us", "delivered_per_s", "server_cpu", "other_cpu")
    figures["quiet"] = figures["gen_lag_p99_us"] < QUIET_US
    noise = "" if figures["quiet"] else "NOISY: the generator was late itself"
    print(f"{name:10}", " ".join(f"{key} {figures[key]}" for key in keys if key in figures), noise, flush=True)
    if not figures["good"]:
        raise RuntimeError(f"{name}: {figures}")
    return figures


def beside(options, source):
    """One transfer after the other for as long as the messages take."""
    names = ("without", "up", "down")
    runs = {name: [] for name in names}
    moved = dict.fromkeys(names, 0)

    def uploads(stopping, client):
        while not stopping.is_set():
            client.remove(client.upload(source, options.size))
            moved["up"] += options.size

    def downloads(stopping, client, path):
        while not stopping.is_set():
            client.connection.throw_away(client.begin_download(path))
            moved["down"] += options.size

    for _ in range(options.rounds):
        with Kefu(options) as target:
            client = target.client()
            path = client.upload(source, options.size)
            client.close()
            for name in ("without", "up", "down") if options.smoke else ("without", "up", "down", "without"):
                client = target.client(rate=options.link * 1e6 / 8)  # a new one: the server ends idle connections
                works = {"up": lambda stopping: uploads(stopping, client), "down": lambda stopping: downloads(stopping, client, path)}
                with Background(works.get(name, lambda stopping: None)):
                    runs[name].append(messages(options, target, options.rate, name))
                client.close()
    result = {}
    for name in names:
        quiet = [one for one in runs[name] if one["quiet"]]
        result[name] = {"runs": runs[name], "quiet_runs": len(quiet), "moved_gib": moved[name] / GIB}
        if not quiet:
            print(f"{name}: {moved[name] / GIB:.1f} GiB, no quiet run", flush=True)
            continue
        p50 = statistics.median(one["p50_us"] for one in quiet)
        result[name].update(p50_us=p50, max_us=max(one["max_us"] for one in quiet))
        ratio = p50 / result["without"]["p50_us"] if "p50_us" in result["without"] else None
        result[name]["ratio"] = ratio
        print(f"{name}: {moved[name] / GIB:.1f} GiB, {len(quiet)} quiet runs, p50 {p50:.0f} us, {ratio or 0:.2f} of without", flush=True)
    return result


def mixed(options):
    """Nine messages to each file; files go up and come down in turn, due at fixed times."""
    body = random.randbytes(options.file)
    spans = {"up": [], "down": []}

    def one(stopping, target, path, n):
        client, reader = target.client(n), target.client()
        begin, k = time.monotonic(), n
        while not stopping.is_set():
            due = begin + k / (options.events / 10)
            time.sleep(max(0, due - time.monotonic()))
            way = "up" if k // CLIENTS % 2 == 0 else "down"
            if way == "up":
                client.upload_at_once(body)
            else:
                reader.connection.throw_away(reader.begin_download(path))
            spans[way].append(time.monotonic() - due)
            k += CLIENTS
        client.close()
        reader.close()

    with Kefu(options) as target:
        first = target.client()
        path = first.upload_at_once(body)
        first.close()
        workers = [Background(lambda stopping, n=n: one(stopping, target, path, n)) for n in range(CLIENTS)]
        for worker in workers:
            worker.start()
        try:
            figures = messages(options, target, options.events * 9 // 10, "mixed")
        finally:
            for worker in workers:
                worker.stopping.set()
            for worker in workers:
                worker.__exit__()
    result = {"messages": figures}
    for way, all_ in spans.items():
        all_.sort()
        result[way] = {"count": len(all_), "p50_ms": 1000 * statistics.median(all_), "p99_ms": 1000 * all_[len(all_) * 99 // 100]}
        print(f"files {way}:", " ".join(f"{key} {value:.1f}" for key, value in result[way].items()), flush=True)
    return result


def main():
    options = read_options()
    if options.client_core is not None:
        os.sched_setaffinity(0, {options.client_core})
    # The client's file is in memory, whatever the servers' folder is.
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    figures = {}
    with tempfile.TemporaryFile(dir=memory) as source:
        left = options.size
        while left > 0:
            left -= source.write(random.randbytes(min(left, 1 << 24)))
        source.flush()
        for work in options.work.split(","):
            print(f"== {work}", flush=True)
            figures[work] = mixed(options) if work == "mixed" else {"copy": copy, "beside": beside}[work](options, source)
    if options.out:
        with open(options.out, "w", encoding="utf-8") as out:
            json.dump(figures, out, indent=1)


if __name__ == "__main__":
    main()
