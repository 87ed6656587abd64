#include <doctest/doctest.h>

#include "made_up_stage.h"

using namespace ringway;
using namespace ringway::bench;
using base::Duration;
using bench::test::Bench;
using bench::test::MadeUpStage;
using bench::test::reading_of;

namespace {

// Without the link 1 ms and 100 MB/s; over it `us` and `bytes_per_second`.
Bench bench_over(double us, double bytes_per_second) {
    Bench bench;
    bench.options.plan.destination = MadeUpStage::destination("origin.example:80");
    bench.options.plan.connections = 4;
    bench.options.throttle.bytes_per_second = 1'000'000;
    bench.options.throttle.delay = Duration::milliseconds(5);
    bench.target.change = [=](const RunPlan& plan, RunResult& result) {
        const bool slow = plan.destination.text == "hop";
        result.latency = reading_of({{slow ? us : 1000, 500}});
        const double per_second = slow ? bytes_per_second : 100e6;
        result.bytes_in = static_cast<std::uint64_t>(per_second * plan.measure.to_seconds());
        result.body_bytes_in = result.bytes_in / 2;
        result.bytes_out = result.bytes_in / 10;
    };
    return bench;
}

}  // namespace

TEST_CASE("throttle: without and with the link, with the same name for the origin") {
    Bench bench = bench_over(11'500, 500'000);
    bench.options.rounds = 2;
    MadeUpStage stage;
    CHECK_FALSE(measure(bench, stage, measure_throttle));
    CHECK(bench.report.kind == ReportKind::throttle);
    const std::string link = "977 KiB/s, 5 ms each way";
    CHECK(bench.labels() == std::vector<std::string>{"without", link, "without", link});
    CHECK(bench.target.plans[1].destination.text == "hop");
    CHECK(bench.target.plans[1].destination.authority == "origin.example:80");
    REQUIRE(stage.links.size() == 1);
    CHECK(stage.links[0].bytes_per_second == 1'000'000);
    CHECK(stage.standing == 0);
}

TEST_CASE("throttle: goodput beside the bandwidth, latency beside the delay") {
    Bench bench = bench_over(11'500, 500'000);
    MadeUpStage stage;
    measure(bench, stage, measure_throttle);
    CHECK(bench.figure("goodput_without").value == doctest::Approx(50e6));
    CHECK(bench.figure("goodput_with").value == doctest::Approx(250'000));
    CHECK(bench.figure("bandwidth_used").value == doctest::Approx(0.5));
    CHECK(bench.figure("added_latency_p50").value == doctest::Approx(10'500).epsilon(0.01));
    CHECK(bench.figure("latency_over_delay").value == doctest::Approx(500).epsilon(0.25));
    CHECK_FALSE(bench.has_figure("added_latency_p99_9"));  // 500 answers are too few
    const Finding* advice = bench.finding("50 % of the bandwidth");
    REQUIRE(advice != nullptr);
    CHECK(advice->flag == "--connections");
    CHECK(advice->text.find("a round trip of 10 ms") != std::string::npos);
}

TEST_CASE("throttle: when the link is full, latency is queueing and no delay") {
    Bench bench = bench_over(80'000, 990'000);
    MadeUpStage stage;
    measure(bench, stage, measure_throttle);
    CHECK_FALSE(bench.figure("latency_over_delay").known);
    CHECK(bench.finding("the link was full (99 % of its bandwidth)") != nullptr);
}

TEST_CASE("throttle: a link without bandwidth or delay says so instead of a figure") {
    Bench bench = bench_over(1500, 50e6);
    bench.options.throttle = {.loss = 0.01};
    MadeUpStage stage;
    measure(bench, stage, measure_throttle);
    CHECK_FALSE(bench.figure("bandwidth_used").known);
    CHECK_FALSE(bench.figure("latency_over_delay").known);
    CHECK(bench.labels().back() == "1 % of segments lost for 200 ms");
}

TEST_CASE("throttle: what is sent counts when it is more than what comes back") {
    Bench bench = bench_over(11'500, 100'000);
    const auto before = bench.target.change;
    bench.target.change = [before](const RunPlan& plan, RunResult& result) {
        before(plan, result);
        std::swap(result.bytes_in, result.bytes_out);
        result.bytes_out *= 8;
    };
    MadeUpStage stage;
    measure(bench, stage, measure_throttle);
    CHECK(bench.figure("bandwidth_used").value == doctest::Approx(0.8));
}
