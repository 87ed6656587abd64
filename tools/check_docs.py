#!/usr/bin/env python3
"""Holds the documents against what exists: links, paths, and the program's own help.

Every relative link and every path in backticks must lead somewhere; every flag in a `ringway ...`
command line must be in that command's --help; a walk through the code must use its real names;
the version must be the same wherever it is written.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys

from sources import TOP, own_files, read

LINK = re.compile(r"\]\(([^)#\s]+)(#[^)]*)?\)")
CODE_SPAN = re.compile(r"`([^`\n]+)`")
OWN_PATH = re.compile(r"^(?:src|include|tools|tests|perf|docs|subprojects|\.ci)/[\w./-]+$")
COMMAND = re.compile(r"(?:^|[\s`(/])ringway((?: +[^\s`|>;&]+)*)")
FLAG = re.compile(r"^(--[a-z][a-z0-9-]*)")
FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
DRAWN_PATH = re.compile(r"\b(?:src|include)/[\w./-]+\b")
COMMENT = re.compile(r"//[^\n]*")
# Documents that walk through the code by its real names.
WALKS = ("LIFE_OF_A_CONNECTION.md", "LIFE_OF_A_REQUEST.md", "ARCHITECTURE.md")
# Documents with generated flag references, and what asks the program for them.
REFERENCES = {"docs/OPERATIONS.md": (), "docs/BENCH.md": ("bench",)}
SUBCOMMANDS = ("serve", "demo", "check", "doctor", "mock", "bench", "ctl", "top")


class Program:
    """What the program says of itself, asked once for each subcommand."""

    def __init__(self, binary):
        self.binary = binary
        self.answers = {}

    def ask(self, *arguments):
        """The program's output, or None when it does not end with exit code 0."""
        if arguments not in self.answers:
            # Without the settings of whoever runs this.
            environment = {name: value for name, value in os.environ.items()
                           if not name.startswith("RINGWAY_")}
            done = subprocess.run([self.binary, *arguments], stdin=subprocess.DEVNULL, text=True,
                                  env=environment, capture_output=True, timeout=30, check=False)
            self.answers[arguments] = done.stdout if done.returncode == 0 else None
        return self.answers[arguments]

    def help_of(self, subcommand):
        """Its help, switches spelled out both ways; None when it has none."""
        said = self.ask(*([subcommand] if subcommand else []), "--help")
        return said and re.sub(r"--\[no-\]([a-z-]+)", r"--\1 --no-\1", said)


def dead_links(name, text):
    for found in LINK.finditer(text):
        target = found.group(1)
        if "://" in target or target.startswith("mailto:"):
            continue
        if not (TOP / name.parent / target).exists():
            yield f"links to '{target}', which does not exist"


def is_made_here(word):
    """A path that git ignores, or a program that is built from a source file of its name."""
    ignored = subprocess.run(["git", "-c", "safe.directory=*", "check-ignore", "-q", word],
                             cwd=TOP, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             check=False)
    return ignored.returncode == 0 or (TOP / (word + ".cc")).exists()


def dead_paths(text):
    for found in CODE_SPAN.finditer(text):
        word = found.group(1).split()[0]
        if OWN_PATH.match(word) and not (TOP / word).exists() and not is_made_here(word):
            yield f"speaks of '{word}', which does not exist"


def command_lines(text):
    """(subcommand, words) of every `ringway ...` in code spans and in indented or fenced code."""
    fenced = False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
            continue
        for code in [line] if fenced or line.startswith("    ") else CODE_SPAN.findall(line):
            for found in COMMAND.finditer(code):
                words = found.group(1).split()
                named = bool(words) and words[0] in SUBCOMMANDS
                yield (words[0] if named else ""), words[1 if named else 0:]


