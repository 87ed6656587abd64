#include "ringway/upstream/passive.h"

#include <doctest/doctest.h>

#include "fixture.h"

using namespace ringway::upstream;
using ringway::base::Duration;

namespace {

// Threshold 3, back-off 1 s doubling to 4 s.
Fixture two_endpoints() {
    auto upstream = make_upstream({{1}, {1}});
    upstream.fail_backoff_max = Duration::seconds(4);
    return Fixture(Fixture::with({upstream}));
}

// The one connect that fails: charged and failed through the set.
void fail(Fixture& fixture, std::size_t flat, std::int64_t ms) {
    const TriedSet others = ~(TriedSet{1} << flat);
    REQUIRE(fixture.take(others, at_ms(ms)) == static_cast<int>(flat));
    fixture.set->connect_failed(fixture.endpoint(flat), at_ms(ms));
}

}  // namespace

TEST_CASE("failures in a row mark an endpoint down, a success in between does not") {
    Fixture fixture = two_endpoints();
    Endpoint& first = fixture.endpoint(0);
    fail(fixture, 0, 0);
    fail(fixture, 0, 0);
    REQUIRE(fixture.take(0b10) == 0);
    fixture.set->connected(first);
    fail(fixture, 0, 10);
    fail(fixture, 0, 10);
    CHECK_FALSE(is_marked_down(first));
    CHECK(can_serve(first, at_ms(10)));
    fail(fixture, 0, 10);
    CHECK(is_marked_down(first));
    CHECK_FALSE(can_serve(first, at_ms(10)));
    CHECK_FALSE(can_serve(first, at_ms(1009)));
    CHECK(can_serve(first, at_ms(1010)));
    CHECK(fixture.stats.endpoints[0].failures.read() == 5);
    CHECK(fixture.stats.endpoints[0].marked_down.read() == 1);
    CHECK(fixture.stats.endpoints[0].passive_down.read() == 1);
    CHECK(first.active == 1);
    for (int i = 0; i < 5; ++i) CHECK(fixture.take(0, at_ms(500)) == 1);
}

TEST_CASE("after the back-off one connect is the trial, and its failure doubles the back-off") {
    Fixture fixture = two_endpoints();
    Endpoint& first = fixture.endpoint(0);
    for (int i = 0; i < 3; ++i) fail(fixture, 0, 0);
    std::int64_t now = 1000;
    for (const std::int64_t backoff : {2000, 4000, 4000}) {
        int trials = 0;
        for (int i = 0; i < 6; ++i) trials += fixture.take(0, at_ms(now)) == 0 ? 1 : 0;
        CHECK(trials == 1);
        now += 5;
        fixture.set->connect_failed(first, at_ms(now));
        CHECK_FALSE(can_serve(first, at_ms(now + backoff - 1)));
        CHECK(can_serve(first, at_ms(now + backoff)));
        now += backoff;
    }
    CHECK(fixture.stats.endpoints[0].marked_down.read() == 1);
    // The trial that succeeds clears everything.
    while (fixture.take(0, at_ms(now)) != 0) {
    }
    fixture.set->connected(first);
    CHECK_FALSE(is_marked_down(first));
    CHECK(fixture.stats.endpoints[0].passive_down.read() == 0);
    CHECK(first.failures_in_a_row == 0);
    fail(fixture, 0, now);
    fail(fixture, 0, now);
    CHECK(can_serve(first, at_ms(now)));
    fail(fixture, 0, now);
    CHECK(can_serve(first, at_ms(now + 1000)));  // and the back-off begins small again
    CHECK(fixture.stats.endpoints[0].marked_down.read() == 2);
}

TEST_CASE("connects that fail together count as one mark") {
    Fixture fixture = two_endpoints();
    for (int i = 0; i < 50; ++i) REQUIRE(fixture.take(0b10) == 0);
    for (int i = 0; i < 50; ++i) fixture.set->connect_failed(fixture.endpoint(0), at_ms(20));
    CHECK(can_serve(fixture.endpoint(0), at_ms(1020)));
    CHECK(fixture.endpoint(0).active == 0);
    CHECK(fixture.stats.endpoints[0].marked_down.read() == 1);
}

TEST_CASE("an abandoned trial is followed by another one") {
    Fixture fixture = two_endpoints();
    for (int i = 0; i < 3; ++i) fail(fixture, 0, 0);
    while (fixture.take(0, at_ms(1000)) != 0) {
    }
    fixture.set->connect_abandoned(fixture.endpoint(0));
    CHECK_FALSE(can_serve(fixture.endpoint(0), at_ms(1999)));
    CHECK(can_serve(fixture.endpoint(0), at_ms(2000)));
}

TEST_CASE("endpoints in back-off are tried when there is nobody else") {
    Fixture fixture = two_endpoints();
    for (int i = 0; i < 3; ++i) fail(fixture, 0, 0);
    for (int i = 0; i < 3; ++i) fail(fixture, 1, 0);
    CHECK(fixture.take(0, at_ms(10)) >= 0);
    CHECK(fixture.take(0b01, at_ms(10)) == 1);
    CHECK(fixture.take(0b11, at_ms(10)) == -1);
    // These are no trials: they change nothing about when the back-off ends.
    fixture.set->connect_failed(fixture.endpoint(1), at_ms(10));
    CHECK(can_serve(fixture.endpoint(1), at_ms(1000)));
    // A backup that is alive goes first.
    Fixture with_backup(Plans{{1}, {1, 0, true}});
    for (int i = 0; i < 3; ++i) {
        REQUIRE(with_backup.take() == 0);
        with_backup.set->connect_failed(with_backup.endpoint(0), at_ms(0));
    }
    CHECK(with_backup.take() == 1);
    CHECK(with_backup.take(0b10) == 0);
}

TEST_CASE("operator, active check and new addresses clear a mark") {
    for (int how = 0; how < 3; ++how) {
        CAPTURE(how);
        Fixture fixture = two_endpoints();
        for (int i = 0; i < 3; ++i) fail(fixture, 0, 0);
        REQUIRE_FALSE(can_serve(fixture.endpoint(0), at_ms(1)));
        if (how == 0) fixture.set->set_admin_state(0, AdminState::ready);
        if (how == 1) {
            fixture.set->set_healthy(0, true);  // nothing new: the mark stays
            CHECK_FALSE(can_serve(fixture.endpoint(0), at_ms(1)));
            fixture.set->set_healthy(0, false);
            fixture.set->set_healthy(0, true);
        }
        if (how == 2) {
            fixture.set->set_addresses(0, {*ringway::net::Address::parse("10.0.0.1", 80)});
            CHECK_FALSE(can_serve(fixture.endpoint(0), at_ms(1)));
            fixture.set->set_addresses(0, {*ringway::net::Address::parse("10.0.0.77", 80)});
        }
        CHECK(can_serve(fixture.endpoint(0), at_ms(1)));
        CHECK(fixture.stats.endpoints[0].passive_down.read() == 0);
    }
}
