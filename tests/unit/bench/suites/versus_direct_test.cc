#include <doctest/doctest.h>

#include "made_up_stage.h"

using namespace ringway;
using namespace ringway::bench;
using base::Duration;
using bench::test::Bench;
using bench::test::MadeUpStage;
using bench::test::reading_of;

namespace {

using Strings = std::vector<std::string>;

// The proxy adds 100 us to 200, and the tail of one answer in a hundred 1 ms more.
Bench bench_of_a_proxy() {
    Bench bench;
    bench.options.plan.destination = MadeUpStage::destination("proxy.example:80");
    bench.options.plan.kinds[0].target = "/a";
    bench.options.plan.watch_pid = 42;
    bench.options.plan.rate = 500;
    bench.options.direct_url = "http://origin.example:80/";
    bench.options.rounds = 3;
    bench.target.change = [](const RunPlan& plan, RunResult& result) {
        const bool proxied = plan.destination.text == "proxy.example:80";
        result.latency = reading_of(proxied ? std::map<double, unsigned>{{300, 980}, {2300, 20}}
                                            : std::map<double, unsigned>{{200, 980}, {1200, 20}});
        if (plan.watch_pid == 42) test::watch(result, 15);
    };
    return bench;
}

}  // namespace

TEST_CASE("versus direct: slices alternate, and only the proxied ones watch the proxy") {
    Bench bench = bench_of_a_proxy();
    bench.options.slice = Duration::milliseconds(400);
    MadeUpStage stage;
    CHECK_FALSE(measure(bench, stage, measure_versus_direct));
    CHECK(bench.report.kind == ReportKind::versus_direct);
    CHECK(bench.labels() == Strings{"proxied", "direct", "proxied", "direct", "proxied", "direct"});
    const RunPlan& proxied = bench.target.plans[0];
    const RunPlan& direct = bench.target.plans[1];
    CHECK(direct.destination.text == "origin.example:80");
    CHECK(direct.watch_pid == 0);
    CHECK(direct.measure == Duration::milliseconds(400));
    CHECK(direct.warm_up == Duration::milliseconds(100));
    CHECK(direct.kinds[0].target == "/a");
    CHECK(direct.rate == proxied.rate);
    CHECK(bench.report.runs[5].round == 2);
    CHECK(bench.report.conditions.proxy == "process 42");
}

TEST_CASE("versus direct: what is added at each percentile, merged and by round") {
    Bench bench = bench_of_a_proxy();
    MadeUpStage stage;
    measure(bench, stage, measure_versus_direct);
    CHECK(bench.figure("added_latency_p50").value == doctest::Approx(100).epsilon(0.03));
    CHECK(bench.figure("added_latency_p99").value == doctest::Approx(1100).epsilon(0.03));
    CHECK(bench.figure("added_latency_p50").note.find("through the proxy") != std::string::npos);
    const Figure& by_round = bench.figure("added_latency_p50_by_round");
    CHECK(by_round.value == doctest::Approx(100).epsilon(0.03));
    CHECK(by_round.note.find("over 3 rounds") != std::string::npos);
    CHECK(bench.figure("added_latency_p99_9").known);         // 3,000 answers in all
    CHECK_FALSE(bench.figure("added_latency_p99_99").known);  // 10,000 are needed
    CHECK(bench.figure("proxy_cpu_per_request").value == doctest::Approx(15));
    CHECK_FALSE(bench.figure("rate_ratio").known);  // both were offered the same
}

TEST_CASE("versus direct: a round that was off moves its median less than the merged tail") {
    Bench bench = bench_of_a_proxy();
    const auto usual = bench.target.change;
    int run = 0;
    bench.target.change = [&, usual](const RunPlan& plan, RunResult& result) {
        usual(plan, result);
        if (++run == 3) result.latency = reading_of({{50'000, 1000}});
    };
    MadeUpStage stage;
    measure(bench, stage, measure_versus_direct);
    CHECK(bench.figure("added_latency_p99").value > 40'000);
    CHECK(bench.figure("added_latency_p99_by_round").value == doctest::Approx(1100).epsilon(0.03));
    CHECK(bench.figure("added_latency_p99_by_round").note.find("to 48") != std::string::npos);
}

TEST_CASE("versus direct: in a closed loop the ratio of rates counts, and a rate is advised") {
    Bench bench = bench_of_a_proxy();
    bench.options.plan.rate = 0;
    bench.options.plan.watch_pid = 0;
    const auto usual = bench.target.change;
    bench.target.change = [usual](const RunPlan& plan, RunResult& result) {
        usual(plan, result);
        result.answered = plan.destination.text == "origin.example:80" ? 10'000 : 6'000;
    };
    MadeUpStage stage;
    measure(bench, stage, measure_versus_direct);
    CHECK(bench.figure("rate_ratio").value == doctest::Approx(0.6));
    CHECK_FALSE(bench.figure("proxy_cpu_per_request").known);
    CHECK(bench.figure("proxy_cpu_per_request").note.find("--watch") != std::string::npos);
    const Finding* advice = bench.finding("closed loop");
    REQUIRE(advice != nullptr);
    CHECK(advice->flag == "--rate");
}

TEST_CASE("versus direct: without --rounds there are as many as fit into the duration") {
    Bench bench = bench_of_a_proxy();
    bench.options.rounds = 1;
    bench.options.plan.measure = Duration::seconds(10);
    bench.options.slice = Duration::seconds(1);
    MadeUpStage stage;
    measure(bench, stage, measure_versus_direct);
    CHECK(bench.report.runs.size() == 10);
    bench.report = {};
    bench.options.plan.measure = Duration::seconds(1);
    measure(bench, stage, measure_versus_direct);
    CHECK(bench.report.runs.size() == 6);  // three rounds at least
}

TEST_CASE("versus direct: a path of the direct URL is asked for instead") {
    Bench bench = bench_of_a_proxy();
    bench.options.direct_url = "http://origin.example:80/other";
    MadeUpStage stage;
    measure(bench, stage, measure_versus_direct);
    CHECK(bench.target.plans[0].kinds[0].target == "/a");
    CHECK(bench.target.plans[1].kinds[0].target == "/other");
}

TEST_CASE("versus direct: http:// and tcp:// cannot be compared") {
    Bench bench = bench_of_a_proxy();
    bench.options.plan.destination.is_http = false;
    MadeUpStage stage;
    CHECK(measure(bench, stage, measure_versus_direct));
    CHECK(bench.target.plans.empty());
}

TEST_CASE("versus direct: INT leaves what was measured, without figures when a side is missing") {
    Bench bench = bench_of_a_proxy();
    bench.stop = [&] { return bench.target.titles.size() == 1; };
    MadeUpStage stage;
    CHECK_FALSE(measure(bench, stage, measure_versus_direct));
    CHECK(bench.report.runs.size() == 1);
    CHECK(bench.report.figures.empty());
    CHECK(bench.report.interrupted);
}
