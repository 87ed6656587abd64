"""What the statistics say of HTTP: shaped as documented, and equal to what the peers counted."""

import json
import os

from harness.base import ROOT, Folder, between, contains, equal, eventually, expect
from harness.gateway import Configured, Gateway, HTTP_LISTEN, gateway, http_url
from harness.http_origin import HttpOrigin, RESET, mirror, scripted
from harness.process import read_text
from harness.schema import check
from harness.sockets import pattern


def answer_as_told(call):
    """The target's first part is the status to answer with."""
    call.read_body()
    call.reply(int(call.target.split("/")[1]), body=b"x" * 100)


def settled(ringway, ended):
    def look():
        stats = ringway.stats()
        return stats if stats.route()["traffic"]["ended_total"] == ended else None

    return eventually(look, f"{ended} exchanges are over")


def test_all_json_about_http_is_as_documented():
    with open(os.path.join(ROOT, "tests", "e2e", "stats_schema.json")) as source:
        root = json.load(source)
    with Folder() as folder, HttpOrigin(answer_as_told) as origin:
        log = folder.file("access.log")
        with gateway(origin, "--log-format", "json", "--access-log", log) as ringway:
            with ringway.client() as client:
                client.ask("GET", "/200")
                for shape, command in (("stats", "stats"), ("stats", "stats --per-shard"),
                                       ("upstreams", "upstreams"), ("info", "info"),
                                       ("connection_list", "connections")):
                    check(root["$defs"][shape], ringway.ask_json(command), root, command)
                client.send(b"bad\r\n\r\n")
                equal(client.response().status, 400)
            lines = eventually(lambda: (text := read_text(log).splitlines())[1:] and text,
                               "two lines in the log")
            for line in lines:
                check(root["$defs"]["exchange_line"], json.loads(line), root, "exchange line")


def test_endpoints_are_counted_as_the_origins_count():
    with HttpOrigin(answer_as_told) as one, HttpOrigin(answer_as_told) as two:
        with Gateway(*HTTP_LISTEN, "--upstream",
                     f"pool={http_url(one)},{http_url(two)}") as ringway:
            with ringway.client() as client:
                for status in [200] * 6 + [404] * 2 + [500] * 2:
                    equal(client.ask("GET", f"/{status}").status, status)
            stats = settled(ringway, 10)
            upstream = stats.upstream("pool")
            for origin, row in zip((one, two), upstream["endpoints"]):
                equal(row["requests"], len(origin.requests), "requests of an endpoint")
                equal(sum(row["statuses"].values()), len(origin.requests), "answers")
                equal(row["requests_active"], 0)
            statuses = [row["statuses"] for row in upstream["endpoints"]]
            for name, count in (("2xx", 6), ("4xx", 2), ("5xx", 2), ("none", 0)):
                equal(sum(each[name] for each in statuses), count, name)
            traffic = upstream["traffic"]
            equal((traffic["errors"], traffic["error_rate"]), (2, 0.2), "errors")
            expect(upstream["endpoints"][0]["latency_ewma_ns"] > 0, "a latency")


def test_answers_that_never_came_are_counted_at_the_endpoint():
    with HttpOrigin(scripted(RESET)) as origin, gateway(origin) as ringway:
        equal(ringway.request("POST", "/", body=b"x").status, 502)
        stats = settled(ringway, 1)
        row = stats.upstream()["endpoints"][0]
        equal((row["statuses"]["none"], row["exchange_failures"]), (1, 1))
        equal(stats.route()["traffic"]["statuses"]["5xx"], 1, "what the client got")
        equal(stats.ended("upstream-reset"), 1)


