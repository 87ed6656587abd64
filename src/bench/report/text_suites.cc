// Suites as tables: levels as rows, and two ways to the same origin side by side.
#include <algorithm>

#include <fmt/format.h>

#include "ringway/stats/table.h"
#include "text.h"
#include "words.h"

namespace ringway::bench {

using stats::Table;
using Align = Table::Align;

namespace {

std::string errors_of(const RunResult& result) {
    return result.errors.total() == 0
               ? std::string("0")
               : fmt::format("{} ({})", count_words(static_cast<double>(result.errors.total())),
                             percent_words(result.error_rate()));
}

// Columns that would be empty in every row are left out.
struct Columns {
    std::vector<std::string> coordinates;
    bool has_watched = false;
    bool has_rounds = false;
};

Columns columns_of(const std::vector<Group>& groups) {
    Columns columns;
    for (const Group& group : groups) {
        for (const Coordinate& at : group.first->at) {
            if (std::find(columns.coordinates.begin(), columns.coordinates.end(), at.name) ==
                columns.coordinates.end()) {
                columns.coordinates.push_back(at.name);
            }
        }
        columns.has_watched = columns.has_watched || group.whole.watched.has_value();
        columns.has_rounds = columns.has_rounds || group.rounds.size() > 1;
    }
    return columns;
}

void add_titles(Table& table, const Columns& columns) {
    std::vector<std::string> cells;
    for (const std::string& name : columns.coordinates) cells.push_back(title_of({name, 0, ""}));
    if (columns.coordinates.empty()) cells.emplace_back("run");
    cells.emplace_back("rate/s");
    if (columns.has_rounds) cells.emplace_back("spread");
    cells.insert(cells.end(), {"p50", "p90", "p99", "p99.9", "max", "errors"});
    if (columns.has_watched) cells.insert(cells.end(), {"cpu/answer", "cores", "memory"});
    cells.emplace_back("own cores");
    table.row(std::move(cells));
}

void add_row(Table& table, const Columns& columns, const Group& group) {
    const RunResult& result = group.whole;
    std::vector<std::string> cells;
    for (const std::string& name : columns.coordinates) {
        const Coordinate* at = coordinate(*group.first, name);
        cells.push_back(at != nullptr ? text_of(*at) : "");
    }
    if (columns.coordinates.empty()) cells.push_back(group.first->label);
    cells.push_back(rate_words(group.median_rate));
    if (columns.has_rounds) cells.push_back(percent_words(group.rate_spread));
    for (const double percent : {50.0, 90.0, 99.0, 99.9, 100.0}) {
        cells.push_back(result.latency.count() == 0 ? "-"
                                                    : latency_words(result.percentile_us(percent)));
    }
    cells.push_back(errors_of(result));
    if (columns.has_watched) {
        if (result.watched) {
            const ProcessUse& use = *result.watched;
            cells.push_back(cost_words(cpu_us_per_answer(use, result), result.answered));
            cells.push_back(fmt::format("{:.2f}", cores_used(use, result)));
            cells.push_back(bytes_words(static_cast<double>(use.private_bytes_max)));
        } else {
            cells.insert(cells.end(), 3, "-");
        }
    }
    cells.push_back(fmt::format("{:.2f}", cores_used(result.own, result)));
    table.row(std::move(cells));
}

std::string rows_text(const std::vector<Group>& groups, bool by_label) {
    Columns columns = columns_of(groups);
    if (by_label) columns.coordinates.clear();
    Table table({columns.coordinates.empty() ? Align::left : Align::right, Align::right}, 2);
    add_titles(table, columns);
    for (const Group& group : groups) add_row(table, columns, group);
    return table.to_string();
}

// What the rounds say one by one, where there were several.
std::string by_rounds(const Report& report, const PercentilePoint& point) {
    std::string name = std::string("added_latency_") + point.title + "_by_round";
    std::replace(name.begin(), name.end(), '.', '_');
    for (const Figure& figure : report.figures) {
        if (figure.name != name) continue;
        if (!figure.known) return figure.note;
        return signed_latency_words(figure.value) + " " + figure.note;
    }
    return {};
}

std::string pair_text(const Pair& pair, const Report& report) {
    const LatencySummary direct = latency_of(pair.direct);
    const LatencySummary proxied = latency_of(pair.proxied);
    Table table({Align::left, Align::right, Align::right, Align::right, Align::left}, 2);
    table.row({pair.title, "direct", "proxied", "added", "median of rounds"});
    const auto row = [&](const char* title, double a, double b, std::string rounds) {
        table.row({title, latency_words(a), latency_words(b), signed_latency_words(b - a),
                   std::move(rounds)});
    };
    for (std::size_t at = 0; at < percentile_points.size(); ++at) {
        const PercentilePoint& point = percentile_points[at];
        row(point.title, direct.at_us[at], proxied.at_us[at], by_rounds(report, point));
    }
    row("max", direct.max_us, proxied.max_us, {});
    row("mean", direct.mean_us, proxied.mean_us, {});
    table.row({"rate/s", rate_words(pair.direct.rate()), rate_words(pair.proxied.rate()),
               pair.direct.rate() > 0
                   ? fmt::format("x {:.2f}", pair.proxied.rate() / pair.direct.rate())
                   : ""});
    table.row({"errors", errors_of(pair.direct), errors_of(pair.proxied)});
    if (pair.proxied.watched) {
        table.row({"cpu/answer", "",
                   cost_words(cpu_us_per_answer(*pair.proxied.watched, pair.proxied),
                              pair.proxied.answered)});
    }
    table.row(
        {"generator",
         cost_words(cpu_us_per_answer(pair.direct.own, pair.direct), pair.direct.answered),
         cost_words(cpu_us_per_answer(pair.proxied.own, pair.proxied), pair.proxied.answered)});
    return table.to_string();
}

}  // namespace

std::string levels_text(const Report& report) {
    std::vector<Group> groups = groups_of(report);
    sort_by_level(groups);
    return rows_text(groups, false);
}

std::string sections_text(const Report& report) {
    std::vector<std::string> sections;
    const std::vector<Group> groups = groups_of(report);
    for (const Group& group : groups) {
        if (std::find(sections.begin(), sections.end(), group.first->section) == sections.end()) {
            sections.push_back(group.first->section);
        }
    }
    std::string out;
    for (const std::string& section : sections) {
        std::vector<Group> members;
        std::copy_if(groups.begin(), groups.end(), std::back_inserter(members),
                     [&](const Group& group) { return group.first->section == section; });
        if (!out.empty()) out += '\n';
        if (!section.empty()) out += stats::printable(section) + "\n";
        out += rows_text(members, true);
    }
    return out;
}

std::string versus_direct_text(const Report& report) {
    const std::vector<Pair> pairs = pairs_of(report);
    if (pairs.empty()) return levels_text(report);
    std::string out;
    for (const Pair& pair : pairs) {
        if (!out.empty()) out += '\n';
        out += pair_text(pair, report);
    }
    return out;
}

}  // namespace ringway::bench
