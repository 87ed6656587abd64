"""`ringway bench` as a command: mistakes, help, exit codes, files, SLOs and comparisons."""

import json
import os
import re
import signal
import time

from harness.base import Folder, binary, contains, equal, eventually, expect
from harness.mock import Mock
from harness.process import Process, run

URL = "http://127.0.0.1:9/"
QUICK = ("--warm-up", "0s", "--connections", "4")
SHORT = (*QUICK, "--duration", "150ms", "--no-progress")
LONG = (*QUICK, "--duration", "1h", "--progress")


def bench(*words, code=0, seconds=30, cwd=None):
    return run([binary(), "bench", *words], code=code, seconds=seconds, cwd=cwd)


def origin(options=""):
    return Mock("http", options=options)


def url_of(mock, path="/"):
    return "http://" + mock.url.split("://")[1] + path


def one_line(done):
    equal(done.stdout, "", "standard output")
    lines = done.stderr.splitlines()
    equal(len(lines), 1, f"lines of {done.stderr!r}")
    return lines[0]


def test_help_is_grouped_and_complete():
    said = bench("--help").stdout
    equal(run([binary(), "help", "bench"]).stdout, said, "ringway help bench")
    contains(said, "usage: ringway bench URL", "\nExamples\n", "\nLoad:\n", "\nSuites:\n",
             "\nVerdicts:\n", "\nOutput:\n", "Exit codes: 0", "--rate N", "--find-knee [LEVELS]",
             "--[no-]progress", "--versus-direct URL", "default: 64", "1..1024")
    expect(max(len(line) for line in said.splitlines()) <= 100, "lines fit a terminal")
    reference = run([binary(), "help", "--markdown", "bench"]).stdout
    flags = re.findall(r"^\| `(--[^`]+)`", reference, re.MULTILINE)
    expect(len(flags) > 40, f"only {len(flags)} flags")
    contains(said, *(flag.replace("\\|", "|") for flag in flags))


def test_every_flag_of_help_is_known():
    said = bench("--help").stdout
    for flag in sorted(set(re.findall(r"^  (--[a-z-]+)", said, re.MULTILINE))):
        done = bench(URL, f"{flag}=\x01", code=None)
        expect(done.returncode in (1, 2) and "no flag has this name" not in done.stderr,
               f"{flag} is shown and not known: {done.stderr}")


# Words that are wrong, and what the one line about them names.
MISTAKES = [
    ((), ["URL: it is missing", "ringway bench http://"]),
    (("127.0.0.1:8080",), ['URL: "127.0.0.1:8080" is not allowed', "http://127.0.0.1:8080?"]),
    (("https://127.0.0.1/",), ["https:// is not in this release"]),
    ((URL, "--rate", "abc"), ['--rate: "abc" is not allowed: a whole number from 1 to 100000000']),
    ((URL, "--rate"), ["--rate: a value is missing after it"]),
    ((URL, "--rate", "1", "--rate", "2"), ["--rate", "given twice"]),
    ((URL, "--conections", "1"), ["--conections: no flag has this name",
                                  "did you mean --connections?"]),
    ((URL, "--duration", "10"), ['--duration: "10"', "a unit is missing: 10s or 10ms?"]),
    ((URL, "--sweep", "connections=5,4"), ['--sweep: "connections=5,4"', "larger than"]),
    ((URL, "--throttle", "los=1%"), ['--throttle: "los=1%"', "did you mean loss?"]),
    ((URL, "--pipeline", "4", "--rate", "9"), ['--pipeline: "4"', "not together with --rate"]),
    (("tcp://127.0.0.1:9", "--events"), ["--events", "http:// alone"]),
    (("tcp://127.0.0.1:9", "--work", "download", "--rate", "9"), ["--rate", "--work download"]),
    ((URL, "http://127.0.0.1:10/"), ['URL: "http://127.0.0.1:10/"', "host and port"]),
    (("http://no-such-host.invalid/",), ["no-such-host.invalid", "has no address"]),
    ((URL, "--slo", "/nowhere/slo.toml"), ['--slo: "/nowhere/slo.toml"', "No such file"]),
    ((URL, "--body-file", "/nowhere/body"), ['--body-file: "/nowhere/body"', "No such file"]),
    ((URL, "--header", "nonsense"), ['--header: "nonsense"', "NAME: VALUE"]),
    ((URL, "--body", "{{nonsense}}"), ["nonsense"]),
    ((URL, "--quick"), ["--quick", "baseline"]),
    (("compare", "one.json"), ["compare: it takes two reports"]),
    (("compare", "/nowhere/a.json", "/nowhere/b.json"), ["/nowhere/a.json", "No such file"]),
    (("baseline", "--rate", "5"), ['--rate: "5"', "baseline"]),
    ((URL, "--json", "x\n\x1b[31my\n", "--csv", "x\n\x1b[31my\n"), ["--json", "\\x0a\\x1b"]),
]


