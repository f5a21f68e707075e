#!/usr/bin/env python3
"""syntax.py COMPILER STANDARD [FOLDER…]: whether a compiler takes all of kefu under a standard, warnings and all.

Reads the command lines of build/release (or of $BUILD) and checks the sources below FOLDER (src by default) with
COMPILER -std=STANDARD -fsyntax-only. A compiler takes five minutes or so for src on two cores. For example:

  tests/consumer/versions/syntax.py clang++-22 c++23 src tests/unit
"""

import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]


def command_of(entry, compiler, standard):
    """The compile command of an entry, for another compiler and without an object."""
    words = shlex.split(entry["command"])
    start = next(i for i, word in enumerate(words) if word.startswith("-"))
    dropped = ("-std=", "-Wno-maybe", "-Wno-restrict", "-O")
    kept = [word for word in words[start:] if word != "-c" and not word.startswith(dropped)]
    if "-o" in kept:
        at = kept.index("-o")
        del kept[at:at + 2]
    return [compiler, f"-std={standard}", "-fsyntax-only", *kept]


def check(entry, compiler, standard):
    done = subprocess.run(command_of(entry, compiler, standard), cwd=entry["directory"], text=True,
                          capture_output=True, check=False)
    return entry["file"], done.returncode, done.stderr


def main():
    compiler, standard, *folders = sys.argv[1:]
    build = pathlib.Path(os.environ.get("BUILD", ROOT / "build/release"))
    wanted = tuple(f"{ROOT / folder}/" for folder in folders or ["src"])
    entries = {e["file"]: e for e in json.loads((build / "compile_commands.json").read_text())}
    entries = [e for file, e in entries.items() if file.startswith(wanted)]
    started = time.monotonic()
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS", "2"))) as pool:
        for file, code, said in pool.map(lambda e: check(e, compiler, standard), entries):
            if code:
                failed += 1
                print(f"{file}\n{said}")
    seconds = time.monotonic() - started
    print(f"{compiler} {standard}: {len(entries)} files, {failed} failed, {seconds:.0f} s")
    return 1 if failed or not entries else 0


sys.exit(main())
