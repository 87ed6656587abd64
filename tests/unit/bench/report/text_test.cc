#include <doctest/doctest.h>

#include "report/writers.h"
#include "sample.h"

using namespace ringway::bench;

namespace {

bool has(const std::string& text, const std::string& part) {
    const bool found = text.find(part) != std::string::npos;
    if (!found) MESSAGE("no \"", part, "\" in:\n", text);
    return found;
}

bool is_printable(const std::string& text) {
    for (const char byte : text) {
        const auto code = static_cast<unsigned char>(byte);
        if ((code < 0x20 && byte != '\n') || code == 0x7f) return false;
    }
    return true;
}

}  // namespace

TEST_CASE("the table of a run tells rate, latency, errors, cost, doubts and the verdict") {
    const std::string text = to_text(sample::plain());
    CHECK(has(text, "ringway bench, run: http://127.0.0.1:8080/bytes/1024"));
    CHECK(has(text, "50,000/s"));
    CHECK(has(text, "p99.99"));
    CHECK(has(text, "timeout 12, status_5xx 3"));
    CHECK(has(text, "503: 3"));
    CHECK(has(text, "watched     19.4 us of processor per answer"));
    CHECK(has(text, "generator   8.20 us of processor per answer"));
    CHECK(has(text, "1 never begun"));
    CHECK(has(text, "2 with 100 events, 1 lost"));
    CHECK(has(text, "warning: others took"));
    CHECK(has(text, "critical: p99 is 1.6 ms"));
    CHECK(has(text, "1 breached, 1 warnings: FAILED"));
}

TEST_CASE("levels are rows, a flag stands beside its finding") {
    const std::string text = to_text(sample::of(ReportKind::sweep));
    CHECK(has(text, "connections   rate/s"));
    CHECK(has(text, "\n          512  117,894"));
    CHECK(has(text, "knee  32 connections"));
    CHECK(has(text, "(--pool-max)"));
}

TEST_CASE("levels that were looked at later stand where they belong") {
    Report report = sample::of(ReportKind::knee);
    std::swap(report.runs.front(), report.runs.back());
    const std::string text = to_text(report);
    CHECK(text.find("\n            1 ") < text.find("\n          512 "));
}

TEST_CASE("many doubts are not all told to a person") {
    Report report = sample::of(ReportKind::sweep);
    for (LabelledRun& run : report.runs) run.result.warnings = {"x"};
    CHECK(has(to_text(report), "warning: 1 connections: x"));
    CHECK(has(to_text(report), "and 2 more"));
    CHECK(to_text(report).find("512 connections: x") == std::string::npos);
}

TEST_CASE("two ways stand side by side with what is added") {
    const std::string text = to_text(sample::of(ReportKind::versus_direct));
    CHECK(has(text, "direct  proxied"));
    CHECK(has(text, "  p50 "));
    CHECK(has(text, "+56.1 us"));
    CHECK(has(text, "x 0.68"));
}

TEST_CASE("a baseline has sections, and targets that were met, missed or not measurable") {
    const std::string text = to_text(sample::of(ReportKind::baseline));
    CHECK(has(text, "\nlatency\n"));
    CHECK(has(text, "\nconcurrency\n"));
    CHECK(has(text, "<= 10.0 ms  "));
    CHECK(has(text, "<= 150 us  missed"));
    CHECK(has(text, ">= 0.70  "));
    CHECK(text.find(">= 0.70  missed") == std::string::npos);
    CHECK(has(text, "not measurable: shards and generator exceed the cores"));
}

TEST_CASE("nothing measured is said as such, never as a number") {
    const std::string text = to_text(sample::empty());
    CHECK(has(text, "interrupted"));
    CHECK(has(text, "connect 5"));
    CHECK(text.find("nan") == std::string::npos);
    CHECK(to_text(Report{}).find("ringway bench, run") == 0);
}

TEST_CASE("no text from outside reaches a terminal as it is") {
    for (int kind = 0; kind <= static_cast<int>(ReportKind::baseline); ++kind) {
        CHECK(is_printable(to_text(sample::of(static_cast<ReportKind>(kind)))));
    }
    Report report = sample::hostile();
    CHECK(is_printable(to_text(report)));
    report.kind = ReportKind::run;
    CHECK(is_printable(to_text(report)));
    report.kind = ReportKind::baseline;
    CHECK(is_printable(to_text(report)));
}
