// When requests are begun: schedules, think time, replayed logs.

#include <atomic>
#include <chrono>

#include <doctest/doctest.h>

#include "origin.h"
#include "ringway/bench/run.h"

using namespace ringway;
using namespace ringway::bench;
using namespace ringway::bench::test;

namespace {

RunResult measured(const RunPlan& plan) {
    config::Checked<RunResult> result = run(plan);
    REQUIRE(result);
    return *result;
}

}  // namespace

TEST_CASE("an open loop begins what is due, no more and no less") {
    Origin origin(Origin::answering(std::string(hello)));
    RunPlan plan = plan_for(origin, 8);
    plan.threads = 2;
    plan.rate = 1000;
    plan.measure = base::Duration::milliseconds(500);
    plan.drain = base::Duration::seconds(5);
    const RunResult result = measured(plan);
    CHECK(result.scheduled == doctest::Approx(500).epsilon(0.01));
    CHECK(result.scheduled == result.begun + result.overdue_at_end);
    CHECK(result.lateness.count() + result.waiting.count() == result.begun);
    CHECK(result.begun == result.answered + result.unfinished);
}

TEST_CASE("a ramp begins as many as the line's area") {
    Origin origin(Origin::answering(std::string(hello)));
    RunPlan plan = plan_for(origin, 8);
    plan.rate = 200;
    plan.rate_end = 1000;
    plan.measure = base::Duration::milliseconds(500);
    plan.drain = base::Duration::seconds(5);
    CHECK(measured(plan).scheduled == doctest::Approx(300).epsilon(0.02));
}

TEST_CASE("in an open loop a stall of the origin is in the latency of all that was due meanwhile") {
    // One connection, one answer after 400 ms, all others at once.
    std::atomic<unsigned> requests{0};
    Origin origin([&](Peer& peer) {
        while (!peer.read_head().empty()) {
            if (requests.fetch_add(1) == 100) {
                std::this_thread::sleep_for(std::chrono::milliseconds(400));
            }
            peer.write(hello);
        }
    });
    RunPlan plan = plan_for(origin, 1);
    plan.rate = 500;
    plan.measure = base::Duration::seconds(1);
    plan.drain = base::Duration::seconds(5);
    const RunResult result = measured(plan);
    CHECK(result.errors.total() == 0);
    // 200 of 500 were due during the stall and waited 200 ms on average.
    CHECK(result.latency.percentile_ns(80) > 100'000'000);
    CHECK(result.latency.percentile_ns(99) > 350'000'000);
    CHECK(result.waiting.count() >= 150);
    CHECK(result.waiting.percentile_ns(50) > 50'000'000);
    CHECK(result.latency_mean_us > 50'000);
}

TEST_CASE("what an origin that never answers leaves undone is counted") {
    Origin origin([](Peer& peer) {
        while (!peer.read_head().empty()) continue;
    });
    RunPlan plan = plan_for(origin, 2);
    plan.rate = 100;
    plan.warm_up = {};
    plan.drain = base::Duration::milliseconds(10);
    const RunResult result = measured(plan);
    CHECK(result.answered == 0);
    CHECK(result.unfinished == 2);
    CHECK(result.overdue_at_end == result.scheduled - 2);
    CHECK(result.scheduled == doctest::Approx(20).epsilon(0.06));
}

TEST_CASE("think time passes between an answer and the next request") {
    std::atomic<std::uint64_t> requests{0};
    Origin origin(Origin::answering(std::string(hello), &requests));
    RunPlan plan = plan_for(origin, 4);
    plan.warm_up = {};
    plan.measure = base::Duration::milliseconds(500);
    plan.think_time = base::Duration::milliseconds(50);
    const RunResult result = measured(plan);
    CHECK(result.answered >= 4);
    CHECK(result.answered <= 4 * 10);
    CHECK(result.errors.total() == 0);
}

TEST_CASE("think time holds although the origin closes meanwhile") {
    Origin origin([](Peer& peer) {
        peer.read_head();
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    });
    RunPlan plan = plan_for(origin, 2);
    plan.warm_up = {};
    plan.measure = base::Duration::milliseconds(400);
    plan.think_time = base::Duration::milliseconds(40);
    const RunResult result = measured(plan);
    CHECK(result.answered >= 2);
    CHECK(result.answered <= 2 * 10);
    CHECK(result.errors.total() == 0);
}

TEST_CASE("a log is sent again at its own times") {
    std::atomic<std::uint64_t> requests{0};
    Origin origin(Origin::answering(std::string(hello), &requests));
    RunPlan plan = plan_for(origin, 2);
    plan.warm_up = {};
    plan.measure = base::Duration::seconds(10);
    plan.replay.emplace();
    plan.replay->keep_times = true;
    plan.replay->repeat = false;
    plan.replay->speed = 2;
    for (int i = 0; i < 11; ++i) {
        plan.replay->requests.push_back({plan.kinds[0], base::Duration::milliseconds(i * 40)});
    }
    const RunResult result = measured(plan);
    CHECK(result.answered == 11);
    CHECK(requests.load() == 11);
    CHECK(result.window >= base::Duration::milliseconds(200));
    CHECK(result.window < base::Duration::seconds(5));
}
