"""Access logs that ringway wrote itself are sent again by `ringway bench --replay`."""

from harness.base import Folder, binary, contains, equal
from harness.bench import CountingOrigin
from harness.gateway import gateway
from harness.http_origin import HttpOrigin, mirror
from harness.process import run
from test_http_logs import lines_of

REQUESTS = [("GET", "/first?a=1", [("User-Agent", 'odd "one"'), ("Referer", "http://r/")]),
            ("GET", "/bytes/100", []),
            ("DELETE", "/%20second#x", []),
            ("GET", "/status/404", [])]


def log_of(folder, form):
    """What ringway wrote of four requests."""
    path = folder.file(f"{form}.log")
    with HttpOrigin(mirror) as origin:
        flags = ("--access-log", path, "--access-log-format", form)
        with gateway(origin, *flags) as ringway, ringway.client() as client:
            for method, target, fields in REQUESTS:
                client.ask(method, target.replace("#", "%23"), fields)
            client.close()
            lines_of(path, len(REQUESTS))
    return path


def test_logs_of_every_format_are_replayed_as_they_were_written():
    for form in ("combined", "json", "haproxy"):
        with Folder() as folder, CountingOrigin() as origin:
            path = log_of(folder, form)
            done = run([binary(), "bench", origin.at(), "--replay", path, "--replay-once",
                        "--connections", "1", "--warm-up", "0s", "--no-progress"], code=4)
            contains(done.stdout, "status_4xx", "200: 3", "404: 1")
            counts = origin.stats()
            equal(counts["requests"], len(REQUESTS), f"requests of {form}")
            equal(counts["paths"]["bytes"], 1, f"/bytes/100 of {form}")
            equal(counts["paths"]["status"], 1, f"/status/404 of {form}")


def test_a_file_that_is_no_log_is_refused_in_one_line():
    with Folder() as folder:
        path = folder.write("nonsense", "a\nb\n")
        done = run([binary(), "bench", "http://127.0.0.1:9/", "--replay", path], code=2)
        contains(done.stderr, "--replay", "none of its 2 lines is a request")
        equal(len(done.stderr.splitlines()), 1, "lines")
