"""Reports of `ringway bench`: the JSON and its schema, the page in a browser, the live display."""

import csv
import fcntl
import json
import os
import pty
import re
import struct
import termios

from harness.base import (ROOT, Failure, Folder, between, binary, contains, equal, eventually,
                          expect, scaled)
from harness.chromium import Page, all_quiet, png_size
from harness.mock import Mock
from harness.process import Process, run
from harness.websocket import interpreter_with

SCHEMA = os.path.join(ROOT, "docs", "bench-report.schema.json")

VALIDATE = """
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
kind = jsonschema.validators.validator_for(schema)
kind.check_schema(schema)
for path in sys.argv[2:]:
    for error in kind(schema).iter_errors(json.load(open(path))):
        print(path, list(error.path), error.message[:300])
"""

# Moves a pointer over every chart and writes down what the tooltip then says.
POINT = """
const said=[];
for(const svg of document.querySelectorAll('svg[data-points]')){
const box=svg.getBoundingClientRect();
svg.dispatchEvent(new PointerEvent('pointermove',
{clientX:box.left+box.width*0.6,clientY:box.top+box.height/2,bubbles:true}));
const tip=document.getElementById('tip');
said.push(tip.hidden?'nothing':tip.textContent);
svg.dispatchEvent(new PointerEvent('pointerleave'));
if(!tip.hidden)said.push('a tooltip that stays');}
const out=document.createElement('pre');out.id='said';out.textContent=JSON.stringify(said);
document.body.append(out);
"""


def url_of(mock, path="/bytes/1024"):
    host, port = mock.address
    return f"http://{host}:{port}{path}"


def bench(folder, *arguments, code=0, name="report"):
    """Runs it with all its outputs; gives back its table, its JSON and the files' names."""
    files = {form: folder.file(f"{name}.{form}") for form in ("json", "html", "csv")}
    outputs = [part for form, path in files.items() for part in (f"--{form}", path)]
    done = run([binary(), "bench", *arguments, "--warm-up", "100ms", *outputs], code=code,
               seconds=30)
    with open(files["json"], encoding="utf-8") as file:
        return done.stdout, json.load(file, parse_constant=no_constant), files


def no_constant(word):
    raise Failure(f"{word} is not JSON")


def fit_schema(*paths):
    python = interpreter_with("jsonschema")
    equal(run([python, "-W", "ignore", "-c", VALIDATE, SCHEMA, *paths]).stdout, "",
          "what breaks the schema")


def tooltips(path):
    """What every chart's tooltip said, in a page whose console stayed quiet."""
    document = Page(path, POINT).quiet().document
    found = re.search(r'<pre id="said">(.*?)</pre>', document, re.DOTALL)
    expect(found, "the page's script came to its end")
    return json.loads(found.group(1).replace("&amp;", "&").replace("&lt;", "<")
                      .replace("&gt;", ">"))


