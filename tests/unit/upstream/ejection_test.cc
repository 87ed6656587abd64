// Endpoints that failed exchanges take out, and how they come back.
#include <doctest/doctest.h>

#include "fixture.h"
#include "ringway/upstream/passive.h"

using namespace ringway::upstream;
using ringway::base::Duration;

namespace {

// Five in a row or half of at least twenty eject, for 1 s doubling to 4 s; at most half of four.
Fixture four_endpoints() {
    auto upstream = make_upstream({{1}, {1}, {1}, {1}});
    upstream.fail_backoff_max = Duration::seconds(4);
    return Fixture(Fixture::with({upstream}));
}

bool fail(Fixture& fixture, std::size_t slot, std::int64_t ms) {
    return exchange_failed(fixture.endpoint(slot), fixture.set->endpoints_of(0), at_ms(ms));
}

void eject(Fixture& fixture, std::size_t slot, std::int64_t ms) {
    for (int i = 0; i < 4; ++i) REQUIRE_FALSE(fail(fixture, slot, ms));
    REQUIRE(fail(fixture, slot, ms));
}

}  // namespace

TEST_CASE("failed exchanges in a row eject, a good one in between does not let it come to that") {
    Fixture fixture = four_endpoints();
    Endpoint& first = fixture.endpoint(0);
    for (int round = 0; round < 4; ++round) {
        for (int i = 0; i < 4; ++i) CHECK_FALSE(fail(fixture, 0, 0));
        for (int i = 0; i < 12; ++i) exchange_succeeded(first, at_ms(0));
    }
    CHECK_FALSE(is_marked_down(first));
    // A connect that works says nothing about exchanges.
    for (int i = 0; i < 4; ++i) CHECK_FALSE(fail(fixture, 0, 0));
    connect_succeeded(first);
    CHECK(fail(fixture, 0, 100));
    CHECK(first.ejected);
    CHECK_FALSE(can_serve(first, at_ms(1099)));
    CHECK(can_serve(first, at_ms(1100)));
    CHECK(fixture.stats.endpoints[0].passive_down.read() == 1);
    CHECK(fixture.stats.endpoints[0].marked_down.read() == 1);
    CHECK(fixture.stats.endpoints[0].ejections.read() == 1);
    CHECK(fixture.stats.endpoints[0].ejected.read() == 1);
    CHECK(fixture.stats.endpoints[0].exchange_failures.read() == 21);
}

