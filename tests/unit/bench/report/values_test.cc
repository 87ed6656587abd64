#include <cmath>

#include <doctest/doctest.h>

#include "report/chart_axis.h"
#include "report/figures.h"
#include "report/words.h"
#include "report/writers.h"
#include "sample.h"

using namespace ringway;
using namespace ringway::bench;
using doctest::Approx;

TEST_CASE("a summary names the percentiles of what was recorded") {
    std::vector<std::uint64_t> values;
    for (std::uint64_t at = 1; at <= 1000; ++at) values.push_back(at * 1000);
    const LatencySummary summary = summary_of(sample::reading(values));
    CHECK(summary.samples == 1000);
    CHECK(summary.at_us[0] == Approx(500).epsilon(0.01));
    CHECK(summary.at_us[4] == Approx(990).epsilon(0.01));
    CHECK(summary.max_us == Approx(1000));
    CHECK(summary.mean_us == Approx(500.5));
    CHECK(summary.stddev_us == Approx(288.7).epsilon(0.01));
    CHECK(summary_of({}).samples == 0);
    CHECK(summary_of({}).mean_us == 0);
}

TEST_CASE("the run's own mean and deviation go before those from buckets") {
    RunResult result;
    result.latency = sample::reading({1'000'000, 3'000'000});
    CHECK(latency_of(result).mean_us == Approx(2000));
    result.latency_mean_us = 2001;
    result.latency_stddev_us = 7;
    CHECK(latency_of(result).mean_us == 2001);
    CHECK(latency_of(result).stddev_us == 7);
}

TEST_CASE("rounds become one: counts add up, deviations combine, the longest stays") {
    LabelledRun a;
    a.result.window = base::Duration::seconds(1);
    a.result.answered = 2;
    a.result.latency = sample::reading({1'000'000, 3'000'000});
    a.result.latency_mean_us = 2000;
    a.result.latency_stddev_us = 1000;
    a.result.status = {{200, 2}};
    a.result.busiest_thread = 0.2;
    a.result.watched =
        ProcessUse{.cpu_seconds = 0.5, .private_bytes_before = 10, .private_bytes_max = 20};
    a.result.kinds = {{"x", 2, 0, sample::reading({1'000'000, 3'000'000})}};
    LabelledRun b = a;
    b.result.window = base::Duration::seconds(3);
    b.result.answered = 2;
    b.result.latency = sample::reading({5'000'000, 7'000'000});
    b.result.latency_mean_us = 6000;
    b.result.busiest_thread = 0.6;
    b.result.errors[ErrorKind::reset] = 4;
    b.result.watched->private_bytes_before = 90;
    b.result.watched->private_bytes_max = 15;
    const RunResult whole = merge({&a, &b});
    CHECK(whole.window == base::Duration::seconds(4));
    CHECK(whole.answered == 4);
    CHECK(whole.rate() == Approx(1));
    CHECK(whole.status.at(200) == 4);
    CHECK(whole.errors[ErrorKind::reset] == 4);
    CHECK(whole.latency.count() == 4);
    CHECK(whole.latency_mean_us == Approx(4000));
    CHECK(whole.latency_stddev_us == Approx(std::sqrt(5e6)));
    CHECK(whole.busiest_thread == Approx(0.5));
    REQUIRE(whole.watched);
    CHECK(whole.watched->cpu_seconds == Approx(1));
    CHECK(whole.watched->private_bytes_before == 10);
    CHECK(whole.watched->private_bytes_max == 20);
    REQUIRE(whole.kinds.size() == 1);
    CHECK(whole.kinds.front().answered == 4);
    CHECK(merge({}).answered == 0);
}

TEST_CASE("groups hold the rounds of one label within one section") {
    Report report;
    for (const double rate : {100.0, 130.0, 110.0}) {
        LabelledRun run = sample::run("a", 1, rate, 100);
        run.section = "one";
        report.runs.push_back(run);
    }
    report.runs.push_back(sample::run("a", 1, 50, 100));
    const std::vector<Group> groups = groups_of(report);
    REQUIRE(groups.size() == 2);
    CHECK(groups[0].rounds.size() == 3);
    CHECK(groups[0].median_rate == Approx(110));
    CHECK(groups[0].rate_spread == Approx(30.0 / 110));
    CHECK(groups[0].whole.answered == 3400);
    CHECK(groups[1].rounds.size() == 1);
    CHECK(groups[1].rate_spread == 0);
}

TEST_CASE("ways are told by the ends of labels, and only complete pairs count") {
    CHECK(title_of_way("direct", "direct") == "");
    CHECK(title_of_way("one at a time, direct", "direct") == "one at a time");
    CHECK_FALSE(title_of_way("indirect", "direct"));
    CHECK_FALSE(title_of_way("proxied", "direct"));
    Report report;
    for (const char* label :
         {"direct", "x, proxied", "proxied", "direct", "x, direct", "y, direct"}) {
        report.runs.push_back(sample::run(label, 1, 100, 100));
    }
    const std::vector<Pair> pairs = pairs_of(report);
    REQUIRE(pairs.size() == 2);
    CHECK(pairs[0].title.empty());
    CHECK(pairs[0].direct.answered == 2000);
    CHECK(pairs[0].proxied.answered == 1000);
    CHECK(pairs[1].title == "x");
}

