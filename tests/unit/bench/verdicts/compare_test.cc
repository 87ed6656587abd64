#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "report/writers.h"
#include "texts.h"
#include "verdicts/verdicts.h"

namespace ringway::bench {
namespace {

using test::contains;
using test::lacks;
using test::TemporaryFile;

// What one round answered in a second, and how long each answer took.
struct Round {
    unsigned answered = 1000;
    unsigned latency_us = 1000;
    double cpu_seconds = 0;  // of the watched process; 0: nobody is watched
};

Report report_of(const std::vector<Round>& rounds, const std::string& label = "64 connections") {
    Report report;
    report.conditions.machine = "a machine";
    report.conditions.kernel = "6.1";
    for (const Round& round : rounds) {
        LabelledRun run;
        run.label = label;
        run.round = static_cast<int>(report.runs.size());
        run.result.window = base::Duration::seconds(1);
        run.result.answered = round.answered;
        stats::Histogram latency;
        for (unsigned i = 0; i < round.answered; ++i) latency.record(round.latency_us * 1000);
        run.result.latency.add(latency);
        if (round.cpu_seconds > 0) {
            run.result.watched = ProcessUse{.cpu_seconds = round.cpu_seconds};
        }
        report.runs.push_back(std::move(run));
    }
    return report;
}

Comparison compared(const Report& before, const Report& after, double percent = 5) {
    const TemporaryFile a(to_json(before));
    const TemporaryFile b(to_json(after));
    auto comparison = compare_reports(a.path, b.path, percent);
    REQUIRE_MESSAGE(comparison, (comparison ? "" : comparison.reason().rule));
    return *comparison;
}

std::string refused(const std::string& a, const std::string& b) {
    const auto comparison = compare_reports(a, b, 5);
    REQUIRE_FALSE(comparison);
    return comparison.reason().rule;
}

const std::vector<Round> steady{{1000, 1000}, {1010, 1010}, {990, 990}, {1005, 1000}, {995, 1000}};
const std::vector<Round> slower{{800, 1300}, {805, 1310}, {795, 1290}, {800, 1300}, {802, 1300}};

TEST_CASE("the same again is no regression") {
    const Comparison same = compared(report_of(steady), report_of(steady));
    CHECK_FALSE(same.regression);
    contains(same.text, "(5 rounds against 5)");
    contains(same.text, "no difference seen");
    contains(same.text, "no regression beyond 5 %");
    lacks(same.text, "warning");
}

TEST_CASE("a rate that falls and latencies that rise are regressions, with their intervals") {
    const Comparison worse = compared(report_of(steady), report_of(slower));
    CHECK(worse.regression);
    contains(worse.text, "REGRESSION");
    contains(worse.text, "64 connections: rate -20.0 %");
    contains(worse.text, "64 connections: p99 +29.8 %");
    contains(worse.text, " .. ");
    CHECK_FALSE(compared(report_of(slower), report_of(steady)).regression);
    contains(compared(report_of(slower), report_of(steady)).text, "better");
}

TEST_CASE("what lies within the limit is said and not flagged") {
    const Comparison within = compared(report_of(steady), report_of(slower), 50);
    CHECK_FALSE(within.regression);
    contains(within.text, "worse, within the limit");
}

TEST_CASE("an interval that reaches the limit is no regression") {
    // The mean falls by 20 %, but nobody can tell from rounds that are so far apart.
    const std::vector<Round> wild{
        {400, 1000}, {1200, 1000}, {600, 1000}, {1000, 1000}, {800, 1000}};
    CHECK_FALSE(compared(report_of(steady), report_of(wild)).regression);
}

TEST_CASE("CPU per request counts where a process was watched") {
    std::vector<Round> before = steady;
    std::vector<Round> after = steady;
    for (Round& round : before) round.cpu_seconds = 0.010;
    for (Round& round : after) round.cpu_seconds = 0.015;
    const Comparison worse = compared(report_of(before), report_of(after));
    CHECK(worse.regression);
    contains(worse.text, "64 connections: CPU per request +50");
    lacks(compared(report_of(steady), report_of(after)).text, "CPU per request");
}

TEST_CASE("single rounds have no interval, and only a large difference counts") {
    const Comparison close = compared(report_of({{1000, 1000}}), report_of({{850, 1100}}));
    CHECK_FALSE(close.regression);
    contains(close.text, "none: single rounds");
    contains(close.text, "differences beyond 20 % count");
    const Comparison far = compared(report_of({{1000, 1000}}), report_of({{700, 1000}}));
    CHECK(far.regression);
    contains(far.text, "64 connections: rate -30.0 %");
    contains(far.text, "not judged");  // p99.9
}

TEST_CASE("runs are matched by their labels, others are named") {
    Report before = report_of(steady, "10 connections");
    Report after = report_of(steady, "10 connections");
    for (const LabelledRun& run : report_of(steady, "20 connections").runs) {
        before.runs.push_back(run);
    }
    for (const LabelledRun& run : report_of(steady, "30 connections").runs) {
        after.runs.push_back(run);
    }
    const Comparison comparison = compared(before, after);
    contains(comparison.text, "only in A: 20 connections");
    contains(comparison.text, "only in B: 30 connections");

    const TemporaryFile a(to_json(report_of(steady, "one")));
    const TemporaryFile b(to_json(report_of(steady, "two")));
    contains(refused(a.path, b.path), "have no run in common");
}

TEST_CASE("conditions and plans that differ are said") {
    Report before = report_of(steady);
    Report after = report_of(steady);
    after.conditions.machine = "another machine";
    after.conditions.congestion_control = "bbr";
    after.runs.front().plan.pipeline = 4;
    const Comparison comparison = compared(before, after);
    contains(comparison.text, "warning: machine differs: a machine | another machine");
    contains(comparison.text, "warning: congestion_control differs:  | bbr");
    contains(comparison.text, "warning: 64 connections: the plans differ:");
    lacks(comparison.text, "kernel differs");
}

TEST_CASE("a process with another number is the same plan") {
    Report before = report_of(steady);
    Report after = report_of(steady);
    for (LabelledRun& run : before.runs) run.plan.watch_pid = 1;
    for (LabelledRun& run : after.runs) run.plan.watch_pid = 4711;
    lacks(compared(before, after).text, "the plans differ");
}

TEST_CASE("more errors, interruptions and a generator at its limit are said") {
    Report after = report_of(steady);
    after.runs.front().result.errors[ErrorKind::timeout] = 50;
    after.runs.front().result.interrupted = true;
    after.runs.front().result.warnings = {"the generator was saturated"};
    const std::string text = compared(report_of(steady), after).text;
    contains(text, "warning: 64 connections: errors rose from 0 % to 0.99 %");
    contains(text, "B was interrupted");
    contains(text, "the report B has warnings of the generator itself");
}

TEST_CASE("what is no report is refused by its name") {
    const TemporaryFile good(to_json(report_of(steady)));
    contains(refused(good.path, "/nowhere.json"), "/nowhere.json: it cannot be read: No such file");
    const TemporaryFile broken("{\"schema_version\": 1,");
    contains(refused(broken.path, good.path), broken.path + ": it is no JSON");
    const TemporaryFile other("{\"name\": 5}");
    contains(refused(good.path, other.path), other.path + ": it is no report of ringway bench");
    const TemporaryFile future("{\"schema_version\": 99, \"runs\": []}");
    contains(refused(good.path, future.path), "its schema version is 99, and this ringway reads 1");
    contains(refused(good.path, "/tmp"), "/tmp: it cannot be read");
}

}  // namespace
}  // namespace ringway::bench
