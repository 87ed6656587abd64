"""Which route a request takes, and what a route does: forward, redirect, reply, edit, rewrite."""

import collections
import contextlib
import threading
import time

from harness.base import between, contains, equal, eventually, expect
from harness.gateway import HTTP_LISTEN, Configured, Gateway, gateway, named_origins, upstream
from harness.http import ask_once
from harness.http_origin import HttpOrigin, mirror, naming


@contextlib.contextmanager
def routed(names, routes, extra=""):
    """A gateway in front of origins that say their names, with the routes of a file."""
    with named_origins(*names) as origins:
        text = '[[listener]]\nname = "web"\nurl = "http://127.0.0.1:0"\n'
        for name, origin in zip(names, origins):
            text += f'[[upstream]]\nname = "{name}"\nendpoints = ["{origin.url}"]\n'
        with Configured(extra + text + routes) as ringway:
            ringway.origins = dict(zip(names, origins))
            yield ringway


def route(upstream_name, **keys):
    lines = "".join(f"{key.replace('_', '-')} = {value!r}\n".replace("'", '"')
                    for key, value in keys.items())
    return f'[[route]]\nupstream = "{upstream_name}"\n{lines}'


# ---- conditions ------------------------------------------------------------------------------


def test_hosts_choose_the_route():
    routes = (route("exact", host="api.example.com") + route("wild", host="*.example.com") +
              route("wilder", host="*.sub.example.com") + route("other"))
    with routed(["exact", "wild", "wilder", "other"], routes) as ringway:
        for host, wanted in [("api.example.com", "exact"), ("API.Example.COM", "exact"),
                             ("api.example.com:8080", "exact"), ("www.example.com", "wild"),
                             ("a.b.example.com", "wild"), ("x.sub.example.com", "wilder"),
                             ("example.com", "other"), ("example.org", "other"),
                             ("notexample.com", "other")]:
            equal(ringway.get(host=host).text(), wanted, host)
        equal(ringway.get("http://api.example.com/", host="example.org").text(), "exact",
              "an absolute target decides")


def test_paths_choose_the_route():
    routes = (route("exact", path="/v1") + route("prefix", path="/v1/*") +
              route("longer", path="/v1/users/*") + route("other"))
    with routed(["exact", "prefix", "longer", "other"], routes) as ringway:
        for path, wanted in [("/v1", "exact"), ("/v1?x=1", "exact"), ("/v1/", "prefix"),
                             ("/v1/a/b", "prefix"), ("/v1/users", "longer"),
                             ("/v1/users/7?q", "longer"), ("/v1/usersx", "prefix"),
                             ("/v10", "other"), ("/", "other"), ("/V1", "other")]:
            equal(ringway.get(path).text(), wanted, path)


def test_paths_are_compared_in_their_normal_form_and_forwarded_as_they_came():
    with routed(["secret", "open"], route("secret", path="/secret/*") + route("open")) as ringway:
        for path in ("/secret/x", "/%73ecret/x", "/a/../secret/x", "/a/%2e%2E/secret/x",
                     "/./secret/./x", "/secret/a/.."):
            equal(ringway.get(path).text(), "secret", path)
            equal(ringway.origins["secret"].last().target, path, "the bytes at the origin")
        for path in ("/secret/../open", "/%2Fsecret/x", "/secre%74t/x", "//secret/x"):
            equal(ringway.get(path).text(), "open", path)


def test_methods_and_headers_choose_the_route():
    routes = (route("writers", path="/x/*", method=["POST", "PUT"]) +
              route("blue", path="/x/*", header=["x-team: blue"]) +
              route("any", path="/x/*", header=["x-team"]) + route("other"))
    with routed(["writers", "blue", "any", "other"], routes) as ringway:
        equal(ringway.request("POST", "/x/1").text(), "writers")
        equal(ringway.request("PUT", "/x/1").text(), "writers")
        equal(ringway.get("/x/1").text(), "other")
        equal(ringway.get("/x/1", [("X-Team", "blue")]).text(), "blue")
        equal(ringway.get("/x/1", [("x-TEAM", "red")]).text(), "any")


