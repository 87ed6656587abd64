// What only HTTP has: options of upstreams, health checks that ask, error pages, and how many
// descriptors it all takes.
#include <cstdio>
#include <fstream>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include "ringway/config/derive.h"
#include "ringway/config/limits.h"
#include "ringway/config/options.h"
#include "ringway/config/render.h"
#include "support.h"

namespace ringway::config::test {
namespace {

using base::Duration;

ParseOutcome http(const std::string& upstream, std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--listen", "http://127.0.0.1:80", "--upstream", upstream});
    return parse({std::move(more), {}, {}});
}

TEST_CASE("the shortest gateway has the documented defaults") {
    const auto outcome = http("http://127.0.0.1:9000");
    REQUIRE(outcome.kind == ParseOutcome::Kind::settings);
    CHECK(outcome.warnings.empty());
    const Settings& settings = outcome.settings;
    CHECK(settings.listeners[0].speaks_http());
    CHECK(settings.upstreams[0].speaks_http());
    CHECK(settings.http_idle_timeout == Duration::seconds(300));
    CHECK(settings.first_byte_timeout == Duration::seconds(300));
    CHECK(settings.request_timeout.is_forever());
    CHECK(settings.header_timeout == Duration::seconds(10));
    CHECK(settings.forwarded == ForwardedFields::x_forwarded);
    CHECK(settings.via);
    CHECK(settings.request_id_name == "x-request-id");
    const PoolSettings& pool = settings.upstreams[0].pool;
    CHECK(pool.connections_min == 0);
    CHECK(pool.connections_max == 256);
    CHECK(pool.order == PoolOrder::lifo);
    CHECK(settings.upstreams[0].retry_percent == 20);
    CHECK(settings.upstreams[0].retry_floor_per_second == 10);
}

TEST_CASE("one idle timeout is for both protocols, whose defaults differ") {
    const Settings settings = http("http://h:1", {"--idle-timeout", "7s"}).settings;
    CHECK(settings.idle_timeout == Duration::seconds(7));
    CHECK(settings.http_idle_timeout == Duration::seconds(7));
    CHECK(http("http://h:1").settings.idle_timeout == Duration::seconds(3600));
    CHECK_FALSE(contains(render_settings(http("http://h:1").settings), "\nidle-timeout"));
    CHECK(contains(render_settings(settings), "\nidle-timeout = \"7s\""));
}

TEST_CASE("options of an HTTP upstream follow the URL of any of its endpoints") {
    const auto outcome = http(
        "u=http://a?pool-max=9&pool-min=2&pool-order=fifo&pool-warm&sticky-cookie=at,"
        "http+unix:/run/b.sock?max-requests=50&retries=0&retry-budget=5&eject-errors=off&"
        "balance=hash:cookie=session&pool-max-waiting=7");
    INFO(outcome.text);
    REQUIRE(outcome.kind == ParseOutcome::Kind::settings);
    const Upstream& upstream = outcome.settings.upstreams[0];
    CHECK(upstream.pool.connections_max == 9);
    CHECK(upstream.pool.connections_min == 2);
    CHECK(upstream.pool.order == PoolOrder::fifo);
    CHECK(upstream.pool.warm);
    CHECK(upstream.pool.waiters_max == 7);
    CHECK(upstream.sticky_cookie == "at");
    CHECK(upstream.requests_max == 50);
    CHECK(upstream.retries_max == 0);
    CHECK(upstream.retry_percent == 5);
    CHECK(upstream.eject_errors == 0);
    CHECK(upstream.balance == Balance::hash_cookie);
    CHECK(upstream.hash_key == "session");
    CHECK(upstream.endpoints[0].target.port == 80);
    CHECK(upstream.endpoints[1].target.scheme == Scheme::http_unix);
}

TEST_CASE("what one protocol has is refused where the other is spoken") {
    struct Row {
        const char* listen;
        const char* upstream;
        const char* said;
    };
    const char* web = "http://127.0.0.1:1";
    const char* raw = "tcp://127.0.0.1:1";
    for (const Row& row :
         {Row{raw, "tcp://h:1?pool-max=3", "pool-max: is of HTTP, and the endpoints of this"},
          Row{raw, "tcp://h:1?retries=1", "retries: is of HTTP, and the endpoints of this"},
          Row{raw, "tcp://h:1?balance=least-requests", "least-requests, hash:header and hash:cook"},
          Row{raw, "tcp://h:1?balance=hash:header=x", "least-requests, hash:header and hash:cook"},
          Row{raw, "tcp://h:1?health-check=path=/", "path= is of HTTP, and this upstream speaks"},
          Row{web, "http://h:1?proxy-protocol=v1", "carries requests of many clients"},
          Row{web, "http://h:1?pool-min=9&pool-max=8",
              "pool-min: \"9\" is not allowed: at most po"},
          Row{web, "http://h:1?balance=hash:header=", "hash:header=NAME"},
          Row{web, "http://h:1?balance=hash:header=a%20b", "hash:header=NAME"},
          Row{web, "http://h:1?balance=hash:headers=x", "(hint: did you mean hash:header=?)"},
          Row{web, "http://h:1?balance=leest-requests", "(hint: did you mean least-requests?)"},
          Row{web, "http://h:1?sticky-cookie=a%3Bb", "the name of a cookie"},
          Row{web, "https://h:1", "https:// is not in this release, which speaks http://"},
          Row{web, "h2c://h:1", "h2c:// is not in this release"},
          Row{web, "http://h:1/api", "http:// has no path here"},
          Row{web, "http://h:0", "an endpoint has a port from 1 to 65535"}}) {
        CAPTURE(row.upstream);
        const auto outcome = parse({{"--listen", row.listen, "--upstream", row.upstream}, {}, {}});
        REQUIRE(outcome.kind == ParseOutcome::Kind::failed);
        CHECK(outcome.exit_code == 2);
        CAPTURE(outcome.text);
        CHECK(contains(outcome.text, row.said));
    }
}

TEST_CASE("what is said of all upstreams does not reach those that have it not") {
    const auto outcome =
        parse({{"--listen", "w=http://127.0.0.1:1", "--listen", "t=tcp://127.0.0.1:2", "--upstream",
                "w=http://h:1", "--upstream", "t=tcp://h:2", "--pool-max", "3", "--retries", "7",
                "--sticky-cookie", "s", "--fail-threshold", "9"},
               {},
               {}});
    INFO(outcome.text);
    REQUIRE(outcome.kind == ParseOutcome::Kind::settings);
    CHECK(outcome.settings.upstreams[0].pool.connections_max == 3);
    CHECK(outcome.settings.upstreams[1].pool == PoolSettings{});
    CHECK(outcome.settings.upstreams[1].retries_max == Upstream{}.retries_max);
    CHECK(outcome.settings.upstreams[1].sticky_cookie.empty());
    CHECK(outcome.settings.upstreams[1].fail_threshold == 9);
    const auto again = parse({{}, {}, render_settings(outcome.settings)});
    INFO(again.text);
    CHECK(again.settings == outcome.settings);
}

TEST_CASE("defaults of the other kind of socket do not reach a listener") {
    const auto outcome =
        parse({{"--listen", "a=http+unix:/x/y", "--listen", "b=http://127.0.0.1:1", "--upstream",
                "http://h:1", "--no-nodelay", "--unix-mode", "0600", "--receive-buffer", "8192"},
               {},
               {}});
    INFO(outcome.text);
    REQUIRE(outcome.kind == ParseOutcome::Kind::settings);
    CHECK(outcome.settings.listeners[0].unix_mode == 0600);
    CHECK(outcome.settings.listeners[1].unix_mode == 0660);
    CHECK_FALSE(outcome.settings.listeners[1].socket.no_delay);
    CHECK(outcome.settings.listeners[0].socket.receive_buffer_bytes == 8192);
    const auto again = parse({{}, {}, render_settings(outcome.settings)});
    CHECK(again.settings == outcome.settings);
}

TEST_CASE("health checks of HTTP say what is asked and what passes") {
    const auto health = parse_health_check(
        "interval=5s,path=/healthz?full=1,status=200-299,body=o%2Ck%25,host=h.example:8080");
    REQUIRE(health);
    CHECK(health->path == "/healthz?full=1");
    CHECK(health->status_min == 200);
    CHECK(health->status_max == 299);
    CHECK(health->body == "o,k%");
    CHECK(health->host == "h.example:8080");
    CHECK(*parse_health_check(format_health_check(*health)) == *health);
    const auto short_one = parse_health_check("path=/,status=204");
    REQUIRE(short_one);
    CHECK(short_one->interval == Duration::seconds(30));
    CHECK(short_one->status_min == 204);
    CHECK(short_one->status_max == 204);
    CHECK(parse_health_check("path=/")->status_max == 399);
    for (const char* rule :
         {"path=", "path=x", "path=/a b", "path=/x,status=99", "path=/x,status=600",
          "path=/x,status=300-200", "path=/x,status=2xx", "path=/x,body=", "path=/x,body=%zz",
          "path=/x,host=a b", "path=/x,host=", "status=200", "body=ok", "host=h", "path=/,"}) {
        CAPTURE(rule);
        CHECK_FALSE(parse_health_check(rule));
    }
    // A table in the file needs no escapes.
    const auto outcome = parse({{}, {}, R"(
listen = "http://127.0.0.1:1"
[[upstream]]
endpoints = ["http://h:1"]
health-check = { path = "/healthz", body = "a,b%", status = 200 }
)"});
    INFO(outcome.text);
    REQUIRE(outcome.kind == ParseOutcome::Kind::settings);
    CHECK(outcome.settings.upstreams[0].health.body == "a,b%");
}

TEST_CASE("words of the process are checked") {
    struct Row {
        const char* argument;
        const char* said;  // empty: it is right
    };
    for (const Row& row :
         {Row{"--via-name=edge-1", ""}, Row{"--via-name=a b", "1 to 64 letters"},
          Row{"--request-id=traceparent", ""}, Row{"--request-id=off", ""},
          Row{"--request-id=a b", "the name of a field"},
          Row{"--request-id=Content-Length", "the name of a field"},
          Row{"--request-id=host", "the name of a field"}, Row{"--forwarded=both", ""},
          Row{"--forwarded=x-forwarde", "did you mean x-forwarded?"},
          Row{"--trusted-proxies=10.0.0.0/8,::1", ""},
          Row{"--trusted-proxies=10.0.0.1/8", "an address or a range"},
          Row{"--access-log-format=combined", ""}, Row{"--max-target-bytes=100", "from 256"},
          Row{"--error-page=503", "STATUS=FILE"}, Row{"--error-page=200=/x", "STATUS=FILE"},
          Row{"--error-page=503=", "STATUS=FILE"},
          Row{"--error-page=503=/nowhere/at/all", "cannot read /nowhere/at/all"}}) {
        CAPTURE(row.argument);
        const auto outcome = http("http://h:1", {row.argument});
        CAPTURE(outcome.text);
        CHECK((outcome.kind == ParseOutcome::Kind::settings) == std::string{row.said}.empty());
        CHECK(contains(outcome.text, row.said));
    }
}

// A file that lasts as long as the test.
class Page {
  public:
    Page(const char* extension, const std::string& text)
        : path_(fmt::format("config test.{}{}", getpid(), extension)) {
        std::ofstream(path_) << text;
    }
    ~Page() { std::remove(path_.c_str()); }
    Page(const Page&) = delete;
    Page& operator=(const Page&) = delete;
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

TEST_CASE("error pages are read when the settings are, one for each status") {
    const Page html(".HTML", "<h1>Back soon</h1>");
    const Page json(".json", "{}");
    const auto outcome = http(
        "http://h:1", {"--error-page", "503=" + html.path(), "--error-page", "502=" + json.path()});
    INFO(outcome.text);
    REQUIRE(outcome.kind == ParseOutcome::Kind::settings);
    const auto& pages = outcome.settings.error_pages;
    REQUIRE(pages.size() == 2);
    CHECK(pages[0].status == 503);
    CHECK(pages[0].body == "<h1>Back soon</h1>");
    CHECK(pages[0].content_type == "text/html; charset=utf-8");
    CHECK(pages[1].content_type == "application/json");
    const auto again = parse({{}, {}, render_settings(outcome.settings)});
    INFO(again.text);
    CHECK(again.settings == outcome.settings);

    const auto twice = http(
        "http://h:1", {"--error-page", "503=" + html.path(), "--error-page", "503=" + json.path()});
    CHECK(contains(twice.text, "given once"));
    CHECK(http("http://h:1", {"--error-page=503=/nowhere"}).exit_code == 1);
    CHECK(contains(http("http://h:1", {"--error-page=503=/"}).text, "is not a file"));
    const Page large(".txt", std::string((32 << 10) + 1, 'x'));
    CHECK(contains(http("http://h:1", {"--error-page", "503=" + large.path()}).text,
                   "File too large"));
    const Page full(".txt", std::string(32 << 10, 'x'));
    CHECK(http("http://h:1", {"--error-page", "503=" + full.path()}).kind ==
          ParseOutcome::Kind::settings);
}

Settings gateway(std::uint32_t pool_max) {
    Settings settings;
    settings.listeners.resize(1);
    settings.listeners[0].target.scheme = Scheme::http;
    settings.upstreams.resize(1);
    settings.upstreams[0].endpoints.resize(1);
    settings.upstreams[0].endpoints[0].target.scheme = Scheme::http;
    settings.upstreams[0].pool.connections_max = pool_max;
    settings.routes.resize(1);
    return settings;
}

TEST_CASE("an HTTP client takes one descriptor, and pools have theirs") {
    const Derived derived = derive(gateway(256), some_machine());
    const std::uint64_t beside = descriptors_beside_connections(derived.settings);
    CHECK(derived.settings.connections_max == 20000 - beside - 256);
    CHECK(descriptors_needed(derived.settings) == 20000);
    CHECK(derived.warnings.empty());
    CHECK(derived.settings.derived.connections_max);
    // With TCP beside it, every client may need two.
    Settings both = gateway(256);
    both.listeners.resize(2);
    both.upstreams.resize(2);
    both.listeners[1].upstream = 1;
    both.upstreams[1].endpoints.resize(1);
    const Derived mixed = derive(both, some_machine());
    CHECK(mixed.settings.connections_max ==
          (20000 - descriptors_beside_connections(mixed.settings) - 256) / 2);
}

TEST_CASE("pools leave clients half of the descriptors, with a warning") {
    const Derived derived = derive(gateway(50000), some_machine());
    const std::uint64_t left = 20000 - descriptors_beside_connections(derived.settings);
    CHECK(derived.settings.connections_max == left - left / 2);
    REQUIRE(derived.warnings.size() == 1);
    CHECK(contains(derived.warnings[0], "--pool-max: 50000 connections to upstreams and "));
    CHECK(contains(derived.warnings[0], "the limit is 20000"));
    Settings wished = gateway(256);
    wished.connections_max = 19990;
    const Derived asked = derive(wished, some_machine());
    REQUIRE(asked.warnings.size() == 1);
    CHECK(contains(asked.warnings[0], "--max-connections: 19990 need"));
    CHECK_FALSE(asked.settings.derived.connections_max);
}

TEST_CASE("an upstream that no route leads to is warned of") {
    Settings settings = gateway(256);
    settings.upstreams.push_back(settings.upstreams[0]);
    settings.upstreams[1].name = "spare";
    const Derived derived = derive(settings, some_machine());
    REQUIRE(derived.warnings.size() == 1);
    CHECK(derived.warnings[0] == "--upstream: no route goes to spare");
}

}  // namespace
}  // namespace ringway::config::test
