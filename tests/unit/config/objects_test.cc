// Listeners, upstreams, routes: what becomes of URLs, and what is refused across them.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "ringway/config/options.h"
#include "ringway/config/render.h"
#include "ringway/config/validate.h"
#include "support.h"

namespace ringway::config::test {
namespace {

using base::Duration;

ParseOutcome places(const std::string& listen, const std::string& upstream,
                    std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--listen", listen, "--upstream", upstream});
    return parse({std::move(more), {}, {}});
}

TEST_CASE("options of one object follow its URL, and go where they belong") {
    const auto outcome = places(
        "web=tcp://[::1]:80?backlog=16&allow=10.0.0.0/8,fd00::/8&deny=10.1.0.0/16&congestion=reno",
        "db=tcp://a:1?weight=3&backup=off&max-connections=100&name=first&balance=p2c,"
        "tcp://b:2?backup&source=192.0.2.1&proxy-protocol=v2&health-check=5s&fail-threshold=9,"
        "tcp+unix:/run/db.sock");
    CAPTURE(outcome.text);
    REQUIRE(outcome.kind == ParseOutcome::Kind::settings);
    const Listener& listener = outcome.settings.listeners.at(0);
    CHECK(listener.name == "web");
    CHECK(listener.backlog == 16);
    CHECK(listener.allow.size() == 2);
    CHECK(listener.deny.size() == 1);
    CHECK(listener.socket.congestion == "reno");
    const Upstream& upstream = outcome.settings.upstreams.at(0);
    CHECK(upstream.name == "db");
    CHECK(upstream.balance == Balance::p2c);
    CHECK(upstream.source_address == "192.0.2.1");
    CHECK(upstream.proxy_protocol == ProxyProtocol::v2);
    CHECK(upstream.health.enabled);
    CHECK(upstream.health.interval == Duration::seconds(5));
    CHECK(upstream.fail_threshold == 9);
    CHECK(upstream.socket.congestion.empty());
    REQUIRE(upstream.endpoints.size() == 3);
    CHECK(upstream.endpoints[0].name == "first");
    CHECK(upstream.endpoints[0].weight == 3);
    CHECK(upstream.endpoints[0].connections_max == 100);
    CHECK(upstream.endpoints[1].backup);
    CHECK(upstream.endpoints[1].name == "b:2");
    CHECK(upstream.endpoints[2].name == "unix:/run/db.sock");
}

TEST_CASE("flags say what objects do that do not say otherwise") {
    const auto outcome = places("tcp://127.0.0.1:1?allow=192.0.2.0/24&keepalive=off",
                                "tcp://127.0.0.1:2?congestion=reno",
                                {"--allow", "10.0.0.0/8", "--keepalive", "--congestion", "cubic",
                                 "--balance", "hash:client", "--backlog", "99", "--no-nodelay"});
    REQUIRE(outcome.kind == ParseOutcome::Kind::settings);
    const Listener& listener = outcome.settings.listeners[0];
    const Upstream& upstream = outcome.settings.upstreams[0];
    REQUIRE(listener.allow.size() == 1);
    CHECK(listener.allow[0].to_string() == "192.0.2.0/24");
    CHECK_FALSE(listener.socket.keepalive);
    CHECK(upstream.socket.keepalive);
    CHECK(listener.socket.congestion == "cubic");
    CHECK(upstream.socket.congestion == "reno");
    CHECK(upstream.balance == Balance::hash_client);
    CHECK(listener.backlog == 99);
    CHECK_FALSE(listener.socket.no_delay);
}

TEST_CASE("health checks are on, off, an interval or a rule") {
    struct Row {
        const char* rule;
        HealthCheck health;
    };
    HealthCheck on;
    on.enabled = true;
    HealthCheck quick = on;
    quick.interval = quick.timeout = Duration::milliseconds(500);
    HealthCheck full{true, Duration::seconds(5), Duration::seconds(1), 1, 4, 25};
    for (const Row& row :
         {Row{"off", HealthCheck{}}, Row{"on", on}, Row{"500ms", quick}, Row{"interval=30s", on},
          Row{"interval=5s,timeout=1s,rise=1,fall=4,jitter=25%", full}}) {
        CAPTURE(row.rule);
        const auto health = parse_health_check(row.rule);
        REQUIRE(health);
        CHECK(*health == row.health);
        CHECK(*parse_health_check(format_health_check(*health)) == *health);
    }
    for (const char* rule : {"", "5", "interval", "interval=", "intervall=5s", "rise=0",
                             "jitter=101", "interval=5s,", "interval=1s,timeout=2s", "1us"}) {
        CAPTURE(rule);
        CHECK_FALSE(parse_health_check(rule));
    }
}

TEST_CASE("what no object can be is refused with its reason") {
    struct Row {
        const char* listen;
        const char* upstream;
        const char* said;
    };
    const char* good = "tcp://127.0.0.1:1";
    for (const Row& row :
         {Row{"tcp://example.com:80", good, "a listener has an address, not a name"},
          Row{"tcp://127.0.0.1:1,tcp://127.0.0.1:2", good, "a listener has one URL"},
          Row{"tcp://127.0.0.1:1?backlog=0", good,
              "--listen tcp://127.0.0.1:1: backlog: \"0\" is not allowed"},
          Row{"tcp://127.0.0.1:1?backlgo=5", good, "(hint: did you mean backlog?)"},
          Row{"tcp://127.0.0.1:1?backlog=5&backlog=6", good, "it is \"5\" already"},
          Row{"tcp://127.0.0.1:1?weight=2", good, "a listener has no such option"},
          Row{"tcp://127.0.0.1:1?unix-mode=0600", good, "is of Unix sockets, and this is TCP"},
          Row{"tcp+unix:/x/y?nodelay", good, "is of TCP, and this is a Unix socket"},
          Row{"tcp+unix:/x/y?allow=::1", good, "clients of a Unix socket have no address"},
          Row{good, "tcp://127.0.0.1:0", "an endpoint has a port from 1 to 65535"},
          Row{good, "tcp://a:1?wieght=2", "(hint: did you mean weight?)"},
          Row{good, "tcp://a:1?weight=70000", "a whole number from 0 to 65535"},
          Row{good, "tcp://a:1?balance=p2c,tcp://b:1?balance=round-robin", "it is \"p2c\" already"},
          Row{good, "tcp://a:1,tcp://a:1", "two endpoints have this name"},
          Row{good, "tcp://a:1?backup,tcp://b:1?backup", "every endpoint is a backup"},
          Row{good, "tcp://a:1?weight=0,tcp://b:1?backup", "has weight 0"},
          Row{good, "tcp://a:1?source=x", "an IPv4 or IPv6 address of this machine"},
          Row{good, "tcp://[::1]:1?source=127.0.0.1", "an address of the family of [::1]:1"},
          Row{good, "tcp://a:1?fail-backoff=1h&fail-backoff-max=1s", "at most fail-backoff-max"},
          Row{good, "tcp://a:1?keepalive-idle=1500ms", "whole seconds"},
          Row{good, "tcp://a:1?congestion=B%20R", "the name of a congestion control"}}) {
        CAPTURE(row.listen);
        CAPTURE(row.upstream);
        const auto outcome = places(row.listen, row.upstream);
        REQUIRE(outcome.kind == ParseOutcome::Kind::failed);
        CHECK(outcome.exit_code == 2);
        CAPTURE(outcome.text);
        CHECK(contains(outcome.text, row.said));
    }
}

TEST_CASE("at least one listener and one upstream are needed") {
    CHECK(contains(parse({}).text, "--listen: there is nothing to listen on"));
    CHECK(contains(parse({{"--listen", "tcp://127.0.0.1:1"}, {}, {}}).text,
                   "--upstream: there is nowhere to go"));
}

TEST_CASE("two listeners on one address are refused, unless the kernel chooses the ports") {
    const auto twice =
        places("tcp://127.0.0.1:80", "tcp://127.0.0.1:1", {"--listen", "tcp://127.0.0.1:80"});
    CHECK(twice.text ==
          "ringway: --listen: \"tcp://127.0.0.1:80\" is not allowed: two listeners have this "
          "address");
    const auto spelled =
        places("tcp://[::1]:80", "tcp://127.0.0.1:1", {"--listen", "tcp://[0:0:0:0:0:0:0:1]:80"});
    CHECK(spelled.exit_code == 2);
    const auto chosen =
        places("tcp://127.0.0.1:0", "tcp://127.0.0.1:1", {"--listen", "tcp://127.0.0.1:0"});
    CHECK(chosen.kind == ParseOutcome::Kind::settings);
    const auto control = places("tcp+unix:/x/c", "tcp://127.0.0.1:1", {"--control", "/x/c"});
    CHECK(contains(control.text, "a listener has this path"));
}

TEST_CASE("two objects with one name are refused") {
    CHECK(contains(
        places("a=tcp://127.0.0.1:1", "tcp://h:1", {"--listen", "a=tcp://127.0.0.1:2"}).text,
        "two listeners have this name"));
    CHECK(contains(places("tcp://127.0.0.1:1", "u=tcp://h:1", {"--upstream", "u=tcp://h:2"}).text,
                   "two upstreams have this name"));
}

TEST_CASE("an upstream has at most 64 endpoints") {
    std::string urls = "tcp://h:1";
    for (int port = 2; port <= 64; ++port) urls += fmt::format(",tcp://h:{}", port);
    CHECK(places("tcp://127.0.0.1:1", urls).kind == ParseOutcome::Kind::settings);
    CHECK(contains(places("tcp://127.0.0.1:1", urls + ",tcp://h:65").text,
                   "at most 64 in one upstream"));
}

// The upstreams' names in the order of the listeners, or the line of the refusal.
std::string routed(std::vector<std::string> arguments) {
    const auto outcome = parse({std::move(arguments), {}, {}});
    if (outcome.kind != ParseOutcome::Kind::settings) return outcome.text;
    std::string names;
    for (const Listener& listener : outcome.settings.listeners) {
        names += outcome.settings.upstreams.at(listener.upstream).name + " ";
    }
    return names;
}

TEST_CASE(
    "routes: own ones, then equal names, then the one for all others, then the only upstream") {
    const std::vector<std::string> two{
        "--listen",   "a=tcp://127.0.0.1:1", "--listen",   "b=tcp://127.0.0.1:2",
        "--upstream", "a=tcp://h:1",         "--upstream", "c=tcp://h:2"};
    const auto with = [&](std::vector<std::string> more) {
        more.insert(more.end(), two.begin(), two.end());
        return routed(std::move(more));
    };
    CHECK(with({"--route", "listener=b => c"}) == "a c ");
    CHECK(with({"--route", "listener=a => c", "--route", "listener=b => a"}) == "c a ");
    CHECK(with({"--route", "=> c"}) == "a c ");
    CHECK(contains(with({}), "listener b (127.0.0.1:2) has no upstream, and there are 2"));
    CHECK(contains(with({"--route", "listener=x => c"}), "no listener has this name"));
    CHECK(contains(with({"--route", "listener=b => x"}), "no upstream has this name"));
    CHECK(contains(with({"--route", "listener=b => c", "--route", "listener=b => a"}),
                   "b goes to c already"));
    CHECK(
        contains(with({"--route", "host=example.com => c"}), "is of HTTP, and upstream c speaks"));
    CHECK(contains(with({"--route", "sni=example.com => c"}), "sni= is not in this release"));
    CHECK(contains(with({"--route", "colour=red => c"}), "\"colour\" is not a condition"));
    CHECK(contains(with({"--route", "listener=b"}), "a route is CONDITIONS => UPSTREAM"));
    CHECK(contains(with({"--route", "listener=b =>"}), "a route is CONDITIONS => UPSTREAM"));
    CHECK(contains(with({"--route", ""}), "a route is CONDITIONS => UPSTREAM"));
    CHECK(contains(with({"--route", "b => c"}), "is not a condition"));
    CHECK(routed({"--listen", "a=tcp://127.0.0.1:1", "--listen", "tcp://127.0.0.1:2", "--upstream",
                  "x=tcp://h:1"}) == "x x ");
}

TEST_CASE("names that ringway gives pass over those that are taken, and match nothing") {
    const auto outcome = parse({{"--listen", "tcp://127.0.0.1:1", "--listen",
                                 "listener1=tcp://127.0.0.1:2", "--upstream", "tcp://h:1"},
                                {},
                                {}});
    REQUIRE(outcome.kind == ParseOutcome::Kind::settings);
    CHECK(outcome.settings.listeners[0].name == "listener2");
    const auto unnamed = parse({{"--listen", "tcp://127.0.0.1:1", "--listen", "tcp://127.0.0.1:2",
                                 "--upstream", "tcp://h:1", "--upstream", "tcp://h:2"},
                                {},
                                {}});
    CHECK(contains(unnamed.text, "listener1 (127.0.0.1:1) has no upstream"));
}

TEST_CASE("localhost is the one name a listener may have") {
    CHECK(places("tcp://localhost:1", "tcp://h:1").settings.listeners[0].target.host ==
          "127.0.0.1");
}

TEST_CASE("allow and deny lists given for all do not reach Unix listeners") {
    const auto outcome =
        places("tcp+unix:/x/y?unix-mode=0600", "tcp://h:1", {"--allow", "10.0.0.0/8"});
    REQUIRE(outcome.kind == ParseOutcome::Kind::settings);
    CHECK(outcome.settings.listeners[0].allow.empty());
    CHECK(outcome.settings.listeners[0].unix_mode == 0600);
}

TEST_CASE("effective settings, read as a file, give the same settings") {
    const auto outcome =
        parse({{"--listen",
                "web=tcp://[::1]:80?allow=10.0.0.0/8&allow=::1&congestion=reno",
                "--listen",
                "local=tcp+unix:/run/a%2Cb.sock?unix-mode=0600&receive-buffer=8192",
                "--upstream",
                "db=tcp://a:1?weight=3&name=a%22\\b,tcp+unix:@x?backup&max-connections=5,"
                "tcp://c:1?health-check=interval=5s,fall=2&send-buffer=1MiB",
                "--upstream",
                "other=tcp://h:9",
                "--route",
                "listener=web => db",
                "--route",
                "listener=local => other",
                "--idle-timeout",
                "off",
                "--no-pin",
                "--access-log",
                "-",
                "--user",
                "nobody",
                "--shards",
                "9",
                "--relay",
                "copy",
                "--log-format",
                "json"},
               {},
               {}});
    CAPTURE(outcome.text);
    REQUIRE(outcome.kind == ParseOutcome::Kind::settings);
    const std::string text = render_settings(outcome.settings);
    CAPTURE(text);
    const auto again = parse({{}, {}, text});
    CAPTURE(again.text);
    REQUIRE(again.kind == ParseOutcome::Kind::settings);
    CHECK(again.settings == outcome.settings);
    CHECK(render_settings(again.settings) == text);
}

}  // namespace
}  // namespace ringway::config::test
