#include "suites/baseline.h"

#include <algorithm>
#include <set>

#include <doctest/doctest.h>

#include "made_up_stage.h"
#include "watch/watch.h"

using namespace ringway;
using namespace ringway::bench;
using base::Duration;
using bench::test::Bench;
using bench::test::MadeUpStage;
using bench::test::reading_of;

namespace {

// Direct answers take 100 us, proxied ones 160; the proxy has 20 MB.
void as_a_proxy_would(const RunPlan& plan, RunResult& result) {
    const bool proxied = plan.destination.text.starts_with("proxy");
    result.latency = reading_of({{proxied ? 160 : 100, 2000}});
    if (plan.work == Work::events) {
        result.events.emplace();
        result.events->events = result.answered;
        result.events->first_event = reading_of({{proxied ? 20'080 : 20'000, 100}});
        result.events->gap = reading_of({{50'000, 100}});
        result.events->delay = reading_of({{proxied ? 70 : 30, 100}});
    }
    if (plan.watch_pid == 0) return;
    test::watch(result, 8, 20'000'000);
}

Bench bench_of_our_own() {
    Bench bench;
    bench.options.plan.kinds.clear();
    bench.options.plan.threads = 1;
    bench.target.change = as_a_proxy_would;
    return bench;
}

Bench bench_as_given() {
    Bench bench = bench_of_our_own();
    bench.options.through = "http://proxy.example:80/x";
    bench.options.plan.destination = MadeUpStage::destination("proxy.example:80");
    bench.options.plan.kinds = {RequestKind{.target = "/x"}};
    bench.options.plan.watch_pid = 77;
    bench.options.direct_url = "http://origin.example:80/";
    return bench;
}

std::set<std::string> sections(const Report& report) {
    std::set<std::string> names;
    for (const LabelledRun& run : report.runs) names.insert(run.section);
    return names;
}

}  // namespace

TEST_CASE("baseline: every part is there, with proxy and origin of its own, which end with it") {
    Bench bench = bench_of_our_own();
    MadeUpStage stage;
    CHECK_FALSE(measure(bench, stage, measure_baseline));
    CHECK(bench.report.kind == ReportKind::baseline);
    CHECK(sections(bench.report) == std::set<std::string>{"memory", "concurrency", "fixed rate",
                                                          "added latency", "large bodies",
                                                          "event streams", "replies", "scaling"});
    CHECK(stage.standing == 0);
    CHECK(bench.said.size() == 8);
    CHECK(bench.said.front() == "baseline 1/8: memory at rest and of idle connections");
    CHECK(bench.report.conditions.proxy == "a made-up proxy");
    const auto has_title = [&](const std::string& title) {
        return std::count(bench.target.titles.begin(), bench.target.titles.end(), title) == 1;
    };
    CHECK(has_title("100 connections, round 2 of 3"));
    CHECK(has_title("event streams, direct"));
    CHECK(has_title("2 shards, round 3 of 3"));
    for (const char* name :
         {"rate_1", "rate_10", "rate_50", "rate_100", "rate_200", "rate_500", "latency_p99_100",
          "cpu_per_request_64", "loaded_memory", "fixed_rate_latency_p99", "large_goodput",
          "large_cpu_per_gib", "scaling_cpu_ratio", "reply_completions_json_added_p50"}) {
        CAPTURE(name);
        CHECK(bench.figure(name).known);
    }
}

TEST_CASE("baseline: what the proxy adds, at a fixed rate and one at a time") {
    Bench bench = bench_of_our_own();
    MadeUpStage stage;
    measure(bench, stage, measure_baseline);
    CHECK(bench.figure("added_latency_p50").value == doctest::Approx(60).epsilon(0.05));
    CHECK(bench.figure("single_added_latency_p50").value == doctest::Approx(60).epsilon(0.05));
    CHECK(bench.figure("sse_delay_p50").value == doctest::Approx(70).epsilon(0.02));
    CHECK(bench.figure("sse_delay_p50").note == "30 us direct");
    CHECK(bench.figure("reply_messages_stream_added_p50").value ==
          doctest::Approx(80).epsilon(2.5));
    for (const LabelledRun& run : bench.report.runs) {
        if (run.section != "added latency") continue;
        CAPTURE(run.label);
        CHECK((run.plan.destination.text == "origin") == run.label.ends_with("direct"));
    }
}

TEST_CASE("baseline: memory is read at rest first, then with clients that do nothing") {
    Bench bench = bench_of_our_own();
    MadeUpStage stage;
    bench.target.change = [&](const RunPlan& plan, RunResult& result) {
        as_a_proxy_would(plan, result);
        if (!result.watched) return;
        const bool loaded = bench.target.plans.size() > 1;  // what load touches stays touched
        result.watched->private_bytes_max += (loaded ? 5'000'000u : 0) + 800 * stage.idle_clients;
    };
    measure(bench, stage, measure_baseline);
    CHECK(bench.target.plans.front().think_time > Duration::seconds(60));
    CHECK(bench.figure("base_memory").value == doctest::Approx(20'000'000));
    CHECK(bench.figure("memory_per_idle_connection").value == doctest::Approx(800));
    CHECK(stage.idle_clients == 0);
}

TEST_CASE("baseline: when idle clients cannot be held, the figure says why") {
    Bench bench = bench_of_our_own();
    MadeUpStage stage;
    stage.no_crowd = config::Refusal{"too few descriptors", {}};
    CHECK_FALSE(measure(bench, stage, measure_baseline));
    CHECK(bench.figure("memory_per_idle_connection").note == "not measured: too few descriptors");
}

TEST_CASE("baseline: targets stand beside their figures, and a missed one is a finding") {
    Bench bench = bench_of_our_own();
    MadeUpStage stage;
    measure(bench, stage, measure_baseline);
    const Figure& added = bench.figure("added_latency_p50");
    CHECK(added.target == 10'000);
    CHECK(added.strict_target == 100);
    CHECK(bench.figure("base_memory").target == 100e6);
    CHECK(bench.figure("scaling_efficiency").target == 0.7);
    // 20 MB is within the old target and beyond ringway's own.
    const Finding* strict = bench.finding("private memory at rest: 19.1 MiB, above ringway's own");
    REQUIRE(strict != nullptr);
    CHECK(strict->severity == Severity::note);

    Report missed;
    missed.figures = {figure("scaling_efficiency", "scaling efficiency", 0.5, "ratio"),
                      unknown_figure("base_memory", "memory", "bytes", "not measured")};
    judge_targets(missed);
    REQUIRE(missed.findings.size() == 1);
    CHECK(missed.findings[0].severity == Severity::critical);
    CHECK(missed.findings[0].text == "scaling efficiency: 50 %, below the target of 70 %");
}

TEST_CASE("baseline: labels tell every run from the others of the report") {
    Bench bench = bench_of_our_own();
    MadeUpStage stage;
    measure(bench, stage, measure_baseline);
    std::set<std::pair<std::string, int>> seen;
    for (const LabelledRun& run : bench.report.runs) {
        CAPTURE(run.label);
        CHECK(seen.emplace(run.label, run.round).second);
    }
    std::set<std::string> names;
    for (const Figure& figure : bench.report.figures) {
        CAPTURE(figure.name);
        CHECK(names.insert(figure.name).second);
    }
}

TEST_CASE("baseline: whole within three minutes, quick within forty seconds") {
    for (const bool quick : {false, true}) {
        Bench bench = bench_of_our_own();
        bench.options.quick = quick;
        MadeUpStage stage;
        measure(bench, stage, measure_baseline);
        Duration planned{};
        for (const RunPlan& plan : bench.target.plans) {
            planned = planned + plan.warm_up + plan.measure + plan.drain / 2;
        }
        CAPTURE(planned.to_seconds());
        CHECK(planned < Duration::seconds(quick ? 35 : 165));
        CHECK(planned > Duration::seconds(quick ? 10 : 60));
    }
}

TEST_CASE("baseline: a given proxy is measured as it is, and watched") {
    Bench bench = bench_as_given();
    MadeUpStage stage;
    CHECK_FALSE(measure(bench, stage, measure_baseline));
    CHECK(stage.origin_cores.empty());
    CHECK(bench.report.conditions.proxy == "process 77");
    const RunPlan& plan = bench.target.plans.front();
    CHECK(plan.destination.text == "proxy.example:80");
    CHECK(plan.watch_pid == 77);
    CHECK(plan.kinds[0].target == "/x");
    // Scaling alone starts proxies, before the origin that was named.
    REQUIRE_FALSE(stage.wishes.empty());
    CHECK(stage.wishes.front().origin_url == "http://origin.example:80");
    CHECK(stage.standing == 0);
}

TEST_CASE("baseline: an origin that is no mock is never asked for a mock's paths") {
    Bench bench = bench_as_given();
    MadeUpStage stage;
    stage.mock_answers = false;
    CHECK_FALSE(measure(bench, stage, measure_baseline));
    for (const RunPlan& plan : bench.target.plans) CHECK(plan.kinds[0].target == "/x");
    for (const char* name : {"sse_delay_p50", "large_goodput", "reply_messages_json_added_p50"}) {
        CAPTURE(name);
        CHECK_FALSE(bench.figure(name).known);
        CHECK(bench.figure(name).note.find("no ringway mock") != std::string::npos);
    }
}

TEST_CASE("baseline: with a URL it needs that of the origin, and says so") {
    Bench bench = bench_as_given();
    bench.options.direct_url.clear();
    MadeUpStage stage;
    const config::Complaint complaint = measure(bench, stage, measure_baseline);
    REQUIRE(complaint);
    CHECK(complaint->hint == "--versus-direct URL");
}

TEST_CASE("baseline: without a watched process, its figures say what is missing") {
    Bench bench = bench_as_given();
    bench.options.plan.watch_pid = 0;
    MadeUpStage stage;
    measure(bench, stage, measure_baseline);
    CHECK(bench.figure("rate_100").known);
    CHECK_FALSE(bench.figure("cpu_per_request_100").known);
    CHECK(bench.figure("base_memory").note.find("--watch PID") != std::string::npos);
}

TEST_CASE("baseline: INT leaves a report of what was measured until then") {
    Bench bench = bench_of_our_own();
    bench.stop = [&] { return bench.target.titles.size() == 7; };
    MadeUpStage stage;
    CHECK_FALSE(measure(bench, stage, measure_baseline));
    CHECK(bench.report.runs.size() == 7);
    CHECK(bench.report.interrupted);
    CHECK_FALSE(bench.figure("sse_delay_p50").known);
    CHECK(stage.standing == 0);
}

TEST_CASE("baseline: what cannot be started is the refusal") {
    Bench bench = bench_of_our_own();
    MadeUpStage stage;
    stage.no_proxy = config::Refusal{"ringway serve ended with 1 before it listened", {}};
    CHECK(measure(bench, stage, measure_baseline));
    CHECK(stage.standing == 0);
}

TEST_CASE("baseline: an origin beside the generator is explained once, and no disturbance") {
    for (const bool shared : {true, false}) {
        Bench bench = bench_of_our_own();
        MadeUpStage stage;
        if (shared) stage.cores = {0, 1};
        bench.target.change = [](const RunPlan& plan, RunResult& result) {
            as_a_proxy_would(plan, result);
            result.timeline.push_back({.foreign_share = 0.2});
            judge_generator(plan, result);
        };
        measure(bench, stage, measure_baseline);
        const auto is_disturbed = [](const LabelledRun& run) {
            return std::any_of(run.result.warnings.begin(), run.result.warnings.end(),
                               [](const std::string& warning) {
                                   return warning.find("disturbed") != std::string::npos;
                               });
        };
        const auto disturbed =
            std::count_if(bench.report.runs.begin(), bench.report.runs.end(), is_disturbed);
        CHECK((disturbed == 0) == shared);
        CHECK((bench.finding("share a core") != nullptr) == shared);
    }
}
