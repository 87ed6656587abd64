// The final table, for people: what was measured, what it cost, what follows.
#include "text.h"

#include <algorithm>

#include <fmt/format.h>

#include "figures.h"
#include "ringway/config/units.h"
#include "ringway/stats/table.h"
#include "words.h"
#include "writers.h"

namespace ringway::bench {

using stats::Table;
using Align = Table::Align;

namespace {

std::string count(std::uint64_t value) { return count_words(static_cast<double>(value)); }

std::string heading(const Report& report) {
    std::string out = fmt::format("ringway bench, {}: {}\n", name_of(report.kind),
                                  stats::printable(report.target));
    if (!report.runs.empty()) {
        const RunPlan& plan = report.runs.front().plan;
        const bool is_one_level = report.kind == ReportKind::run;
        if (is_one_level) out += "  " + stats::printable(flags_of(plan)) + "\n";
    }
    if (report.interrupted) out += "  interrupted: this is what was measured until then\n";
    return out + "\n";
}

std::string latency_table(const std::vector<std::pair<std::string, LatencySummary>>& rows) {
    Table table({Align::left, Align::right}, 2);
    std::vector<std::string> titles{""};
    for (const PercentilePoint& point : percentile_points) titles.emplace_back(point.title);
    titles.insert(titles.end(), {"max", "mean", "stddev"});
    table.row(std::move(titles));
    for (const auto& [name, latency] : rows) {
        std::vector<std::string> cells{name};
        const auto add = [&](double us) {
            cells.push_back(latency.samples == 0 ? "-" : latency_words(us));
        };
        for (const double us : latency.at_us) add(us);
        add(latency.max_us);
        add(latency.mean_us);
        add(latency.stddev_us);
        table.row(std::move(cells));
    }
    return table.to_string();
}

std::string use_line(const char* who, const ProcessUse& use, const RunResult& result) {
    return fmt::format(
        "  {:<11} {} of processor per answer, {:.2f} cores ({:.0f} % in the kernel), {} private\n",
        who, cost_words(cpu_us_per_answer(use, result), result.answered), cores_used(use, result),
        use.cpu_seconds > 0 ? use.system_seconds / use.cpu_seconds * 100 : 0,
        bytes_words(static_cast<double>(use.private_bytes_max)));
}

std::string totals(const RunPlan& plan, const Group& group) {
    const RunResult& result = group.whole;
    Table table({Align::left, Align::right, Align::left}, 2);
    std::string rate = rate_words(result.rate()) + "/s";
    if (group.rounds.size() > 1) {
        rate += fmt::format(" over {} rounds (spread {})", group.rounds.size(),
                            percent_words(group.rate_spread));
    }
    table.row({unit_of(plan.work), count(result.answered), rate});
    table.row({"received", bytes_words(static_cast<double>(result.bytes_in)),
               bytes_words(result.goodput()) + "/s of bodies"});
    table.row({"sent", bytes_words(static_cast<double>(result.bytes_out)),
               fmt::format("{} new connections", count(result.connections_opened))});
    if (result.unfinished > 0) table.row({"unfinished", count(result.unfinished)});
    return table.to_string();
}

std::string schedule_lines(const RunPlan& plan, const RunResult& result) {
    if (plan.rate <= 0 || result.scheduled == 0) return {};
    return fmt::format(
        "  schedule    {} due, submitted late by {} at p99 (the generator's own); {} waited for a "
        "connection (p99 {}); {} never begun\n",
        count(result.scheduled),
        latency_words(static_cast<double>(result.lateness.percentile_ns(99)) / 1e3),
        count(result.waiting.count()),
        latency_words(static_cast<double>(result.waiting.percentile_ns(99)) / 1e3),
        count(result.overdue_at_end));
}

std::string outcome_lines(const RunResult& result) {
    std::string out;
    if (!result.status.empty()) {
        out += "  status     ";
        for (const auto& [code, times] : result.status) {
            out += fmt::format(" {}: {}", code, count(times));
        }
        out += '\n';
    }
    out += fmt::format("  errors      {}\n", error_words(result));
    return out;
}

std::string event_rows(const RunResult& result) {
    if (!result.events) return {};
    const EventFigures& events = *result.events;
    std::vector<std::pair<std::string, LatencySummary>> rows{
        {"first event", summary_of(events.first_event)}, {"gap", summary_of(events.gap)}};
    if (events.delay.count() > 0) rows.emplace_back("delay", summary_of(events.delay));
    return fmt::format("\n  streams     {} with {} events, {} lost\n", count(events.streams),
                       count(events.events), count(events.lost)) +
           latency_table(rows);
}

std::string plain(const Report& report) {
    std::string out;
    for (const Group& group : groups_of(report)) {
        const RunPlan& plan = group.first->plan;
        const RunResult& result = group.whole;
        out += totals(plan, group) + "\n";
        std::vector<std::pair<std::string, LatencySummary>> rows{{"latency", latency_of(result)}};
        if (result.connect.count() > 0) rows.emplace_back("connect", summary_of(result.connect));
        for (const KindFigures& kind : result.kinds) {
            rows.emplace_back(fmt::format("{} ({}, {} errors)", kind.label, count(kind.answered),
                                          count(kind.errors)),
                              summary_of(kind.latency));
        }
        out += latency_table(rows) + event_rows(result) + "\n";
        out += schedule_lines(plan, result) + outcome_lines(result);
        if (result.watched) out += use_line("watched", *result.watched, result);
        out += use_line("generator", result.own, result);
    }
    return out;
}

std::string figures_table(const Report& report) {
    const std::vector<Figure> figures = figures_to_show(report);
    if (figures.empty()) return {};
    const bool has_targets = std::any_of(figures.begin(), figures.end(), [](const Figure& figure) {
        return figure.target || figure.strict_target;
    });
    Table table({Align::left, Align::right, Align::left, Align::left, Align::left}, 2);
    if (has_targets) table.row({"figure", "value", "target", "strict target", ""});
    for (const Figure& figure : figures) {
        const auto target = [&](const std::optional<double>& wanted) {
            if (!wanted) return std::string();
            return fmt::format("{} {}{}", figure.higher_is_better ? ">=" : "<=",
                               figure_words(*wanted, figure.unit),
                               !figure.known || met(figure, wanted) ? "" : "  missed");
        };
        std::string value = figure.known ? figure_words(figure.value, figure.unit) : "-";
        table.row({figure.title, value, target(figure.target), target(figure.strict_target),
                   figure.note});
    }
    return "\n" + table.to_string();
}

std::string closing(const Report& report) {
    std::string out;
    std::vector<std::string> warnings;
    for (const LabelledRun& run : report.runs) {
        for (const std::string& warning : run.result.warnings) {
            const std::string line = report.kind == ReportKind::run
                                         ? warning
                                         : fmt::format("{}: {}", run.label, warning);
            if (std::find(warnings.begin(), warnings.end(), line) == warnings.end()) {
                warnings.push_back(line);
            }
        }
    }
    constexpr std::size_t warnings_max = 6;
    for (std::size_t at = 0; at < std::min(warnings.size(), warnings_max); ++at) {
        out += fmt::format("  warning: {}\n", stats::printable(warnings[at]));
    }
    if (warnings.size() > warnings_max) {
        out += fmt::format("  warning: and {} more, which --json and --html list\n",
                           warnings.size() - warnings_max);
    }
    for (const Finding& finding : report.findings) {
        out += fmt::format("  {}: {}", name_of(finding.severity), stats::printable(finding.text));
        const bool names_it = finding.text.find(finding.flag) != std::string::npos;
        if (!finding.flag.empty() && !names_it) out += " (" + stats::printable(finding.flag) + ")";
        out += '\n';
    }
    if (report.slo) {
        out += fmt::format("  SLO {}: {} checks, {} breached, {} warnings: {}\n",
                           stats::printable(report.slo->file), report.slo->checks,
                           report.slo->breaches, report.slo->warnings,
                           report.slo->passed ? "passed" : "FAILED");
    }
    return out.empty() ? out : "\n" + out;
}

}  // namespace

bool met(const Figure& figure, const std::optional<double>& target) {
    if (!figure.known || !target) return false;
    return figure.higher_is_better ? figure.value >= *target : figure.value <= *target;
}

std::string error_words(const RunResult& result) {
    if (result.errors.total() == 0) return "none";
    std::string out = fmt::format("{} ({} of all):", count(result.errors.total()),
                                  percent_words(result.error_rate()));
    const char* gap = " ";
    for (std::size_t at = 0; at < error_kind_count; ++at) {
        const auto kind = static_cast<ErrorKind>(at);
        if (result.errors[kind] == 0) continue;
        out += fmt::format("{}{} {}", gap, name_of(kind), count(result.errors[kind]));
        gap = ", ";
    }
    return out;
}

std::string to_text(const Report& report) {
    std::string out = heading(report);
    switch (report.kind) {
        case ReportKind::run: out += plain(report); break;
        case ReportKind::versus_direct: out += versus_direct_text(report); break;
        case ReportKind::baseline: out += sections_text(report); break;
        default: out += levels_text(report); break;
    }
    return out + figures_table(report) + closing(report);
}

}  // namespace ringway::bench
