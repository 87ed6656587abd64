"""The access log of requests, in each of its formats, and the counters that go with it."""

import json
import os
import re
import time

from harness.base import Folder, contains, equal, eventually, expect
from harness.gateway import HTTP_LISTEN, Gateway, gateway, named_origins, upstream
from harness.http_origin import Gate, HttpOrigin, RESET, mirror, scripted

COMBINED = re.compile(r'(\S+) \S+ \S+ \[[^\]]+\] "(\S+) (\S+) HTTP/1\.([01])" (\d{3}) (\d+|-) '
                      r'"([^"]*)" "((?:[^"\\]|\\.)*)"')


def lines_of(path, count):
    def read():
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8", errors="surrogateescape") as log:
            lines = log.read().splitlines()
        return lines if len(lines) >= count else []

    return eventually(read, f"{count} lines are in the log")


def logged(folder, *flags, count=3):
    """The lines that three requests leave."""
    path = folder.file("access.log")
    with HttpOrigin(mirror) as origin:
        with gateway(origin, "--access-log", path, *flags) as ringway, ringway.client() as client:
            client.ask("GET", "/first?a=1", [("User-Agent", 'odd "one"'), ("Referer", "http://r/"),
                                             ("X-Request-Id", "id-1")])
            client.ask("POST", "/second", body=b"x" * 100)
            client.ask("GET", "/third")
            client.close()
            lines = lines_of(path, count)
        equal(len(lines_of(path, count)), count, "lines, one for each exchange")
        return lines


def test_lines_in_combined_form_parse():
    with Folder() as folder:
        lines = logged(folder, "--access-log-format", "combined")
        found = [COMBINED.match(line) for line in lines]
        expect(all(found), f"lines that do not parse: {lines}")
        equal([(match[2], match[3], match[5]) for match in found],
              [("GET", "/first?a=1", "200"), ("POST", "/second", "200"), ("GET", "/third", "200")])
        expect(found[0][1].startswith("127.0.0.1"), f"the client: {found[0][1]}")
        equal(found[0][7], "http://r/", "the referer")
        equal([int(match[6]) for match in found], [10, 100, 6], "bytes of the bodies")


def test_lines_in_json_parse():
    with Folder() as folder:
        lines = [json.loads(line) for line in logged(folder, "--access-log-format", "json")]
        equal([(line["method"], line["target"], line["status"]) for line in lines],
              [("GET", "/first?a=1", 200), ("POST", "/second", 200), ("GET", "/third", 200)])
        equal(lines[0]["request_id"], "id-1")
        equal(lines[0]["user_agent"], 'odd "one"')
        expect(re.fullmatch("[0-9a-f]{32}", lines[1]["request_id"]), lines[1]["request_id"])
        expect(all(line["upstream"] and line["route"] and line["endpoint"] for line in lines),
               f"route, upstream and endpoint: {lines[0]}")
        equal([line["request_body_bytes"] for line in lines], [0, 100, 0])
        equal([line["response_body_bytes"] for line in lines], [10, 100, 6])
        equal({line["end"] for line in lines}, {"finished"})


def test_lines_in_the_form_of_haproxy_parse():
    with Folder() as folder:
        lines = logged(folder, "--access-log-format", "haproxy")
        for line in lines:
            found = re.search(r"127\.0\.0\.1:\d+ \[.+?\] (\S+) (\S+)/(\S+) "
                              r"(-?\d+/-?\d+/-?\d+/-?\d+/\+?\d+) (\d+) (\+?\d+) ", line)
            expect(found, f"does not parse: {line}")
            timers = [int(part) for part in found[4].split("/")]
            expect(all(-1 <= timer < 5000 for timer in timers), f"timers: {timers}")
            equal(found[5], "200", "the status")
            contains(line, 'HTTP/1.1"')


def test_the_queue_in_haproxys_lines_counts_who_waited_before():
    gate = Gate(mirror)
    with Folder() as folder, HttpOrigin(gate) as origin:
        path = folder.file("access.log")
        with gateway(origin, "--pool-max", 1, "--pool-wait-timeout", "20s", "--access-log", path,
                     "--access-log-format", "haproxy", shards=1) as ringway:
            clients = [ringway.client() for _ in range(4)]
            for number, client in enumerate(clients):
                client.request("GET", f"/{number}")
                if number == 0:
                    origin.wait_for(1)
                time.sleep(0.05)
            gate.open()
            for client in clients:
                client.response()
            lines = lines_of(path, 4)
    queues = {re.search(r'"GET /(\d)', line)[1]: re.search(r" (\d+)/(\d+) \{", line)[2]
              for line in lines}
    equal(queues, {"0": "0", "1": "0", "2": "1", "3": "2"}, "who waited before, by request")