def test_the_pool_says_how_it_is_used():
    with HttpOrigin(answer_as_told) as origin:
        with gateway(origin, "--pool-max", "8", "--shards", "1") as ringway:
            with ringway.client() as client:
                for _ in range(10):
                    client.ask("GET", "/200")
                settled(ringway, 10)
                pool = ringway.stats().upstream()["pool"]
                equal((pool["connections"], pool["idle"], pool["leased"]), (1, 1, 0))
                equal((pool["leases"], pool["reuses"], pool["opened"]), (10, 9, 1))
                equal((pool["reuse_ratio"], pool["connections_max"]), (0.9, 8))
                equal(pool["successes"], 10)
            contains(ringway.ctl("upstreams"), "pools", "90.0 %", "endpoints: requests")


def test_rates_are_over_the_last_second_or_two():
    with HttpOrigin(answer_as_told) as origin, gateway(origin) as ringway:
        with ringway.client() as client:
            def asked():
                for _ in range(20):
                    client.ask("GET", "/200")
                rates = ringway.ask_json("stats")["rates"]
                return rates if rates and rates["requests_per_second"] > 0 else None

            rates = eventually(asked, "requests per second are shown")
            between(rates["span_ns"] / 1e9, 0.0, 5, "the span")
            expect(rates["bytes_down_per_second"] > 0, "bytes per second")
            per_shard = ringway.ask_json("stats --per-shard")
            total = per_shard["rates"]["requests_per_second"]
            parts = sum(each["rates"]["requests_per_second"] for each in per_shard["per_shard"])
            between(parts, total - 0.1, total + 0.1, "the sum over the shards")


def test_text_names_routes_ends_and_phases():
    with HttpOrigin(answer_as_told) as origin, gateway(origin) as ringway:
        with ringway.client() as client:
            client.ask("GET", "/200")
            client.ask("GET", "/503")
        settled(ringway, 2)
        contains(ringway.ctl("stats"), "requests by route", "answers by upstream", "finished 2",
                 "50.0 %", "first byte", "rates over the last")
        contains(ringway.ctl("stats", "--per-shard"), "error rate", "pool connections")


def settings(upstreams):
    text = '[[listener]]\nname = "web"\nurl = "http://127.0.0.1:0"\n'
    for name, origin in upstreams.items():
        text += f'[[upstream]]\nname = "{name}"\nendpoints = ["{origin.url}"]\n'
    return text


def reload_to(ringway, name, origin):
    """Until the new settings serve."""
    ringway.reload(settings({name: origin}))
    before = len(origin.requests)

    def served():
        equal(ringway.get("/200").status, 200)
        return len(origin.requests) > before

    eventually(served, f"{name} serves")


def test_what_a_reload_took_away_keeps_its_numbers_and_leaves_the_text():
    with HttpOrigin(answer_as_told) as one, HttpOrigin(answer_as_told) as two:
        with Configured(settings({"first": one})) as ringway:
            equal(ringway.get("/200").status, 200)
            contains(ringway.ctl("upstreams"), "first/")
            reload_to(ringway, "second", two)

            def gone():
                text = ringway.ctl("upstreams")
                return "second/" in text and "first" not in text

            eventually(gone, "the text shows what is in use alone")

            def rows():
                return {row["name"]: row for row in ringway.ask_json("upstreams")["upstreams"]}

            equal((rows()["first"]["retired"], rows()["second"]["retired"]), (True, False))
            for name, origin in (("first", one), ("second", two)):
                equal(rows()[name]["traffic"]["requests"], len(origin.requests), name)
            reload_to(ringway, "first", one)
            equal((rows()["first"]["retired"], rows()["second"]["retired"]), (False, True))
            eventually(lambda: rows()["first"]["traffic"]["requests"] == len(one.requests),
                       "the numbers go on where they stopped")


def test_a_connections_bytes_are_those_of_all_its_bodies():
    with HttpOrigin(mirror) as origin, gateway(origin) as ringway, ringway.client() as client:
        body = pattern(1 << 20)
        for _ in range(2):
            expect(client.ask("POST", "/", body=body).body == body, "the body comes back")

        def counted():
            row, = ringway.connections()
            return row["bytes_up"] == 2 * len(body) and row["bytes_down"] > 2 * len(body)

        eventually(counted, "both bodies are counted, however they went")
