#!/usr/bin/env python3
"""Compiles every header alone: each must include what it needs."""

import argparse
import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import sys

from sources import TOP, cxx_files

# Kept from the build's own commands, with their argument where it stands apart.
KEPT_PREFIXES = ("-I", "-D", "-std=", "-isystem", "-pthread")


def include_flags(build):
    """The union of the include paths and definitions that the build compiles ringway with."""
    commands = build / "compile_commands.json"
    if not commands.is_file():
        sys.exit(f"{commands} is missing: run `meson setup {build.name}` first")
    flags = {}
    for entry in json.loads(commands.read_text()):
        source = (pathlib.Path(entry["directory"]) / entry["file"]).resolve()
        if source.suffix != ".cc" or not source.is_relative_to(TOP / "src"):
            continue
        words = iter(shlex.split(entry["command"]))
        for word in words:
            if word in ("-isystem", "-I"):
                flags[(word, str(pathlib.Path(entry["directory"]) / next(words)))] = None
            elif word.startswith("-I"):
                flags[("-I" + str(pathlib.Path(entry["directory"]) / word[2:]),)] = None
            elif word.startswith("-isystem"):
                flags[("-isystem" + str(pathlib.Path(entry["directory"]) / word[8:]),)] = None
            elif word.startswith(KEPT_PREFIXES):
                flags[(word,)] = None
    flags[("-I" + str(TOP / "include"),)] = None
    flags[("-I" + str(TOP / "src"),)] = None
    return [word for group in flags for word in group]


def compile_alone(compiler, flags, name):
    """Answers the compiler's complaints, empty when there are none."""
    done = subprocess.run(
        [compiler, *flags, "-Wall", "-Wextra", "-Wno-unused", "-Werror", "-fsyntax-only", "-x",
         "c++", "-include", str(TOP / name), "/dev/null"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False)
    return done.stdout if done.returncode else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=TOP / "build", metavar="FOLDER",
                        help="where the include paths are taken from")
    parser.add_argument("--compiler", default="g++")
    arguments = parser.parse_args()
    flags = include_flags(arguments.build.resolve())
    headers = [name for name in cxx_files() if name.suffix == ".h"
               and name.parts[0] in ("include", "src")]
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = {pool.submit(compile_alone, arguments.compiler, flags, name): name
                for name in headers}
        for job in concurrent.futures.as_completed(jobs):
            if job.result():
                failures += 1
                print(f"{jobs[job]} does not compile alone:\n{job.result()}", flush=True)
    print(f"headers: {len(headers)} compiled alone, {failures} do not compile")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
