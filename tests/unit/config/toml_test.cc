// The file: what it says, and where it says what is wrong.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "support.h"

namespace ringway::config::test {
namespace {

// The text stands in as the built-in file, whose name messages give.
ParseOutcome parse_file(const std::string& text) { return parse({{}, {}, text}); }

TEST_CASE("objects are tables, and their options are keys") {
    const auto outcome = parse_file(R"(
shards = 2
pin = false
idle-timeout = "off"
allow = ["10.0.0.0/8", "fd00::/8"]

[[listener]]
name = "web"
url = "tcp://127.0.0.1:80?backlog=7"
congestion = "reno"

[[listener]]
url = "tcp+unix:/run/x.sock"
unix-mode = "0600"

[[upstream]]
name = "web"
endpoints = ["tcp://a:1?weight=2", { url = "tcp://b:1", backup = true, max-connections = 9 }]
balance = "least-connections"
health-check = { interval = "5s", fall = 2 }

[[upstream]]
name = "other"
endpoints = "tcp+unix:/run/y.sock"

[[route]]
upstream = "other"
)");
    CAPTURE(outcome.text);
    REQUIRE(outcome.kind == ParseOutcome::Kind::settings);
    const Settings& settings = outcome.settings;
    CHECK(settings.shards == 2);
    CHECK(settings.pin == false);
    CHECK(settings.idle_timeout.is_forever());
    REQUIRE(settings.listeners.size() == 2);
    CHECK(settings.listeners[0].backlog == 7);
    CHECK(settings.listeners[0].socket.congestion == "reno");
    CHECK(settings.listeners[0].allow.size() == 2);
    CHECK(settings.listeners[0].upstream == 0);
    CHECK(settings.listeners[1].name == "listener2");
    CHECK(settings.listeners[1].unix_mode == 0600);
    CHECK(settings.listeners[1].upstream == 1);
    const Upstream& upstream = settings.upstreams[0];
    CHECK(upstream.balance == Balance::least_connections);
    CHECK(upstream.health.enabled);
    CHECK(upstream.health.fall == 2);
    CHECK(upstream.endpoints[0].weight == 2);
    CHECK(upstream.endpoints[1].backup);
    CHECK(upstream.endpoints[1].connections_max == 9);
}

TEST_CASE("the flags' own spelling works in the file as well, and adds to the tables") {
    const auto outcome = parse_file(R"(
listen = ["a=tcp://127.0.0.1:1", "b=tcp://127.0.0.1:2"]
upstream = "u=tcp://h:1,tcp://h:2"
route = "listener=a => u"
[[listener]]
url = "tcp://127.0.0.1:3"
)");
    CAPTURE(outcome.text);
    REQUIRE(outcome.kind == ParseOutcome::Kind::settings);
    CHECK(outcome.settings.listeners.size() == 3);
    CHECK(outcome.settings.upstreams[0].endpoints.size() == 2);
}

TEST_CASE("what is wrong in the file is told with line and column") {
    struct Row {
        const char* text;
        const char* line;
    };
    for (const Row& row : {
             Row{"\n  shards = 0",
                 "2:3: shards: \"0\" is not allowed: a whole number from 1 to 1024"},
             Row{"shard = 2", "1:1: shard: no setting has this name (hint: did you mean shards?)"},
             Row{"connect_timeout = \"1s\"", "(hint: did you mean connect-timeout?)"},
             Row{"config = \"x\"", "1:1: config: no setting has this name"},
             Row{"shards = [1, 2]", "1:1: shards: takes one value, not a list"},
             Row{"shards = 1.5", "1:1: shards: takes a string, a whole number, true or false"},
             Row{"shards = -1", "1:1: shards: \"-1\" is not allowed"},
             Row{"allow = [[\"::1\"]]", "1:1: allow: takes a string"},
             Row{"shards = ", "1:"},
             Row{"pin = fal\nshards = 1", "1:"},
             Row{"\"a\\nb\" = 1", "1:1: a\\x0ab: no setting has this name"},
             Row{"[threads]\nshards = 1", "threads: is not a table of this file"},
             Row{"[listener]\nurl = \"x\"", "objects are written as [[listener]]"},
             Row{"[upstream]\nname = \"x\"", "(hint: [[upstream]])"},
             Row{"[[listener]]\nname = \"x\"", "listener: the url is missing"},
             Row{"[[listener]]\nname = \"1x\"\nurl = \"tcp://127.0.0.1:1\"",
                 "2:1: name: \"1x\" is not allowed: a name of 1 to 64 letters"},
             Row{"[[listener]]\nurl = \"https://127.0.0.1:1\"",
                 "2:1: url: \"https://127.0.0.1:1\" is not allowed: https:// is not in this"},
             Row{"[[listener]]\nurl = \"tcp://127.0.0.1:1\"\nbacklog = 0",
                 "3:1: backlog: \"0\" is not allowed: a whole number from 1 to"},
             Row{"[[listener]]\nurl = \"tcp://127.0.0.1:1\"\nbacklgo = 1",
                 "3:1: backlgo: a listener has no such option (hint: did you mean backlog?)"},
             Row{"[[upstream]]\nname = \"x\"", "upstream: the endpoints are missing"},
             Row{"[[upstream]]\nendpoints = [\"tcp://a:1\"]\nweight = 2",
                 "3:1: weight: is an option of an endpoint, not of the upstream"},
             Row{"[[upstream]]\nendpoints = [{ weight = 2 }]", "endpoints: the url is missing"},
             Row{"[[upstream]]\nendpoints = [{ url = \"tcp://a:1\", weight = 99999 }]",
                 "weight: \"99999\" is not allowed"},
             Row{"[[upstream]]\nendpoints = [\"tcp://a:1\"]\nhealth-check = { rise = 0 }",
                 "3:1: health-check: \"rise=0\" is not allowed: rise: \"0\" is not allowed"},
             Row{"[[route]]\nlistener = \"x\"", "route: the upstream is missing"},
             Row{"[[route]]\nhots = \"x\"", "2:1: hots: a route has no such option"},
             Row{"[[route]]\nmethod = \"get\"\nupstream = \"u\"",
                 "2:1: method: \"get\" is not allowed: methods are told apart by case (hint: "
                 "GET?)"},
         }) {
        CAPTURE(row.text);
        const auto outcome = parse_file(row.text);
        REQUIRE(outcome.kind == ParseOutcome::Kind::failed);
        CHECK(outcome.exit_code == 2);
        CAPTURE(outcome.text);
        CHECK(outcome.text.starts_with("ringway: built-in settings:"));
        CHECK(contains(outcome.text, row.line));
        CHECK_FALSE(contains(outcome.text, "\n"));
    }
}

}  // namespace
}  // namespace ringway::config::test
