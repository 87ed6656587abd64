// The measured seconds of a report, one after the other.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "html_axes.h"

namespace ringway::bench {
namespace {

// Seconds of all runs one after the other; what was between them is left out.
struct Moment {
    double at;  // the middle of the cell
    const TimelineCell* cell;
    const LabelledRun* run;
};

struct Timeline {
    std::vector<Moment> moments;
    std::vector<Mark> marks;
    double seconds = 0;
    bool alternates = false;  // between two ways: each is a line of its own
};

Timeline timeline_of(const Report& report) {
    Timeline line;
    line.alternates = report.kind == ReportKind::versus_direct;
    const bool is_marked = report.runs.size() > 1 && report.runs.size() <= 40 && !line.alternates;
    for (const LabelledRun& run : report.runs) {
        if (is_marked && !run.result.timeline.empty()) {
            line.marks.push_back({.at = line.seconds, .text = run.label});
        }
        for (const TimelineCell& cell : run.result.timeline) {
            line.moments.push_back({line.seconds + cell.seconds / 2, &cell, &run});
            line.seconds += cell.seconds;
        }
    }
    return line;
}

using CellValue = double (*)(const TimelineCell&);

// A line is broken where another run begins, unless runs are too short to be lines.
Series series_of(const Timeline& line, std::string name, std::size_t colour, CellValue value,
                 std::string_view way = {}) {
    Series series{.name = std::move(name), .colour = categorical(colour), .points = {}};
    const LabelledRun* before = nullptr;
    for (const Moment& moment : line.moments) {
        if (!way.empty() && !title_of_way(moment.run->label, way)) continue;
        const bool is_break = way.empty() && before != nullptr && before != moment.run &&
                              before->result.timeline.size() > 1;
        if (is_break) series.points.emplace_back(moment.at, std::nan(""));
        before = moment.run;
        series.points.emplace_back(moment.at, value(*moment.cell));
    }
    return series;
}

void add_lines(std::vector<Series>& series, const Timeline& line, const std::string& name,
               std::size_t colour, CellValue value) {
    if (!line.alternates) {
        series.push_back(series_of(line, name, colour, value));
        return;
    }
    series.push_back(series_of(line, "direct, " + name, colour == 0 ? 1 : 4, value, "direct"));
    series.push_back(series_of(line, "proxied, " + name, colour == 0 ? 0 : 3, value, "proxied"));
}

bool has_any(const Timeline& line, CellValue value) {
    return std::any_of(line.moments.begin(), line.moments.end(),
                       [&](const Moment& moment) { return value(*moment.cell) > 0; });
}

double rate_of(const TimelineCell& cell) {
    return cell.seconds > 0 ? static_cast<double>(cell.answered) / cell.seconds : 0;
}
double errors_of(const TimelineCell& cell) {
    return cell.seconds > 0 ? static_cast<double>(cell.errors) / cell.seconds : 0;
}
double p50_of(const TimelineCell& cell) { return cell.p50_us; }
double p99_of(const TimelineCell& cell) { return cell.p99_us; }
double late_of(const TimelineCell& cell) { return cell.late_p99_us; }
double watched_of(const TimelineCell& cell) { return cell.watched_cpu; }
double own_of(const TimelineCell& cell) { return cell.own_cpu; }
double foreign_of(const TimelineCell& cell) { return cell.foreign_share; }

Axis time_axis(double seconds) {
    return {
        .scale = Scale::linear,
        .title = "seconds of measuring",
        .tick_text = plain_tick,
        .value_text = [](double at) { return fmt::format("second {:.0f}", std::floor(at) + 1); },
        .ticks = {},
        .low = 0,
        .high = seconds};
}

std::string time_chart(const Timeline& line, std::string title, Axis y, std::vector<Series> series,
                       double height) {
    return draw({.title = std::move(title),
                 .x = time_axis(line.seconds),
                 .y = std::move(y),
                 .series = std::move(series),
                 .marks = line.marks,
                 .width = 1240,
                 .height = height});
}

Series filled(Series series) {
    series.has_area = true;
    return series;
}

}  // namespace

std::string timeline_html(const Report& report) {
    const Timeline line = timeline_of(report);
    if (line.moments.size() < 2) return {};
    std::vector<Series> rates;
    add_lines(rates, line, "answers", 0, rate_of);
    for (Series& rate : rates) rate.has_area = true;
    std::string body = time_chart(line, "Answers", rate_axis(), std::move(rates), 190);
    if (has_any(line, errors_of)) {
        body += time_chart(line, "Errors", rate_axis(),
                           {filled(series_of(line, "errors", 5, errors_of))}, 130);
    }
    std::vector<Series> latencies;
    add_lines(latencies, line, "p50", 0, p50_of);
    add_lines(latencies, line, "p99", 1, p99_of);
    if (has_any(line, late_of)) {
        latencies.push_back(series_of(line, "generator late (p99)", 4, late_of));
    }
    body += time_chart(line, "Latency", latency_axis(), std::move(latencies), 190);

    std::vector<Series> cores;
    if (has_any(line, watched_of)) {
        cores.push_back(series_of(line, "watched process", 0, watched_of));
    }
    cores.push_back(series_of(line, "generator", 1, own_of));
    if (has_any(line, foreign_of)) {
        cores.push_back(series_of(line, "others on the generator's cores (share)", 4, foreign_of));
    }
    Axis y{.title = "cores", .tick_text = plain_tick, .value_text = [](double value) {
               return fmt::format("{:.2f}", value);
           }};
    body += time_chart(line, "Cores kept busy", std::move(y), std::move(cores), 170);
    return card("Second by second", body, true);
}

}  // namespace ringway::bench
