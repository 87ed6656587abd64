#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "made_up_target.h"
#include "report/figures.h"
#include "suites/knee_search.h"

using namespace ringway;
using namespace ringway::bench;
using bench::test::Bench;

namespace {

LevelSummary level_of(double value, double rate, double mean_us, bool usable = true) {
    LevelSummary level;
    level.value = value;
    level.usable = level.answered = usable;
    level.rate = spread_of({rate});
    level.mean_us = spread_of({mean_us});
    return level;
}

}  // namespace

TEST_CASE("knee: in a closed loop it is where all servers are just busy") {
    for (const unsigned servers : {1u, 5u, 11u, 23u, 100u}) {
        Bench bench;
        bench.target.servers = servers;
        CHECK_FALSE(bench.run(run_knee));
        CAPTURE(servers);
        const double knee = bench.figure("knee_connections").value;
        // Whole numbers, and no closer than 10 %, or the margin of ties.
        CHECK(knee >= std::floor(servers * 0.9));
        CHECK(knee <= std::ceil(servers * 1.1));
        CHECK(bench.figure("knee_throughput").value ==
              doctest::Approx(bench.target.capacity()).epsilon(0.11));
        CHECK(bench.report.kind == ReportKind::knee);
    }
}

TEST_CASE("knee: in an open loop it is where the line costs what the rate brings") {
    // The power of M/M/1, r x (c - r), is highest at half its capacity.
    Bench bench;
    bench.options.levels = {.of_rate = true, .values = {500, 1000, 2500, 7000, 7900, 9000}};
    CHECK_FALSE(bench.run(run_knee));
    const double knee = bench.figure("knee_rate").value;
    CHECK(knee >= 4000 * 0.8);
    CHECK(knee <= 4000 * 1.1);
    CHECK(bench.figure("knee_rate").unit == "1/s");
}

TEST_CASE("knee: what was looked at more closely is part of the curve") {
    Bench bench;
    bench.options.levels.values = {1, 64};
    bench.target.servers = 10;
    bench.run(run_knee);
    CHECK(bench.figure("score_at_8").known);
    CHECK(bench.has_figure("score_at_1"));
    CHECK(bench.has_figure("score_at_64"));
    CHECK(bench.said.size() == 3);
    double best = 0;
    for (const Figure& figure : bench.report.figures) {
        if (figure.name.starts_with("score_at_")) best = std::max(best, figure.value);
    }
    CHECK(best == 1);
    CHECK(bench.figure("saturation_connections").value >= 10);
    CHECK(bench.finding("the knee is at") != nullptr);
}

TEST_CASE("knee: levels are told in their order, whatever the order in which they were taken") {
    Bench bench;
    bench.options.levels.values = {1, 64};
    bench.target.servers = 10;
    bench.run(run_knee);
    REQUIRE(bench.report.runs.size() > 2);
    CHECK(bench.report.runs[2].at[0].value == 8);
    double last = 0;
    for (const Group& group : groups_of(bench.report)) {
        CHECK(group.first->at[0].value > last);
        last = group.first->at[0].value;
    }
    CHECK(last == 64);
}

TEST_CASE("knee: noise and rounds do not move it far") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Bench bench;
        bench.target.servers = 16;
        bench.target.noise = 0.04;
        bench.target.random = base::Random(seed);
        bench.options.rounds = 3;
        bench.run(run_knee);
        CAPTURE(seed);
        const double knee = bench.figure("knee_connections").value;
        CHECK(knee >= 13);
        CHECK(knee <= 18);
    }
}

TEST_CASE("knee: ties go to the lower level") {
    const std::vector<LevelSummary> levels = {level_of(1, 100, 100), level_of(2, 196, 100),
                                              level_of(4, 400, 200), level_of(8, 404, 204)};
    const std::optional<KneeChoice> choice = choose_knee(levels);
    REQUIRE(choice);
    CHECK(choice->margin == doctest::Approx(0.03));
    CHECK(choice->index == 1);
    CHECK(choice->scores[2] == 1);
    CHECK(choice->scores[0] == doctest::Approx(0.5));
}

TEST_CASE("knee: the margin of ties follows the spread of rounds, up to 10 %") {
    std::vector<LevelSummary> levels = {level_of(2, 190, 100), level_of(4, 400, 200)};
    CHECK(choose_knee(levels)->index == 1);
    levels[1].rate = spread_of({380, 400, 428});
    CHECK(choose_knee(levels)->margin == doctest::Approx(0.06));
    CHECK(choose_knee(levels)->index == 0);
    levels[1].rate = spread_of({100, 400, 900});
    CHECK(choose_knee(levels)->margin == doctest::Approx(0.10));
}

TEST_CASE("knee: a level with errors is never the knee") {
    Bench bench;
    bench.options.levels.values = {1, 2, 4, 8, 16};
    bench.target.change = [](const RunPlan& plan, RunResult& result) {
        if (plan.connections >= 5) result.errors[ErrorKind::status_5xx] = result.answered / 10;
    };
    bench.run(run_knee);
    CHECK(bench.figure("knee_connections").value == 4);
    CHECK_FALSE(bench.figure("score_at_8").known);
    CHECK(bench.figure("score_at_8").value == 0);
    CHECK(bench.figure("score_at_8").note == "not measurable: 9.09 % of what ended were errors");
}

TEST_CASE("knee: where everything fails there is none") {
    Bench bench;
    bench.options.levels.values = {1, 2, 4};
    bench.target.change = [](const RunPlan&, RunResult& result) {
        result.answered = 0;
        result.latency = {};
        result.latency_mean_us = 0;
        result.errors[ErrorKind::connect] = 100;
    };
    CHECK_FALSE(bench.run(run_knee));
    CHECK_FALSE(bench.figure("knee_connections").known);
    CHECK(bench.report.runs.size() == 3);
    REQUIRE(bench.finding("no knee") != nullptr);
    CHECK(bench.finding("no knee")->severity == Severity::critical);
}

TEST_CASE("knee: says so when it lies at an end of what was tried") {
    Bench high;
    high.options.levels.values = {1, 2, 4};
    high.run(run_knee);
    CHECK(high.figure("knee_connections").value == 4);
    CHECK(high.finding("the knee may lie above it")->flag == "--find-knee");

    Bench low;
    low.options.levels.values = {32, 64, 128};
    low.run(run_knee);
    CHECK(low.figure("knee_connections").value == 32);
    CHECK(low.finding("the knee may lie below it")->flag == "--find-knee");
}

TEST_CASE("knee: rates have no levels of their own accord, connections have") {
    Bench bench;
    bench.options.levels.of_rate = true;
    CHECK(bench.run(run_knee));
    CHECK(bench.target.titles.empty());
}

TEST_CASE("knee: INT leaves what was measured, with a knee among it") {
    Bench bench;
    bench.stop = [&] { return bench.target.titles.size() == 3; };
    CHECK_FALSE(bench.run(run_knee));
    CHECK(bench.report.runs.size() == 3);
    CHECK(bench.figure("knee_connections").value == 4);
    CHECK(bench.report.interrupted);
}

TEST_CASE("knee: neighbours that are close are not looked between") {
    const std::vector<LevelSummary> levels = {level_of(1, 1, 1), level_of(2, 1, 1),
                                              level_of(100, 1, 1), level_of(109, 1, 1)};
    CHECK(levels_to_refine(levels, 0).empty());
    CHECK(levels_to_refine(levels, 1) == std::vector<double>{14});
    CHECK(levels_to_refine(levels, 2) == std::vector<double>{14});
    CHECK(levels_to_refine(levels, 3).empty());
}
