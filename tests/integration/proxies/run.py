#!/usr/bin/env python3
"""kefu-echo behind a real nginx and a real HAProxy: WebSockets pass, and the client's address too."""

import base64
import contextlib
import json
import os
import pathlib
import random
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
CLIENT = "127.0.0.77"  # where the clients of this test come from
PATIENCE = 30


def free_port():
    """One that no outgoing connection gets."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def connect(port):
    """As soon as somebody listens there."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), PATIENCE, source_address=(CLIENT, 0))
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)  # a poll: a proxy doesn't say when it listens


@contextlib.contextmanager
def kefu(*options):
    with subprocess.Popen([sys.argv[1], "server", "--trust", "127.0.0.1", *options],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        try:
            yield int(server.stdout.readline())
        finally:
            server.stdin.close()


@contextlib.contextmanager
def proxy(command, template, folder, ports):
    text = (HERE / template).read_text().replace("FOLDER", folder)
    for name, port in sorted(ports.items(), key=lambda each: -len(each[0])):
        text = text.replace(name, str(port))
    config = pathlib.Path(folder) / template
    config.write_text(text)
    with subprocess.Popen([*command, str(config)]) as process:
        try:
            yield
        finally:
            process.terminate()


def read_answer(stream):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = stream.read(1)
        assert byte, f"the connection ended after {head!r}"
        head += byte
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
    body = stream.read(int(fields.get(b"content-length", 0)))
    return int(head.split()[1]), body


def who(connection, fields=""):
    stream = connection.makefile("rb")
    connection.sendall(f"GET /who HTTP/1.1\r\nHost: kefu\r\n{fields}\r\n".encode())
    status, body = read_answer(stream)
    assert status == 200, (status, body)
    return body.decode().strip()


def echo(connection, text):
    """Opens a WebSocket, and sends one message there and back."""
    stream = connection.makefile("rb")
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall((f"GET / HTTP/1.1\r\nHost: kefu\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n").encode())
    status, body = read_answer(stream)
    assert status == 101, (status, body)
    payload = text.encode()
    assert len(payload) < 126
    mask = os.urandom(4)
    masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    connection.sendall(struct.pack("!BB", 0x81, 0x80 | len(payload)) + mask + masked)
    first, size = stream.read(2)
    assert first == 0x81 and stream.read(size) == payload


def events(port, text):
    """Opens a stream of events, and sends one message there and back, by a POST and by the stream."""
    with connect(port) as down, connect(port) as up:
        down.sendall(b"GET /events HTTP/1.1\r\nHost: kefu\r\n\r\n")
        stream = down.makefile("rb")

        def data_of_next():
            while True:
                line = stream.readline()
                assert line, "the stream ended"
                if line.startswith(b"data: "):
                    return line[6:].strip().decode()

        key = json.loads(data_of_next())["key"]
        for _ in range(2):  # the second one is a retry: it is answered, and does nothing
            body = text.encode()
            up.sendall(f"POST /events?key={key}&n=1 HTTP/1.1\r\nHost: kefu\r\n"
                       f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
            status, _ = read_answer(up.makefile("rb"))
            assert status == 204, status
        expect(f"events {text}", data_of_next(), text)


def expect(what, given, wanted):
    assert given == wanted, f"{what}: {given!r} instead of {wanted!r}"
    print(f"{what}: {given}")


def check_nginx(folder):
    with kefu("--x-forwarded-for") as port:
        ports = {"PORT_KEFU": port, "PORT_PROXY": free_port()}
        with proxy(["nginx", "-p", folder, "-c"], "nginx.conf", folder, ports):
            there = ports["PORT_PROXY"]
            with connect(there) as client:
                expect("nginx, X-Forwarded-For", who(client), CLIENT)
                expect("nginx, a forged field", who(client, "X-Forwarded-For: 6.6.6.6\r\n"), CLIENT)
                expect("nginx, a forged hop", who(client, "X-Forwarded-For: 6.6.6.6, 127.0.0.1\r\n"),
                       CLIENT)
                expect("nginx, another field", who(client, "Forwarded: for=6.6.6.6\r\n"), CLIENT)
            with connect(there) as client:
                echo(client, "through nginx")
            events(there, "through nginx")
        with connect(port) as client:  # past the proxy
            expect("no proxy, a forged field", who(client, "X-Forwarded-For: 6.6.6.6\r\n"), CLIENT)


def check_haproxy(folder):
    with kefu("--forwarded") as port, kefu("--proxy-protocol") as introduced:
        ports = {"PORT_KEFU": port, "PORT_PROXY_PROTOCOL": introduced, "PORT_PROXY": free_port(),
                 "PORT_VERSION1": free_port(), "PORT_VERSION2": free_port()}
        with proxy(["haproxy", "-db", "-f"], "haproxy.cfg", folder, ports):
            with connect(ports["PORT_PROXY"]) as client:
                expect("haproxy, Forwarded", who(client), CLIENT)
                expect("haproxy, a forged field", who(client, "Forwarded: for=6.6.6.6\r\n"), CLIENT)
            with connect(ports["PORT_PROXY"]) as client:
                echo(client, "through haproxy")
            events(ports["PORT_PROXY"], "through haproxy")
            for version in 1, 2:
                there = ports[f"PORT_VERSION{version}"]
                with connect(there) as client:
                    expect(f"haproxy, PROXY protocol {version}", who(client), CLIENT)
                    expect("... a forged field", who(client, "X-Forwarded-For: 6.6.6.6\r\n"), CLIENT)
                with connect(there) as client:
                    echo(client, f"through version {version}")


def check_haproxy_tls(folder):
    """TLS goes through, behind the PROXY protocol."""
    chain, key = f"{folder}/chain.pem", f"{folder}/key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-days", "2", "-subj", "/CN=kefu", "-addext", "subjectAltName=DNS:kefu",
                    "-out", chain, "-keyout", key], check=True, stderr=subprocess.DEVNULL)
    context = ssl.create_default_context(cafile=chain)
    with kefu("--proxy-protocol", "--tls", chain, key) as introduced:
        ports = {"PORT_KEFU": introduced, "PORT_PROXY_PROTOCOL": introduced, "PORT_PROXY": free_port(),
                 "PORT_VERSION1": free_port(), "PORT_VERSION2": free_port()}
        with proxy(["haproxy", "-db", "-f"], "haproxy.cfg", folder, ports):
            for version in 1, 2:
                with connect(ports[f"PORT_VERSION{version}"]) as plain:
                    with context.wrap_socket(plain, server_hostname="kefu") as client:
                        expect(f"haproxy, {client.version()} behind PROXY protocol {version}", who(client),
                               CLIENT)
                        echo(client, "through all of it")


def main():
    missing = [tool for tool in ("nginx", "haproxy", "openssl") if not shutil.which(tool)]
    if missing:
        if os.environ.get("KEFU_REQUIRE_ALL") or os.environ.get("CI"):
            sys.exit(f"missing: {', '.join(missing)} (see cmake/debian-packages-test.txt)")
        print(f"SKIPPED: missing: {', '.join(missing)}")
        return
    for check in check_nginx, check_haproxy, check_haproxy_tls:
        with tempfile.TemporaryDirectory(prefix="kefu-proxies-") as folder:
            os.chmod(folder, 0o755)  # nginx's workers are another user
            check(folder)


main()