def test_the_listener_chooses_the_route():
    with named_origins("one", "two") as (one, two):
        with Gateway("--listen", "a=http://127.0.0.1:0", "--listen", "b=http://127.0.0.1:0",
                     "--upstream", f"one={one.url}", "--upstream", f"two={two.url}",
                     "--route", "listener=a => one", "--route", "listener=b => two") as ringway:
            equal(ask_once(ringway.address("a")).text(), "one")
            equal(ask_once(ringway.address("b")).text(), "two")


def test_routes_go_on_the_command_line():
    with named_origins("api", "web") as (api, web):
        with Gateway(*HTTP_LISTEN, "--upstream", f"api={api.url}", "--upstream", f"web={web.url}",
                     "--route", "host=api.example.com path=/v1/* => api", "--route",
                     "=> web") as ringway:
            equal(ringway.get("/v1/x", host="api.example.com").text(), "api")
            equal(ringway.get("/v2", host="api.example.com").text(), "web")
            equal(ringway.get("/v1/x", host="example.com").text(), "web")


def test_a_request_that_no_route_takes_is_a_404():
    with routed(["only"], route("only", path="/only/*")) as ringway, ringway.client() as client:
        for _ in range(2):
            response = client.ask("GET", "/other")
            equal(response.status, 404)
            expect(response.body, "with a short body")
            equal(client.ask("GET", "/only/x").text(), "only", "on the same connection")
        equal(client.ask("POST", "/other", body=b"x" * 100_000).status, 404, "with a body")


# ---- what a route does -----------------------------------------------------------------------


def test_a_redirect_names_host_path_and_query():
    routes = """[[route]]
path = "/old/*"
redirect = "https://{host}{path}{query}"
status = 308
"""
    with routed(["only"], routes + route("only")) as ringway:
        response = ringway.get("/old/a%20b?x=1&y", host="example.com:8080")
        equal(response.status, 308)
        equal(response.fields.get("Location"), "https://example.com/old/a%20b?x=1&y")
        equal(ringway.get("/new").text(), "only")


def test_a_redirect_cannot_be_split():
    routes = '[[route]]\npath = "/old/*"\nredirect = "https://{host}{path}{query}"\n'
    with routed(["only"], routes + route("only")) as ringway:
        response = ringway.get("/old/%0d%0aSet-Cookie:%20a=b?%0d%0aX:%20y", host="h")
        between(response.status, 300, 399, "the status")
        expect(not response.fields.has("Set-Cookie") and not response.fields.has("X"),
               f"fields out of the target: {response.fields}")


def test_a_fixed_reply_needs_no_upstream():
    routes = """[[route]]
path = "/robots.txt"
reply = "User-agent: *\\n"
content-type = "text/robots"
[[route]]
path = "/gone"
status = 410
reply = ""
"""
    with routed(["only"], routes + route("only")) as ringway, ringway.client() as client:
        response = client.ask("GET", "/robots.txt")
        equal((response.status, response.text()), (200, "User-agent: *\n"))
        equal(response.fields.get("Content-Type"), "text/robots")
        equal(client.ask("GET", "/gone").status, 410)
        equal(client.ask("HEAD", "/robots.txt").fields.get("Content-Length"), "14")
        equal(client.ask("POST", "/gone", body=b"x" * 5000).status, 410, "a body is taken away")
        equal(client.ask("GET", "/else").text(), "only", "on the same connection")


def test_prefixes_are_rewritten():
    routes = (route("a", path="/api/*", rewrite="/internal/v2") +
              route("b", path="/strip/*", rewrite="/") + route("c", path="/one", rewrite="/two"))
    with routed(["a", "b", "c"], routes) as ringway:
        for path, name, wanted in [("/api/users?q=1", "a", "/internal/v2/users?q=1"),
                                   ("/api/a%2Fb/%7E", "a", "/internal/v2/a%2Fb/%7E"),
                                   ("/api", "a", "/internal/v2"), ("/strip/x/y", "b", "/x/y"),
                                   ("/strip", "b", "/"), ("/strip/?q", "b", "/?q"),
                                   ("/one?q", "c", "/two?q")]:
            equal(ringway.get(path).text(), name, path)
            equal(ringway.origins[name].last().target, wanted, f"the target for {path}")


