#!/usr/bin/env python3
"""The micro-benchmarks themselves: what they print can be read, and is about what it says.

    perf/micro/selftest.py MICRO
"""

import importlib.machinery
import importlib.util
import json
import os
import shutil
import subprocess
import sys

MICRO = sys.argv[1]
HERE = os.path.dirname(os.path.abspath(__file__))


def load_instructions():
    loader = importlib.machinery.SourceFileLoader("instructions",
                                                  os.path.join(HERE, "instructions"))
    spec = importlib.util.spec_from_loader("instructions", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def micro(*words, code=0):
    done = subprocess.run([MICRO, *words], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    assert done.returncode == code, (words, done.returncode, done.stderr)
    return done.stdout


def the_list_names_every_case_once():
    names = [line.split("\t")[0] for line in micro("--list").splitlines()]
    assert len(names) == len(set(names)), "a name twice"
    for part in ("http: parse", "histogram:", "timer wheel:", "slab:", "task:", "relay:"):
        assert any(name.startswith(part) for name in names), f"no case of {part}"


def figures_can_be_read_by_a_program():
    document = json.loads(micro("slab", "--json"))
    assert document["schema_version"] == 1
    assert [case["name"].split(":")[0] for case in document["cases"]] == ["slab", "slab"]
    for case in document["cases"]:
        assert case["ns"] > 0, case
        assert case["allocations"] == 0, case


def wrong_words_are_refused():
    for words in (["--rounds"], ["--rounds", "x"], ["--nonsense"], ["a", "b"]):
        micro(*words, code=2)


def counted_instructions_repeat():
    if shutil.which("valgrind") is None:
        print("skipped: counted_instructions_repeat: valgrind is not installed")
        return
    instructions = load_instructions()
    name = "timer wheel: when is the next due"
    counts = [instructions.per_operation(MICRO, name, 1, 500) for _ in range(2)]
    assert counts[0] and 1 < counts[0] < 1000, counts
    assert abs(counts[0] - counts[1]) < 0.5, counts


def main():
    tests = (the_list_names_every_case_once, figures_can_be_read_by_a_program,
             wrong_words_are_refused, counted_instructions_repeat)
    failed = 0
    for test in tests:
        try:
            test()
            print(f"ok    {test.__name__}")
        except AssertionError as failure:
            failed += 1
            print(f"FAIL  {test.__name__}: {failure}")
    print(f"{len(tests) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
