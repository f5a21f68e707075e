"""Clients that send and fetch files: tus and signed addresses for kefu, PUT and GET for nginx. They copy as little as they can,
so that they are not what is measured."""
import base64
import hashlib
import json
import os
import socket
import struct
import time

PART = 1 << 20  # bytes of a call
PATIENCE = 120  # seconds


class Pace:
    """Lets no more than `rate` bytes a second by; 0: all."""

    def __init__(self, rate):
        self.rate, self.since, self.bytes = rate, time.monotonic(), 0

    def passed(self, count):
        self.bytes += count
        if self.rate:
            time.sleep(max(0, self.since + self.bytes / self.rate - time.monotonic()))


class Connection:
    """`rate`: bytes a second of the bodies that it sends or throws away, as over a link of that speed; 0: as fast as it goes."""

    def __init__(self, port, rate=0):
        self.rate = rate
        self.socket = socket.create_connection(("127.0.0.1", port), 30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # In the kernel: with a timeout of Python's own the socket would not block.
        self.socket.settimeout(None)
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            self.socket.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", PATIENCE, 0))
        self.unread = b""

    def close(self):
        self.socket.close()

    def send_head(self, method, path, fields):
        lines = [f"{method} {path} HTTP/1.1", "Host: a"] + [f"{name}: {value}" for name, value in fields.items()]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())

    def receive(self, most=65536):
        part = self.socket.recv(most)
        if not part:
            raise RuntimeError("the server has ended the connection")
        return part

    def read_head(self, expect):
        """The fields, by lower-case name."""
        while b"\r\n\r\n" not in self.unread:
            self.unread += self.receive(4096)
        head, self.unread = self.unread.split(b"\r\n\r\n", 1)
        lines = head.decode("latin1").split("\r\n")
        if int(lines[0].split()[1]) != expect:
            raise RuntimeError(head.decode("latin1"))
        return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}

    def read_body(self, fields):
        left = int(fields.get("content-length", 0))
        while len(self.unread) < left:
            self.unread += self.receive()
        body, self.unread = self.unread[:left], self.unread[left:]
        return body

    def ask(self, method, path, fields, expect, body=b""):
        """Fields and body of the answer."""
        self.send_head(method, path, {**fields, "Content-Length": len(body)} if body else fields)
        if body:
            self.socket.sendall(body)
        got = self.read_head(expect)
        return got, self.read_body(got)

    def send_file(self, file, size):
        at, pace = 0, Pace(self.rate)
        while at < size:
            count = os.sendfile(self.socket.fileno(), file.fileno(), at, min(PART, size - at))
            at += count
            pace.passed(count)

    def throw_away(self, size):
        """Reads a body that the kernel doesn't copy."""
        left = size - len(self.unread)
        self.unread = b""
        scratch, pace = bytearray(PART), Pace(self.rate)
        while left > 0:
            count = self.socket.recv_into(scratch, min(PART, left), socket.MSG_TRUNC)
            if count == 0:
                raise RuntimeError("a body ended too early")
            left -= count
            pace.passed(count)

    def digest(self, size):
        digest = hashlib.sha256(self.unread)
        left = size - len(self.unread)
        self.unread = b""
        while left > 0:
            part = self.receive(min(PART, left))
            digest.update(part)
            left -= len(part)
        return digest.hexdigest()


class Tus:
    """kefu: a visitor with a conversation."""

    def __init__(self, port, token, conversation, rate=0):
        self.connection = Connection(port, rate)
        self.fields = {"Tus-Resumable": "1.0.0", "Authorization": f"Bearer {token}"}
        encoded = [base64.b64encode(text.encode()).decode() for text in (conversation, "a.bin")]
        self.creation = {**self.fields, "Upload-Metadata": f"conversation {encoded[0]},filename {encoded[1]}"}
        self.body = {**self.fields, "Content-Type": "application/offset+octet-stream"}

    def close(self):
        self.connection.close()

    def upload(self, file, size):
        """Its path."""
        got, _ = self.connection.ask("POST", "/files", {**self.creation, "Upload-Length": size}, 201)
        path = got["location"]
        self.connection.send_head("PATCH", path, {**self.body, "Upload-Offset": 0, "Content-Length": size})
        self.connection.send_file(file, size)
        self.connection.read_head(204)
        return path

    def upload_at_once(self, body):
        """With its creation, in one request."""
        got, _ = self.connection.ask("POST", "/files", {**self.creation, **self.body, "Upload-Length": len(body)}, 201, body)
        return got["location"]

    def begin_download(self, path):
        """The size of what comes."""
        _, about = self.connection.ask("GET", path + "/url", self.fields, 200)
        self.connection.send_head("GET", json.loads(about)["url"], {})
        return int(self.connection.read_head(200)["content-length"])

    def remove(self, path):
        self.connection.ask("DELETE", path, self.fields, 204)


class Dav:
    """nginx: PUT and GET."""

    def __init__(self, port):
        self.connection = Connection(port)

    def close(self):
        self.connection.close()

    def upload(self, file, size):
        self.connection.send_head("PUT", "/file", {"Content-Length": size})
        self.connection.send_file(file, size)
        self.connection.read_body(self.connection.read_head(201))
        return "/file"

    def begin_download(self, path):
        self.connection.send_head("GET", path, {})
        return int(self.connection.read_head(200)["content-length"])

    def remove(self, path):
        self.connection.ask("DELETE", path, {}, 204)


def cpu_seconds(pids):
    """What these processes have used, all threads, kernel included."""
    total = 0
    for pid in pids:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as stat:
                total += int(stat.read().split()[0])
    return total / 1e9


def cpu_seconds_at_rest(pids):
    """The same once they do nothing any more."""
    before = cpu_seconds(pids)
    while True:
        time.sleep(0.3)
        now = cpu_seconds(pids)
        if now - before < 0.01:
            return now
        before = now


def timed(pids, work):
    """CPU and wall seconds of some work, which used some CPU."""
    cpu, wall = cpu_seconds(pids), time.monotonic()
    work()
    wall = time.monotonic() - wall
    # schedstat has what a thread uses once it stops, or at the kernel's next tick: of little work perhaps nothing yet.
    while (used := cpu_seconds(pids) - cpu) == 0:
        time.sleep(0.001)
    return used, wall
