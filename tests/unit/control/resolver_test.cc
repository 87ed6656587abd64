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

TEST_CASE("no names, nothing to do") {
    Poller poller;
    Resolver resolver(poller, {}, Duration::seconds(30), 1, {});
    CHECK_FALSE(resolver.first_round_under_way());
    CHECK(resolver.next_due().is_never());
}

}  // namespace
}  // namespace ringway::control
