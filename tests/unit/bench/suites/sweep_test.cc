#include <doctest/doctest.h>

#include "made_up_target.h"

using namespace ringway;
using namespace ringway::bench;
using bench::test::Bench;

using Strings = std::vector<std::string>;

TEST_CASE("sweep: every level in every round, in turns") {
    Bench bench;
    bench.options.rounds = 2;
    bench.options.levels.values = {1, 8, 64};
    CHECK_FALSE(bench.run(run_sweep));
    CHECK(bench.report.kind == ReportKind::sweep);
    CHECK(bench.labels() == Strings{"1 connection", "8 connections", "64 connections",
                                    "1 connection", "8 connections", "64 connections"});
    CHECK(bench.report.runs[4].round == 1);
    CHECK(bench.report.runs[4].plan.connections == 8);
    REQUIRE(bench.report.runs[4].at.size() == 1);
    CHECK(bench.report.runs[4].at[0].name == "connections");
    CHECK(bench.report.runs[4].at[0].value == 8);
    CHECK(bench.figure("rate_max").value == doctest::Approx(8000));
    CHECK(bench.figure("saturation_connections").value == 8);
}

TEST_CASE("sweep: no more threads than connections") {
    Bench bench;
    bench.options.plan.threads = 4;
    bench.options.levels.values = {1, 3, 100};
    bench.run(run_sweep);
    CHECK(bench.target.plans[0].threads == 1);
    CHECK(bench.target.plans[1].threads == 3);
    CHECK(bench.target.plans[2].threads == 4);
}

TEST_CASE("sweep: levels of rate keep the connections") {
    Bench bench;
    bench.options.plan.connections = 32;
    bench.options.levels = {.of_rate = true, .values = {1000, 4000, 16000}};
    bench.run(run_sweep);
    CHECK(bench.labels() == Strings{"1000/s", "4000/s", "16000/s"});
    CHECK(bench.target.plans[1].rate == 4000);
    CHECK(bench.target.plans[1].connections == 32);
    CHECK(bench.report.runs[1].at[0].name == "rate");
    CHECK(bench.figure("rate_max").value == doctest::Approx(8000));
    CHECK(bench.figure("rate_max").note == "at 16000/s");
    CHECK(bench.figure("saturation_rate").value == 16000);
}

TEST_CASE("sweep: a level that is refused leaves the others, and is not tried again") {
    Bench bench;
    bench.options.rounds = 3;
    bench.options.levels.values = {1, 100000, 8};
    bench.target.refuse = [](const RunPlan& plan) -> config::Complaint {
        if (plan.connections < 100000) return std::nullopt;
        return config::Refusal{"no descriptors left", "ulimit -n 200000"};
    };
    CHECK_FALSE(bench.run(run_sweep));
    CHECK(bench.report.runs.size() == 6);
    CHECK(bench.target.titles.size() == 7);
    REQUIRE(bench.report.findings.size() == 1);
    CHECK(bench.report.findings[0].severity == Severity::warning);
    CHECK(bench.report.findings[0].text ==
          "100000 connections could not be measured: no descriptors left (hint: ulimit -n 200000)");
    CHECK(bench.report.findings[0].figure == "100000 connections");
}

TEST_CASE("sweep: levels with errors are not the best") {
    Bench bench;
    bench.options.levels.values = {1, 4, 64};
    bench.target.change = [](const RunPlan& plan, RunResult& result) {
        if (plan.connections == 64) result.errors[ErrorKind::status_5xx] = result.answered;
    };
    bench.run(run_sweep);
    CHECK(bench.figure("rate_max").value == doctest::Approx(4000));
    CHECK(bench.figure("rate_max").note == "at 4 connections");

    Bench broken;
    broken.options.levels.values = {1, 4};
    broken.target.change = [](const RunPlan&, RunResult& result) {
        result.errors[ErrorKind::reset] = result.answered;
    };
    CHECK_FALSE(broken.run(run_sweep));
    CHECK_FALSE(broken.figure("rate_max").known);
    CHECK_FALSE(broken.figure("saturation_connections").known);
}

TEST_CASE("sweep: without levels there is nothing to measure") {
    Bench bench;
    CHECK(bench.run(run_sweep));
    CHECK(bench.target.titles.empty());
}
