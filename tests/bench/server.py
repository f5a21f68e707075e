"""Starting a server and kefu-bench beside it. Only what is started here is ended, by its own handle."""
import contextlib
import json
import os
import random
import shlex
import socket
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SECRET = "of-benchmarks-only-0123456789abcdef"
START_SECONDS = 10
STOP_SECONDS = 10
RUN_SECONDS = 300


def free_port():
    """One that no outgoing connection gets."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def pinned(core):
    """For preexec_fn: on that core alone, or anywhere when core is None."""
    return None if core is None else lambda: os.sched_setaffinity(0, {core})


class Server:
    """A server that lives as long as the `with` block, with a folder of its own for its data.

    `command` may hold {port}, {data} and {secret}, which is a file.
    """

    def __init__(self, target, command, core=None):
        self.target = target
        self.command = command
        self.core = core

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="kefu-bench-")
        self.secret = os.path.join(self.folder.name, "secret")
        with open(self.secret, "w", encoding="ascii") as out:
            out.write(SECRET + "\n")
        self.port = free_port()
        words = [
            word.format(port=self.port, data=self.folder.name, secret=self.secret)
            for word in shlex.split(self.command)
        ]
        self.log = open(os.path.join(self.folder.name, "log"), "w+b")
        self.process = subprocess.Popen(
            words, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL, preexec_fn=pinned(self.core)
        )
        try:
            self.wait_until_it_listens()
        except Exception:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        self.folder.cleanup()

    def wait_until_it_listens(self):
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        self.log.seek(0)
        raise RuntimeError(f"{self.command}: does not listen: {self.log.read().decode()[-500:]}")

    def bench(self, program, arguments, core=None, seconds=RUN_SECONDS):
        """One run of kefu-bench: its figures. Raises RuntimeError when it could not measure."""
        command = [program, *arguments, "--json", "--target", self.target]
        command += ["--port", str(self.port), "--pid", str(self.process.pid), "--secret-file", self.secret]
        return figures_of(command, core, seconds)

    def wsload(self, program, bench, arguments, core=None):
        """One run of wsload, for which kefu-bench makes conversations and tokens."""
        tokens = os.path.join(self.folder.name, "tokens")
        pairs = [word for flag in ("--pairs", "--fanin") if flag in arguments for word in (flag, arguments[arguments.index(flag) + 1])]
        self.bench(bench, ["prepare", "--prefix", "x", "--tokens", tokens, *pairs])
        command = [program, *arguments, "--adapter", os.path.join(HERE, "wsload", "kefu.adapter"), "--tokens", tokens]
        command += ["--prefix", "x", "--port", str(self.port), "--pid", str(self.process.pid)]
        figures = figures_of(command, core)
        figures["good"] = figures["good"] and not any(figures[fault] for fault in ("lost", "dup", "reordered", "misrouted"))
        return figures


def figures_of(command, core, seconds=RUN_SECONDS):
    """What a generator says in its last line. Raises RuntimeError when it could not measure."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False, preexec_fn=pinned(core))
    lines = done.stdout.strip().splitlines()
    if done.returncode not in (0, 1) or not lines:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    figures = json.loads(lines[-1])
    figures["good"] = done.returncode == 0
    figures["complaint"] = done.stderr.strip()
    return figures


def helpdesk(program, synchronous="full"):
    """The command line of kefu's own server, with one loop."""
    return (
        f"{shlex.quote(program)} --port {{port}} --threads 1 --data {{data}} --secret-file {{secret}} "
        f"--synchronous {synchronous} --log-level warning "
        # The load decides who talks to whom, and cuts its agents for as long as it likes.
        f"--routing pick --capacity 1000 --grace 86400"
    )
