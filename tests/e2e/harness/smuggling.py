"""Runs the request-smuggling matrix, and writes it as a document."""

import time

from harness.base import Failure, eventually, expect
from harness.http import Client, Cut, Stream, read_request_head
from harness.smuggling_rows import GROUPS

PROBE = b"GET /probe HTTP/1.1\r\nHost: h\r\n\r\n"


class Bytes:
    """Recorded bytes where a Stream wants a socket."""

    def __init__(self, data):
        self.data = data

    def recv(self, _):
        data, self.data = self.data, b""
        return data


def messages_in(data):
    """The well-formed requests in recorded bytes, and whether a piece of one is left over."""
    stream, found = Stream(Bytes(data)), []
    try:
        while (request := read_request_head(stream)) is not None:
            request.read_body(stream)
            found.append(request)
    except Cut:
        return found, True
    return found, False


def run_row(address, origin, row, bytewise):
    mark = [len(transcript) for transcript in origin.transcripts]
    with Client(address, seconds=5) as client:
        data = row.raw + PROBE
        client.send_bytewise(data) if bytewise else client.send(data)
        response = client.response()
        status, closed = response.status, False
        if row.outcome == "passed":
            expect(status == 200, f"answered {status}")
            equal_to(client.response().body, b"GET /probe", "the answer to the probe")
        else:
            client.expect_gone()
            closed = True
    return status, closed, *arrived(origin, mark, row.outcome)


def arrived(origin, mark, outcome):
    """What came to the origin since `mark`: (requests without probes, a piece of one is left)."""
    if outcome != "passed":
        # An end of the proxy's connection tells that what was under way has been given up.
        eventually(lambda: origin.in_flight == 0, "the origin has nothing under way", 5)
        time.sleep(0.003)
    requests, partial, probes = [], False, 0
    for index, transcript in enumerate(origin.transcripts):
        data = bytes(transcript)[mark[index] if index < len(mark) else 0:]
        found, left = messages_in(data)
        partial = partial or left
        probes += sum(request.target == "/probe" for request in found)
        requests += [request for request in found if request.target != "/probe"]
    if outcome == "passed" and probes != 1 or outcome != "passed" and probes:
        raise Failure(f"the origin received the probe {probes} times")
    return requests, partial


def check_row(address, origin, row, bytewise):
    try:
        status, closed, requests, partial = run_row(address, origin, row, bytewise)
        equal_to(status, 200 if row.outcome == "passed" else row.status, "the status")
        if row.outcome == "passed":
            equal_to(len(requests), 1, "requests at the origin")
            check_request(row, requests[0])
        else:
            expect(closed, "the connection stayed open")
            equal_to(len(requests), 0, "requests at the origin")
            expect(row.outcome == "cut" or not partial, "a part of a request reached the origin")
    except (Failure, OSError) as failure:
        how = "byte by byte" if bytewise else "whole"
        return f"{row.name} ({how}): {type(failure).__name__} {failure}; sent {row.raw[:300]!r}"
    return None


def check_request(row, request):
    equal_to(request.method, row.method, "the method")
    equal_to(request.target, row.target, "the target")
    equal_to(request.body, row.body, "the body")
    equal_to(request.fields.get("Host"), row.host, "the Host")
    for name, value in row.fields:
        equal_to(request.fields.get(name), value, name)
    if request.trailers:
        raise Failure(f"trailers arrived: {request.trailers}")


def equal_to(actual, wanted, what):
    if actual != wanted:
        raise Failure(f"{what}: got {actual!r}, wanted {wanted!r}")


def shown(raw):
    """A message in one line of a table."""
    text = "".join(chr(byte) if 32 <= byte < 127 else {13: "\\r", 10: "\\n", 9: "\\t"}.get(
        byte, f"\\x{byte:02x}") for byte in raw)
    if len(text) > 150:
        text = text[:100] + " ... " + text[-30:]
    return text.replace("|", "\\|")


INTRODUCTION = """# The request-smuggling matrix

What ringway does with each message that a proxy and an origin could read differently. The table is
made by the test that checks it (`tests/e2e/run.py --write-tables --filter smuggling`). Each row is
sent whole and byte by byte, with a second request right behind it, to ringway in front of an origin
that records every byte it receives.

* **refused**: the client gets this status, the connection ends, and nothing reaches the origin.
  What follows the message is never interpreted.
* **cut**: the same, but the fault lies in a body whose head may have gone on before it was seen.
  The origin got nothing, or a request that never became complete.
* **passed**: the origin got exactly one well-formed request, and the second one as a request of its
  own. What it sees of framing is written anew, never copied.
"""


def document(groups=None):
    lines = [INTRODUCTION]
    for title, rows in groups or GROUPS:
        lines += [f"## {title}", "", "| sent | as | outcome | note |", "|---|---|---|---|"]
        for row in rows:
            outcome = f"{row.outcome}, {row.status}" if row.outcome != "passed" else "passed"
            lines.append(f"| {row.name} | `{shown(row.raw)}` | {outcome} | {row.note} |")
        lines.append("")
    return "\n".join(lines)


def all_rows():
    return [row for _, rows in GROUPS for row in rows]