def unknown_flags(program, text):
    for subcommand, words in command_lines(text):
        spoken = ("ringway " + subcommand).strip()
        help_text = program.help_of(subcommand)
        if help_text is None:
            yield f"'{spoken} --help' fails"
            continue
        for word in words:
            if word == "--":  # what follows goes to the server that the command starts
                spoken, help_text = "ringway", program.help_of("") or ""
            flag = FLAG.match(word)
            if flag and flag.group(1) not in help_text:
                yield f"'{spoken}' has no flag {flag.group(1)}"


def version_problems(program):
    declared = re.search(r"version: '([^']+)'", read("meson.build")).group(1)
    changes = TOP / "CHANGELOG.md"
    if changes.exists() and f"[{declared}]" not in changes.read_text():
        yield f"CHANGELOG.md has no section for {declared}"
    if program and declared not in (program.ask("--version") or ""):
        yield f"'ringway --version' does not say {declared}"


def reference_problems(program):
    """The flags in the documents are what tools/gen_docs would write there."""
    for name, words in REFERENCES.items():
        document = TOP / name
        if document.exists():
            between = re.search(r"<!-- begin: flags[^\n]*\n(.*?)<!-- end: flags",
                                document.read_text(), re.DOTALL)
            if between is None:
                yield f"{name} has no marks between which its flags stand"
            elif between.group(1) != program.ask("help", "--markdown", *words):
                yield f"{name} is out of date: run tools/gen_docs"


def names_in(text):
    """What a walk through the code names: in code spans, and in what is drawn or listed."""
    for span in CODE_SPAN.findall(FENCE.sub("", text)):
        if re.fullmatch(r"(?:[A-Za-z_]\w*::)?[A-Za-z]\w*", span):
            yield span
    for drawn in FENCE.findall(text):
        for word in re.findall(r"[A-Za-z]\w*(?:::\w+)*", DRAWN_PATH.sub("", drawn)):
            if "_" in word.strip("_") or "::" in word or re.search(r"[a-z][A-Z]", word):
                yield word


def unknown_names(text):
    """Functions, types and files that a walk names and the code (comments apart) does not have."""
    sources = "".join(COMMENT.sub("", read(name)) for name in own_files()
                      if name.parts[0] in ("src", "include") and name.suffix in (".h", ".cc"))
    for name in sorted(set(names_in(text))):
        for part in name.split("::"):
            if not re.search(rf"\b{part}\b", sources):
                yield f"names `{name}`, which the code does not have"
    for line in "".join(FENCE.findall(text)).splitlines():
        for path in DRAWN_PATH.findall(line):
            name = line.split()[0].rstrip(",").split("::")[-1]
            if not (TOP / path).exists():
                yield f"speaks of '{path}', which does not exist"
            elif path.endswith(".cc") and not re.search(rf"\b{name}\b", read(path)):
                yield f"looks for `{name}` in '{path}', where it is not"


def example_problems(program):
    """The example configuration must be one that the program takes."""
    for name in own_files():
        if name.suffix == ".toml" and name.parts[0] == "tools":
            if program.ask("check", "--config", str(TOP / name)) is None:
                yield f"'ringway check --config {name}' fails"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--binary", type=pathlib.Path, default=TOP / "build/ringway")
    arguments = parser.parse_args()
    program = Program(arguments.binary) if arguments.binary.exists() else None
    if program is None:
        print(f"{arguments.binary} is not built: flags in the documents are not checked")
    documents = [name for name in own_files() if name.suffix == ".md"]
    failures = 0
    for name in documents:
        text = read(name)
        problems = list(dead_links(name, text)) + list(dead_paths(text))
        if name.name in WALKS:
            problems += unknown_names(text)
        if program:
            problems += unknown_flags(program, text)
        for problem in problems:
            print(f"{name}: {problem}")
        failures += len(problems)
    problems = list(version_problems(program))
    if program:
        problems += list(reference_problems(program)) + list(example_problems(program))
    for problem in problems:
        print(problem)
    failures += len(problems)
    print(f"docs: {len(documents)} documents checked, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