TEST_CASE("a share of failed exchanges ejects, of enough of them and of the last ten seconds") {
    const auto mixed = [](Fixture& fixture, int pairs, std::int64_t ms) {
        bool ejected = false;
        for (int i = 0; i < pairs; ++i) {
            exchange_succeeded(fixture.endpoint(0), at_ms(ms));
            ejected = fail(fixture, 0, ms) || ejected;
        }
        return ejected;
    };
    Fixture few = four_endpoints();
    CHECK_FALSE(mixed(few, 9, 0));
    CHECK(mixed(few, 1, 0));

    Fixture good = four_endpoints();
    for (int i = 0; i < 30; ++i) exchange_succeeded(good.endpoint(0), at_ms(0));
    CHECK_FALSE(mixed(good, 29, 9000));
    // The good ones are forgotten, the others are not.
    CHECK(mixed(good, 1, 10'500));

    Fixture slow = four_endpoints();
    for (std::int64_t second = 0; second < 100; second += 2) {
        CHECK_FALSE(mixed(slow, 1, second * 1000));
    }
}

TEST_CASE("what a user sets to 0 does not eject") {
    auto upstream = make_upstream({{1}, {1}});
    upstream.eject_errors = 0;
    upstream.eject_error_percent = 0;
    Fixture fixture(Fixture::with({upstream}));
    for (int i = 0; i < 100; ++i) CHECK_FALSE(fail(fixture, 0, 0));
}

TEST_CASE("no more than a share of the endpoints is out") {
    Fixture fixture = four_endpoints();
    eject(fixture, 0, 0);
    eject(fixture, 1, 0);
    for (int i = 0; i < 50; ++i) CHECK_FALSE(fail(fixture, 2, 0));
    // Who is out by failed connects counts as well.
    Fixture mixed = four_endpoints();
    eject(mixed, 0, 0);
    for (int i = 0; i < 3; ++i) connect_failed(mixed.endpoint(1), at_ms(0));
    REQUIRE(is_marked_down(mixed.endpoint(1)));
    for (int i = 0; i < 50; ++i) CHECK_FALSE(fail(mixed, 2, 0));
    // And who an operator took out is none to choose from.
    Fixture small = four_endpoints();
    small.set->set_admin_state(3, AdminState::down);
    eject(small, 0, 0);
    for (int i = 0; i < 50; ++i) CHECK_FALSE(fail(small, 1, 0));

    Fixture alone(Fixture::with({make_upstream({{1}})}));
    for (int i = 0; i < 50; ++i) CHECK_FALSE(fail(alone, 0, 0));
}

TEST_CASE("one trial after the back-off: a good exchange brings it back, a bad one doubles") {
    Fixture fixture = four_endpoints();
    Endpoint& first = fixture.endpoint(0);
    eject(fixture, 0, 0);
    // What was under way when it was ejected changes nothing.
    exchange_succeeded(first, at_ms(10));
    CHECK_FALSE(fail(fixture, 0, 20));
    CHECK_FALSE(can_serve(first, at_ms(999)));
    std::int64_t now = 1000;
    for (const std::int64_t backoff : {2000, 4000, 4000}) {
        REQUIRE(can_serve(first, at_ms(now)));
        connect_started(first, at_ms(now));
        CHECK_FALSE(can_serve(first, at_ms(now)));  // the trial is alone
        connect_succeeded(first);                   // it opened a connection for it
        CHECK(first.ejected);
        now += 5;
        CHECK_FALSE(fail(fixture, 0, now));
        CHECK_FALSE(can_serve(first, at_ms(now + backoff - 1)));
        now += backoff;
    }
    connect_started(first, at_ms(now));
    exchange_succeeded(first, at_ms(now + 5));
    CHECK_FALSE(is_marked_down(first));
    CHECK_FALSE(first.ejected);
    CHECK(fixture.stats.endpoints[0].ejected.read() == 0);
    CHECK(fixture.stats.endpoints[0].passive_down.read() == 0);
    // It starts anew: what failed before is forgotten.
    for (int i = 0; i < 4; ++i) CHECK_FALSE(fail(fixture, 0, now + 10));
    CHECK(fail(fixture, 0, now + 10));
    CHECK_FALSE(can_serve(first, at_ms(now + 1009)));
    CHECK(can_serve(first, at_ms(now + 1010)));
}

TEST_CASE("an exchange on an idle connection is a trial of a mark by failed connects") {
    Fixture fixture = four_endpoints();
    Endpoint& first = fixture.endpoint(0);
    for (int i = 0; i < 3; ++i) connect_failed(first, at_ms(0));
    REQUIRE(is_marked_down(first));
    connect_started(first, at_ms(1000));
    exchange_succeeded(first, at_ms(1001));
    CHECK_FALSE(is_marked_down(first));
}

TEST_CASE("operator and active check bring an ejected endpoint back") {
    for (const bool by_operator : {true, false}) {
        CAPTURE(by_operator);
        Fixture fixture = four_endpoints();
        eject(fixture, 0, 0);
        if (by_operator) fixture.set->set_admin_state(0, AdminState::ready);
        if (!by_operator) fixture.set->set_healthy(0, false);
        if (!by_operator) fixture.set->set_healthy(0, true);
        CHECK(can_serve(fixture.endpoint(0), at_ms(1)));
        for (int i = 0; i < 4; ++i) CHECK_FALSE(fail(fixture, 0, 1));
    }
}
