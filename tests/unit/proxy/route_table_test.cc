#include "ringway/proxy/route_table.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include "messages.h"
#include "ringway/base/random.h"

using namespace ringway;
using namespace ringway::proxy;
using config::Route;

namespace {

Route route(std::string name, std::string host, std::string path, bool prefix = false) {
    Route made;
    made.name = std::move(name);
    made.match.host = std::move(host);
    made.match.path = std::move(path);
    made.match.path_is_prefix = prefix;
    return made;
}

config::Settings settings_of(std::vector<Route> routes) {
    config::Settings settings;
    for (const char* name : {"public", "inside"}) {
        settings.listeners.emplace_back();
        settings.listeners.back().name = name;
    }
    settings.routes = std::move(routes);
    return settings;
}

struct Asked {
    std::string host = "a.example";
    std::string path = "/";
    std::string method = "GET";
    std::string fields;
    std::size_t listener = 0;
};

// The name of the route, or "-".
std::string find(const RouteTable& table, const Asked& asked) {
    const test::Request request(asked.method + " / HTTP/1.1\r\nHost: x\r\n" + asked.fields +
                                "\r\n");
    const Route* found = table.find({asked.listener, asked.host, asked.path, request.head});
    return found != nullptr ? found->name : "-";
}

}  // namespace

TEST_CASE("an exact host comes before a wildcard, the longer wildcard first, before any host") {
    const config::Settings settings = settings_of({
        route("any", "", ""),
        route("short", "*.com", ""),
        route("long", "*.example.com", ""),
        route("exact", "api.example.com", ""),
    });
    const RouteTable table(settings);
    CHECK(find(table, {.host = "api.example.com"}) == "exact");
    CHECK(find(table, {.host = "www.example.com"}) == "long");
    CHECK(find(table, {.host = "a.b.c.example.com"}) == "long");
    CHECK(find(table, {.host = "x.api.example.com"}) == "long");
    CHECK(find(table, {.host = "example.com"}) == "short");
    CHECK(find(table, {.host = "notexample.com"}) == "short");
    CHECK(find(table, {.host = "com"}) == "any");
    CHECK(find(table, {.host = ".com"}) == "any");
    CHECK(find(table, {.host = ""}) == "any");
}

TEST_CASE("hosts are compared in any case and without a final dot") {
    const config::Settings settings = settings_of({
        route("exact", "api.example.com", ""),
        route("wild", "*.Example.org.", ""),
        route("six", "[::1]", ""),
    });
    const RouteTable table(settings);
    CHECK(find(table, {.host = "API.Example.COM"}) == "exact");
    CHECK(find(table, {.host = "api.example.com."}) == "exact");
    CHECK(find(table, {.host = "api.example.com.."}) == "-");
    CHECK(find(table, {.host = "WWW.eXample.org."}) == "wild");
    CHECK(find(table, {.host = "[::1]"}) == "six");
}

TEST_CASE("hosts that differ in case alone share their paths") {
    const config::Settings settings = settings_of({
        route("first", "A.example", "/x"),
        route("other", "b.example", "/x"),
        route("second", "a.example", "/y"),
        route("third", "a.example.", ""),
    });
    const RouteTable table(settings);
    CHECK(find(table, {.path = "/x"}) == "first");
    CHECK(find(table, {.path = "/y"}) == "second");
    CHECK(find(table, {.path = "/z"}) == "third");
    CHECK(find(table, {.host = "b.example", .path = "/y"}) == "-");
}

TEST_CASE("a prefix ends where a segment of the path ends") {
    const config::Settings settings = settings_of({
        route("v1", "", "/v1", true),
        route("deep", "", "/v1/users", true),
        route("exact", "", "/v1/users/me"),
    });
    const RouteTable table(settings);
    CHECK(find(table, {.path = "/v1"}) == "v1");
    CHECK(find(table, {.path = "/v1/"}) == "v1");
    CHECK(find(table, {.path = "/v1/x"}) == "v1");
    CHECK(find(table, {.path = "/v1x"}) == "-");
    CHECK(find(table, {.path = "/V1"}) == "-");
    CHECK(find(table, {.path = "/v1/users"}) == "deep");
    CHECK(find(table, {.path = "/v1/users/you"}) == "deep");
    CHECK(find(table, {.path = "/v1/usersx"}) == "v1");
    CHECK(find(table, {.path = "/v1/users/me"}) == "exact");
    CHECK(find(table, {.path = "/v1/users/me/x"}) == "deep");
    CHECK(find(table, {.path = "/"}) == "-");
}

