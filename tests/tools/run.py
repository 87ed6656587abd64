#!/usr/bin/env python3
"""Tests of the project's own tools: every check must find what it is there to find.

Each test builds a small tree in a folder of its own, with the real tools copied in. The last line
is `N passed, N failed`.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
HEADER = "// Owns nothing.\n#pragma once\n{}namespace ringway::base {{}}\n"


class Tree:
    """A project of a few files; `check` runs one of the tools in it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        (self.folder / "tools").mkdir()
        for tool in list((TOP / "tools").glob("*.py")) + list((TOP / "tools").glob("*.sh")):
            shutil.copy(tool, self.folder / "tools")
        self.write("include/ringway/base/text.h", HEADER.format(""))
        self.write("src/net/inner.h", HEADER.format(""))

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def check(self, *command):
        """The exit code and the output."""
        done = subprocess.run(command, cwd=self.folder, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.returncode, done.stdout


class ToolsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tree = Tree(folder.name)

    def expect(self, tool, code, said, *arguments):
        got, output = self.tree.check(sys.executable, f"tools/{tool}", *arguments)
        self.assertIn(said, output)
        self.assertEqual(got, code, output)

    def test_layers_accepts_an_include_downward(self):
        self.tree.write("src/net/a.cc", '#include "ringway/base/text.h"\n#include "inner.h"\n')
        self.expect("check_layers.py", 0, "3 files checked, 0 includes")

    def test_layers_refuses_an_include_upward(self):
        self.tree.write("src/base/a.cc", '#include "ringway/net/socket.h"\n')
        self.expect("check_layers.py", 1, "layer 'base' must not include layer 'net'")

    def test_layers_refuses_a_private_header_of_another_layer(self):
        for spelled in ("net/inner.h", "../net/inner.h", "src/net/inner.h"):
            self.tree.write("src/proxy/a.cc", f'#include "{spelled}"\n')
            self.expect("check_layers.py", 1, "is private to layer 'net'")

    def test_layers_refuses_a_layer_it_does_not_know(self):
        self.tree.write("src/novel/a.cc", "// New.\n")
        self.expect("check_layers.py", 1, "layer 'novel' has no rule")

    def test_layers_keeps_libraries_in_their_layer(self):
        self.tree.write("src/proxy/a.cc", "#include <liburing.h>\n")
        self.expect("check_layers.py", 1, "<liburing.h> belongs to ring")

    def test_headers_finds_one_that_does_not_compile_alone(self):
        self.tree.write("src/base/a.cc", "// Nothing.\n")
        self.tree.write("build/compile_commands.json", json.dumps([{
            "directory": str(self.tree.folder / "build"), "file": "../src/base/a.cc",
            "command": "g++ -std=c++20 -I../include -c ../src/base/a.cc"}]))
        self.expect("check_headers.py", 0, "2 compiled alone, 0 do not")
        self.tree.write("include/ringway/base/bad.h", HEADER.format("std::string lost();\n"))
        self.expect("check_headers.py", 1, "bad.h does not compile alone")

    def test_sources_finds_what_is_too_long(self):
        self.tree.write("src/base/a.cc", "// Long.\n" * 601)
        self.expect("check_sources.py", 1, "601 lines, 600 are allowed")
        self.tree.write("src/base/a.cc", "// " + "x" * 98 + "\n")
        self.expect("check_sources.py", 1, "101 columns, 100 are allowed")

    def test_sources_only_warns_about_what_deserves_a_look(self):
        self.tree.write("src/base/a.cc", "// Long.\n" * 401)
        self.expect("check_sources.py", 0, "warning: 401 lines")

    def test_sources_finds_unfinished_work_and_paths_of_machines(self):
        self.tree.write("src/base/a.cc", "// Later. TO" "DO\n")
        self.expect("check_sources.py", 1, "a.cc:1: unfinished work")
        self.tree.write("src/base/a.cc", "// See /ho" "me/somebody.\n")
        self.expect("check_sources.py", 1, "a.cc:1: names a path")

    def test_sources_wants_headers_guarded_and_introduced(self):
        self.tree.write("include/ringway/base/a.h", "namespace ringway::net {}\n")
        self.expect("check_sources.py", 1, "has no #pragma once")
        self.expect("check_sources.py", 1, "does not open with a comment")
        self.expect("check_sources.py", 1, "does not open namespace ringway::base")

    def test_docs_finds_links_and_paths_that_lead_nowhere(self):
        self.tree.write("meson.build", "project('p', version: '1.2.3')\n")
        self.tree.write("README.md", "[here](tools/sources.py) and `src/net/inner.h`\n")
        self.expect("check_docs.py", 0, "1 documents checked, 0 failures")
        self.tree.write("README.md", "[there](docs/GONE.md)\n`src/net/gone.h`\n")
        self.expect("check_docs.py", 1, "links to 'docs/GONE.md'")
        self.expect("check_docs.py", 1, "speaks of 'src/net/gone.h'")

    def test_docs_holds_walks_to_the_names_of_the_code(self):
        self.tree.write("meson.build", "project('p', version: '1.2.3')\n")
        self.tree.write("src/net/a.cc", "// Only said.\nvoid Relay::move_on() { there(); }\n")
        for walk in ("LIFE_OF_A_CONNECTION.md", "LIFE_OF_A_REQUEST.md", "ARCHITECTURE.md"):
            drawn = "```\nRelay::move_on   the next bytes   src/net/a.cc\n```\n"
            self.tree.write(f"docs/{walk}", f"Then `there`.\n{drawn}")
            self.expect("check_docs.py", 0, "0 failures")
            self.tree.write(f"docs/{walk}", "Then `gone_away`, as `said`.\n" + drawn)
            self.expect("check_docs.py", 1, "names `gone_away`")
            self.expect("check_docs.py", 1, "names `said`")
            self.tree.write(f"docs/{walk}", "Then:\n" + drawn.replace("move_on", "move_off"))
            self.expect("check_docs.py", 1, "names `Relay::move_off`")
            self.tree.write(f"docs/{walk}", "Then:\n" + drawn.replace("a.cc", "b.cc"))
            self.expect("check_docs.py", 1, "speaks of 'src/net/b.cc'")
            self.tree.write("src/net/b.cc", "// Nothing.\n")
            self.expect("check_docs.py", 1, "looks for `move_on` in 'src/net/b.cc'")
            (self.tree.folder / "src/net/b.cc").unlink()
            self.tree.write(f"docs/{walk}", "Nothing.\n")

    def test_docs_asks_the_program_about_its_flags(self):
        self.tree.write("meson.build", "project('p', version: '1.2.3')\n")
        self.tree.write("README.md", "`ringway --known 1 --unknown 2`\n")
        self.tree.write("ringway", "#!/bin/sh\necho 'ringway 1.2.3 --known'\n")
        (self.tree.folder / "ringway").chmod(0o755)
        self.expect("check_docs.py", 1, "has no flag --unknown", "--binary",
                    str(self.tree.folder / "ringway"))

    def with_program(self, script):
        """A program in the tree's root; gives the words that make a check ask it."""
        self.tree.write("meson.build", "project('p', version: '1.2.3')\n")
        self.tree.write("ringway", "#!/bin/sh\n" + script)
        (self.tree.folder / "ringway").chmod(0o755)
        return "--binary", str(self.tree.folder / "ringway")

    def test_docs_finds_flag_references_that_are_out_of_date(self):
        ask = self.with_program('[ "$3" = bench ] && echo "of bench" || echo "1.2.3 --known"\n')
        marked = "<!-- begin: flags -->\n{}\n<!-- end: flags -->\n"
        self.tree.write("docs/OPERATIONS.md", marked.format("1.2.3 --known"))
        self.tree.write("docs/BENCH.md", marked.format("of bench"))
        self.expect("check_docs.py", 0, "0 failures", *ask)
        self.tree.write("docs/BENCH.md", marked.format("of bench, once"))
        self.expect("check_docs.py", 1, "docs/BENCH.md is out of date", *ask)
        self.tree.write("docs/BENCH.md", "Nothing.\n")
        self.expect("check_docs.py", 1, "docs/BENCH.md has no marks", *ask)

    def test_docs_holds_what_follows_two_dashes_to_the_flags_of_the_server(self):
        ask = self.with_program('[ "$1" = bench ] && echo "--own" || echo "1.2.3 --known"\n')
        self.tree.write("README.md", "`ringway bench --own -- --known`\n")
        self.expect("check_docs.py", 0, "0 failures", *ask)
        self.tree.write("README.md", "`ringway bench --own -- --own`\n")
        self.expect("check_docs.py", 1, "'ringway' has no flag --own", *ask)

    def test_stages_add_up_and_fail_with_any_of_them(self):
        self.tree.write("run", "\n".join([
            ". tools/stages.sh", "good() { echo '3 passed, 0 failed'; }",
            "bad() { echo '1 passed, 2 failed'; false; }", 'stage one count good',
            "stage two count bad", "finish", ""]))
        code, output = self.tree.check("bash", "-euo", "pipefail", "run")
        self.assertEqual((code, output.splitlines()[-1]), (1, "4 passed, 2 failed"), output)

    def test_stages_end_when_a_preparation_fails(self):
        self.tree.write("run", "\n".join([
            ". tools/stages.sh", "broken() { false; echo reached; }", "stage one prepare broken",
            "echo reached", ""]))
        code, output = self.tree.check("bash", "-euo", "pipefail", "run")
        self.assertEqual((code, output.splitlines()[-1]), (1, "0 passed, 1 failed"), output)
        self.assertNotIn("reached", output)


def main():
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(ToolsTest)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