def test_lines_in_the_native_form_are_keys_and_values():
    with Folder() as folder:
        lines = logged(folder)
        for line, target in zip(lines, ("/first?a=1", "/second", "/third")):
            contains(line, target, "status=200", "127.0.0.1")


def test_a_line_cannot_be_forged():
    for form in ("native", "combined", "json", "haproxy"):
        with Folder() as folder, HttpOrigin(mirror) as origin:
            path = folder.file("access.log")
            with gateway(origin, "--access-log", path, "--access-log-format", form) as ringway:
                ringway.get("/%0a%22?x=\"'\\", [("User-Agent", 'a" 200 "b\\\t" \xff\xfe'),
                                               ("Referer", '"\\"')])
                ringway.get("/second")
                lines = lines_of(path, 2)
                equal(len(lines), 2, f"{form}: lines")
                if form == "json":
                    equal([json.loads(line)["status"] for line in lines], [200, 200])


def test_failures_are_logged_with_their_end():
    with Folder() as folder, HttpOrigin(scripted(RESET)) as origin:
        path = folder.file("access.log")
        with gateway(origin, "--access-log", path, "--access-log-format", "json") as ringway:
            equal(ringway.request("POST", "/lost", body=b"x").status, 502)
            line = json.loads(lines_of(path, 1)[0])
            equal((line["status"], line["end"]), (502, "upstream-reset"))
            with ringway.client() as client:
                client.send(b"GET / HTTP/1.1\r\nHost: h\r\nX : y\r\n\r\n")
                equal(client.response().status, 400)
            equal(ringway.stats().http["request_faults"]["bad-field-name"], 1, "the fault")


def test_a_full_disk_drops_lines_and_counts_them():
    with HttpOrigin() as origin, gateway(origin, "--access-log", "/dev/full") as ringway:
        with ringway.client() as client:
            for _ in range(200):
                equal(client.ask().status, 200)
        eventually(lambda: ringway.stats().log_lines_lost() > 0, "lines are counted as lost")
        equal(ringway.get().status, 200)


def test_requests_are_counted_by_route_and_upstream():
    with HttpOrigin(mirror) as origin:
        with Gateway(*HTTP_LISTEN, "--upstream", f"pool={origin.url}") as ringway:
            with ringway.client() as client:
                for _ in range(7):
                    client.ask()
                for _ in range(3):
                    client.ask("POST", "/", body=b"x" * 10)

            stats = eventually(lambda: settled(ringway, 10), "ten requests are counted")
            for row in (stats.route(), stats.upstream("pool")):
                figures = row["traffic"]
                equal(figures["requests"], 10, "requests")
                equal((figures["methods"]["read"], figures["methods"]["post"]), (7, 3), "methods")
                equal(figures["statuses"]["2xx"], 10, "statuses")
                equal(figures["ended"]["finished"], 10, "how they ended")
                equal(figures["request_body_bytes"], 30, "bytes of bodies up")
                equal(figures["response_body_bytes"], 7 + 30, "bytes of bodies down")
                equal(figures["latency"]["total"]["count"], 10, "latencies taken")
            equal(stats.http["sessions"], 1, "client connections")


def settled(ringway, requests):
    stats = ringway.stats()
    traffic = stats.route()["traffic"]
    return stats if traffic["ended_total"] == requests else None


def test_requests_are_counted_by_endpoint():
    with named_origins("a", "b") as origins:
        with Gateway(*HTTP_LISTEN, *upstream(origins), shards=1) as ringway:
            with ringway.client() as client:
                for _ in range(10):
                    client.ask()
            stats = eventually(lambda: settled(ringway, 10), "ten requests are counted")
            for row in stats.upstream("pool")["endpoints"]:
                equal((row["requests"], row["requests_active"]), (5, 0), "requests")
                equal(row["statuses"]["2xx"], 5, "statuses")
                equal(row["exchange_failures"], 0, "failures")
                equal(row["active"], 1, "connections kept")
