"""The servers that kefu is compared with, built from a folder that holds their sources (`--peers`):

  peers/bare/durable.cpp     the durable floor: bare epoll and SQLite
  peers/go-gorilla/main.go   a raw relay, a pair of pumps a connection
  peers/node-ws/server.js    a raw relay on ws
  wsload.cpp                 another load generator, with wsload/wsload.patch on top
"""
import os
import shlex
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
SQLITE = {"full": "FULL", "normal": "NORMAL"}


def run(*command, cwd, **environment):
    subprocess.run(command, cwd=cwd, check=True, env={**os.environ, **environment}, stdout=subprocess.DEVNULL)


def fresh(*source, build):
    """A copy to build in: the sources may not be written to."""
    os.makedirs(build, exist_ok=True)
    for each in source:
        target = os.path.join(build, os.path.basename(each))
        shutil.copyfile(each, target)


def build_floor(sources, build):
    fresh(os.path.join(sources, "peers/bare/durable.cpp"), build=build)
    run("g++", "-std=c++20", "-O3", "-march=native", "-o", "floor", "durable.cpp", "-lsqlite3", cwd=build)
    return shlex.quote(os.path.join(build, "floor")) + " {port} {data}/floor.db {synchronous}"


def build_go(sources, build):
    fresh(os.path.join(sources, "peers/go-gorilla/main.go"), build=build)
    if not os.path.exists(os.path.join(build, "go.mod")):
        run("go", "mod", "init", "relay", cwd=build)
    run("go", "get", "github.com/gorilla/websocket", cwd=build)
    run("go", "build", "-o", "relay-go", ".", cwd=build)
    return shlex.quote(os.path.join(build, "relay-go")) + " -port {port}"


def build_node(sources, build):
    folder = os.path.join(sources, "peers/node-ws")
    fresh(os.path.join(folder, "package.json"), os.path.join(folder, "server.js"), build=build)
    run("npm", "install", "--no-audit", "--no-fund", "--omit=dev", cwd=build)
    return "node " + shlex.quote(os.path.join(build, "server.js")) + " {port}"


def build_wsload(sources, build):
    """Its path."""
    fresh(os.path.join(sources, "wsload.cpp"), build=build)
    run("patch", "-p0", "-i", os.path.join(HERE, "wsload", "wsload.patch"), cwd=build)
    run("g++", "-std=c++20", "-O2", "-D_GNU_SOURCE", "-o", "wsload", "wsload.cpp", cwd=build)
    return os.path.join(build, "wsload")


def build_all(sources, build, synchronous):
    """Name to (target of kefu-bench, command line)."""
    targets = {"floor": ("durable", build_floor), "go": ("raw", build_go), "node": ("raw", build_node)}
    out = {}
    for name, (target, builder) in targets.items():
        command = builder(sources, os.path.join(build, name))
        out[name] = (target, command.replace("{synchronous}", SQLITE[synchronous]))
    return out