def test_header_edits_set_add_and_remove():
    keys = """request-header = ["set X-Set: new", "add X-Add: more", "remove X-Gone"]
response-header = ["set X-Frame: deny", "add Set-Cookie: z=1", "remove Server"]
"""
    answer = [("Server", "secret/1"), ("X-Frame", "allow"), ("Set-Cookie", "a=1")]
    with HttpOrigin(lambda call: call.reply(fields=answer)) as origin:
        with Configured(f"""
[[listener]]
url = "http://127.0.0.1:0"
[[upstream]]
name = "only"
endpoints = ["{origin.url}"]
[[route]]
upstream = "only"
{keys}""") as ringway:
            response = ringway.get("/", [("x-set", "old"), ("X-Set", "older"), ("X-Add", "one"),
                                         ("X-GONE", "1"), ("X-Kept", "k")])
            fields = origin.last().fields
            equal(fields.all("X-Set"), ["new"])
            equal(fields.all("X-Add"), ["one", "more"])
            equal((fields.all("X-Gone"), fields.all("X-Kept")), ([], ["k"]))
            equal(response.fields.all("X-Frame"), ["deny"])
            equal(response.fields.all("Set-Cookie"), ["a=1", "z=1"])
            expect(not response.fields.has("Server"), "Server was to be removed")


def test_the_host_is_kept_or_rewritten():
    for policy, wanted in (("keep", "asked.test"), ("endpoint", None),
                           ("inner.test:81", "inner.test:81")):
        with routed(["only"], route("only", upstream_host=policy)) as ringway:
            equal(ringway.get(host="asked.test").text(), "only")
            origin = ringway.origins["only"]
            equal(origin.last().fields.get("Host"), wanted or f"127.0.0.1:{origin.port}", policy)
            equal(origin.last().fields.get("X-Forwarded-Host"), "asked.test")


def test_a_route_has_limits_of_its_own():
    routes = (route("small", path="/small/*", max_body_bytes="10B", max_header_bytes="4KiB") +
              route("large"))
    with routed(["small", "large"], routes) as ringway:
        equal(ringway.request("POST", "/small/x", body=b"x" * 10).text(), "small")
        equal(ringway.request("POST", "/small/x", body=b"x" * 11).status, 413)
        equal(ringway.request("POST", "/large", body=b"x" * 100_000).text(), "large")
        equal(ringway.get("/small/x", [("X", "v" * 6000)]).status, 431)
        equal(ringway.get("/large", [("X", "v" * 6000)]).text(), "large")


# ---- which endpoint --------------------------------------------------------------------------


def counts(ringway, count, fields=lambda number: ()):
    with ringway.client() as client:
        return collections.Counter(client.ask("GET", f"/{number}", fields(number)).text()
                                   for number in range(count))


def test_round_robin_goes_by_request():
    with named_origins("a", "b", "c") as origins:
        with Gateway(*HTTP_LISTEN, *upstream(origins), shards=1) as ringway:
            equal(counts(ringway, 30), {"a": 10, "b": 10, "c": 10}, "requests by endpoint")


def test_weights_set_the_shares_of_requests():
    with named_origins("heavy", "light") as origins:
        with Gateway(*HTTP_LISTEN, *upstream(origins, ["?weight=3", "?weight=1"]),
                     shards=1) as ringway:
            equal(counts(ringway, 40), {"heavy": 30, "light": 10}, "requests by endpoint")


