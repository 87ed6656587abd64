#include <string>

#include <doctest/doctest.h>

#include "ringway/stats/histogram.h"
#include "texts.h"
#include "verdicts/quantities.h"
#include "verdicts/slo_file.h"
#include "verdicts/verdicts.h"

namespace ringway::bench {
namespace {

using test::contains;
using test::TemporaryFile;

std::string refused(std::string_view text) {
    const auto rules = parse_slo(text);
    REQUIRE_MESSAGE(!rules, std::string(text));
    return rules.reason().rule + " | " + rules.reason().hint;
}

// 1,000 answers within one second, each after `latency_ms`.
LabelledRun run_of(const std::string& label, int latency_ms) {
    LabelledRun run;
    run.label = label;
    run.result.window = base::Duration::seconds(1);
    run.result.answered = 1000;
    stats::Histogram latency;
    for (int i = 0; i < 1000; ++i) {
        latency.record(static_cast<std::uint64_t>(latency_ms) * 1'000'000);
    }
    run.result.latency.add(latency);
    return run;
}

Report judged(Report report, std::string_view rules) {
    const TemporaryFile file(rules);
    const auto complaint = judge_slo(file.path, report);
    REQUIRE_MESSAGE(!complaint, (complaint ? complaint->rule : ""));
    REQUIRE(report.slo);
    return report;
}

Report report_of(std::vector<LabelledRun> runs) {
    Report report;
    report.runs = std::move(runs);
    return report;
}

std::string text_of(const Report& report, Severity severity) {
    std::string all;
    for (const Finding& finding : report.findings) {
        if (finding.severity == severity) all += finding.text + "\n";
    }
    return all;
}

TEST_CASE("a level is a value or a table of warning and critical") {
    const auto rules = parse_slo(
        "[latency]\np50 = '5ms'\np99 = { warning = '12.5us', critical = '1s' }\n"
        "[throughput]\nrequests_per_second = { warning = 100.5 }\ngoodput = '1MiB'\n"
        "[errors]\nrate = '0.1%'\n");
    REQUIRE(rules);
    REQUIRE(rules->size() == 5);
    const auto find = [&](std::string_view key) {
        for (const SloRule& rule : *rules) {
            if (rule.quantity->key == key) return rule;
        }
        return SloRule{};
    };
    CHECK(find("p50").critical == 5000.0);
    CHECK_FALSE(find("p50").warning);
    CHECK(find("p99").warning == 12.5);
    CHECK(find("p99").critical == 1e6);
    CHECK(find("p99").line == 3);
    CHECK(find("requests_per_second").warning == 100.5);
    CHECK(find("goodput").critical == 1048576.0);
    CHECK(*find("rate").critical == doctest::Approx(0.001));
}

TEST_CASE("what an SLO file may not say is refused with its line") {
    contains(refused("[latncy]\np50 = '5ms'"),
             "line 1: no table is called [latncy] | did you mean latency?");
    contains(refused("[latency]\n\np98 = '5ms'"), "line 3: [latency] has no p98 | did you mean");
    contains(refused("[latency]\np99 = { warn = '5ms' }"),
             "line 2: levels are warning and critical");
    contains(refused("[latency]\np99 = '5'"), "line 2: latency p99 is a time in quotes");
    contains(refused("[latency]\np99 = 5"), "a time in quotes");
    contains(refused("[latency]\np99 = '-5ms'"), "a time in quotes");
    contains(refused("[latency]\np99 = [1]"), "a time in quotes");
    contains(refused("[latency]\np99 = {}"), "neither a warning nor a critical level");
    contains(refused("[latency]\np99 = { warning = '6ms', critical = '5ms' }"),
             "the warning level is higher than the critical one");
    contains(refused("[throughput]\nrequests_per_second = { warning = 5, critical = 6 }"),
             "the warning level is lower than the critical one");
    contains(refused("[throughput]\nrequests_per_second = -1"), "not negative");
    contains(refused("[throughput]\nrequests_per_second = '100'"), "a number");
    contains(refused("[errors]\nrate = '0.1'"), "a share in quotes");
    contains(refused("[memory]\nprivate = '64MB'"), "a size in quotes");
    contains(refused("latency = 5"), "line 1: latency is a table");
    contains(refused("run = 5"), "run is a table");
    contains(refused("[run]\nx = 5"), "rules of one run stand in a table of its label");
    contains(refused("[run.x.latncy]\np99 = '1ms'"), "no table is called [latncy]");
    contains(refused("[run.x.scaling]\nefficiency = '70%'"), "is of all runs together");
    contains(refused(""), "it has no rule");
    contains(refused("[latency\n"), "line 1");
}

TEST_CASE("a file that cannot be read is refused before anything runs") {
    const auto complaint = check_slo("/nowhere/slo.toml", {}, false);
    REQUIRE(complaint);
    contains(complaint->rule, "No such file");
    const TemporaryFile file("[memory]\nprivate = '64MiB'\n");
    RunPlan plan;
    REQUIRE(check_slo(file.path, plan, false));
    contains(check_slo(file.path, plan, false)->rule,
             "line 2: memory private cannot be measured without --watch PID");
    CHECK_FALSE(check_slo(file.path, plan, true));
    plan.watch_pid = 1;
    CHECK_FALSE(check_slo(file.path, plan, false));
    const TemporaryFile events("[events]\nlost = '0%'\n");
    CHECK(check_slo(events.path, plan, false));
    plan.work = Work::events;
    CHECK_FALSE(check_slo(events.path, plan, false));
}

TEST_CASE("the example of the documentation can be read") {
    CHECK_FALSE(check_slo(RW_SLO_EXAMPLE, {}, false));
}

TEST_CASE("what holds is said with its value and its level") {
    const Report report = judged(report_of({run_of("64 connections", 3)}),
                                 "[latency]\np99 = { warning = '5ms', critical = '10ms' }");
    CHECK(report.slo->passed);
    CHECK(report.slo->checks == 1);
    CHECK(report.slo->warnings == 0);
    contains(text_of(report, Severity::note), "SLO: 64 connections: latency p99 was 3.0");
    contains(text_of(report, Severity::note), "at most 5.00 ms (warning)");
}

TEST_CASE("a warning does not fail, a critical level does") {
    const std::string_view rules = "[latency]\np99 = { warning = '5ms', critical = '10ms' }";
    const Report warned = judged(report_of({run_of("one", 7)}), rules);
    CHECK(warned.slo->passed);
    CHECK(warned.slo->warnings == 1);
    contains(text_of(warned, Severity::warning), "SLO: one: latency p99 was 6.98 ms");
    contains(text_of(warned, Severity::warning), "above the warning level of 5.00 ms");
    CHECK(warned.findings.at(0).figure == "one");

    const Report broken = judged(report_of({run_of("one", 20)}), rules);
    CHECK_FALSE(broken.slo->passed);
    CHECK(broken.slo->breaches == 1);
    CHECK(broken.slo->warnings == 0);
    contains(text_of(broken, Severity::critical), "above the critical level of 10.0 ms");
}

TEST_CASE("of several runs each is judged, and a run may have rules of its own") {
    Report report = report_of({run_of("one", 3), run_of("two", 20)});
    CHECK(judged(report, "[latency]\np99 = '10ms'").slo->breaches == 1);
    const Report own = judged(report, "[latency]\np99 = '10ms'\n[run.two.latency]\np99 = '30ms'");
    CHECK(own.slo->passed);
    CHECK(own.slo->checks == 2);
    const Report typo = judged(report, "[latency]\np99 = '30ms'\n[run.tow.latency]\np99 = '30ms'");
    CHECK(typo.slo->passed);
    contains(text_of(typo, Severity::warning), "no run is called \"tow\"");
}

TEST_CASE("rates have their good side above") {
    Report report = report_of({run_of("one", 3)});  // 1,000 per second
    CHECK(judged(report, "[throughput]\nrequests_per_second = 1000").slo->passed);
    const Report slow = judged(report, "[throughput]\nrequests_per_second = 1001");
    CHECK_FALSE(slow.slo->passed);
    contains(text_of(slow, Severity::critical), "was 1,000/s, below the critical level of 1,001/s");
}

TEST_CASE("errors, memory and CPU of the watched process, lost events") {
    LabelledRun run = run_of("one", 3);
    run.result.errors[ErrorKind::timeout] = 1000;
    run.result.watched = ProcessUse{
        .cpu_seconds = 0.5, .private_bytes_max = 90 << 20, .resident_bytes_max = 120 << 20};
    run.result.events = EventFigures{.events = 90, .lost = 10};
    const Report report = report_of({run});
    const auto passes = [&](std::string_view rules) { return judged(report, rules).slo->passed; };
    CHECK(passes("[errors]\nrate = '50%'"));
    CHECK_FALSE(passes("[errors]\nrate = '49%'"));
    CHECK(passes("[memory]\nprivate = '90MiB'"));
    CHECK_FALSE(passes("[memory]\nprivate = '89MiB'"));
    CHECK_FALSE(passes("[memory]\nresident = '119MiB'"));
    CHECK(passes("[cpu]\nper_request = '500us'"));
    CHECK_FALSE(passes("[cpu]\nper_request = '499us'"));
    CHECK(passes("[cpu]\ncores = 0.5"));
    CHECK_FALSE(passes("[cpu]\ncores = 0.4"));
    CHECK(passes("[events]\nlost = '10%'"));
    CHECK_FALSE(passes("[events]\nlost = '9%'"));
}

TEST_CASE("what could not be measured fails its critical level") {
    LabelledRun silent;
    silent.label = "one";
    silent.result.window = base::Duration::seconds(1);
    const Report report = judged(report_of({silent}), "[latency]\np99 = '10ms'");
    CHECK_FALSE(report.slo->passed);
    contains(text_of(report, Severity::critical), "latency p99 is not known: nothing was measured");
    CHECK_FALSE(judged(report_of({silent}), "[errors]\nrate = '1%'").slo->passed);
    CHECK_FALSE(judged(report_of({silent}), "[memory]\nprivate = '1GiB'").slo->passed);
    CHECK(judged(report_of({silent}), "[latency]\np99 = { warning = '1ms' }").slo->passed);
}

TEST_CASE("figures of a suite are judged, and those that are not there are named") {
    Report report = report_of({run_of("one", 3)});
    const std::string_view rules = "[scaling]\nefficiency = '70%'";
    const Report without = judged(report, rules);
    CHECK(without.slo->passed);
    CHECK(without.slo->warnings == 1);
    contains(text_of(without, Severity::warning), "scaling efficiency was not judged");

    report.figures.push_back({.name = "scaling_efficiency_2", .title = "", .value = 0.8});
    CHECK(judged(report, rules).slo->passed);
    report.figures.push_back({.name = "scaling_efficiency_4", .title = "", .value = 0.6});
    const Report broken = judged(report, rules);
    CHECK_FALSE(broken.slo->passed);
    contains(text_of(broken, Severity::critical), "scaling_efficiency_4");

    report.figures = {{.name = "scaling_efficiency_2",
                       .title = "",
                       .note = "not measurable: cores",
                       .known = false}};
    const Report unknown = judged(report, rules);
    CHECK(unknown.slo->passed);
    contains(text_of(unknown, Severity::warning), "not measurable: cores");
}

TEST_CASE("figures whose names only begin alike are others") {
    Report report = report_of({run_of("one", 3)});
    const std::string_view rules = "[added_latency]\np99 = '1ms'";
    report.figures = {{.name = "added_latency_p99", .title = "", .value = 900},
                      {.name = "added_latency_p999", .title = "", .value = 90'000},
                      {.name = "added_latency_p99_by_round", .title = "", .value = 1100}};
    CHECK(judged(report, rules).slo->passed);
    CHECK(judged(report, rules).slo->checks == 1);
    report.figures.front().value = 1100;
    CHECK_FALSE(judged(report, rules).slo->passed);
}

}  // namespace
}  // namespace ringway::bench