TEST_CASE("the prefix of everything takes every path, but no asterisk and no authority") {
    const config::Settings settings = settings_of({route("all", "", "/", true)});
    const RouteTable table(settings);
    CHECK(find(table, {.path = "/"}) == "all");
    CHECK(find(table, {.path = "/x/y"}) == "all");
    CHECK(find(table, {.path = "*"}) == "-");
    CHECK(find(table, {.path = ""}) == "-");
    CHECK(find(table, {.path = "a.example:443"}) == "-");
}

TEST_CASE("a more specific host without the path falls back to a less specific one that has it") {
    const config::Settings settings = settings_of({
        route("exact", "a.b.example", "/only"),
        route("wild", "*.b.example", "/wild"),
        route("any", "", ""),
    });
    const RouteTable table(settings);
    CHECK(find(table, {.host = "a.b.example", .path = "/only"}) == "exact");
    CHECK(find(table, {.host = "a.b.example", .path = "/wild"}) == "wild");
    CHECK(find(table, {.host = "a.b.example", .path = "/x"}) == "any");
}

TEST_CASE("methods are compared as they are, and the route that names one comes first") {
    Route posts = route("posts", "", "/x");
    posts.match.methods = {"POST", "PURGE"};
    const config::Settings settings = settings_of({route("any", "", "/x"), posts});
    const RouteTable table(settings);
    CHECK(find(table, {.path = "/x", .method = "POST"}) == "posts");
    CHECK(find(table, {.path = "/x", .method = "PURGE"}) == "posts");
    CHECK(find(table, {.path = "/x", .method = "post"}) == "any");
    CHECK(find(table, {.path = "/x", .method = "GET"}) == "any");
}

TEST_CASE("a condition on a field holds for any of repeated ones, by exact value or presence") {
    Route blue = route("blue", "", "/x");
    blue.match.headers = {{"X-Team", "blue"}};
    Route both = route("both", "", "/x");
    both.match.headers = {{"x-team", "blue"}, {"Cookie", std::nullopt}};
    const config::Settings settings = settings_of({route("any", "", "/x"), blue, both});
    const RouteTable table(settings);
    CHECK(find(table, {.path = "/x", .fields = "x-team: blue\r\n"}) == "blue");
    CHECK(find(table, {.path = "/x", .fields = "X-TEAM: red\r\nX-Team:blue \r\n"}) == "blue");
    CHECK(find(table, {.path = "/x", .fields = "X-Team: Blue\r\n"}) == "any");
    CHECK(find(table, {.path = "/x", .fields = "X-Teams: blue\r\n"}) == "any");
    CHECK(find(table, {.path = "/x", .fields = "Cookie: a=b\r\nx-team: blue\r\n"}) == "both");
    CHECK(find(table, {.path = "/x", .fields = "Cookie: a=b\r\n"}) == "any");
}

TEST_CASE("a route of one listener comes before the same one of all, and serves no other") {
    Route inside = route("inside", "", "/x");
    inside.match.listener = "inside";
    Route nowhere = route("nowhere", "", "/x");
    nowhere.match.listener = "gone";
    const config::Settings settings = settings_of({nowhere, route("any", "", "/x"), inside});
    const RouteTable table(settings);
    CHECK(find(table, {.path = "/x", .listener = 0}) == "any");
    CHECK(find(table, {.path = "/x", .listener = 1}) == "inside");
}

TEST_CASE("of equally specific routes the first given is taken") {
    const config::Settings settings = settings_of({
        route("one", "", "/x"),
        route("two", "", "/x"),
    });
    CHECK(find(RouteTable(settings), {.path = "/x"}) == "one");
}

TEST_CASE("retired routes take nothing") {
    config::Settings settings = settings_of({route("old", "", "/x"), route("new", "", "/x")});
    settings.routes[0].retired = true;
    CHECK(find(RouteTable(settings), {.path = "/x"}) == "new");
    settings.routes[1].retired = true;
    CHECK(find(RouteTable(settings), {.path = "/x"}) == "-");
}

TEST_CASE("a table without routes finds none") {
    const config::Settings settings = settings_of({});
    CHECK(find(RouteTable(settings), {}) == "-");
}

namespace {

// The rules as the header of the table has them, asked of every route one by one.
class Oracle {
  public:
    explicit Oracle(const config::Settings& settings) : settings_(settings) {}

    std::string find(const Asked& asked, const http::RequestHead& head) const {
        const Route* best = nullptr;
        for (const Route& candidate : settings_.routes) {
            if (!matches(candidate, asked, head)) continue;
            if (best == nullptr || rank(candidate) > rank(*best)) best = &candidate;
        }
        return best != nullptr ? best->name : "-";
    }

