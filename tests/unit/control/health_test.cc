#include "health.h"

#include <algorithm>

#include <doctest/doctest.h>

namespace ringway::control {
namespace {

using base::Duration;
using base::Instant;

config::HealthCheck rule(std::uint32_t rise, std::uint32_t fall) {
    config::HealthCheck check;
    check.enabled = true;
    check.interval = Duration::seconds(10);
    check.timeout = Duration::seconds(2);
    check.rise = rise;
    check.fall = fall;
    check.jitter_percent = 10;
    return check;
}

HealthChange check_once(EndpointHealth& health, bool passes, base::Random& random) {
    const Instant at = health.due();
    health.begin(at);
    return health.finish(passes, at + Duration::milliseconds(1), random);
}

TEST_CASE("an endpoint is healthy until checks say otherwise") {
    base::Random random(1);
    EndpointHealth health(rule(2, 3), Instant{0}, random);
    CHECK(health.healthy());
    CHECK(health.due() <= Instant{0} + Duration::seconds(1));
}

TEST_CASE("it takes `fall` failures in a row to go down and `rise` passes to come up") {
    base::Random random(2);
    EndpointHealth health(rule(2, 3), Instant{0}, random);
    CHECK(check_once(health, false, random) == HealthChange::none);
    CHECK(check_once(health, false, random) == HealthChange::none);
    CHECK(check_once(health, true, random) == HealthChange::none);  // the row is broken
    CHECK(check_once(health, false, random) == HealthChange::none);
    CHECK(check_once(health, false, random) == HealthChange::none);
    CHECK(check_once(health, false, random) == HealthChange::went_down);
    CHECK_FALSE(health.healthy());
    CHECK(check_once(health, true, random) == HealthChange::none);
    CHECK(check_once(health, false, random) == HealthChange::none);
    CHECK(check_once(health, true, random) == HealthChange::none);
    CHECK(check_once(health, true, random) == HealthChange::came_up);
    CHECK(health.healthy());
}

TEST_CASE("the next check follows the interval, give or take the jitter") {
    base::Random random(3);
    EndpointHealth health(rule(1, 1), Instant{0}, random);
    std::int64_t least = INT64_MAX;
    std::int64_t most = 0;
    for (int i = 0; i < 500; ++i) {
        const Instant started = health.due();
        (void)check_once(health, true, random);
        const std::int64_t gap_ms = (health.due() - started).to_ms();
        least = std::min(least, gap_ms);
        most = std::max(most, gap_ms);
    }
    CHECK(least >= 9000);
    CHECK(least < 9200);
    CHECK(most <= 11000);
    CHECK(most > 10800);
}

TEST_CASE("while a check runs, what is due is its timeout") {
    base::Random random(4);
    EndpointHealth health(rule(1, 1), Instant{0}, random);
    const Instant at = health.due();
    health.begin(at);
    CHECK(health.checking());
    CHECK(health.due() == at + Duration::seconds(2));
    CHECK(health.finish(false, health.due(), random) == HealthChange::went_down);
    CHECK_FALSE(health.checking());
}

TEST_CASE("a check that outlasts its interval is followed by the next at once") {
    base::Random random(5);
    config::HealthCheck quick = rule(1, 1);
    quick.interval = Duration::milliseconds(100);
    EndpointHealth health(quick, Instant{0}, random);
    health.begin(health.due());
    const Instant ended = health.due();
    (void)health.finish(false, ended, random);
    CHECK(health.due() > ended);
    CHECK(health.due() <= ended + Duration::milliseconds(2));
}

TEST_CASE("first checks of many endpoints are spread") {
    base::Random random(6);
    std::int64_t least = INT64_MAX;
    std::int64_t most = 0;
    for (int i = 0; i < 200; ++i) {
        const EndpointHealth health(rule(1, 1), Instant{0}, random);
        least = std::min(least, health.due().ns);
        most = std::max(most, health.due().ns);
    }
    CHECK(most - least > Duration::milliseconds(800).ns);
}

}  // namespace
}  // namespace ringway::control