TEST_CASE("figures are read by people") {
    CHECK(rate_words(123456.7) == "123,457");
    CHECK(rate_words(12.34) == "12.3");
    CHECK(rate_words(0) == "0");
    CHECK(latency_words(0) == "0 us");
    CHECK(cost_words(2.5, 1) == "2.50 us");
    CHECK(cost_words(0, 0) == "-");
    CHECK(latency_words(412) == "412 us");
    CHECK(latency_words(999.7) == "1.00 ms");
    CHECK(latency_words(3.21e6) == "3.21 s");
    CHECK(signed_latency_words(-4) == "-4.00 us");
    CHECK(signed_latency_words(12.34) == "+12.3 us");
    CHECK(percent_words(0.0123) == "1.23 %");
    CHECK(percent_words(0.00002) == "0.0020 %");
    CHECK(percent_words(0) == "0 %");
    CHECK(count_words(1234567) == "1,234,567");
    CHECK(count_words(0.25) == "0.25");
    CHECK(figure_words(1.5e6, "bytes") == "1.43 MiB");
    CHECK(figure_words(64, "connections") == "64 connections");
    CHECK(figure_words(1, "connections") == "1 connection");
    CHECK(figure_words(61000, "1/s") == "61,000/s");
    CHECK(figure_words(0.714, "ratio") == "0.71");
    CHECK(figure_words(std::nan(""), "us") == "-");
}

TEST_CASE("a command line can be given to a shell again") {
    CHECK(command_line({"ringway", "bench", "http://h:1/a?b=c&d"}) ==
          "ringway bench 'http://h:1/a?b=c&d'");
    CHECK(command_line({"x", "it's", ""}) == "x 'it'\\''s' ''");
}

TEST_CASE("flags name what matters about a plan") {
    RunPlan plan;
    CHECK(flags_of(plan) == "--connections 64 --duration 10s --warm-up 1s");
    plan.rate = 50'000;
    plan.pipeline = 4;
    plan.watch_pid = 12;
    CHECK(flags_of(plan) ==
          "--connections 64 --rate 50000 --pipeline 4 --duration 10s --warm-up 1s --watch 12");
    plan.rate_end = 60'000;
    CHECK(flags_of(plan).find("--ramp-rate 50000..60000") != std::string::npos);
}

TEST_CASE("a percentile axis gives every nine the same width") {
    const Axis axis{.scale = Scale::percentile,
                    .title = {},
                    .tick_text = {},
                    .value_text = {},
                    .ticks = {{50, "50"}, {90, "90"}},
                    .low = 0,
                    .high = 99.99};
    const Mapping map(axis, {}, 0, 400);
    CHECK(map.pixel(0) == Approx(0));
    CHECK(map.pixel(90) == Approx(100));
    CHECK(map.pixel(99) == Approx(200));
    CHECK(map.pixel(99.99) == Approx(400));
    CHECK(map.pixel(100) == Approx(400));  // kept within
    CHECK(map.ticks(10).size() == 2);
    CHECK(map.ticks(80).size() == 1);
}

TEST_CASE("axes hold all values, and a log axis none below zero") {
    const Axis log{.scale = Scale::log, .title = {}, .tick_text = {}, .value_text = {}};
    const Mapping map(log, {0, 10, 1000, -3}, 0, 100);
    CHECK_FALSE(map.can_show(0));
    CHECK_FALSE(map.can_show(std::nan("")));
    CHECK(map.pixel(10) > 0);
    CHECK(map.pixel(1000) < 100);
    CHECK(map.pixel(100) == Approx(50));
    CHECK(Mapping(log, {98, 105}, 0, 100).ticks(1).size() >= 3);  // far less than a decade
    const Axis linear{.title = {}, .tick_text = {}, .value_text = {}};
    CHECK(Mapping(linear, {5, 10}, 0, 108).pixel(10) == Approx(100));
    CHECK(Mapping(linear, {0, 0}, 0, 100).pixel(0) == Approx(0));
    CHECK(Mapping(linear, {}, 0, 100).ticks(1).size() >= 2);
}

TEST_CASE("the conditions are this machine's") {
    const Conditions conditions = read_conditions();
    CHECK(conditions.ringway_version == RINGWAY_VERSION);
    CHECK(conditions.started_at.size() == 27);
    CHECK(conditions.started_at.back() == 'Z');
    CHECK_FALSE(conditions.machine.empty());
    CHECK(conditions.cores >= 1);
    CHECK(conditions.memory_bytes > 1 << 20);
    CHECK(conditions.kernel.starts_with("Linux "));
    CHECK_FALSE(conditions.ring.empty());
}
