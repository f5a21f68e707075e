#!/usr/bin/env python3
"""Runs the Autobahn TestSuite's fuzzing client against kefu-echo and prints its totals.

The suite is a Python 2 program; it is fetched by pip, once, into the build folder. Without a Python
2.7 the test is skipped: Debian 12 has none, pyenv has."""

import argparse
import collections
import glob
import json
import os
import pathlib
import shutil
import subprocess
import sys

SUITE = "autobahntestsuite==25.10.1"
WSTEST = """
import site, sys
site.addsitedir(sys.argv.pop(1))
from autobahntestsuite import wstest
wstest.run()
"""
GOOD = {"OK", "NON-STRICT", "INFORMATIONAL"}


def find_python2():
    named = os.environ.get("KEFU_PYTHON2")
    root = os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))
    candidates = [named] if named else [
        *sorted(glob.glob(f"{root}/versions/2.7*/bin/python")), shutil.which("python2.7"),
        shutil.which("pypy")]
    for candidate in filter(None, candidates):
        check = "import sys, ssl, pip; sys.exit(sys.version_info[:2] != (2, 7))"
        if subprocess.run([candidate, "-c", check], stderr=subprocess.DEVNULL).returncode == 0:
            return candidate
    return None


def fetch(python, packages):
    """Into a folder of their own, so that nothing on this machine changes."""
    stamp = packages / "installed"
    if stamp.exists() and stamp.read_text() == SUITE:
        return
    shutil.rmtree(packages, ignore_errors=True)
    subprocess.run([python, "-W", "ignore", "-m", "pip", "install", "-q", "--disable-pip-version-check",
                    "--target", packages, SUITE], check=True)
    stamp.write_text(SUITE)


def run_suite(python, packages, work, port, cases, excluded):
    work.mkdir(parents=True, exist_ok=True)
    reports = work / "reports"
    shutil.rmtree(reports, ignore_errors=True)
    spec = work / "fuzzingclient.json"
    spec.write_text(json.dumps({
        "outdir": str(reports),
        "servers": [{"agent": "kefu", "url": f"ws://127.0.0.1:{port}"}],
        "cases": cases, "exclude-cases": excluded, "exclude-agent-cases": {}}))
    with open(work / "wstest.log", "w") as log:
        subprocess.run([python, "-W", "ignore", "-c", WSTEST, packages, "-m", "fuzzingclient", "-s", spec],
                       stdout=log, stderr=log, check=True, cwd=work)
    return json.loads((reports / "index.json").read_text())["kefu"]


def judge(results):
    totals = collections.defaultdict(collections.Counter)
    bad = []
    for case, result in results.items():
        totals[int(case.split(".")[0])][result["behavior"]] += 1
        if result["behavior"] not in GOOD or result["behaviorClose"] not in GOOD:
            bad.append(f"{case}: {result['behavior']}, close: {result['behaviorClose']}")
    for section in sorted(totals):
        counts = ", ".join(f"{name} {count}" for name, count in sorted(totals[section].items()))
        print(f"section {section}: {counts}")
    for line in sorted(bad):
        print("BAD", line)
    print(f"{len(results) - len(bad)} passed, {len(bad)} failed")
    return bool(results) and not bad


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--echo", required=True)
    parser.add_argument("--mode", choices=["codec", "server"], required=True)
    parser.add_argument("--packages", required=True, type=pathlib.Path)
    parser.add_argument("--work", type=pathlib.Path)
    parser.add_argument("--cases", nargs="+")
    parser.add_argument("--exclude", nargs="*", default=[])
    parser.add_argument("--fetch", action="store_true", help="only fetch the suite")
    options = parser.parse_args()

    python = find_python2()
    if not python:
        print("SKIPPED: no Python 2.7 with ssl and pip; name one in KEFU_PYTHON2")
        return 0
    if options.fetch:
        fetch(python, options.packages)
        return 0
    echo = subprocess.Popen([options.echo, options.mode], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        port = int(echo.stdout.readline())
        results = run_suite(python, options.packages, options.work, port, options.cases, options.exclude)
    finally:
        echo.stdin.close()
        status = echo.wait()
    return 0 if judge(results) and status == 0 else 1


sys.exit(main())
