// How the latencies of runs are distributed: by percentile, and where they lie.
#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "html_axes.h"
#include "words.h"

namespace ringway::bench {
namespace {

constexpr double percent_min = 10;  // what is below says little and would steepen every curve
constexpr const char* rarer = "each further column is ten times rarer";

Axis percentile_axis() {
    return {.scale = Scale::percentile,
            .title = "percentile",
            .tick_text = {},
            .value_text = [](double percent) { return fmt::format("p{:.6g}", percent); },
            .ticks = {{50, "50"}, {90, "90"}, {99, "99"}, {99.9, "99.9"}, {99.99, "99.99"}},
            .low = percent_min,
            .high = 99.99};
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

// One series for each of the groups that are shown.
std::vector<Series> coloured(const std::vector<Group>& groups,
                             Series (*make)(std::string, std::string,
                                            const stats::HistogramReading&)) {
    const std::vector<const Group*> some = chosen(groups);
    const bool ordered = is_ordered(groups);
    std::vector<Series> series;
    for (const Group* group : some) {
        std::string colour =
            ordered ? sequential(series.size(), some.size()) : categorical(series.size());
        series.push_back(make(name_of(*group), std::move(colour), group->whole.latency));
    }
    return series;
}

}  // namespace

Series percentile_curve(std::string name, std::string colour,
                        const stats::HistogramReading& latency) {
    Series series{.name = std::move(name), .colour = std::move(colour), .points = {}};
    if (latency.count() == 0) return series;
    // 40 points for each nine; beyond the last sample there is nothing to know.
    const double most = std::min(4.0, std::log10(static_cast<double>(latency.count())));
    const auto steps = static_cast<int>(std::ceil(most * 40));
    for (int step = 0; step <= steps; ++step) {
        const double nines = std::min(most, step / 40.0);
        const double percent = 100 * (1 - std::pow(10.0, -nines));
        if (percent < percent_min) continue;
        series.points.emplace_back(percent,
                                   static_cast<double>(latency.percentile_ns(percent)) / 1e3);
    }
    return series;
}

std::string percentile_chart(std::string title, std::string note, std::vector<Series> series) {
    return draw({.title = std::move(title),
                 .note = std::move(note),
                 .x = percentile_axis(),
                 .y = latency_axis(),
                 .series = std::move(series),
                 .height = 320});
}

std::string percentile_chart(const std::vector<Group>& groups) {
    std::vector<Series> series = coloured(groups, percentile_curve);
    std::string note;
    if (series.size() < groups.size()) {
        note = fmt::format("{} of {} runs shown; ", series.size(), groups.size());
    }
    return percentile_chart("Latency by percentile", note + rarer, std::move(series));
}

std::string percentiles_html(const std::vector<Group>& groups) {
    return card("", percentile_chart(groups));
}

std::string distribution_html(const std::vector<Group>& groups) {
    return percentiles_html(groups) + card("", densities(coloured(groups, density_of)));
}

std::string pairs_html(const Report& report) {
    std::string out;
    for (const Pair& pair : pairs_of(report)) {
        const LatencySummary direct = latency_of(pair.direct);
        const LatencySummary proxied = latency_of(pair.proxied);
        if (direct.samples == 0 || proxied.samples == 0) continue;
        const std::string titled = pair.title.empty() ? "" : ", " + pair.title;
        Dumbbell chart{.title = "What the way through the proxy adds" + titled,
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
        std::vector<Series> both{percentile_curve("direct", categorical(1), pair.direct.latency),
                                 percentile_curve("proxied", categorical(0), pair.proxied.latency)};
        out += card("", draw(chart));
        out += card("", percentile_chart("Latency by percentile" + titled, rarer, std::move(both)));
    }
    return out;
}

}  // namespace ringway::bench
