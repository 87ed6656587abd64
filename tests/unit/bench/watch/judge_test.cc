#include <string>

#include <doctest/doctest.h>

#include "watch/watch.h"

namespace ringway::bench {
namespace {

RunPlan closed_loop() {
    RunPlan plan;
    plan.threads = 1;
    plan.connections = 8;
    return plan;
}

RunPlan open_loop() {
    RunPlan plan = closed_loop();
    plan.rate = 1'000;
    return plan;
}

stats::HistogramReading reading_of(std::uint64_t value_us, int count = 100) {
    stats::Histogram histogram;
    for (int i = 0; i < count; ++i) histogram.record(value_us * 1'000);
    stats::HistogramReading reading;
    reading.add(histogram);
    return reading;
}

RunResult result_of_ten_seconds() {
    RunResult result;
    result.window = base::Duration::seconds(10);
    result.timeline.resize(10);
    result.latency = reading_of(1'000);
    result.busiest_thread = 0.5;
    return result;
}

std::vector<std::string> warnings_of(const RunPlan& plan, RunResult result) {
    judge_generator(plan, result);
    return result.warnings;
}

TEST_CASE("a generator with nothing to blame itself for says nothing") {
    CHECK(warnings_of(closed_loop(), result_of_ten_seconds()).empty());
    RunResult result = result_of_ten_seconds();
    result.scheduled = 10'000;
    result.lateness = reading_of(5);
    CHECK(warnings_of(open_loop(), result).empty());
    CHECK(warnings_of(closed_loop(), RunResult{}).empty());
    CHECK(warnings_of(open_loop(), RunResult{}).empty());
}

TEST_CASE("a thread that ran all the time limits the rate, unless the target's did too") {
    RunResult result = result_of_ten_seconds();
    result.busiest_thread = 0.991;
    REQUIRE(warnings_of(closed_loop(), result).size() == 1);
    CHECK(
        warnings_of(closed_loop(), result)[0] ==
        "the generator was saturated: its busiest thread ran 99.1 % of the time, so that the rate "
        "is its own limit rather than the target's; give it more --threads, on cores of their "
        "own");
    result.watched.emplace();
    result.watched_busiest_thread = 0.4;
    REQUIRE(warnings_of(closed_loop(), result).size() == 1);
    CHECK(warnings_of(closed_loop(), result)[0].find("(whose busiest thread ran 40.0 %);") !=
          std::string::npos);
    result.watched_busiest_thread = 0.98;
    CHECK(warnings_of(closed_loop(), result).empty());
    result.busiest_thread = 0.95;
    result.watched_busiest_thread = 0;
    CHECK(warnings_of(closed_loop(), result).empty());
    // Spinning until the next request is due is no saturation.
    result.busiest_thread = 1;
    CHECK(warnings_of(open_loop(), result).empty());
}

TEST_CASE("lateness is told when it shows in the latency") {
    RunResult result = result_of_ten_seconds();
    result.lateness = reading_of(300);
    const auto warnings = warnings_of(open_loop(), result);
    REQUIRE(warnings.size() == 1);
    CHECK(
        warnings[0].starts_with("the generator fell behind its schedule: of the requests that "
                                "found a free connection 1 % began more than "));
    CHECK(warnings_of(closed_loop(), result).empty());
    result.lateness = reading_of(90);  // 9 % of the latency, but too little to matter
    CHECK(warnings_of(open_loop(), result).empty());
    result.lateness = reading_of(300);
    result.latency = reading_of(50'000);
    CHECK(warnings_of(open_loop(), result).empty());
    RunPlan replay = closed_loop();
    replay.replay.emplace();
    result.latency = reading_of(1'000);
    CHECK(warnings_of(replay, result).empty());
    replay.replay->keep_times = true;
    CHECK(warnings_of(replay, result).size() == 1);
}

TEST_CASE("requests that were never begun are laid at the right door") {
    RunResult result = result_of_ten_seconds();
    result.scheduled = 10'000;
    result.overdue_at_end = 37;
    result.waiting = reading_of(5'000);
    CHECK(warnings_of(open_loop(), result) ==
          std::vector<std::string>{
              "the schedule was not kept: 37 of 10000 scheduled requests were still waiting to "
              "begin at the end, because all 8 connections were waiting for answers; the target "
              "does not keep up with this rate at so many --connections"});
    result.waiting = {};
    CHECK(warnings_of(open_loop(), result) ==
          std::vector<std::string>{
              "the schedule was not kept: 37 of 10000 scheduled requests were still waiting to "
              "begin at the end, although connections were free; the generator does not keep up "
              "with this rate with 1 --threads"});
    // Due in the last moments: no schedule that was not kept.
    result.overdue_at_end = 11;
    CHECK(warnings_of(open_loop(), result).empty());
    result.overdue_at_end = 12;
    CHECK(warnings_of(open_loop(), result).size() == 1);
}

TEST_CASE("seconds in which something else had the generator's core are counted") {
    RunResult result = result_of_ten_seconds();
    for (TimelineCell& cell : result.timeline) cell.foreign_share = 0.01;
    CHECK(warnings_of(closed_loop(), result).empty());
    result.timeline[3].foreign_share = 0.0101;
    result.timeline[9].foreign_share = 0.25;
    CHECK(
        warnings_of(closed_loop(), result) ==
        std::vector<std::string>{
            "the generator was disturbed: in 2 of 10 seconds its threads waited for more than 1 % "
            "of the time for a core that something else was using (at worst 25.0 %)"});
}

}  // namespace
}  // namespace ringway::bench
