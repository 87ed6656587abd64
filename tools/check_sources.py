#!/usr/bin/env python3
"""House rules that no compiler knows: sizes, words, and what every header has.

Lengths that only deserve a look are printed as warnings and fail nothing.
"""

import pathlib
import re
import sys

from sources import TOP, cxx_files, own_files, read

FILE_LINES_MAX = 600
FILE_LINES_LOOK = 400
FUNCTION_LINES_LOOK = 70
COLUMNS_MAX = 100
CODE_SUFFIXES = (".h", ".cc", ".py", ".sh", ".build")
CODE_FOLDERS = (".ci", "tools")  # scripts without a suffix live here
PROSE_SUFFIXES = (".md", ".txt", ".conf", ".toml", ".service", ".socket", ".wrap", ".ini", ".cfg")

# Spelled in pieces, so that this file passes its own check.
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")
MACHINE_PATH = re.compile(r"(?<![\w.])/(wo" r"rk|ho" r"me|ro" r"ot|Us" r"ers)/\w")
REGISTRY = re.compile(r"deb\.deb" r"ian\.org|py" r"pi\.org|cra" r"tes\.io|doc" r"ker\.io")
FUNCTION_START = re.compile(r"^[A-Za-z_].*\{$")
NOT_FUNCTION = re.compile(r"^(namespace|class|struct|enum|union|extern|constexpr .*=|const .*=)")


def is_code(name):
    return name.suffix in CODE_SUFFIXES or (name.suffix == "" and name.parts[0] in CODE_FOLDERS)


class Findings:
    def __init__(self):
        self.failures = 0
        self.warnings = 0

    def fail(self, where, what):
        self.failures += 1
        print(f"{where}: {what}")

    def warn(self, where, what):
        self.warnings += 1
        print(f"{where}: warning: {what}")


def check_lines(findings, name, lines):
    """What holds for every text file, and for code in particular."""
    for number, line in enumerate(lines, 1):
        where = f"{name}:{number}"
        if UNFINISHED.search(line):
            findings.fail(where, "unfinished work is not committed")
        if MACHINE_PATH.search(line):
            findings.fail(where, "names a path of somebody's machine")
        if REGISTRY.search(line):
            findings.fail(where, "names a package registry's host")
        if not is_code(name):
            continue
        if len(line) > COLUMNS_MAX:
            findings.fail(where, f"{len(line)} columns, {COLUMNS_MAX} are allowed")
        if line != line.rstrip():
            findings.fail(where, "ends in white space")
        if "\t" in line:
            findings.fail(where, "contains a tab")


def check_size(findings, name, lines):
    if len(lines) > FILE_LINES_MAX:
        findings.fail(name, f"{len(lines)} lines, {FILE_LINES_MAX} are allowed: split it")
    elif len(lines) > FILE_LINES_LOOK:
        findings.warn(name, f"{len(lines)} lines: is it about one thing?")


def check_functions(findings, name, lines):
    """Functions at the left margin, as clang-format leaves them."""
    start = None
    for number, line in enumerate(lines, 1):
        if start is None and FUNCTION_START.match(line) and not NOT_FUNCTION.match(line):
            start = number
        elif start is not None and line.startswith("}"):
            if number - start + 1 > FUNCTION_LINES_LOOK:
                findings.warn(f"{name}:{start}", f"a function of {number - start + 1} lines")
            start = None


def has_header(name):
    """Whether a header of the same name speaks for this source file."""
    header = name.with_suffix(".h").name
    layer = name.parts[1] if name.parts[0] == "src" else ""
    return any((TOP / folder / header).is_file()
               for folder in (name.parent, pathlib.Path("include/ringway") / layer))


def check_opening(findings, name, lines):
    """A file says what it is about; a header guards itself and keeps to its layer's namespace."""
    if not lines or not lines[0].startswith("//"):
        is_unit_test = name.parts[:2] == ("tests", "unit")  # named after what it is about
        if name.suffix == ".h" or not (is_unit_test or has_header(name)):
            findings.fail(name, "does not open with a comment that says what it owns")
    if name.suffix != ".h":
        return
    if "#pragma once" not in lines:
        findings.fail(name, "has no #pragma once")
    if name.parts[:2] == ("include", "ringway"):
        namespace = "ringway::" + name.parts[2]
        if not any(line.startswith(f"namespace {namespace}") for line in lines):
            findings.fail(name, f"does not open namespace {namespace}")


def main():
    findings = Findings()
    checked = 0
    for name in own_files():
        if not is_code(name) and name.suffix not in PROSE_SUFFIXES:
            continue
        checked += 1
        lines = read(name).split("\n")
        if lines.pop() != "":
            findings.fail(name, "does not end with a newline")
        check_lines(findings, name, lines)
        if is_code(name):
            check_size(findings, name, lines)
    for name in cxx_files():
        lines = read(name).splitlines()
        check_opening(findings, name, lines)
        check_functions(findings, name, lines)
    print(f"sources: {checked} files checked, {findings.failures} failures, "
          f"{findings.warnings} warnings")
    return 1 if findings.failures else 0


if __name__ == "__main__":
    sys.exit(main())
