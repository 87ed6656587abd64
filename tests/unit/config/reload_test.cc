// What keeps its place when settings change, what gets a new one, and what may not change at all.
#include "ringway/config/reload.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "support.h"

namespace ringway::config::test {
namespace {

Settings settings_of(const std::string& toml, std::vector<std::string> arguments = {}) {
    const auto outcome = parse({std::move(arguments), {}, toml});
    INFO(outcome.text);
    REQUIRE(outcome.kind == ParseOutcome::Kind::settings);
    return outcome.settings;
}

Settings planned(const Settings& running, const std::string& toml) {
    const auto plan = plan_reload(running, settings_of(toml));
    if (!plan) INFO(plan.reason().rule);
    REQUIRE(plan.has_value());
    return *plan;
}

std::string refused(const Settings& running, const std::string& toml,
                    std::vector<std::string> arguments = {}) {
    const auto plan = plan_reload(running, settings_of(toml, std::move(arguments)));
    return plan ? "not refused" : plan.reason().rule;
}

const std::string web = "[[listener]]\nname = \"web\"\nurl = \"http://127.0.0.1:80\"\n";
const std::string raw = "[[listener]]\nname = \"raw\"\nurl = \"tcp://127.0.0.1:81\"\n";

std::string upstream(const std::string& name, const std::string& endpoints,
                     const std::string& more = {}) {
    return fmt::format("[[upstream]]\nname = \"{}\"\nendpoints = [{}]\n{}\n", name, endpoints,
                       more);
}
std::string route(const std::string& conditions, const std::string& upstream) {
    return fmt::format("[[route]]\n{}\nupstream = \"{}\"\n", conditions, upstream);
}

// "a:0 b:1 (c:2)": names and slots in their order, what is retired in brackets.
template <typename Object, typename Show>
std::string listed(const std::vector<Object>& objects, Show show) {
    std::string out;
    for (const Object& each : objects) {
        if (!out.empty()) out += ' ';
        out += each.retired ? "(" + show(each) + ")" : show(each);
    }
    return out;
}
template <typename Object>
std::string places(const std::vector<Object>& objects) {
    return listed(objects,
                  [](const Object& each) { return fmt::format("{}:{}", each.name, each.slot); });
}
std::string names(const std::vector<Upstream>& upstreams) {
    return listed(upstreams, [](const Upstream& each) { return each.name; });
}

TEST_CASE("fresh settings have their slots in order, over all upstreams") {
    const Settings settings =
        settings_of(web + upstream("a", "\"http://h:1\", \"http://h:2\"") +
                    upstream("b", "\"http://h:3\"") + route("path = \"/x\"", "a") + route("", "b"));
    CHECK(places(settings.upstreams[0].endpoints) == "h:1:0 h:2:1");
    CHECK(places(settings.upstreams[1].endpoints) == "h:3:2");
    CHECK(places(settings.routes) == "path=/x:0 default:1");
}

TEST_CASE("settings that say the same make no difference") {
    const std::string text = web + raw + upstream("web", "\"http://h:1\", \"http://h:2\"") +
                             upstream("raw", "\"tcp://h:3\"") + route("path = \"/x\"", "web");
    const Settings running = settings_of(text);
    CHECK(planned(running, text) == running);
}

TEST_CASE("an upstream that is gone keeps its place and serves nobody") {
    const Settings running =
        settings_of(web + upstream("a", "\"http://h:1\"") + upstream("b", "\"http://h:2\"") +
                    route("path = \"/b/*\"", "b") + route("", "a"));
    const Settings plan =
        planned(running, web + upstream("b", "\"http://h:2\"") + route("path = \"/b/*\"", "b"));
    CHECK(names(plan.upstreams) == "(a) b");
    CHECK(places(plan.upstreams[0].endpoints) == "(h:1:0)");
    CHECK(plan.upstreams[0].endpoints[0].retired_with_upstream);
    CHECK(places(plan.upstreams[1].endpoints) == "h:2:1");
    CHECK(places(plan.routes) == "path=/b/*:0 (default:1)");
    CHECK(plan.routes[0].upstream == 1);
    CHECK(plan.routes[1].upstream == 0);

    SUBCASE("and finds it again when it returns, with the slots of its endpoints") {
        const Settings again = planned(plan, web + upstream("b", "\"http://h:2\"") +
                                                 upstream("a", "\"http://h:9\", \"http://h:1\"") +
                                                 route("", "a") + route("path = \"/b/*\"", "b"));
        CHECK(names(again.upstreams) == "a b");
        CHECK(places(again.upstreams[0].endpoints) == "h:9:2 h:1:0");
        CHECK(places(again.routes) == "default:1 path=/b/*:0");
        CHECK(again.routes[0].upstream == 0);
    }
    SUBCASE("and an endpoint that does not return with it stays away") {
        const Settings again = planned(plan, web + upstream("b", "\"http://h:2\"") +
                                                 upstream("a", "\"http://h:9\"") + route("", "a"));
        CHECK(places(again.upstreams[0].endpoints) == "h:9:2 (h:1:0)");
        CHECK_FALSE(again.upstreams[0].endpoints[1].retired_with_upstream);
    }
    SUBCASE("and stays there over further reloads, which give its place to nobody") {
        const Settings further =
            planned(plan, web + upstream("b", "\"http://h:2\"") + upstream("c", "\"http://h:3\"") +
                              route("path = \"/b/*\"", "b") + route("path = \"/c\"", "c"));
        CHECK(names(further.upstreams) == "(a) b c");
        CHECK(places(further.upstreams[0].endpoints) == "(h:1:0)");
        CHECK(places(further.upstreams[2].endpoints) == "h:3:2");
        CHECK(places(further.routes) == "path=/b/*:0 path=/c:2 (default:1)");
        CHECK(further.routes[1].upstream == 2);
        const Settings same = planned(
            further, web + upstream("b", "\"http://h:2\"") + upstream("c", "\"http://h:3\"") +
                         route("path = \"/b/*\"", "b") + route("path = \"/c\"", "c"));
        CHECK(same == further);
    }
}

TEST_CASE("upstreams in another order keep their indexes, and routes and listeners follow") {
    const std::string listeners = web + raw;
    const std::string first = upstream("api", "\"http://h:1\"");
    const std::string second = upstream("other", "\"http://h:2\"");
    const std::string third = upstream("db", "\"tcp://h:3\"");
    const std::string fourth = upstream("cache", "\"tcp://h:4\"");
    const Settings running =
        settings_of(listeners + first + second + third + fourth + route("path = \"/\"", "api") +
                    route("", "other") + route("listener = \"raw\"", "db"));
    CHECK(running.listeners[1].upstream == 2);
    const Settings plan = planned(running, listeners + fourth + third + second + first +
                                               route("path = \"/\"", "other") + route("", "api") +
                                               route("listener = \"raw\"", "cache"));
    CHECK(names(plan.upstreams) == "api other db cache");
    CHECK(plan.listeners[1].upstream == 3);
    CHECK(plan.upstreams[plan.routes[0].upstream].name == "other");
    CHECK(plan.upstreams[plan.routes[1].upstream].name == "api");
    CHECK(places(plan.upstreams[3].endpoints) == "h:4:3");
}

TEST_CASE("endpoints come, go and return, each to a place of its own") {
    const auto text = [](const std::string& endpoints) {
        return web + upstream("web", endpoints) + upstream("b", "\"http://x:1\"") +
               route("path = \"/b\"", "b");
    };
    const Settings running = settings_of(text("\"http://h:1\", \"http://h:2\""));
    CHECK(places(running.upstreams[1].endpoints) == "x:1:2");
    const Settings added = planned(running, text("\"http://h:3\", \"http://h:2\", \"http://h:1\""));
    CHECK(places(added.upstreams[0].endpoints) == "h:3:3 h:2:1 h:1:0");
    const Settings removed = planned(added, text("\"http://h:2\", \"http://h:4\""));
    CHECK(places(removed.upstreams[0].endpoints) == "h:2:1 h:4:4 (h:3:3) (h:1:0)");
    CHECK(places(removed.upstreams[1].endpoints) == "x:1:2");
    const Settings returned = planned(removed, text("\"http://h:1\", \"http://h:2\""));
    CHECK(places(returned.upstreams[0].endpoints) == "h:1:0 h:2:1 (h:4:4) (h:3:3)");
}

TEST_CASE("what an endpoint or an upstream says of itself changes in its place") {
    const Settings running = settings_of(
        web + upstream("web", "{ url = \"http://h:1\", name = \"one\" }", "pool-max = 8"));
    const Settings plan = planned(
        running, web + upstream("web", "{ url = \"http://h:9\", name = \"one\", weight = 5 }",
                                "pool-max = 9\nbalance = \"p2c\""));
    CHECK(places(plan.upstreams[0].endpoints) == "one:0");
    CHECK(plan.upstreams[0].endpoints[0].target.port == 9);
    CHECK(plan.upstreams[0].endpoints[0].weight == 5);
    CHECK(plan.upstreams[0].pool.connections_max == 9);
    CHECK(plan.upstreams[0].balance == Balance::p2c);
}

TEST_CASE("limits, time limits and who may connect change in place") {
    const Settings running = settings_of(web + upstream("web", "\"http://h:1\""));
    const Settings plan =
        planned(running, "idle-timeout = \"7s\"\nmax-body-bytes = 5\n" + web +
                             "allow = [\"10.0.0.0/8\"]\n" + upstream("web", "\"http://h:1\""));
    CHECK(plan.http_idle_timeout == base::Duration::seconds(7));
    CHECK(plan.body_bytes_max == 5);
    CHECK(plan.listeners[0].allow.size() == 1);
}

TEST_CASE("what was derived stays, whatever would be derived now") {
    Settings running = settings_of(web + upstream("web", "\"http://h:1\""));
    running.shards = 3;
    running.pin = false;
    running.connections_max = 77;
    running.control_path = "/elsewhere";
    const Settings plan =
        planned(running, web + upstream("web", "\"http://h:1\"", "pool-max = 5000"));
    CHECK(plan.shards == 3);
    CHECK(plan.pin == false);
    CHECK(plan.connections_max == 77);
    CHECK(plan.control_path == "/elsewhere");
    CHECK(refused(running, web + upstream("web", "\"http://h:1\""), {"--max-connections", "78"}) ==
          "fixed while ringway runs, and changed: max-connections");
    CHECK(refused(running, web + upstream("web", "\"http://h:1\""), {"--max-connections", "77"}) ==
          "not refused");
}

TEST_CASE("everything that is fixed and has changed is named at once") {
    const std::string places_of_two = raw + upstream("db", "\"tcp://h:1\"");
    const Settings running = settings_of(places_of_two);
    const std::string rule =
        refused(running,
                "shards = 2\nbuffers = 128\nlog-level = \"debug\"\nmax-header-bytes = 4096\n"
                "user = \"nobody\"\n[[listener]]\nname = \"raw\"\nurl = \"tcp://127.0.0.1:82\"\n"
                "backlog = 7\nnodelay = false\n" +
                    upstream("db", "\"tcp://h:1\""));
    CHECK(rule ==
          "fixed while ringway runs, and changed: shards, user, buffers, max-header-bytes, "
          "listener raw: url (tcp://127.0.0.1:81 to tcp://127.0.0.1:82), listener raw: backlog, "
          "listener raw: nodelay");
}

TEST_CASE("listeners neither come nor go, and another order of them is none") {
    const std::string other = "[[listener]]\nname = \"other\"\nurl = \"tcp://127.0.0.1:83\"\n";
    const std::string db = upstream("db", "\"tcp://h:1\"");
    const Settings running = settings_of(raw + other + db);
    CHECK(planned(running, other + raw + db) == running);
    CHECK(refused(running, raw + db) ==
          "fixed while ringway runs, and changed: listener other (gone)");
    CHECK(refused(running, raw + other + web + db + upstream("web", "\"http://h:1\"")) ==
          "fixed while ringway runs, and changed: listener web (new)");
}

TEST_CASE("an upstream cannot change its protocol") {
    const Settings running =
        settings_of(web + upstream("web", "\"http://h:1\"") + upstream("b", "\"http://h:2\""));
    CHECK(refused(running,
                  web + upstream("web", "\"http://h:1\"") + upstream("b", "\"tcp://h:2\"")) ==
          "fixed while ringway runs, and changed: upstream b: its protocol");
}

TEST_CASE("so many places left over that a restart is due are refused") {
    Settings running = settings_of(web + upstream("web", "\"http://h:1\""));
    running.upstreams[0].endpoints[0].slot = (std::size_t{1} << 15) - 1;
    const std::string with_two = web + upstream("web", "\"http://h:1\", \"http://h:2\"");
    CHECK(contains(refused(running, with_two), "with those that earlier reloads left over"));
    running.upstreams[0].endpoints[0].slot -= 1;
    CHECK(refused(running, with_two) == "not refused");
}

}  // namespace
}  // namespace ringway::config::test