def test_a_mistake_is_one_line_with_flag_value_and_rule_and_exit_code_2():
    for words, parts in MISTAKES:
        line = one_line(bench(*words, code=2))
        contains(line, "ringway bench: ", *parts)


def test_an_slo_file_with_a_mistake_is_refused_before_anything_runs():
    with Folder() as folder:
        path = os.path.join(folder.path, "slo.toml")
        for text, part in [("[latency]\np98 = '5ms'\n", "line 2: [latency] has no p98"),
                           ("[memory]\nprivate = '9MiB'\n", "cannot be measured without --watch"),
                           ("[latency\n", "line 1")]:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            contains(one_line(bench(URL, "--slo", path, code=2)), "--slo", part)


def test_nobody_listening_is_exit_code_1():
    contains(one_line(bench(URL, *SHORT, code=1)), "127.0.0.1:9")


def test_a_file_that_cannot_be_written_is_refused_before_anything_runs():
    for flag in ("--json", "--html", "--csv"):
        contains(one_line(bench(URL, flag, "/nowhere/at/all", code=1)), flag, "/nowhere/at/all")


def test_a_run_prints_its_table_and_writes_every_file_whole():
    with origin() as mock, Folder() as folder:
        names = {form: os.path.join(folder.path, "report." + form)
                 for form in ("json", "html", "csv")}
        with open(names["json"], "w", encoding="utf-8") as file:
            file.write("old")
        words = [word for form, name in names.items() for word in ("--" + form, name)]
        done = bench(url_of(mock), *SHORT, *words)
        contains(done.stdout, "latency", "p99", "errors")
        equal(done.stderr, "", "standard error without progress")
        equal(sorted(os.listdir(folder.path)), ["report.csv", "report.html", "report.json"],
              "what is left in the folder")
        with open(names["json"], encoding="utf-8") as file:
            report = json.load(file)
        equal(report["kind"], "run", "kind")
        equal(report["conditions"]["command"][:3], ["ringway", "bench", url_of(mock)], "command")
        expect(report["runs"][0]["answered"] > 0, "nothing was answered")


def test_a_report_on_standard_output_moves_the_table_to_standard_error():
    with origin() as mock:
        done = bench(url_of(mock), *SHORT, "--json", "-")
        equal(json.loads(done.stdout)["schema_version"], 1, "schema version")
        contains(done.stderr, "latency", "p99")


def test_errors_in_the_answers_are_exit_code_4():
    with origin() as mock:
        done = bench(url_of(mock, "/status/503"), *SHORT, code=4)
        contains(done.stdout, "503")
        bench(url_of(mock, "/status/503"), *SHORT, "--expect-status", "503")


def test_a_server_that_never_answers_is_exit_code_4():
    with origin() as mock:
        bench(url_of(mock, "/slow/600000"), *SHORT, code=4)


