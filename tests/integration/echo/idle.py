#!/usr/bin/env python3
"""Prints what an idle WebSocket costs kefu-echo in user-space memory, plain and under TLS.

usage: idle.py KEFU_ECHO [CONNECTIONS]"""

import base64
import os
import re
import resource
import socket
import ssl
import subprocess
import sys
import tempfile

PATIENCE = 60
WARM_UP = 50  # what the first ones cost is the process's


def anonymous_memory(pid):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"RssAnon:\s+(\d+) kB", status.read()).group(1)) * 1024


def open_websocket(port, context):
    connection = socket.create_connection(("127.0.0.1", port), PATIENCE)
    if context:
        connection = context.wrap_socket(connection)
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall((f"GET / HTTP/1.1\r\nHost: kefu\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n").encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        part = connection.recv(4096)
        assert part, "the server ended"
        answer += part
    assert answer.startswith(b"HTTP/1.1 101 "), answer
    return connection


def measure(name, program, options, context, count):
    with subprocess.Popen([program, "server", *options], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as server:
        port = int(server.stdout.readline())
        held = [open_websocket(port, context) for _ in range(WARM_UP)]
        before = anonymous_memory(server.pid)
        held += [open_websocket(port, context) for _ in range(count)]
        used = (anonymous_memory(server.pid) - before) / count
        for connection in held:
            connection.close()
        server.stdin.close()
    print(f"{name}: {used:,.0f} bytes a connection, {count:,} held")
    return used


def main():
    program, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    measure("plain", program, [], None, count)
    with tempfile.TemporaryDirectory(prefix="kefu-idle-") as folder:
        chain, key = f"{folder}/chain.pem", f"{folder}/key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=kefu",
                        "-out", chain, "-keyout", key], check=True, stderr=subprocess.DEVNULL)
        for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
            context = ssl.create_default_context(cafile=chain)
            context.check_hostname = False
            context.minimum_version = context.maximum_version = version
            measure(version.name, program, ["--tls", chain, key], context, count)


main()
