// The page: its head, its tiles, and the order of its parts.
#include "html.h"

#include <algorithm>

#include <fmt/format.h>

#include "chart.h"
#include "text.h"
#include "words.h"
#include "writers.h"

namespace ringway::bench {
namespace {

struct Tile {
    std::string name;
    std::string value;
    std::string note{};
    const char* look = "";  // "good", "bad"
};

std::string count(std::uint64_t value) { return count_words(static_cast<double>(value)); }

RunResult whole_of(const Report& report) {
    std::vector<const LabelledRun*> runs;
    for (const LabelledRun& run : report.runs) runs.push_back(&run);
    return merge(runs);
}

Tile error_tile(const RunResult& whole) {
    const std::uint64_t errors = whole.errors.total();
    return {.name = "errors",
            .value = count(errors),
            .note = errors == 0 ? "in " + count(whole.answered)
                                : percent_words(whole.error_rate()) + " of all",
            .look = errors == 0 ? "good" : "bad"};
}

void add_cost_tiles(std::vector<Tile>& tiles, const RunResult& whole) {
    const bool is_watched = whole.watched.has_value();
    const ProcessUse& use = is_watched ? *whole.watched : whole.own;
    tiles.push_back({.name = is_watched ? "cpu per answer" : "generator cpu per answer",
                     .value = cost_words(cpu_us_per_answer(use, whole), whole.answered),
                     .note = fmt::format("{:.2f} cores busy", cores_used(use, whole))});
    if (is_watched) {
        tiles.push_back(
            {.name = "private memory",
             .value = bytes_words(static_cast<double>(use.private_bytes_max)),
             .note = bytes_words(static_cast<double>(use.private_bytes_before)) + " before"});
    }
}

std::vector<Tile> run_tiles(const Report& report) {
    const RunResult whole = whole_of(report);
    const bool is_empty = whole.latency.count() == 0;
    const auto percentile = [&](const char* name, double percent, std::string note) {
        return Tile{.name = name,
                    .value = is_empty ? "-" : latency_words(whole.percentile_us(percent)),
                    .note = std::move(note)};
    };
    std::vector<Tile> tiles{
        {.name = "answers/s",
         .value = rate_words(whole.rate()),
         .note = fmt::format("{} in {:.3g} s", count(whole.answered), whole.window.to_seconds())},
        percentile("p50", 50, "mean " + latency_words(latency_of(whole).mean_us)),
        percentile("p99", 99, is_empty ? "" : "p90 " + latency_words(whole.percentile_us(90))),
        percentile("p99.9", 99.9, is_empty ? "" : "max " + latency_words(whole.percentile_us(100))),
        error_tile(whole),
        {.name = "goodput",
         .value = bytes_words(whole.goodput()) + "/s",
         .note = bytes_words(static_cast<double>(whole.bytes_in)) + " received"}};
    add_cost_tiles(tiles, whole);
    return tiles;
}

// A unit in words goes below the number.
Tile tile_of(const Figure& figure) {
    std::string value = figure_words(figure.value, figure.unit);
    if (figure.unit.empty() || !value.ends_with(" " + figure.unit)) {
        return {.name = figure.title, .value = std::move(value)};
    }
    const bool is_scaled = figure.unit.size() <= 3;  // "us", "s": part of the number
    if (is_scaled) return {.name = figure.title, .value = std::move(value)};
    value.resize(value.size() - figure.unit.size() - 1);
    return {.name = figure.title, .value = std::move(value), .note = figure.unit};
}

std::vector<Tile> levels_tiles(const Report& report, const std::vector<Group>& groups) {
    const RunResult whole = whole_of(report);
    std::vector<Tile> tiles;
    const auto best = std::max_element(
        groups.begin(), groups.end(),
        [](const Group& a, const Group& b) { return a.median_rate < b.median_rate; });
    if (best != groups.end()) {
        tiles.push_back({.name = "best rate",
                         .value = rate_words(best->median_rate) + "/s",
                         .note = "at " + best->first->label});
        tiles.push_back({.name = "p99 there",
                         .value = latency_words(best->whole.percentile_us(99)),
                         .note = "p50 " + latency_words(best->whole.percentile_us(50))});
        const auto quickest =
            std::min_element(groups.begin(), groups.end(), [](const Group& a, const Group& b) {
                return a.whole.percentile_us(50) < b.whole.percentile_us(50);
            });
        tiles.push_back({.name = "lowest p50",
                         .value = latency_words(quickest->whole.percentile_us(50)),
                         .note = "at " + quickest->first->label});
    }
    constexpr std::size_t title_max = 24;  // what a tile holds in one line
    for (const Figure& figure : report.figures) {
        const bool is_shown = std::any_of(tiles.begin(), tiles.end(), [&](const Tile& tile) {
            return tile.name == figure.title;
        });
        if (tiles.size() >= 5 || !figure.known || is_shown) continue;
        if (figure.title.size() <= title_max) tiles.push_back(tile_of(figure));
    }
    tiles.push_back(error_tile(whole));
    add_cost_tiles(tiles, whole);
    return tiles;
}

std::vector<Tile> pair_tiles(const Report& report) {
    const std::vector<Pair> pairs = pairs_of(report);
    if (pairs.empty()) return run_tiles(report);
    const RunResult& direct = pairs.front().direct;
    const RunResult& proxied = pairs.front().proxied;
    std::vector<Tile> tiles;
    for (const auto& [name, percent] : {std::pair{"added at p50", 50.0},
                                        {"added at p90", 90.0},
                                        {"added at p99", 99.0},
                                        {"added at p99.9", 99.9}}) {
        const double past = direct.percentile_us(percent);
        tiles.push_back({.name = name,
                         .value = signed_latency_words(proxied.percentile_us(percent) - past),
                         .note = latency_words(past) + " direct"});
    }
    if (direct.rate() > 0) {
        tiles.push_back({.name = "rate proxied",
                         .value = rate_words(proxied.rate()) + "/s",
                         .note = fmt::format("{:.2f} of direct", proxied.rate() / direct.rate())});
    }
    tiles.push_back(error_tile(whole_of(report)));
    if (proxied.watched) add_cost_tiles(tiles, proxied);
    return tiles;
}

std::vector<Tile> baseline_tiles(const Report& report) {
    std::size_t targets = 0;
    std::size_t reached = 0;
    std::vector<Tile> tiles;
    for (const Figure& figure : report.figures) {
        if (!figure.target) continue;
        ++targets;
        const bool is_met = met(figure, figure.target);
        if (is_met) ++reached;
        const std::string wanted = std::string(figure.higher_is_better ? "at least " : "at most ") +
                                   figure_words(*figure.target, figure.unit);
        tiles.push_back({.name = figure.title,
                         .value = figure.known ? figure_words(figure.value, figure.unit) : "-",
                         .note = figure.known ? wanted : figure.note,
                         .look = !figure.known ? "" : (is_met ? "good" : "bad")});
    }
    if (tiles.size() > 6) tiles.resize(6);
    tiles.insert(tiles.begin(), {.name = "targets met",
                                 .value = fmt::format("{} of {}", reached, targets),
                                 .look = reached == targets ? "good" : "bad"});
    tiles.push_back(error_tile(whole_of(report)));
    return tiles;
}

std::string verdict_pills(const Report& report) {
    std::string out;
    const auto add = [&](const char* look, const std::string& text) {
        out += fmt::format(R"(<span class="pill {}">{}</span> )", look, html(text));
    };
    if (report.slo) {
        add(report.slo->passed ? "good" : "bad",
            report.slo->passed ? fmt::format("SLO passed, {} checks", report.slo->checks)
                               : fmt::format("SLO breached, {} of {} checks", report.slo->breaches,
                                             report.slo->checks));
    }
    if (report.interrupted) add("warning", "interrupted");
    const auto doubts =
        std::count_if(report.runs.begin(), report.runs.end(),
                      [](const LabelledRun& run) { return !run.result.warnings.empty(); });
    if (doubts > 0)
        add("warning", fmt::format("{} with warnings",
                                   doubts == 1 ? "a run" : fmt::format("{} runs", doubts)));
    return out;
}

std::string header_html(const Report& report) {
    const Conditions& conditions = report.conditions;
    std::string out = fmt::format(
        R"(<header><div><p class="kind">ringway bench &middot; {}</p><h1>{}</h1>)"
        R"(<p class="muted">{} &middot; {} &middot; {} core{} &middot; {}</p></div>)"
        R"(<div class="verdict">{}</div></header>)",
        html(name_of(report.kind)), html(report.target), html(conditions.started_at.substr(0, 19)),
        html(conditions.machine), conditions.cores, conditions.cores == 1 ? "" : "s",
        html(conditions.kernel), verdict_pills(report));
    return out;
}

std::string command_html(const Report& report) {
    if (report.conditions.command.empty()) return {};
    return card("The exact command",
                "<pre><code>" + html(command_line(report.conditions.command)) + "</code></pre>",
                true);
}

// A baseline's sections each get the charts that their runs allow.
std::string sections_html(const Report& report, const std::vector<Group>& groups) {
    std::vector<std::string> sections;
    for (const Group& group : groups) {
        if (std::find(sections.begin(), sections.end(), group.first->section) == sections.end()) {
            sections.push_back(group.first->section);
        }
    }
    std::string out;
    for (const std::string& section : sections) {
        std::vector<Group> members;
        Report part{.kind = report.kind, .target = report.target, .conditions = {}};
        std::copy_if(groups.begin(), groups.end(), std::back_inserter(members),
                     [&](const Group& group) { return group.first->section == section; });
        for (const LabelledRun& run : report.runs) {
            if (run.section == section) part.runs.push_back(run);
        }
        std::string body = section == "memory" ? memory_html(members) : pairs_html(part);
        if (body.empty()) body = matrix_html(members);
        if (body.empty()) body = levels_html(part, members);
        if (body.empty()) body = distribution_html(members);
        if (!body.empty() && !section.empty()) {
            out += "<h2 class=\"section\">" + html(section) + "</h2>";
        }
        out += body;
    }
    return out;
}

std::string charts_html(const Report& report, const std::vector<Group>& groups) {
    switch (report.kind) {
        case ReportKind::versus_direct: {
            std::string pairs = pairs_html(report);
            return pairs.empty() ? distribution_html(groups) : pairs;
        }
        case ReportKind::baseline: return sections_html(report, groups);
        case ReportKind::matrix: {
            std::string maps = matrix_html(groups);
            if (!maps.empty()) return maps;
            break;
        }
        default: break;
    }
    const std::string levels = levels_html(report, groups);
    const std::string score = score_html(report, groups);
    if (!score.empty()) return levels + score + percentiles_html(groups);
    const bool has_curves = levels.find("Latency by percentile") != std::string::npos;
    return has_curves ? levels : levels + distribution_html(groups);
}

}  // namespace

std::string card(const std::string& title, const std::string& body, bool is_wide) {
    if (body.empty()) return {};
    std::string out = is_wide ? R"(<section class="card wide">)" : R"(<section class="card">)";
    if (!title.empty()) out += "<h2>" + html(title) + "</h2>";
    return out + body + "</section>\n";
}

std::string tiles_html(const Report& report, const std::vector<Group>& groups) {
    std::vector<Tile> tiles;
    switch (report.kind) {
        case ReportKind::run: tiles = run_tiles(report); break;
        case ReportKind::versus_direct: tiles = pair_tiles(report); break;
        case ReportKind::baseline: tiles = baseline_tiles(report); break;
        default: tiles = levels_tiles(report, groups); break;
    }
    std::string out = R"(<div class="tiles">)";
    for (const Tile& tile : tiles) {
        out +=
            fmt::format(R"(<div class="tile {}"><span>{}</span><b>{}</b><small>{}</small></div>)",
                        tile.look, html(tile.name), html(tile.value), html(tile.note));
    }
    return out + "</div>\n";
}

std::string to_html(const Report& report) {
    std::vector<Group> groups = groups_of(report);
    if (report.kind != ReportKind::baseline) sort_by_level(groups);
    std::string out = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
)";
    out += fmt::format("<title>ringway bench, {}: {}</title>\n", html(name_of(report.kind)),
                       html(report.target));
    out.append("<style>").append(page_style()).append("</style></head>\n<body><main>\n");
    out += header_html(report) + tiles_html(report, groups) + "<div class=\"grid\">\n";
    // A baseline is about its targets, everything else about its curves.
    out += findings_html(report);
    if (report.kind == ReportKind::baseline) out += figures_html(report);
    out += charts_html(report, groups);
    if (report.kind != ReportKind::baseline) out += figures_html(report);
    out += timeline_html(report) + events_html(groups) + kinds_html(groups);
    out += outcome_html(report) + conditions_html(report) + runs_html(groups);
    out += command_html(report);
    out += "</div>\n</main>\n<div id=\"tip\" role=\"status\" hidden></div>\n";
    out.append("<script>").append(page_script()).append("</script>\n</body></html>\n");
    return out;
}

}  // namespace ringway::bench
