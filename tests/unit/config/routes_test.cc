// Routes of HTTP: as flags, as tables, and what they must not be.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "ringway/config/render.h"
#include "support.h"

namespace ringway::config::test {
namespace {

using base::Duration;

// With an HTTP listener "web" and the upstreams "api" and "site".
ParseOutcome routed(std::vector<std::string> routes, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"--listen",   "web=http://127.0.0.1:80",
                                       "--upstream", "api=http://127.0.0.1:81",
                                       "--upstream", "site=http://127.0.0.1:82"};
    for (std::string& route : routes) {
        arguments.insert(arguments.end(), {"--route", std::move(route)});
    }
    arguments.insert(arguments.end(), more.begin(), more.end());
    return parse({std::move(arguments), {}, {}});
}

Route route_of(const std::string& text) {
    const auto outcome = routed({text});
    INFO(outcome.text);
    REQUIRE(outcome.kind == ParseOutcome::Kind::settings);
    REQUIRE(outcome.settings.routes.size() == 1);
    return outcome.settings.routes[0];
}

TEST_CASE("conditions stand before the arrow, and what is done after it") {
    const Route route = route_of(
        "listener=web host=API.Example.com path=/v1/* method=POST,PUT method=PATCH "
        "header=X-Team:deep%20blue header=x-debug => "
        "api?name=v1&rewrite=/v2/&host=endpoint&first-byte-timeout=7s&idle-timeout=off&"
        "request-timeout=1m&max-body-bytes=1MiB&max-header-bytes=4096&max-requests=9&connect&"
        "request-header=set X-Team: blue&request-header=remove%20Cookie&"
        "response-header=add Cache-Control: no-store");
    CHECK(route.name == "v1");
    CHECK(route.match.listener == "web");
    CHECK(route.match.host == "api.example.com");
    CHECK(route.match.path == "/v1");
    CHECK(route.match.path_is_prefix);
    CHECK(route.match.methods == std::vector<std::string>{"POST", "PUT", "PATCH"});
    REQUIRE(route.match.headers.size() == 2);
    CHECK(route.match.headers[0] == HeaderCondition{"x-team", "deep blue"});
    CHECK(route.match.headers[1] == HeaderCondition{"x-debug", std::nullopt});
    CHECK(route.action == RouteAction::forward);
    CHECK(route.upstream == 0);
    CHECK(route.rewrite == "/v2");
    CHECK(route.host_policy == HostPolicy::endpoint);
    CHECK(route.first_byte_timeout == Duration::seconds(7));
    CHECK(route.idle_timeout == Duration::forever());
    CHECK(route.request_timeout == Duration::seconds(60));
    CHECK(route.body_bytes_max == 1 << 20);
    CHECK(route.header_bytes_max == 4096);
    CHECK(route.requests_max == 9);
    CHECK(route.connect_allowed);
    using Action = HeaderEdit::Action;
    CHECK(route.request_headers ==
          std::vector<HeaderEdit>{{Action::set, "X-Team", "blue"}, {Action::remove, "Cookie", ""}});
    CHECK(route.response_headers ==
          std::vector<HeaderEdit>{{Action::add, "Cache-Control", "no-store"}});
}

TEST_CASE("a route may answer itself") {
    const Route moved =
        route_of("path=/old => redirect:301:https://{host}{path}{query}?name=moved");
    CHECK(moved.action == RouteAction::redirect);
    CHECK(moved.status == 301);
    CHECK(moved.location == "https://{host}{path}{query}");
    CHECK(moved.name == "moved");
    const Route closed = route_of(
        "=> reply:503:Closed? Until 8:00.?content-type=text/html&response-header=set a: b");
    CHECK(closed.action == RouteAction::reply);
    CHECK(closed.status == 503);
    CHECK(closed.body == "Closed? Until 8:00.");
    CHECK(closed.content_type == "text/html");
    CHECK(closed.response_headers.size() == 1);
    const Route empty = route_of("path=/generate_204 => reply:204:");
    CHECK(empty.status == 204);
    CHECK(empty.body.empty());
}

TEST_CASE("paths are stored as they are compared") {
    struct Row {
        const char* path;
        const char* stored;
        bool prefix;
    };
    for (const Row& row :
         {Row{"/", "/", false}, Row{"/*", "", true}, Row{"/v1", "/v1", false},
          Row{"/v1/*", "/v1", true}, Row{"/v1/", "/v1/", false},
          Row{"/%7Euser/%2fx", "/~user/%2Fx", false}, Row{"/caf\xc3\xa9", "/caf%C3%A9", false},
          Row{"/a//b", "/a//b", false}, Row{"/.well-known/*", "/.well-known", true}}) {
        CAPTURE(row.path);
        const Route route = route_of(fmt::format("path={} => api", row.path));
        CHECK(route.match.path == row.stored);
        CHECK(route.match.path_is_prefix == row.prefix);
    }
    CHECK(route_of("path=/* => api?rewrite=/").rewrite == "");
    CHECK(route_of("path=/a => api?rewrite=/").rewrite == "/");
    CHECK(route_of("path=/a => api?rewrite=/b/").rewrite == "/b/");
}

TEST_CASE("hosts of conditions are names, wildcards and addresses without a port") {
    for (const char* host : {"localhost", "*.example.com", "192.0.2.7", "[::1]", "a-b.example"}) {
        CAPTURE(host);
        CHECK(route_of(fmt::format("host={} => api", host)).match.host == host);
    }
    CHECK(route_of("host=[0:0::1] => api").match.host == "[::1]");
    CHECK(route_of("=> api?host=Internal.example:8080").host == "Internal.example:8080");
    CHECK(route_of("=> api").host_policy == HostPolicy::keep);
}

TEST_CASE("what is wrong with a route is said") {
    struct Row {
        const char* route;
        const char* said;
    };
    for (const Row& row :
         {Row{"host=x", "a route is CONDITIONS => UPSTREAM"},
          Row{"=> api =>", "a route is CONDITIONS => UPSTREAM"},
          Row{"hosts=x => api",
              "\"hosts\" is not a condition: listener=, host=, path=, method= and "
              "header= are (hint: did you mean host?)"},
          Row{"x => api", "\"x\" is not a condition"},
          Row{"host=x => api hosts=y", "\"hosts\" is not a condition"},
          Row{"host=x host=y => api", "it is \"x\" already"},
          Row{"host=x:80 => api", "--route: host: \"x:80\" is not allowed"},
          Row{"host=* => api", "leave it out where every host is meant"},
          Row{"host=a.*.com => api", "a host such as api.example.com"},
          Row{"host=[::g] => api", "a host such as api.example.com"},
          Row{"path=v1 => api", "a path begins with /"},
          Row{"path=/v1* => api", "a * stands at the end alone, after a /"},
          Row{"path=/*/x => api", "a * stands at the end alone, after a /"},
          Row{"path=/a?b=1 => api", "a path has no ?"},
          Row{"path=/a/../b => api", "a path has no . and .."},
          Row{"path=/a/%2e%2E/b => api", "a path has no . and .."},
          Row{"path=/a%0 => api", "two hexadecimal digits"},
          Row{"path=/a%00 => api", "two hexadecimal digits"},
          Row{"method=get => api", "methods are told apart by case (hint: GET?)"},
          Row{"method=GET, => api", "methods such as GET or POST"},
          Row{"header=a%20b:c => api", "NAME for a field that is there"},
          Row{"header=a:%0d => api", "NAME for a field that is there"},
          Row{"header=a:%zz => api", "two hexadecimal digits"},
          Row{"listener=wen => api", "no listener has this name (hint: did you mean web?)"},
          Row{"=> apy", "--route: upstream: \"apy\" is not allowed: no upstream has this name"},
          Row{"=> 1api", "a name of 1 to 64 letters"},
          Row{"=> api?rewrite=/x", "replaces what path= matched, and there is none"},
          Row{"path=/a => api?rewrite=x", "--route: rewrite: \"x\" is not allowed"},
          Row{"=> api?path=/x", "path= is a condition, which stands before the arrow"},
          Row{"=> api?rewirte=/x", "a route has no such option (hint: did you mean rewrite?)"},
          Row{"=> api?re\nwrite=/x", "--route: re\\x0awrite: a route has no such option"},
          Row{"=> api?status=503", "is of routes that redirect or reply"},
          Row{"=> api?content-type=a/b", "is of routes that redirect or reply"},
          Row{"=> api?host=a%20b", "keep, endpoint, or a host"},
          Row{"=> api?max-header-bytes=1MiB", "at most that of the process, which is 32KiB"},
          Row{"=> api?redirect=/x", "one of upstream, redirect and reply is enough"},
          Row{"=> redirect:/x", "a status stands after redirect:"},
          Row{"=> redirect:200:/x", "a redirect is 301, 302, 303, 307 or 308"},
          Row{"=> redirect:301:x", "a URL or a path"},
          Row{"=> redirect:301:/{hots}", "a URL or a path"},
          Row{"=> redirect:301:/x?content-type=a/b", "is of routes that reply"},
          Row{"=> reply:99:x", "a whole number from 200 to 599"},
          Row{"=> reply:503", "a status stands after reply:"},
          Row{"=> reply:204:x", "a 204 has no body"},
          Row{"=> reply:503:x?idle-timeout=5s", "is of routes that lead to an upstream"},
          Row{"=> api?request-header=set x", "set NAME: VALUE, add NAME: VALUE or remove NAME"},
          Row{"=> api?request-header=remove x: y", "set NAME: VALUE, add NAME: VALUE or remove"},
          Row{"=> api?request-header=replace x: y", "set NAME: VALUE, add NAME: VALUE or remove"},
          Row{"=> api?request-header=set x y: z", "set NAME: VALUE, add NAME: VALUE or remove"},
          Row{"=> api?request-header=set x: a%0d%0ab", "set NAME: VALUE, add NAME: VALUE"},
          Row{"=> api?request-header=set Host: x", "Host has an option of its own"},
          Row{"=> api?request-header=remove content-LENGTH", "ringway writes it itself"},
          Row{"=> api?response-header=set Transfer-Encoding: chunked", "ringway writes it itself"},
          Row{"=> api?response-header=add Connection: close", "ringway writes it itself"}}) {
        CAPTURE(row.route);
        const auto outcome = routed({row.route});
        REQUIRE(outcome.kind == ParseOutcome::Kind::failed);
        CHECK(outcome.exit_code == 2);
        CAPTURE(outcome.text);
        CHECK(outcome.text.starts_with("ringway: --route"));
        CHECK(contains(outcome.text, row.said));
    }
}

TEST_CASE("two routes with the same conditions, or the same name, are refused") {
    CHECK(contains(routed({"path=/a => api", "path=/a => site"}).text,
                   "\"site\" is not allowed: path=/a goes to api already"));
    CHECK(contains(routed({"=> reply:404:", "=> site"}).text, "default is answered already"));
    CHECK(contains(routed({"path=/a => api?name=x", "path=/b => site?name=x"}).text,
                   "two routes have this name"));
}

TEST_CASE("routes are named by their conditions, or by a number where that is no name") {
    const auto outcome =
        routed({"host=a.example path=/v1/* => api", "=> site", "header=x-team:deep%20blue => api",
                "method=GET,HEAD header=x:y => api", "path=/other => api?name=default"});
    INFO(outcome.text);
    REQUIRE(outcome.kind == ParseOutcome::Kind::settings);
    const auto& routes = outcome.settings.routes;
    CHECK(routes.at(0).name == "host=a.example,path=/v1/*");
    CHECK(routes.at(1).name == "route2");
    CHECK(routes.at(2).name == "route3");
    CHECK(routes.at(3).name == "method=GET,HEAD,header=x:y");
    CHECK(routes.at(4).name == "default");
    CHECK(route_of("path=/" + std::string(80, 'x') + " => api").name == "route1");
}

// The routes' names, each with its upstream.
std::string implied(std::vector<std::string> arguments) {
    const auto outcome = parse({std::move(arguments), {}, {}});
    if (outcome.kind != ParseOutcome::Kind::settings) return outcome.text;
    std::string out;
    for (const Route& route : outcome.settings.routes) {
        out +=
            fmt::format("{}>{} ", route.name, outcome.settings.upstreams.at(route.upstream).name);
    }
    return out;
}

TEST_CASE("a listener with one upstream, or one of its name, needs no route") {
    CHECK(implied({"--listen", "http://127.0.0.1:1", "--upstream", "http://h:1"}) ==
          "listener=listener1>upstream1 ");
    const std::vector<std::string> two{
        "--listen",   "a=http://127.0.0.1:1", "--listen",   "b=http://127.0.0.1:2",
        "--upstream", "a=http://h:1",         "--upstream", "c=http://h:2"};
    const auto with = [&](std::vector<std::string> more) {
        more.insert(more.end(), two.begin(), two.end());
        return implied(std::move(more));
    };
    CHECK(with({"--route", "listener=b => c"}) == "listener=b>c listener=a>a ");
    CHECK(with({"--route", "=> c"}) == "default>c listener=a>a ");
    CHECK(with({"--route", "listener=a => c", "--route", "path=/x => a"}) ==
          "listener=a>c path=/x>a ");
    CHECK(with({"--route", "listener=b path=/x => c"}) == "listener=b,path=/x>c listener=a>a ");
    CHECK(contains(with({}),
                   "listener b (127.0.0.1:2) has no upstream, and there are 2 to choose "
                   "from (hint: --route 'listener=b => a')"));
    // Where somebody wrote a route, the only upstream is not taken for all the rest.
    CHECK(implied({"--listen", "http://127.0.0.1:1", "--upstream", "u=http://h:1", "--route",
                   "path=/x => u"}) == "path=/x>u ");
}

TEST_CASE("HTTP goes to HTTP and TCP to TCP, side by side") {
    const std::vector<std::string> both{
        "--listen",   "w=http://127.0.0.1:1", "--listen",   "r=tcp://127.0.0.1:2",
        "--upstream", "h=http://h:1",         "--upstream", "t=tcp://h:2"};
    const auto with = [&](std::vector<std::string> more) {
        more.insert(more.end(), both.begin(), both.end());
        return parse({std::move(more), {}, {}});
    };
    const auto plain = with({});
    INFO(plain.text);
    REQUIRE(plain.kind == ParseOutcome::Kind::settings);
    CHECK(plain.settings.listeners[1].upstream == 1);
    REQUIRE(plain.settings.routes.size() == 1);
    CHECK(plain.settings.routes[0].upstream == 0);
    CHECK(with({"--route", "=> t", "--route", "=> h"}).kind == ParseOutcome::Kind::settings);
    struct Row {
        const char* route;
        const char* said;
    };
    for (const Row& row :
         {Row{"listener=w => t", "listener w speaks http, and upstream t speaks tcp"},
          Row{"listener=r => h", "listener r speaks tcp, and upstream h speaks http"},
          Row{"listener=r path=/x => t", "path: \"/x\" is not allowed: is of HTTP"},
          Row{"=> t?idle-timeout=5s", "idle-timeout: \"5s\" is not allowed: is of HTTP"},
          Row{"listener=r => reply:200:x",
              "listener r speaks tcp, and redirects and replies are"}}) {
        CAPTURE(row.route);
        const auto outcome = with({"--route", row.route});
        CAPTURE(outcome.text);
        CHECK(contains(outcome.text, row.said));
    }
    const auto crossed = [](const char* listen, const char* upstream) {
        return parse({{"--listen", listen, "--upstream", upstream}, {}, {}}).text;
    };
    CHECK(contains(crossed("a=http://127.0.0.1:1", "a=tcp://h:1"),
                   "listener a speaks http, and upstream a speaks tcp: both must speak the same"));
    CHECK(contains(crossed("tcp://127.0.0.1:1", "http://h:1"),
                   "listener listener1 speaks tcp, and upstream upstream1 speaks http"));
    CHECK(contains(crossed("http://127.0.0.1:1", "http://h:1,tcp://h:2"),
                   "the endpoints of one upstream speak one protocol"));
}

TEST_CASE("no upstream is needed where every route answers itself") {
    const auto alone = parse({{"--listen", "http://127.0.0.1:80", "--route",
                               "=> redirect:308:https://{host}{path}{query}"},
                              {},
                              {}});
    CHECK(alone.kind == ParseOutcome::Kind::settings);
    const auto half = parse({{"--listen", "http://127.0.0.1:80", "--listen", "tcp://127.0.0.1:81",
                              "--route", "=> reply:404:"},
                             {},
                             {}});
    CHECK(contains(half.text, "--upstream: there is nowhere to go"));
}

TEST_CASE("several routes stand in one variable, and texts with blanks among them") {
    const auto outcome = parse({{"--listen", "http://127.0.0.1:1", "--upstream", "a=http://h:1",
                                 "--upstream", "b=http://h:2"},
                                {"RINGWAY_ROUTE=host=x.example path=/a => a "
                                 "path=/z => reply:404:No such thing path=/y => "
                                 "b?request-header=set X: 1 2 => b"},
                                {}});
    INFO(outcome.text);
    REQUIRE(outcome.kind == ParseOutcome::Kind::settings);
    const auto& routes = outcome.settings.routes;
    REQUIRE(routes.size() == 4);
    CHECK(routes[0].match.host == "x.example");
    CHECK(routes[1].body == "No such thing");
    CHECK(routes[2].match.path == "/y");
    CHECK(routes[2].request_headers.at(0).value == "1 2");
    CHECK(routes[3].match == RouteMatch{});
}

TEST_CASE("tables have a key for all of it, and plurals where there are several") {
    const auto outcome = parse({{}, {}, R"(
[[listener]]
name = "web"
url = "http://127.0.0.1:80"
[[upstream]]
name = "api"
endpoints = ["http://127.0.0.1:81"]
[[route]]
name = "writes"
listener = "web"
host = "api.example.com"
path = "/v1/*"
methods = ["POST", "PUT"]
headers = ["x-team: blue", "x-debug"]
upstream = "api"
rewrite = "/"
upstream-host = "internal.example:8080"
request-headers = ["set X-Team: blue", "remove Cookie"]
response-header = "add Cache-Control: no-store"
request-timeout = "30s"
max-requests = 100
connect = true
[[route]]
path = "/old/*"
redirect = "https://example.com{path}"
[[route]]
reply = """
{"error":"no such API"}
"""
status = 404
content-type = "application/json"
)"});
    INFO(outcome.text);
    REQUIRE(outcome.kind == ParseOutcome::Kind::settings);
    const auto& routes = outcome.settings.routes;
    REQUIRE(routes.size() == 3);
    CHECK(routes[0].name == "writes");
    CHECK(routes[0].match.methods.size() == 2);
    CHECK(routes[0].match.headers.size() == 2);
    CHECK(routes[0].rewrite == "");
    CHECK(routes[0].host_policy == HostPolicy::literal);
    CHECK(routes[0].request_headers.size() == 2);
    CHECK(routes[0].connect_allowed);
    CHECK(routes[1].status == 302);
    CHECK(routes[2].body == "{\"error\":\"no such API\"}\n");
    // As it stands in the settings' own words, it is the same.
    const std::string text = render_settings(outcome.settings);
    CAPTURE(text);
    const auto again = parse({{}, {}, text});
    CAPTURE(again.text);
    REQUIRE(again.kind == ParseOutcome::Kind::settings);
    CHECK(again.settings == outcome.settings);
}

}  // namespace
}  // namespace ringway::config::test
