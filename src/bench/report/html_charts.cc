// The charts of levels: what throughput, latency and cost come to over what was varied.
#include <algorithm>

#include <fmt/format.h>

#include "html_axes.h"
#include "words.h"

namespace ringway::bench {
namespace {

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
        series.push_back(level_series(
            groups, level, name, sequential(series.size(), 4),
            [wanted = percent](const Group& group) { return group.whole.percentile_us(wanted); }));
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

// Every group at a place of its own, so that a line through them means something.
bool is_line(const std::vector<Level>& levels) {
    if (levels.empty()) return false;
    std::vector<double> values = levels.front().values;
    std::sort(values.begin(), values.end());
    return std::adjacent_find(values.begin(), values.end()) == values.end();
}

bool has_price(const Level& level) { return level.name == "connections" || level.name == "rate"; }

}  // namespace

std::string levels_html(const Report& report, const std::vector<Group>& groups) {
    const std::vector<Level> levels = levels_of(groups);
    if (!is_line(levels)) return {};
    const Level& level = levels.front();
    std::string out = card("", throughput_chart(report, groups, level));
    out += card("", latency_chart(report, groups, level));
    // Four cards, so that the columns of the page stay even.
    out += card("", has_price(level) ? price_chart(groups, level) : percentile_chart(groups));
    return out + card("", cost_chart(groups, level));
}

std::string score_html(const Report& report, const std::vector<Group>& groups) {
    const std::vector<Level> levels = levels_of(groups);
    if (!is_line(levels)) return {};
    const Level& level = levels.front();
    Series series{.name = "score", .colour = categorical(2), .points = {}};
    series.has_dots = true;
    series.has_area = true;
    for (const double value : level.values) {
        const std::string name = fmt::format("score_at_{:.0f}", value);
        for (const Figure& figure : report.figures) {
            if (figure.known && figure.name == name)
                series.points.emplace_back(value, figure.value);
        }
    }
    return card("", draw({.title = "Throughput for its latency",
                          .note = "score of each level, 1 is the best",
                          .x = level_axis(level),
                          .y = {.title = "", .tick_text = plain_tick, .value_text = {}},
                          .series = {std::move(series)},
                          .marks = knee_marks(report, level),
                          .height = 320}));
}

}  // namespace ringway::bench
