// The charts of the page: which series of a report go into which drawing.
#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "chart.h"
#include "html.h"
#include "words.h"

namespace ringway::bench {
namespace {

constexpr std::size_t curves_max = 8;

std::string latency_tick(double us) {
    if (us >= 1e6) return fmt::format("{:.4g} s", us / 1e6);
    if (us >= 1e3) return fmt::format("{:.4g} ms", us / 1e3);
    return fmt::format("{:.3g} us", us);
}

std::string rate_tick(double value) {
    if (value >= 1e6) return fmt::format("{:.4g}M", value / 1e6);
    if (value >= 1e4) return fmt::format("{:.4g}k", value / 1e3);
    return fmt::format("{:.4g}", value);
}

std::string plain_tick(double value) { return fmt::format("{:.4g}", value); }

Axis latency_axis(std::string title = "latency") {
    return {.scale = Scale::log,
            .title = std::move(title),
            .tick_text = latency_tick,
            .value_text = latency_words};
}

Axis rate_axis() {
    return {.scale = Scale::linear,
            .title = "per second",
            .tick_text = rate_tick,
            .value_text = [](double value) { return rate_words(value) + "/s"; }};
}

std::string categorical(std::size_t at) { return fmt::format("var(--s{})", at % curves_max + 1); }

// Levels in their order: from pale to strong of one hue.
std::string sequential(std::size_t at, std::size_t count) {
    const double share = count < 2 ? 1 : static_cast<double>(at) / static_cast<double>(count - 1);
    return fmt::format("color-mix(in oklab, var(--high) {:.0f}%, var(--low))", share * 100);
}

Axis percentile_axis() {
    return {.scale = Scale::percentile,
            .title = "percentile",
            .tick_text = {},
            .value_text = [](double percent) { return fmt::format("p{:.6g}", percent); },
            .ticks = {{50, "50"}, {90, "90"}, {99, "99"}, {99.9, "99.9"}, {99.99, "99.99"}},
            .low = 10,
            .high = 99.99};
}

Series curve_of(std::string name, std::string colour, const stats::HistogramReading& latency) {
    Series series{.name = std::move(name), .colour = std::move(colour), .points = {}};
    if (latency.count() == 0) return series;
    // 40 points for each nine; beyond the last sample there is nothing to know.
    const double most = std::min(4.0, std::log10(static_cast<double>(latency.count())));
    const auto steps = static_cast<int>(std::ceil(most * 40));
    for (int step = 0; step <= steps; ++step) {
        const double nines = std::min(most, step / 40.0);
        const double percent = 100 * (1 - std::pow(10.0, -nines));
        series.points.emplace_back(percent,
                                   static_cast<double>(latency.percentile_ns(percent)) / 1e3);
    }
    return series;
}

std::string curves(std::string title, std::string note, std::vector<Series> series) {
    return draw({.title = std::move(title),
                 .note = std::move(note),
                 .x = percentile_axis(),
                 .y = latency_axis(),
                 .series = std::move(series),
                 .height = 320});
}

// The share of the samples in each step, every step being the same factor wide.
Series density_of(std::string name, std::string colour, const stats::HistogramReading& latency) {
    constexpr double steps_per_decade = 24;
    Series series{.name = std::move(name), .colour = std::move(colour), .points = {}};
    series.has_area = true;
    std::map<int, double> steps;
    latency.for_each_bucket([&](std::uint64_t middle_ns, std::uint64_t samples) {
        const double us = std::max(static_cast<double>(middle_ns) / 1e3, 0.01);
        steps[static_cast<int>(std::floor(std::log10(us) * steps_per_decade))] +=
            static_cast<double>(samples);
    });
    if (steps.empty()) return series;
    const auto all = static_cast<double>(latency.count());
    for (int step = steps.begin()->first - 1; step <= steps.rbegin()->first + 1; ++step) {
        const auto found = steps.find(step);
        const double share = found == steps.end() ? 0 : found->second / all * 100;
        series.points.emplace_back(std::pow(10.0, (step + 0.5) / steps_per_decade), share);
    }
    return series;
}

std::string densities(std::vector<Series> series) {
    Axis y{.title = "",
           .tick_text = [](double value) { return fmt::format("{:.3g} %", value); },
           .value_text = [](double value) { return percent_words(value / 100); }};
    return draw({.title = "Where the latencies lie",
                 .note = "share of the answers, in equal steps of the axis",
                 .x = latency_axis(),
                 .y = std::move(y),
                 .series = std::move(series),
                 .height = 320});
}

// At most `curves_max` of them, evenly chosen, both ends among them.
std::vector<const Group*> chosen(const std::vector<Group>& groups) {
    std::vector<const Group*> all;
    for (const Group& group : groups) {
        if (group.whole.latency.count() > 0) all.push_back(&group);
    }
    if (all.size() <= curves_max) return all;
    std::vector<const Group*> some;
    for (std::size_t at = 0; at < curves_max; ++at) {
        some.push_back(all[at * (all.size() - 1) / (curves_max - 1)]);
    }
    return some;
}

std::string name_of(const Group& group) {
    const std::string& section = group.first->section;
    return section.empty() ? group.first->label : section + ": " + group.first->label;
}

bool is_ordered(const std::vector<Group>& groups) {
    const std::vector<Level> levels = levels_of(groups);
    return levels.size() == 1 &&
           std::is_sorted(levels.front().values.begin(), levels.front().values.end());
}

// Seconds of all runs one after the other; what was between them is left out.
struct Timeline {
    std::vector<double> at;  // the middle of each cell
    std::vector<const TimelineCell*> cells;
    std::vector<Mark> marks;
    double seconds = 0;
};

Timeline timeline_of(const Report& report) {
    Timeline line;
    double now = 0;
    const bool is_marked = report.runs.size() > 1 && report.runs.size() <= 24;
    for (const LabelledRun& run : report.runs) {
        if (is_marked && !run.result.timeline.empty()) {
            line.marks.push_back({.at = now, .text = run.label});
        }
        for (const TimelineCell& cell : run.result.timeline) {
            line.at.push_back(now + cell.seconds / 2);
            line.cells.push_back(&cell);
            now += cell.seconds;
        }
    }
    line.seconds = now;
    return line;
}

using CellValue = double (*)(const TimelineCell&);

Series series_of(const Timeline& line, std::string name, std::size_t colour, CellValue value) {
    Series series{.name = std::move(name), .colour = categorical(colour), .points = {}};
    for (std::size_t at = 0; at < line.at.size(); ++at) {
        series.points.emplace_back(line.at[at], value(*line.cells[at]));
    }
    return series;
}

bool has_any(const Timeline& line, CellValue value) {
    return std::any_of(line.cells.begin(), line.cells.end(),
                       [&](const TimelineCell* cell) { return value(*cell) > 0; });
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

Axis level_axis(const Level& level) {
    Axis axis{.title = title_of({level.name, 0, {}}), .tick_text = plain_tick, .value_text = {}};
    const auto [least, most] = std::minmax_element(level.values.begin(), level.values.end());
    if (*least > 0 && *most >= 8 * *least) axis.scale = Scale::log;
    const std::string title = axis.title;
    axis.value_text = [name = level.name, title](double value) {
        return text_of({name, value, {}}) + " " + title;
    };
    std::vector<double> ticks = level.values;
    std::sort(ticks.begin(), ticks.end());
    for (const double value : ticks) {
        axis.ticks.emplace_back(
            value, level.name == "rate" ? rate_tick(value) : text_of({level.name, value, {}}));
    }
    return axis;
}

std::vector<Mark> knee_marks(const Report& report, const Level& level) {
    std::vector<Mark> marks;
    for (const Figure& figure : report.figures) {
        const bool is_level = figure.name == "knee_" + level.name || figure.name == "knee";
        if (is_level && figure.known) {
            marks.push_back({.at = figure.value, .text = "knee", .is_strong = true});
        }
    }
    return marks;
}

Series level_series(const std::vector<Group>& groups, const Level& level, std::string name,
                    std::string colour, const std::function<double(const Group&)>& value) {
    Series series{.name = std::move(name), .colour = std::move(colour), .points = {}};
    for (std::size_t at = 0; at < groups.size(); ++at) {
        series.points.emplace_back(level.values[at], value(groups[at]));
    }
    std::sort(series.points.begin(), series.points.end());
    series.has_dots = true;
    return series;
}

std::string throughput_chart(const Report& report, const std::vector<Group>& groups,
                             const Level& level) {
    std::vector<Series> series{level_series(groups, level, "measured", categorical(0),
                                            [](const Group& group) { return group.median_rate; })};
    series.front().has_area = true;
    const bool is_scaling = level.name == "shards" || level.name == "rate";
    if (is_scaling) {
        // The straight line that a perfect target would follow.
        const auto first = series.front().points.front();
        const bool is_rate = level.name == "rate";
        Series ideal{.name = is_rate ? "offered" : "perfect scaling",
                     .colour = "var(--muted)",
                     .points = {},
                     .is_dashed = true};
        for (const auto& [x, y] : series.front().points) {
            ideal.points.emplace_back(
                x, is_rate || first.first <= 0 ? x : first.second * x / first.first);
        }
        series.push_back(std::move(ideal));
    }
    return draw({.title = "Throughput",
                 .x = level_axis(level),
                 .y = rate_axis(),
                 .series = std::move(series),
                 .marks = knee_marks(report, level)});
}

std::string latency_chart(const Report& report, const std::vector<Group>& groups,
                          const Level& level) {
    std::vector<Series> series;
    constexpr std::pair<const char*, double> lines[] = {
        {"p50", 50}, {"p90", 90}, {"p99", 99}, {"p99.9", 99.9}};
    for (const auto& [name, percent] : lines) {
        series.push_back(level_series(groups, level, name, sequential(series.size(), 4),
                                      [percent = percent](const Group& group) {
                                          return group.whole.percentile_us(percent);
                                      }));
    }
    return draw({.title = "Latency",
                 .x = level_axis(level),
                 .y = latency_axis(),
                 .series = std::move(series),
                 .marks = knee_marks(report, level)});
}

std::string cost_chart(const std::vector<Group>& groups, const Level& level) {
    const bool has_watched = std::any_of(groups.begin(), groups.end(), [](const Group& group) {
        return group.whole.watched.has_value();
    });
    std::vector<Series> series;
    if (has_watched) {
        series.push_back(
            level_series(groups, level, "watched process", categorical(0), [](const Group& group) {
                const RunResult& result = group.whole;
                return result.watched ? cpu_us_per_answer(*result.watched, result) : 0;
            }));
    }
    series.push_back(level_series(
        groups, level, "generator", categorical(1),
        [](const Group& group) { return cpu_us_per_answer(group.whole.own, group.whole); }));
    Axis y{.title = "", .tick_text = latency_tick, .value_text = latency_words};
    return draw({.title = "Processor time per answer",
                 .x = level_axis(level),
                 .y = std::move(y),
                 .series = std::move(series)});
}

// What one pays in latency for how much throughput: the way of a system to its knee.
std::string price_chart(const std::vector<Group>& groups, const Level& level) {
    Series series{.name = "p99", .colour = categorical(0), .points = {}, .has_dots = true};
    for (const Group& group : groups) {
        series.points.emplace_back(group.median_rate, group.whole.percentile_us(99));
        const Coordinate* at = coordinate(*group.first, level.name);
        series.dot_texts.push_back(at == nullptr ? group.first->label : text_of(*at));
    }
    Axis x = rate_axis();
    x.title = "answers per second";
    return draw({.title = "Latency over throughput",
                 .note = "p99, by " + title_of({level.name, 0, {}}),
                 .x = std::move(x),
                 .y = latency_axis(),
                 .series = {std::move(series)}});
}

}  // namespace

std::vector<Level> levels_of(const std::vector<Group>& groups) {
    std::vector<Level> levels;
    if (groups.size() < 2) return levels;
    for (const Coordinate& known : groups.front().first->at) {
        Level level{.name = known.name, .values = {}};
        for (const Group& group : groups) {
            const Coordinate* at = coordinate(*group.first, known.name);
            if (at != nullptr && at->text.empty()) level.values.push_back(at->value);
        }
        const bool varies =
            std::any_of(level.values.begin(), level.values.end(),
                        [&](double value) { return value != level.values.front(); });
        if (level.values.size() == groups.size() && varies) levels.push_back(std::move(level));
    }
    return levels;
}

std::string distribution_html(const std::vector<Group>& groups) {
    const std::vector<const Group*> some = chosen(groups);
    if (some.empty()) return {};
    const bool ordered = is_ordered(groups);
    std::vector<Series> series;
    std::vector<Series> shares;
    for (const Group* group : some) {
        const std::string colour =
            ordered ? sequential(series.size(), some.size()) : categorical(series.size());
        series.push_back(curve_of(name_of(*group), colour, group->whole.latency));
        shares.push_back(density_of(name_of(*group), colour, group->whole.latency));
    }
    std::string note = "each further column is ten times rarer";
    if (some.size() < groups.size()) {
        note += fmt::format("; {} of {} runs shown", some.size(), groups.size());
    }
    return card("", curves("Latency by percentile", std::move(note), std::move(series))) +
           card("", densities(std::move(shares)));
}

std::string timeline_html(const Report& report) {
    const Timeline line = timeline_of(report);
    if (line.cells.size() < 2) return {};
    std::string body;
    std::vector<Series> rates{series_of(line, "answered", 0, rate_of)};
    rates.front().has_area = true;
    body += time_chart(line, "Answers", rate_axis(), std::move(rates), 190);
    if (has_any(line, errors_of)) {
        std::vector<Series> errors{series_of(line, "errors", 5, errors_of)};
        errors.front().has_area = true;
        body += time_chart(line, "Errors", rate_axis(), std::move(errors), 130);
    }

    std::vector<Series> latencies{series_of(line, "p50", 0, p50_of),
                                  series_of(line, "p99", 1, p99_of)};
    if (has_any(line, late_of)) {
        latencies.push_back(series_of(line, "generator late (p99)", 4, late_of));
    }
    body += time_chart(line, "Latency", latency_axis(), std::move(latencies), 190);

    std::vector<Series> cores{series_of(line, "generator", 1, own_of)};
    if (has_any(line, watched_of)) {
        cores.insert(cores.begin(), series_of(line, "watched process", 0, watched_of));
    }
    if (has_any(line, foreign_of)) {
        cores.push_back(series_of(line, "others on the generator's cores (share)", 4, foreign_of));
    }
    Axis y{.title = "cores", .tick_text = plain_tick, .value_text = [](double value) {
               return fmt::format("{:.2f}", value);
           }};
    body += time_chart(line, "Cores kept busy", std::move(y), std::move(cores), 170);
    return card("Second by second", body, true);
}

std::string levels_html(const Report& report, const std::vector<Group>& groups) {
    const std::vector<Level> levels = levels_of(groups);
    if (levels.empty()) return {};
    const Level& level = levels.front();
    std::string out = card("", throughput_chart(report, groups, level));
    out += card("", latency_chart(report, groups, level));
    const bool has_price = report.kind == ReportKind::sweep || report.kind == ReportKind::knee ||
                           report.kind == ReportKind::ramp;
    if (has_price) out += card("", price_chart(groups, level));
    out += card("", cost_chart(groups, level));
    return out;
}

std::string ways_html(const Report& report) {
    const Ways ways = ways_of(report);
    if (!ways.direct || !ways.proxied) return {};
    const LatencySummary direct = latency_of(*ways.direct);
    const LatencySummary proxied = latency_of(*ways.proxied);
    Dumbbell chart{.title = "What the way through the proxy adds",
                   .name_a = "direct",
                   .name_b = "proxied",
                   .colour_a = categorical(1),
                   .colour_b = categorical(0),
                   .x = latency_axis(),
                   .rows = {}};
    const auto add = [&](const char* name, double a, double b) {
        chart.rows.push_back({name, a, b, signed_latency_words(b - a)});
    };
    for (std::size_t at = 0; at < percentile_points.size(); ++at) {
        add(percentile_points[at].title, direct.at_us[at], proxied.at_us[at]);
    }
    add("max", direct.max_us, proxied.max_us);
    std::vector<Series> both{curve_of("direct", categorical(1), ways.direct->latency),
                             curve_of("proxied", categorical(0), ways.proxied->latency)};
    return card("", draw(chart)) +
           card("", curves("Latency by percentile", "each further column is ten times rarer",
                           std::move(both)));
}

}  // namespace ringway::bench
