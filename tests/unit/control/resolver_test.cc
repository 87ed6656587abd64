#include "resolver.h"

#include <doctest/doctest.h>

#include "ringway/ring/sys.h"

namespace ringway::control {
namespace {

using base::Duration;

void run_first_round(Resolver& resolver, Poller& poller) {
    const base::Instant until = ring::sys::now() + Duration::seconds(10);
    resolver.tick(ring::sys::now());
    while (resolver.first_round_under_way() && ring::sys::now() < until) {
        poller.wait(std::min(until, resolver.next_due()));
        resolver.tick(ring::sys::now());
    }
    REQUIRE_FALSE(resolver.first_round_under_way());
}

TEST_CASE("a name of this machine resolves with the port of its endpoint") {
    Poller poller;
    std::vector<net::Address> found;
    ResolverReports reports;
    reports.changed = [&](std::size_t endpoint, const std::vector<net::Address>& addresses) {
        CHECK(endpoint == 3);
        found = addresses;
    };
    Resolver resolver(poller, {{3, "localhost", 6379}}, Duration::seconds(30), 1, reports);
    run_first_round(resolver, poller);
    REQUIRE_FALSE(found.empty());
    for (const net::Address& address : found) {
        CHECK(address.port() == 6379);
        const std::string text = address.to_string();
        CHECK((text == "127.0.0.1:6379" || text == "[::1]:6379"));
    }
    CHECK(resolver.unresolved().empty());
    // The same answer again is no change.
    found.clear();
    const base::Instant due = resolver.next_due();
    CHECK(due > ring::sys::now() + Duration::seconds(20));
    resolver.tick(due);
    run_first_round(resolver, poller);
    CHECK(found.empty());
}

TEST_CASE("a name that cannot exist fails once and is asked for again") {
    Poller poller;
    int failures = 0;
    ResolverReports reports;
    reports.failed = [&](std::size_t, std::string_view host, std::string_view reason) {
        ++failures;
        CHECK(host == "no-such-host.invalid");
        CHECK_FALSE(reason.empty());
    };
    Resolver resolver(poller, {{0, "no-such-host.invalid", 1}}, Duration::seconds(30), 1, reports);
    run_first_round(resolver, poller);
    CHECK(failures == 1);
    CHECK(resolver.unresolved() == std::vector<std::string>{"no-such-host.invalid"});
    CHECK(resolver.next_due() < ring::sys::now() + Duration::seconds(3));
}

TEST_CASE(
    "other names: what stays keeps its time, what is new is asked for, the rest is forgotten") {
    Poller poller;
    std::vector<std::size_t> resolved;
    std::vector<std::string> failed;
    ResolverReports reports;
    reports.changed = [&](std::size_t endpoint, const auto&) { resolved.push_back(endpoint); };
    reports.failed = [&](std::size_t, std::string_view host, std::string_view) {
        failed.emplace_back(host);
    };
    Resolver resolver(poller, {{0, "localhost", 1}, {1, "no-such-host.invalid", 1}},
                      Duration::seconds(30), 1, reports);
    run_first_round(resolver, poller);
    REQUIRE(resolved == std::vector<std::size_t>{0});
    REQUIRE(failed.size() == 1);

    resolver.replace({{0, "localhost", 1}, {2, "localhost", 2}}, Duration::seconds(30));
    CHECK(resolver.first_round_under_way());
    CHECK(resolver.unresolved() == std::vector<std::string>{"localhost"});
    run_first_round(resolver, poller);
    CHECK(resolved == std::vector<std::size_t>{0, 2});
    CHECK(resolver.unresolved().empty());
    // The one that failed would be tried again within a second or so.
    CHECK(resolver.next_due() > ring::sys::now() + Duration::seconds(20));

    resolver.replace({}, Duration::seconds(30));
    CHECK(resolver.next_due().is_never());
    CHECK(failed.size() == 1);
}

TEST_CASE("names that come while another answer is outstanding are no mix-up") {
    Poller poller;
    std::vector<std::size_t> resolved;
    ResolverReports reports;
    reports.changed = [&](std::size_t endpoint, const auto& addresses) {
        CHECK(addresses.front().port() == 10 + endpoint);
        resolved.push_back(endpoint);
    };
    Resolver resolver(poller, {}, Duration::seconds(30), 1, reports);
    for (std::size_t round = 0; round < 20; ++round) {
        const auto port = static_cast<std::uint16_t>(10 + round);
        resolver.replace({{round, "localhost", port}}, Duration::seconds(30));
        resolver.tick(ring::sys::now());
    }
    run_first_round(resolver, poller);
    REQUIRE_FALSE(resolved.empty());
    CHECK(resolved.back() == 19);
}

TEST_CASE("no names, nothing to do") {
    Poller poller;
    Resolver resolver(poller, {}, Duration::seconds(30), 1, {});
    CHECK_FALSE(resolver.first_round_under_way());
    CHECK(resolver.next_due().is_never());
}

}  // namespace
}  // namespace ringway::control
