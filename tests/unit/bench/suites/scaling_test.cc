#include <doctest/doctest.h>

#include "made_up_stage.h"
#include "suites/seats.h"

using namespace ringway;
using namespace ringway::bench;
using bench::test::Bench;
using bench::test::MadeUpStage;

namespace {

using Cores = std::vector<int>;

// Shards that answer `rate_each` each, times a factor by their number, and are busy with it.
struct Shards {
    double rate_each = 50'000;
    double factor = 1;   // for more than one shard
    double busy = 1;     // share of their cores
    double cpu_us = 20;  // per answer, when not busy all the time

    void operator()(const RunPlan& plan, RunResult& result) const {
        const int shards = plan.watch_pid - 1000;
        const double rate = rate_each * shards * (shards > 1 ? factor : 1);
        result.answered = static_cast<std::uint64_t>(rate * plan.measure.to_seconds());
        test::watch(result, 0);
        result.watched->cpu_seconds = plan.measure.to_seconds() * shards * busy;
    }
};

Bench bench_of(const Shards& shards, unsigned most, unsigned threads = 1) {
    Bench bench;
    bench.options.plan.destination = MadeUpStage::destination("origin.example:80");
    bench.options.plan.threads = threads;
    bench.options.shards_max = most;
    bench.target.change = shards;
    return bench;
}

}  // namespace

TEST_CASE("seats: shards in front, the generator at the back, the origin between") {
    const Seats seats = seats_for({0, 1, 2, 3, 4, 5}, 2, 1);
    CHECK(seats.proxy == Cores{0, 1});
    CHECK(seats.origin == Cores{2, 3, 4});
    CHECK(seats.generator == Cores{5});
    CHECK(seats.apart);
}

TEST_CASE("seats: an origin without a core of its own sits beside the generator") {
    const Seats seats = seats_for({4, 7}, 1, 1);
    CHECK(seats.proxy == Cores{4});
    CHECK(seats.origin == Cores{7});
    CHECK(seats.generator == Cores{7});
    CHECK(seats.apart);
}

TEST_CASE("seats: when the cores do not suffice, only shards have theirs") {
    const Seats seats = seats_for({0, 1}, 2, 1);
    CHECK(seats.proxy == Cores{0, 1});
    CHECK(seats.origin.empty());
    CHECK(seats.generator.empty());
    CHECK_FALSE(seats.apart);
    CHECK(seats_for({0, 1}, 8, 1).proxy == Cores{0, 1});
}

TEST_CASE("shards are counted one by one to eight, then doubled, and end with what was asked") {
    using Counts = std::vector<unsigned>;
    CHECK(shard_counts(1) == Counts{1});
    CHECK(shard_counts(0) == Counts{1});
    CHECK(shard_counts(3) == Counts{1, 2, 3});
    CHECK(shard_counts(8).size() == 8);
    CHECK(shard_counts(12) == Counts{1, 2, 4, 8, 12});
    CHECK(shard_counts(16) == Counts{1, 2, 4, 8, 16});
}