def test_the_hash_of_a_header_always_names_the_same_endpoint():
    with named_origins("a", "b", "c") as origins:
        with Gateway(*HTTP_LISTEN, *upstream(origins), "--balance",
                     "hash:header=x-user") as ringway:
            seen = {}
            for _ in range(3):
                for user in range(40):
                    name = ringway.get("/", [("X-User", f"user{user}")]).text()
                    equal(seen.setdefault(user, name), name, f"who serves user{user}")
            equal(set(seen.values()), {"a", "b", "c"}, "endpoints in use")


def test_the_hash_of_a_cookie_always_names_the_same_endpoint():
    with named_origins("a", "b", "c") as origins:
        with Gateway(*HTTP_LISTEN, *upstream(origins), "--balance", "hash:cookie=sid") as ringway:
            seen = {}
            for turn in range(3):
                for user in range(40):
                    cookie = f"x={turn}; sid=s{user}; y={user}"
                    name = ringway.get("/", [("Cookie", cookie)]).text()
                    equal(seen.setdefault(user, name), name, f"who serves {cookie}")
            equal(set(seen.values()), {"a", "b", "c"}, "endpoints in use")


def slow(call):
    call.read_body()
    time.sleep(0.2)
    call.reply(body="slow")


def test_p2c_and_least_requests_prefer_the_endpoint_that_is_not_busy():
    for balance in ("p2c", "least-requests"):
        with HttpOrigin(slow) as one, HttpOrigin(naming("quick")) as two:
            with Gateway(*HTTP_LISTEN, *upstream([one, two]), "--balance", balance,
                         shards=1) as ringway:
                names = []

                def work():
                    for _ in range(15):
                        names.append(ringway.get().text())

                threads = [threading.Thread(target=work) for _ in range(4)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                expect(names.count("quick") > 2 * names.count("slow"),
                       f"{balance}: {collections.Counter(names)}")


def test_a_sticky_cookie_brings_a_client_back():
    with named_origins("a", "b", "c") as origins:
        with Gateway(*HTTP_LISTEN, *upstream(origins), "--sticky-cookie", "rw") as ringway:
            for _ in range(6):
                first = ringway.get()
                cookie = first.fields.get("Set-Cookie")
                contains(cookie, "rw=")
                value = cookie.split(";")[0]
                for _ in range(5):
                    again = ringway.get("/", [("Cookie", f"other=1; {value}")])
                    equal(again.text(), first.text(), "who serves the client again")
            equal(ringway.get("/", [("Cookie", "rw=nonsense")]).status, 200, "a cookie unknown")


def test_a_backup_serves_requests_only_while_nobody_else_can():
    with named_origins("main", "spare") as origins:
        with Gateway(*HTTP_LISTEN, *upstream(origins, ["", "?backup=on"])) as ringway:
            equal(counts(ringway, 6), {"main": 6}, "while the main one is there")
            ringway.set_state("pool", origins[0], "down")
            equal(counts(ringway, 6), {"spare": 6}, "while the main one is down")
            ringway.set_state("pool", origins[0], "ready")
            eventually(lambda: counts(ringway, 6) == {"main": 6}, "when it is back")


def test_an_endpoint_that_drains_gets_no_new_requests():
    with named_origins("a", "b") as origins:
        with Gateway(*HTTP_LISTEN, *upstream(origins)) as ringway:
            counts(ringway, 4)
            ringway.set_state("pool", origins[0], "drain")
            equal(counts(ringway, 10), {"b": 10}, "who serves")


def test_one_connection_goes_to_many_upstreams():
    routes = route("a", path="/a/*") + route("b", path="/b/*")
    with routed(["a", "b"], routes) as ringway, ringway.client() as client:
        for turn in range(10):
            for name in ("a", "b"):
                equal(client.ask("GET", f"/{name}/{turn}").text(), name)


def test_requests_with_bodies_go_by_route_too():
    with HttpOrigin(mirror) as origin, gateway(origin) as ringway, ringway.client() as client:
        for size in (0, 1, 5000, 100_000):
            body = b"x" * size
            equal(client.ask("POST", f"/{size}", body=body).body, body or b"/0")
