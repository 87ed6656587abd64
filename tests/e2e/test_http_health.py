"""Which endpoints are asked at all: active checks over HTTP, and ejection by what requests meet."""

import time

from harness.base import between, contains, equal, eventually, expect, never, timeout_of
from harness.endpoints import row_of
from harness.gateway import HTTP_LISTEN, Gateway, named_origins, upstream
from harness.http_origin import BODY, RESET, HttpOrigin, naming, scripted
from test_http_routing import counts

RULE = "interval=100ms,timeout=100ms,rise=2,fall=2,jitter=0,path=/health"


class Checked:
    """An origin whose answer to the check the test chooses."""

    def __init__(self, name):
        self.name, self.status, self.body, self.checks = name, 200, "all is well", 0

    def __call__(self, call):
        if call.path == "/health":
            self.checks += 1
            call.reply(self.status, self.body)
        else:
            call.reply(body=self.name)


def test_an_endpoint_whose_check_fails_gets_no_requests_until_it_passes():
    good, bad = Checked("good"), Checked("bad")
    with HttpOrigin(good) as one, HttpOrigin(bad) as two:
        with Gateway(*HTTP_LISTEN, *upstream([one, two]), "--health-check", RULE) as ringway:
            eventually(lambda: counts(ringway, 10)["bad"] == 5, "both serve")
            bad.status = 500
            eventually(lambda: counts(ringway, 10) == {"good": 10}, "only the good one serves", 5)
            equal([row_of(ringway, origin)["state"] for origin in (one, two)],
                  ["ready", "unhealthy"], "what is shown")
            bad.status = 200
            eventually(lambda: counts(ringway, 10)["bad"] == 5, "both serve again", 5)
            expect(good.checks >= 3 and bad.checks >= 3, "both were checked")


def test_the_check_is_a_get_of_the_path_with_a_host():
    checked = Checked("x")
    with HttpOrigin(checked) as origin:
        with Gateway(*HTTP_LISTEN, "--upstream", origin.url, "--health-check",
                     RULE + ",host=health.test") as ringway:
            origin.wait_for(2)
            request = origin.requests[0]
            equal((request.method, request.target), ("GET", "/health"))
            equal(request.fields.get("Host"), "health.test")
            equal(ringway.get().text(), "x")


def test_the_status_and_the_body_of_a_check_are_judged():
    for rule, good, bad in [("status=204", (204, ""), (200, "")),
                            ("status=200-299", (250, ""), (301, "")),
                            ("body=well", (200, "all is well"), (200, "all is lost"))]:
        checked = Checked("x")
        checked.status, checked.body = good
        with HttpOrigin(checked) as origin, HttpOrigin(naming("spare")) as spare:
            with Gateway(*HTTP_LISTEN, *upstream([origin, spare],
                                                 [f"?health-check={RULE},{rule}", "?backup=on"])
                         ) as ringway:
                time.sleep(0.4)
                equal(ringway.get().text(), "x", f"{rule}: while the check passes")
                checked.status, checked.body = bad
                eventually(lambda: ringway.get().status in (502, 503)
                           or ringway.get().text() == "spare", f"{rule}: while it fails", 5)


def test_a_check_that_gets_no_answer_fails():
    with HttpOrigin(scripted(BODY, 5)) as origin, HttpOrigin(scripted(BODY, RESET)) as spare:
        rule = "interval=100ms,timeout=100ms,rise=2,fall=2,jitter=0,path=/health"
        with Gateway(*HTTP_LISTEN, *upstream([origin, spare]), "--health-check", rule) as ringway:
            eventually(lambda: row_of(ringway, origin)["state"] == "unhealthy", "it is taken out")
            equal(row_of(ringway, spare)["state"], "unhealthy", "one that fails otherwise")


def test_checks_are_off_until_asked_for():
    with HttpOrigin() as origin, Gateway(*HTTP_LISTEN, "--upstream", origin.url) as ringway:
        never(lambda: origin.requests, "a check", 0.5)
        equal(ringway.get().status, 200)


# ---- ejection --------------------------------------------------------------------------------


def test_an_endpoint_that_keeps_failing_requests_is_ejected_for_a_while():
    with HttpOrigin(scripted(BODY, RESET)) as broken, HttpOrigin(naming("good")) as good:
        with Gateway(*HTTP_LISTEN, *upstream([broken, good]), "--eject-errors", 3,
                     "--fail-backoff", "30s", "--fail-threshold", 1000, shards=1) as ringway:
            with ringway.client() as client:
                statuses = [client.ask("POST", "/", body=b"x").status for _ in range(60)]
            failed = sum(status != 200 for status in statuses)
            between(failed, 3, 4, "requests that met the broken one")
            equal(statuses[-40:], [200] * 40, "once it was ejected")


def test_an_ejected_endpoint_comes_back():
    class Mending:
        broken = True

        def __call__(self, call):
            call.run([BODY, RESET]) if self.broken else call.reply(body="mended")

    mending = Mending()
    with HttpOrigin(mending) as one, HttpOrigin(naming("good")) as good:
        with Gateway(*HTTP_LISTEN, *upstream([one, good]), "--eject-errors", 2, "--fail-backoff",
                     "200ms", "--fail-backoff-max", "200ms", shards=1) as ringway:
            with ringway.client() as client:
                for _ in range(20):
                    client.ask("POST", "/", body=b"x")
                mending.broken = False
                eventually(lambda: client.ask().text() == "mended", "it serves again", 5)


def test_no_more_than_their_share_of_endpoints_are_ejected():
    with HttpOrigin(scripted(BODY, RESET)) as one, HttpOrigin(scripted(BODY, RESET)) as two:
        with Gateway(*HTTP_LISTEN, *upstream([one, two]), "--eject-errors", 2, "--eject-share",
                     50, "--fail-backoff", "30s", "--fail-threshold", 1000, shards=1) as ringway:
            with ringway.client() as client:
                for _ in range(40):
                    equal(client.ask("POST", "/", body=b"x").status, 502, "asked, not given up")
            fewer, more = sorted((len(one.requests), len(two.requests)))
            expect(fewer <= 5 and more >= 35, f"one was ejected, one stayed: {fewer}, {more}")


def test_errors_that_the_origin_answers_with_are_no_reason_by_themselves_for_502():
    with HttpOrigin(lambda call: call.reply(500, body="mine")) as origin:
        with Gateway(*HTTP_LISTEN, "--upstream", origin.url) as ringway, ringway.client() as client:
            for _ in range(30):
                response = client.ask()
                equal((response.status, response.text()), (500, "mine"))


@timeout_of(60)
def test_all_endpoints_down_is_a_503_until_one_is_back():
    with named_origins("a", "b") as origins:
        with Gateway(*HTTP_LISTEN, *upstream(origins)) as ringway, ringway.client() as client:
            for origin in origins:
                ringway.set_state("pool", origin, "down")
            response = client.ask()
            equal(response.status, 503)
            contains(response.fields.get("Proxy-Status"), "error=")
            ringway.set_state("pool", origins[1], "ready")
            eventually(lambda: client.ask().text() == "b", "one is back")