def test_a_log_that_is_sent_once_is_sent_whole():
    with origin() as mock, Folder() as folder:
        log, report = (os.path.join(folder.path, name) for name in ("access.log", "report.json"))
        with open(log, "w", encoding="utf-8") as file:
            for number in range(50):
                file.write('127.0.0.1 - - [20/Nov/2026:10:00:00 +0000] '
                           f'"GET /bytes/{number} HTTP/1.1" 200 {number} "-" "-"\n')
        bench(url_of(mock), "--connections", "4", "--no-progress", "--replay", log,
              "--replay-once", "--json", report)
        with open(report, encoding="utf-8") as file:
            run_report = json.load(file)["runs"][0]
        equal((run_report["answered"], run_report["answered_in_all"]), (50, 50), "answers")


def test_an_slo_breach_is_exit_code_3_and_named():
    with origin() as mock, Folder() as folder:
        path = os.path.join(folder.path, "slo.toml")

        def judged(text, code):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            report = os.path.join(folder.path, "report.json")
            done = bench(url_of(mock, "/slow/20"), *SHORT, "--slo", path, "--json", report,
                         code=code)
            with open(report, encoding="utf-8") as file:
                return done.stdout, json.load(file)["slo"]

        said, slo = judged("[latency]\np50 = { critical = '1ms' }\n", 3)
        contains(said, "latency p50 was ", "above the critical level of 1.00 ms")
        equal((slo["passed"], slo["breaches"]), (False, 1), "verdict")
        said, slo = judged("[latency]\np50 = { warning = '1ms', critical = '1h' }\n", 0)
        contains(said, "above the warning level of 1.00 ms")
        equal((slo["passed"], slo["warnings"]), (True, 1), "verdict")
        said, slo = judged("[latency]\np50 = '1h'\n[errors]\nrate = '0%'\n", 0)
        equal((slo["passed"], slo["checks"], slo["warnings"]), (True, 2, 0), "verdict")


def test_compare_finds_the_slower_one_and_exits_with_3():
    with origin() as mock, Folder() as folder:
        fast, slow = (os.path.join(folder.path, name) for name in ("fast.json", "slow.json"))
        rounds = (*SHORT, "--rounds", "3")
        bench(url_of(mock, "/slow/10"), *rounds, "--json", fast)
        bench(url_of(mock, "/slow/60"), *rounds, "--json", slow)
        worse = bench("compare", fast, slow, code=3)
        contains(worse.stdout, "(3 rounds against 3)", "REGRESSION", "beyond 5 %:", "p50", " .. ")
        better = bench("compare", slow, fast)
        contains(better.stdout, "better", "no regression beyond 5 %")
        contains(bench("compare", fast, slow, "--regression", "1000%").stdout,
                 "no regression beyond 1000 %")


def test_int_ends_a_run_early_and_prints_what_was_measured():
    with origin() as mock, Folder() as folder:
        report = os.path.join(folder.path, "report.json")
        process = Process([binary(), "bench", url_of(mock), *LONG, "--json", report])
        eventually(lambda: process.stderr() != "", "it measures")
        process.signal(signal.SIGINT)
        equal(process.wait(), 0, "exit code")
        contains(process.stdout(), "latency", "p99")
        with open(report, encoding="utf-8") as file:
            written = json.load(file)
        expect(written["interrupted"], "the report does not say that it was interrupted")
        expect(written["runs"][0]["answered"] > 0, "nothing was answered")


def test_a_second_int_ends_at_once():
    # Answers that never come in time keep the run waiting for them after the first.
    with origin() as mock:
        process = Process([binary(), "bench", url_of(mock, "/slow/600000"), *LONG])
        eventually(lambda: process.stderr() != "", "it measures")
        process.signal(signal.SIGINT)
        time.sleep(0.1)  # two that are pending together would be one
        expect(process.running(), "it did not wait for what was under way")
        process.signal(signal.SIGINT)
        equal(process.wait(0.5), 1, "exit code")
