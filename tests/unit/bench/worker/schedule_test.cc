#include "worker/schedule.h"

#include <doctest/doctest.h>

using namespace ringway;
using namespace ringway::bench;

namespace {

RunPlan plan_of(double rate, double rate_end = 0) {
    RunPlan plan;
    plan.rate = rate;
    plan.rate_end = rate_end;
    plan.warm_up = base::Duration::seconds(1);
    plan.measure = base::Duration::seconds(10);
    return plan;
}

// How many of one thread's requests are due before `at_s`.
std::uint64_t due_before(const Schedule& schedule, double at_s) {
    std::uint64_t n = 0;
    while (schedule.due(n).to_seconds() < at_s) ++n;
    return n;
}

}  // namespace

TEST_CASE("a steady rate puts requests at equal distances") {
    const Schedule schedule(plan_of(1000), 0, 1);
    CHECK(schedule.due(0).ns == 0);
    CHECK(schedule.due(1).to_us() == 1000);
    CHECK(schedule.due(123'456).to_seconds() == doctest::Approx(123.456));
}

TEST_CASE("threads share one grid and none has another's points") {
    const RunPlan plan = plan_of(1000);
    const Schedule first(plan, 0, 3);
    const Schedule last(plan, 2, 3);
    CHECK(first.due(1).to_us() == 3000);
    CHECK(last.due(0).to_us() == 2000);
    CHECK(last.due(1).to_us() == 5000);
}

TEST_CASE("a ramp is steady through the warm-up and then climbs in a straight line") {
    const Schedule schedule(plan_of(100, 300), 0, 1);
    CHECK(due_before(schedule, 1) == 100);
    // Half of the window: from 100 to 200 a second, 150 on average.
    CHECK(due_before(schedule, 6) == doctest::Approx(100 + 5 * 150).epsilon(0.005));
    CHECK(due_before(schedule, 11) == doctest::Approx(100 + 10 * 200).epsilon(0.005));
}

TEST_CASE("a falling ramp asks for fewer and fewer, and ends where its rate would be zero") {
    const Schedule schedule(plan_of(300, 100), 0, 1);
    CHECK(due_before(schedule, 11) == doctest::Approx(300 + 10 * 200).epsilon(0.005));
    CHECK(schedule.due(1'000'000).is_forever());
}

TEST_CASE("points of a ramp never go backwards, be it ever so flat") {
    const Schedule schedule(plan_of(50'000, 50'000.001), 0, 1);
    base::Duration before{-1};
    for (std::uint64_t n = 0; n < 200'000; ++n) {
        const base::Duration due = schedule.due(n);
        REQUIRE(due.ns >= before.ns);
        before = due;
    }
    CHECK(before.to_seconds() == doctest::Approx(4).epsilon(0.001));
}
