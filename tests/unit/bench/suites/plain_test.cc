#include <chrono>

#include <doctest/doctest.h>

#include "made_up_target.h"

using namespace ringway;
using namespace ringway::bench;
using bench::test::Bench;

using Strings = std::vector<std::string>;

TEST_CASE("plain: one round is one run, and figures without a spread") {
    Bench bench;
    bench.options.plan.connections = 4;
    CHECK_FALSE(bench.run(run_plain));
    CHECK(bench.report.kind == ReportKind::run);
    CHECK(bench.labels() == Strings{"4 connections"});
    CHECK(bench.target.titles == Strings{"4 connections"});
    CHECK(bench.figure("rate").value == doctest::Approx(4000));
    CHECK(bench.figure("rate").higher_is_better);
    CHECK(bench.figure("latency_mean").value == doctest::Approx(1000));
    CHECK(bench.figure("latency_p50").value == doctest::Approx(900).epsilon(0.01));
    CHECK(bench.figure("latency_p99").value == doctest::Approx(2000).epsilon(0.01));
    CHECK(bench.figure("error_rate").value == 0);
    CHECK_FALSE(bench.has_figure("rate_spread"));
    CHECK_FALSE(bench.has_figure("watched_cores"));
}

TEST_CASE("plain: rounds become medians and spreads, all of them are in the report") {
    Bench bench;
    bench.options.rounds = 3;
    const double rates[] = {1000, 4000, 1100};
    std::size_t round = 0;
    bench.target.change = [&](const RunPlan&, RunResult& result) {
        result.answered = static_cast<std::uint64_t>(rates[round++] * 10);
    };
    CHECK_FALSE(bench.run(run_plain));
    REQUIRE(bench.report.runs.size() == 3);
    for (int index = 0; index < 3; ++index) {
        CHECK(bench.report.runs[static_cast<std::size_t>(index)].round == index);
    }
    CHECK(bench.target.titles[1] == "64 connections, round 2 of 3");
    CHECK(bench.figure("rate").value == doctest::Approx(1100));
    CHECK(bench.figure("rate_spread").value == doctest::Approx(3000.0 / 1100));
    CHECK(bench.figure("rate_spread").note == "from 1000 to 4000 in 3 rounds");
}

TEST_CASE("plain: an even number of rounds has the mean of the middle ones as its median") {
    Bench bench;
    bench.options.rounds = 2;
    double rate = 1000;
    bench.target.change = [&](const RunPlan&, RunResult& result) {
        result.answered = static_cast<std::uint64_t>(rate * 10);
        rate *= 2;
    };
    bench.run(run_plain);
    CHECK(bench.figure("rate").value == doctest::Approx(1500));
}

TEST_CASE("plain: the watched process has figures of its own") {
    Bench bench;
    bench.options.plan.connections = 4;
    bench.target.change = [](const RunPlan&, RunResult& result) {
        result.watched.emplace();
        result.watched->cpu_seconds = 2;
        result.watched->private_bytes_max = 5 << 20;
    };
    bench.run(run_plain);
    CHECK(bench.figure("watched_cpu_per_request").value == doctest::Approx(50));
    CHECK(bench.figure("watched_cores").value == doctest::Approx(0.2));
    CHECK(bench.figure("watched_private_bytes").value == 5 << 20);
}

TEST_CASE("plain: what was not answered is not measurable, its errors are") {
    Bench bench;
    bench.target.change = [](const RunPlan&, RunResult& result) {
        result.answered = 0;
        result.errors[ErrorKind::connect] = 10;
    };
    CHECK_FALSE(bench.run(run_plain));
    CHECK_FALSE(bench.figure("rate").known);
    CHECK_FALSE(bench.figure("latency_p99").known);
    CHECK(bench.figure("error_rate").value == 1);
}

TEST_CASE("plain: a rate, a ramp of the rate and connections have labels of their own") {
    Bench bench;
    bench.options.plan.rate = 2000;
    bench.run(run_plain);
    bench.options.plan.rate_end = 4000;
    bench.run(run_plain);
    CHECK(bench.labels() == Strings{"2000/s", "2000/s to 4000/s"});
    CHECK(bench.report.runs[1].plan.rate_end == 4000);
}

TEST_CASE("a refusal is given back when nothing could be measured, and told once") {
    Bench bench;
    bench.options.rounds = 3;
    bench.target.refuse = [](const RunPlan&) -> config::Complaint {
        return config::Refusal{"nobody listens", "start it"};
    };
    const config::Complaint complaint = bench.run(run_plain);
    REQUIRE(complaint);
    CHECK(complaint->rule == "nobody listens");
    CHECK(bench.target.titles.size() == 1);
    CHECK(bench.report.findings.size() == 1);
    CHECK(bench.report.figures.empty());
}

TEST_CASE("an interrupted run is kept and is the last one") {
    Bench bench;
    bench.options.rounds = 3;
    bench.target.change = [](const RunPlan&, RunResult& result) { result.interrupted = true; };
    CHECK_FALSE(bench.run(run_plain));
    CHECK(bench.report.interrupted);
    CHECK(bench.report.runs.size() == 1);
    CHECK(bench.figure("rate").known);
}

TEST_CASE("INT between runs ends the suite, INT before the first one is a refusal") {
    Bench bench;
    bench.options.rounds = 5;
    bench.stop = [&] { return bench.target.titles.size() == 2; };
    CHECK_FALSE(bench.run(run_plain));
    CHECK(bench.report.runs.size() == 2);
    CHECK(bench.report.interrupted);

    Bench early;
    early.stop = [] { return true; };
    CHECK(early.run(run_plain));
    CHECK(early.target.titles.empty());
}

TEST_CASE("pauses lie between runs, and INT cuts them short") {
    using Clock = std::chrono::steady_clock;
    Bench bench;
    bench.options.rounds = 2;
    bench.options.pause = base::Duration::milliseconds(30);
    const Clock::time_point began = Clock::now();
    bench.run(run_plain);
    CHECK(Clock::now() - began >= std::chrono::milliseconds(30));
    CHECK(Clock::now() - began < std::chrono::seconds(10));

    Bench stopped;
    stopped.options.rounds = 2;
    stopped.options.pause = base::Duration::seconds(3600);
    unsigned asked = 0;
    stopped.stop = [&] { return ++asked > 3; };
    stopped.run(run_plain);
    CHECK(stopped.report.runs.size() == 1);
}