  private:
    bool matches(const Route& route, const Asked& asked, const http::RequestHead& head) const {
        const config::RouteMatch& match = route.match;
        if (route.retired) return false;
        if (!match.listener.empty() && settings_.listeners[asked.listener].name != match.listener) {
            return false;
        }
        if (match.host.starts_with("*.")) {
            const std::string suffix = match.host.substr(1);
            if (asked.host.size() <= suffix.size() || !asked.host.ends_with(suffix)) return false;
        } else if (!match.host.empty() && match.host != asked.host) {
            return false;
        }
        if (match.path_is_prefix) {
            const bool below = (asked.path + "/").starts_with(match.path + "/");
            if (!below) return false;
        } else if (!match.path.empty() && match.path != asked.path) {
            return false;
        }
        if (!match.methods.empty() && match.methods.front() != asked.method) return false;
        return std::all_of(match.headers.begin(), match.headers.end(), [&](const auto& condition) {
            return std::any_of(head.fields().begin(), head.fields().end(), [&](const auto& field) {
                return head.name(field) == condition.name &&
                       (!condition.value || head.value(field) == *condition.value);
            });
        });
    }

    static std::tuple<int, std::size_t, int, std::size_t, std::size_t, bool, bool> rank(
        const Route& route) {
        const config::RouteMatch& match = route.match;
        const int host = match.host.empty() ? 0 : match.host.starts_with("*.") ? 1 : 2;
        const int path = match.path.empty() && !match.path_is_prefix ? 0
                         : match.path_is_prefix                      ? 1
                                                                     : 2;
        return {host,
                host == 1 ? match.host.size() : 0,
                path,
                path == 1 ? match.path.size() : 0,
                match.headers.size(),
                !match.methods.empty(),
                !match.listener.empty()};
    }

    const config::Settings& settings_;
};

std::string pick(base::Random& random, std::vector<std::string> choices) {
    return choices[random.below(choices.size())];
}

std::string random_path(base::Random& random, std::size_t segments_max) {
    std::string path;
    for (std::size_t i = random.below(segments_max) + 1; i > 0; --i) {
        path += "/" + pick(random, {"a", "b", "ab", "c"});
    }
    return path;
}

Route random_route(base::Random& random, std::size_t number) {
    const std::vector<std::string> hosts = {
        "",     "",       "a.b.example", "b.example", "*.example", "*.b.example", "*.a.b.example",
        "*.le", "example"};
    Route made = route("r" + std::to_string(number), pick(random, hosts), "");
    if (random.chance(4, 5)) {
        made.match.path_is_prefix = random.chance(1, 2);
        made.match.path = random_path(random, 4);
        if (made.match.path_is_prefix && random.chance(1, 8)) made.match.path = "";
    }
    if (random.chance(1, 3)) made.match.methods = {pick(random, {"GET", "POST"})};
    if (random.chance(1, 4)) made.match.listener = pick(random, {"public", "inside"});
    while (random.chance(1, 4)) {
        config::HeaderCondition condition{pick(random, {"x-a", "accept"}), std::nullopt};
        if (random.chance(1, 2)) condition.value = pick(random, {"1", "2"});
        made.match.headers.push_back(condition);
    }
    made.retired = random.chance(1, 10);
    return made;
}

}  // namespace

TEST_CASE("what the table finds is what asking every route would find") {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        CAPTURE(seed);
        base::Random random(seed);
        std::vector<Route> routes;
        const std::size_t many = random.below(120) + 1;
        for (std::size_t i = 0; i < many; ++i) routes.push_back(random_route(random, i));
        const config::Settings settings = settings_of(routes);
        const RouteTable table(settings);
        const Oracle oracle(settings);
        for (int i = 0; i < 150; ++i) {
            Asked asked;
            asked.host = pick(random, {"a.b.example", "b.example", "x.b.example", "example", "le",
                                       "x.a.b.example", "other", ""});
            asked.path = random.chance(1, 10) ? "/" : random_path(random, 5);
            asked.method = pick(random, {"GET", "POST", "PUT"});
            asked.listener = random.below(2);
            if (random.chance(1, 2)) asked.fields += "x-a: " + pick(random, {"1", "2"}) + "\r\n";
            if (random.chance(1, 2)) asked.fields += "accept: " + pick(random, {"1", "2"}) + "\r\n";
            const test::Request request(asked.method + " / HTTP/1.1\r\nHost: x\r\n" + asked.fields +
                                        "\r\n");
            const Route* found = table.find({asked.listener, asked.host, asked.path, request.head});
            CAPTURE(asked.host);
            CAPTURE(asked.path);
            CHECK((found != nullptr ? found->name : "-") == oracle.find(asked, request.head));
        }
    }
}
