#include <doctest/doctest.h>

#include "made_up_target.h"

using namespace ringway;
using namespace ringway::bench;
using bench::test::Bench;

using Strings = std::vector<std::string>;

TEST_CASE("ramp: from the lowest level to the highest, with what follows from it") {
    Bench bench;
    bench.options.levels.values = {32, 1, 8, 4};
    CHECK_FALSE(bench.run(run_ramp));
    CHECK(bench.report.kind == ReportKind::ramp);
    CHECK(bench.labels() ==
          Strings{"1 connection", "4 connections", "8 connections", "32 connections"});
    CHECK(bench.figure("saturation_connections").value == 8);
    CHECK(bench.figure("knee_connections").value == 8);
    CHECK(bench.figure("rate_max").value == doctest::Approx(8000));
    CHECK(bench.finding("stopped after") == nullptr);
    REQUIRE(bench.finding("beyond 8 connections only latency grows") != nullptr);
}

TEST_CASE("ramp: has levels of its own accord") {
    Bench bench;
    bench.run(run_ramp);
    CHECK(bench.labels().front() == "1 connection");
    CHECK(bench.labels().back() == "100 connections");
}

TEST_CASE("ramp: rounds of one level follow each other") {
    Bench bench;
    bench.options.rounds = 2;
    bench.options.levels.values = {1, 2};
    bench.run(run_ramp);
    CHECK(bench.labels() ==
          Strings{"1 connection", "1 connection", "2 connections", "2 connections"});
}

TEST_CASE("ramp: stops when errors explode") {
    Bench bench;
    bench.options.levels.values = {1, 2, 4, 8, 16};
    bench.target.change = [](const RunPlan& plan, RunResult& result) {
        if (plan.connections == 4) result.errors[ErrorKind::timeout] = result.answered;
    };
    bench.run(run_ramp);
    CHECK(bench.report.runs.size() == 3);
    const Finding* stopped = bench.finding("stopped after 4 connections, 2 levels to go");
    REQUIRE(stopped != nullptr);
    CHECK(stopped->text.find("50 % of what ended were errors") != std::string::npos);
    CHECK(stopped->severity == Severity::warning);
}

TEST_CASE("ramp: a few errors do not stop it") {
    Bench bench;
    bench.options.levels.values = {1, 2, 4};
    bench.target.change = [](const RunPlan&, RunResult& result) {
        result.errors[ErrorKind::timeout] = result.answered / 20;
    };
    bench.run(run_ramp);
    CHECK(bench.report.runs.size() == 3);
}

TEST_CASE("ramp: stops when latency explodes, not when it grows with the line") {
    Bench bench;
    bench.target.servers = 1;
    bench.target.service_us = 100;
    bench.options.levels.values = {1, 10, 100, 1000, 10000};
    bench.run(run_ramp);
    CHECK(bench.report.runs.size() == 5);  // a p99 of two seconds, all of it explained

    Bench exploding;
    exploding.options.levels.values = {1, 2, 4, 8};
    exploding.target.change = [](const RunPlan& plan, RunResult& result) {
        if (plan.connections == 2) result.latency = bench::test::reading_of({{200e3, 10}});
    };
    exploding.run(run_ramp);
    CHECK(exploding.report.runs.size() == 2);
    CHECK(exploding.finding("the p99 is 200 ms, and was ") != nullptr);
}

TEST_CASE("ramp: microseconds that grow tenfold are no explosion") {
    Bench bench;
    bench.options.levels.values = {1, 2, 4};
    bench.target.change = [](const RunPlan& plan, RunResult& result) {
        result.latency = bench::test::reading_of({{plan.connections == 1 ? 50 : 20e3, 10}});
    };
    bench.run(run_ramp);
    CHECK(bench.report.runs.size() == 3);
}

TEST_CASE("ramp: over rates it stops once requests queue up") {
    Bench bench;
    bench.options.levels = {.of_rate = true, .values = {1000, 4000, 7000, 9000, 12000}};
    bench.run(run_ramp);
    CHECK(bench.labels().back() == "9000/s");
    CHECK(bench.finding("stopped after 9000/s, 1 level to go") != nullptr);
    CHECK(bench.finding("of 9000/s offered, 8000/s was answered")->flag == "--connections");
}

TEST_CASE("ramp: stops when nothing is answered, and says that nothing is known") {
    Bench bench;
    bench.options.levels.values = {1, 2, 4};
    bench.target.change = [](const RunPlan&, RunResult& result) { result.answered = 0; };
    CHECK_FALSE(bench.run(run_ramp));
    CHECK(bench.report.runs.size() == 1);
    CHECK(bench.finding("nothing was answered") != nullptr);
    CHECK_FALSE(bench.figure("knee_connections").known);
    CHECK_FALSE(bench.figure("rate_max").known);
}

TEST_CASE("ramp: no word of stopping when the level was the last one anyway, or INT came") {
    Bench last;
    last.options.levels.values = {1, 2};
    last.target.change = [](const RunPlan& plan, RunResult& result) {
        if (plan.connections == 2) result.errors[ErrorKind::reset] = result.answered;
    };
    last.run(run_ramp);
    CHECK(last.finding("stopped after") == nullptr);

    Bench interrupted;
    interrupted.options.levels.values = {1, 2, 4};
    interrupted.target.change = [](const RunPlan&, RunResult& result) {
        result.answered = 0;
        result.interrupted = true;
    };
    interrupted.run(run_ramp);
    CHECK(interrupted.report.runs.size() == 1);
    CHECK(interrupted.finding("stopped after") == nullptr);
}

TEST_CASE("ramp: a level that is refused is passed over") {
    Bench bench;
    bench.options.levels.values = {1, 2, 4};
    bench.target.refuse = [](const RunPlan& plan) -> config::Complaint {
        if (plan.connections != 2) return std::nullopt;
        return config::Refusal{"not this one", ""};
    };
    CHECK_FALSE(bench.run(run_ramp));
    CHECK(bench.labels() == Strings{"1 connection", "4 connections"});
    CHECK(bench.finding("2 connections could not be measured: not this one") != nullptr);
}
