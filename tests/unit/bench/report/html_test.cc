#include <cmath>

#include <doctest/doctest.h>

#include "report/chart.h"
#include "report/writers.h"
#include "sample.h"

using namespace ringway::bench;

namespace {

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++found;
    }
    return found;
}

Chart two_points(double second) {
    return {.title = "t <b>",
            .x = {.title = "x", .tick_text = {}, .value_text = {}},
            .y = {.scale = Scale::log, .title = "y", .tick_text = {}, .value_text = {}},
            .series = {{.name = "s\"", .colour = "red", .points = {{1, 10}, {2, second}}}}};
}

}  // namespace

TEST_CASE("text becomes harmless") {
    CHECK(html("<a href='x'>&\"") == "&lt;a href=&#39;x&#39;&gt;&amp;&quot;");
    CHECK(html("\x1b\xff") == "\\x1b\\xff");
}

TEST_CASE("a chart draws its points and keeps them for the pointer") {
    const std::string drawn = draw(two_points(20));
    CHECK(count(drawn, "<path class=\"line\"") == 1);
    CHECK(has(drawn, "t &lt;b&gt;"));
    CHECK(has(drawn, "data-points=\"[{&quot;n&quot;:&quot;s\\&quot;&quot;"));
}

TEST_CASE("what an axis cannot show leaves a gap, and a chart of nothing is none") {
    CHECK(has(draw(two_points(std::nan(""))), "<circle"));
    CHECK_FALSE(has(draw(two_points(0)), "nan"));
    Chart chart = two_points(0);
    chart.series.front().points.front().second = -1;
    CHECK(draw(chart).empty());
    chart.series.clear();
    CHECK(draw(chart).empty());
}

TEST_CASE("every kind of report has the charts that belong to it") {
    CHECK(has(to_html(sample::plain()), "Latency by percentile"));
    CHECK(has(to_html(sample::plain()), "Second by second"));
    CHECK(has(to_html(sample::plain()), "SLO breached, 1 of 4 checks"));
    for (const ReportKind kind : {ReportKind::sweep, ReportKind::knee, ReportKind::ramp}) {
        const std::string page = to_html(sample::of(kind));
        CHECK(has(page, "Latency over throughput"));
        CHECK(has(page, ">knee</text>"));
        CHECK(has(page, "512 connections"));
    }
    CHECK(has(to_html(sample::of(ReportKind::knee)), "Throughput for its latency"));
    CHECK_FALSE(has(to_html(sample::of(ReportKind::sweep)), "Throughput for its latency"));
    CHECK(has(to_html(sample::of(ReportKind::scaling)), "perfect scaling"));
    CHECK(has(to_html(sample::of(ReportKind::matrix)), "class=\"heat\""));
    CHECK(has(to_html(sample::of(ReportKind::throttle)), "50 ms, 1 % lost"));
    CHECK(
        has(to_html(sample::of(ReportKind::versus_direct)), "What the way through the proxy adds"));
    const std::string baseline = to_html(sample::of(ReportKind::baseline));
    CHECK(has(baseline, "Figures against targets"));
    CHECK(has(baseline, "class=\"bullet good\""));
    CHECK(has(baseline, "class=\"bullet bad\""));
    CHECK(has(baseline, "2 of 4"));
}

TEST_CASE("a page fetches nothing and lets nothing from outside in") {
    Report report = sample::hostile();
    for (const ReportKind kind : {ReportKind::sweep, ReportKind::run, ReportKind::matrix,
                                  ReportKind::versus_direct, ReportKind::baseline}) {
        report.kind = kind;
        const std::string page = to_html(report);
        CHECK(count(page, "<script") == 1);
        CHECK(count(page, "</script") == 1);
        CHECK_FALSE(has(page, "<img"));
        CHECK_FALSE(has(page, "\x1b"));
        CHECK_FALSE(has(page, "<iframe"));
        CHECK_FALSE(has(page, "@import"));
        CHECK_FALSE(has(page, "url("));
        CHECK(count(page, "href=") == 1);  // the empty icon
    }
}

TEST_CASE("figures that are none never reach the page") {
    for (int kind = 0; kind <= static_cast<int>(ReportKind::baseline); ++kind) {
        const std::string page = to_html(sample::of(static_cast<ReportKind>(kind)));
        CHECK_FALSE(has(page, "nan"));
        CHECK_FALSE(has(page, "inf,"));
    }
    CHECK_FALSE(has(to_html(sample::empty()), "nan"));
    CHECK_FALSE(has(to_html(Report{}), "nan"));
}