TEST_CASE("scaling: efficiency is the rate with N shards over N times the rate with one") {
    Bench bench = bench_of({.factor = 0.8}, 4);
    MadeUpStage stage;
    CHECK_FALSE(measure(bench, stage, measure_scaling));
    CHECK(bench.report.kind == ReportKind::scaling);
    CHECK(bench.labels() ==
          std::vector<std::string>{"1 shard", "2 shards", "3 shards", "4 shards"});
    CHECK(bench.figure("rate_shards_4").value == doctest::Approx(160'000));
    CHECK(bench.figure("efficiency_shards_2").value == doctest::Approx(0.8));
    const Figure& efficiency = bench.figure("scaling_efficiency");
    CHECK(efficiency.known);
    CHECK(efficiency.value == doctest::Approx(0.8));
    CHECK(efficiency.target == 0.7);
    CHECK(efficiency.higher_is_better);
    CHECK(bench.finding("do not pay") == nullptr);
    CHECK(stage.standing == 0);
}

TEST_CASE("scaling: each proxy has its shards, its cores and the origin, each run its process") {
    Bench bench = bench_of({}, 2);
    bench.options.serve_flags = {"--relay", "copy"};
    MadeUpStage stage;
    measure(bench, stage, measure_scaling);
    REQUIRE(stage.wishes.size() == 2);
    CHECK(stage.wishes[1].shards == 2);
    CHECK(stage.wishes[1].cores == Cores{0, 1});
    CHECK(stage.wishes[1].origin_url == "http://origin.example:80");
    CHECK(stage.wishes[1].flags == bench.options.serve_flags);
    const RunPlan& plan = bench.target.plans[1];
    CHECK(plan.destination.text == "proxy-2");
    CHECK(plan.destination.authority == "origin.example:80");
    CHECK(plan.watch_pid == 1002);
    CHECK(plan.pin);
    CHECK(plan.cores == Cores{7});
    CHECK(bench.report.conditions.proxy == "a made-up proxy");
}

TEST_CASE("scaling: with too few cores there is no efficiency, but CPU per request instead") {
    Bench bench = bench_of({}, 2);
    MadeUpStage stage;
    stage.cores = {0, 1};
    CHECK_FALSE(measure(bench, stage, measure_scaling));
    const Figure& efficiency = bench.figure("scaling_efficiency");
    CHECK_FALSE(efficiency.known);
    CHECK(efficiency.note == "not measurable: shards and generator exceed the cores");
    CHECK(bench.figure("cpu_per_request_shards_1").value == doctest::Approx(20));
    CHECK(bench.figure("cpu_per_request_shards_2").value == doctest::Approx(20));
    CHECK(bench.figure("scaling_cpu_ratio").value == doctest::Approx(1));
    const Finding* finding = bench.finding("exceed the cores");
    REQUIRE(finding != nullptr);
    CHECK(finding->text.find("CPU per request instead: 20 us with 1 shard") != std::string::npos);
    CHECK_FALSE(bench.target.plans[1].pin);
}

TEST_CASE("scaling: shards that waited for others say nothing about scaling") {
    Bench bench = bench_of({.busy = 0.4}, 2);
    MadeUpStage stage;
    measure(bench, stage, measure_scaling);
    CHECK_FALSE(bench.figure("scaling_efficiency").known);
    CHECK(bench.finding("for only 40 %") != nullptr);
}

TEST_CASE("scaling: below the target there is advice that names the flag") {
    Bench bench = bench_of({.factor = 0.5}, 2);
    MadeUpStage stage;
    measure(bench, stage, measure_scaling);
    const Finding* finding = bench.finding("do not pay");
    REQUIRE(finding != nullptr);
    CHECK(finding->flag == "--shards");
    CHECK(finding->figure == "scaling_efficiency");
}

TEST_CASE("scaling: without a URL the suite brings an origin, and ends it") {
    Bench bench = bench_of({}, 3);
    bench.options.plan.destination = {};
    bench.options.plan.kinds.clear();
    MadeUpStage stage;
    measure(bench, stage, measure_scaling);
    REQUIRE(stage.origin_cores.size() == 1);
    CHECK(stage.origin_cores[0] == Cores{3, 4, 5, 6});
    CHECK(stage.wishes[0].origin_url == "http://origin");
    CHECK(bench.target.plans[0].kinds.front().target == "/bytes/1024");
    CHECK(stage.standing == 0);
}

TEST_CASE("scaling: rounds go over all shards, and medians count") {
    Bench bench = bench_of({}, 2);
    bench.options.rounds = 3;
    double drift = 1;
    const Shards shards;
    bench.target.change = [&](const RunPlan& plan, RunResult& result) {
        shards(plan, result);
        result.answered = static_cast<std::uint64_t>(static_cast<double>(result.answered) * drift);
        drift *= 1.1;
    };
    MadeUpStage stage;
    measure(bench, stage, measure_scaling);
    REQUIRE(bench.report.runs.size() == 6);
    CHECK(bench.report.runs[3].label == "2 shards");
    CHECK(bench.report.runs[3].round == 1);
    CHECK(bench.figure("rate_shards_1").value == doctest::Approx(50'000 * 1.21).epsilon(0.001));
}

TEST_CASE("scaling: a proxy that does not start is the refusal, and told") {
    Bench bench = bench_of({}, 2);
    MadeUpStage stage;
    stage.no_proxy = config::Refusal{"ringway serve ended with 1", {}};
    const config::Complaint complaint = measure(bench, stage, measure_scaling);
    REQUIRE(complaint);
    CHECK(complaint->rule == "ringway serve ended with 1");
}

TEST_CASE("scaling: --shards for the started ringway is refused") {
    Bench bench = bench_of({}, 2);
    bench.options.serve_flags = {"--shards=3"};
    MadeUpStage stage;
    CHECK(measure(bench, stage, measure_scaling));
    CHECK(stage.wishes.empty());
}

TEST_CASE("scaling: INT ends it after the run under way") {
    Bench bench = bench_of({}, 8);
    bench.stop = [&] { return bench.target.titles.size() == 2; };
    MadeUpStage stage;
    CHECK_FALSE(measure(bench, stage, measure_scaling));
    CHECK(bench.report.runs.size() == 2);
    CHECK(bench.report.interrupted);
}