def test_a_run_is_reported_in_every_form():
    with Folder() as folder, Mock("http") as mock:
        table, report, files = bench(folder, url_of(mock), "--connections", "4", "--duration", "1s",
                                     "--watch", str(mock.process.child.pid))
        fit_schema(files["json"])
        equal((report["schema_version"], report["kind"]), (1, "run"))
        only = report["runs"][0]
        equal(report["errors"], only["errors"])
        equal(sum(report["errors"].values()), 0, "errors")
        equal(report["latency_us"], only["latency_us"])
        expect(report["requests_per_second"] > 0, "a rate")
        between(only["answered"] / only["window_s"], only["requests_per_second"] * 0.999,
                only["requests_per_second"] * 1.001, "answers per second of the window")
        equal(sum(only["latency_distribution"]["samples"]), only["latency_us"]["samples"])
        expect(only["watched"]["cpu_s"] > 0, "the watched process used its processor")
        contains(" ".join(report["conditions"]["command"]), "bench", url_of(mock), "--connections")
        expect(report["conditions"]["kernel"].endswith(os.uname().release), "the kernel")
        with open(files["csv"], newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        equal([int(row["answered"]) for row in rows], [only["answered"]], "answers in the CSV")
        contains(table, "p99.99", "watched", "generator", "errors      none")
        picture = folder.file("page.png")
        Page(files["html"], width=1300, height=1000, screenshot=picture).quiet()
        equal(png_size(picture), (1300, 1000), "the picture's size")
        expect(os.path.getsize(picture) > 30_000, "there is something in it")


def test_every_chart_of_a_sweep_tells_what_is_under_the_pointer():
    with Folder() as folder, Mock("http") as mock:
        table, report, files = bench(folder, url_of(mock), "--sweep", "connections=1,4,16",
                                     "--duration", "400ms")
        fit_schema(files["json"])
        equal([[at["value"] for at in each["coordinates"]] for each in report["runs"]],
              [[1], [4], [16]], "the levels")
        contains(table, "connections", "p99.9")
        tips = tooltips(files["html"])
        expect(len(tips) >= 6, f"charts: {tips}")
        for tip in tips:
            expect(re.search(r"\d", tip) and "stays" not in tip, f"tooltips: {tips}")
        contains(" ".join(tips), "p99.9", "connections", "/s")


def test_every_suite_of_one_target_fits_the_schema():
    suites = {
        "knee": ["--find-knee", "connections=1,4"],
        "ramp": ["--ramp", "connections=1,4"],
        "matrix": ["--matrix", "sizes=128,4KiB;connections=1,4"],
        "throttle": ["--throttle", "delay=1ms"],
        "versus-direct": ["--slice", "200ms", "--duration", "800ms"],
    }
    reports = {}
    with Folder() as folder, Mock("http") as mock, Mock("http") as other:
        suites["versus-direct"] += ["--versus-direct", url_of(other)]
        for kind, flags in suites.items():
            path = "/bytes/{size}" if kind == "matrix" else "/bytes/100"
            if "--duration" not in flags:
                flags = [*flags, "--duration", "150ms"]
            table, report, reports[kind] = bench(folder, url_of(mock, path), *flags, name=kind)
            equal(report["kind"], kind)
            contains(table, f"ringway bench, {kind}: ")
        fit_schema(*(files["json"] for files in reports.values()))
        all_quiet([files["html"] for files in reports.values()], folder)


def test_errors_are_reported_by_their_kind():
    with Folder() as folder, Mock("http") as mock:
        _, report, files = bench(folder, url_of(mock, "/status/503"), "--duration", "300ms",
                                 "--connections", "2", code=4)
        fit_schema(files["json"])
        equal({kind for kind, count in report["errors"].items() if count}, {"status_5xx"})
        equal(set(report["runs"][0]["status"]), {"503"})
        equal(report["runs"][0]["error_rate"], 1)
        equal(report["latency_us"]["samples"] == 0, report["latency_us"]["p50"] is None)
        with open(files["html"], encoding="utf-8") as page:
            contains(page.read(), "status 503", "error: status 5xx")


def test_nothing_on_the_page_is_understood_as_markup():
    attack = "</script><script>document.title='taken'</script><img src=x onerror=alert(1)>"
    with Folder() as folder, Mock("http") as mock:
        _, report, files = bench(folder, url_of(mock), "--duration", "200ms", "--header",
                                 f"x-attack: {attack}")
        expect(any(attack in word for word in report["conditions"]["command"]), "the command")
        page = Page(files["html"]).quiet()
        contains(page.document, "<title>ringway bench, run: http://", "&lt;script&gt;")
        expect("<img" not in page.document, "no element came from the command line")


def on_terminal(arguments, columns=100):
    """What a program whose standard error is a terminal writes there."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def prepare():
        os.dup2(theirs, 2)

    written = []
    env = {"TERM": "xterm", "LC_ALL": "C.UTF-8"}
    with Process([binary(), "bench", *arguments], env=env, prepare=prepare) as process:
        os.close(theirs)
        os.set_blocking(ours, False)

        def ended():
            is_over = not process.running()
            try:
                written.append(os.read(ours, 1 << 16))
            except OSError:  # nothing there, or the other end is closed
                pass
            return is_over

        eventually(ended, "it ends", 20)
        equal(process.wait(), 0, "exit code")
    os.close(ours)
    return b"".join(written).decode(), process


def test_a_terminal_shows_progress_and_is_left_clean():
    with Mock("http") as mock:
        shown, _ = on_terminal([url_of(mock), "--duration", "1s", "--warm-up", "200ms"])
    contains(shown, "\u2501", "measuring", "/s", "p99", "\r")
    lines = shown.replace("\x1b[K", "").split("\r")
    expect(len(lines) > 4, f"it is redrawn: {lines}")
    for line in lines:
        expect("\n" not in line and len(line) < 100, f"a line that wraps: {line!r}")
    expect(shown.endswith("\r\x1b[K"), f"the bar stays: {shown[-100:]!r}")


def test_progress_that_is_asked_for_comes_in_lines_where_there_is_no_terminal():
    with Mock("http") as mock:
        done = run([binary(), "bench", url_of(mock), "--duration", "2500ms", "--warm-up", "200ms",
                    "--progress"])
        quiet = run([binary(), "bench", url_of(mock), "--duration", "200ms", "--warm-up", "100ms"])
    lines = done.stderr.splitlines()
    between(len([line for line in lines if "measuring" in line]), 1, 2 * scaled(1), "lines")
    expect("\x1b" not in done.stderr and "\r" not in done.stderr, "no terminal's codes")
    equal(quiet.stderr, "", "standard error when nobody watches")
