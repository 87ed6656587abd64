// The tables of the page.
#include <algorithm>
#include <cmath>
#include <tuple>

#include <fmt/format.h>

#include "chart.h"
#include "html.h"
#include "ringway/stats/units.h"
#include "text.h"
#include "words.h"

namespace ringway::bench {
namespace {

std::string count(std::uint64_t value) { return count_words(static_cast<double>(value)); }

// The first row names the columns; the first cell of every row is its name.
std::string table(const std::vector<std::vector<std::string>>& rows) {
    std::string out = R"(<div class="scroll"><table><thead>)";
    for (std::size_t at = 0; at < rows.size(); ++at) {
        out += "<tr>";
        for (std::size_t column = 0; column < rows[at].size(); ++column) {
            const bool is_head = at == 0 || column == 0;
            out += is_head ? (at == 0 ? "<th scope=\"col\">" : "<th scope=\"row\">") : "<td>";
            out += html(rows[at][column]) + (is_head ? "</th>" : "</td>");
        }
        out += "</tr>";
        if (at == 0) out += "</thead><tbody>";
    }
    return out + "</tbody></table></div>";
}

std::vector<std::string> latency_cells(const LatencySummary& latency) {
    std::vector<std::string> cells;
    const auto add = [&](double us) {
        cells.push_back(latency.samples == 0 ? "-" : latency_words(us));
    };
    for (const double us : latency.at_us) add(us);
    add(latency.max_us);
    add(latency.mean_us);
    add(latency.stddev_us);
    return cells;
}

void add_latency_titles(std::vector<std::string>& titles) {
    for (const PercentilePoint& point : percentile_points) titles.emplace_back(point.title);
    titles.insert(titles.end(), {"max", "mean", "stddev"});
}

void append(std::vector<std::string>& row, std::vector<std::string> cells) {
    row.insert(row.end(), std::make_move_iterator(cells.begin()),
               std::make_move_iterator(cells.end()));
}

// Processor time per answer, cores, memory.
std::vector<std::string> use_cells(const std::optional<ProcessUse>& use, const RunResult& result) {
    if (!use) return {"-", "-", "-"};
    return {cost_words(cpu_us_per_answer(*use, result), result.answered),
            fmt::format("{:.2f}", cores_used(*use, result)),
            bytes_words(static_cast<double>(use->private_bytes_max))};
}

// How near a figure is to its targets: the line of the target stands at four fifths of the bar.
std::string bullet(const Figure& figure) {
    if (!figure.known || !figure.target || *figure.target <= 0) return {};
    constexpr double target_at = 80;
    const auto place = [&](double value) {
        return std::clamp(value / *figure.target * target_at, 0.0, 100.0);
    };
    std::string out = fmt::format(R"(<div class="bullet {}"><b style="width:{:.1f}%"></b>)",
                                  met(figure, figure.target) ? "good" : "bad", place(figure.value));
    out += fmt::format(R"(<i style="left:{:.1f}%"></i>)", target_at);
    if (figure.strict_target) {
        out += fmt::format(R"(<i class="strict" style="left:{:.1f}%"></i>)",
                           place(*figure.strict_target));
    }
    return out + "</div>";
}

std::string target_cell(const Figure& figure, const std::optional<double>& target) {
    if (!target) return "<td></td>";
    const bool is_met = met(figure, target);
    std::string out = "<td>" + std::string(figure.higher_is_better ? "&ge; " : "&le; ") +
                      html(figure_words(*target, figure.unit));
    if (figure.known) {
        out += fmt::format(R"( <span class="pill {}">{}</span>)", is_met ? "good" : "bad",
                           is_met ? "met" : "missed");
    }
    return out + "</td>";
}

void add_pair(std::string& out, const char* name, const std::string& value) {
    if (value.empty()) return;
    out += fmt::format("<dt>{}</dt><dd>{}</dd>", html(name), html(value));
}

// A bar for each, in proportion to the longest.
std::string bars(const std::vector<std::tuple<std::string, double, std::string>>& rows) {
    double most = 0;
    for (const auto& [name, value, words] : rows) most = std::max(most, value);
    std::string out = R"(<div class="bars">)";
    for (const auto& [name, value, words] : rows) {
        out +=
            fmt::format(R"(<span>{}</span><div><b style="width:{:.1f}%"></b></div><span>{}</span>)",
                        html(name), most > 0 ? value / most * 100 : 0, html(words));
    }
    return out + "</div>";
}

// One table of a value over two coordinates, its cells tinted by their place between the extremes.
std::string heat_map(const std::vector<Group>& groups, const Level& down, const Level& across,
                     const std::string& title, const std::function<double(const Group&)>& value,
                     const std::function<std::string(double)>& words) {
    std::vector<double> rows = down.values;
    std::vector<double> columns = across.values;
    for (std::vector<double>* axis : {&rows, &columns}) {
        std::sort(axis->begin(), axis->end());
        axis->erase(std::unique(axis->begin(), axis->end()), axis->end());
    }
    double least = value(groups.front());
    double most = least;
    for (const Group& group : groups) {
        least = std::min(least, value(group));
        most = std::max(most, value(group));
    }
    const bool is_log = least > 0 && most > 8 * least;
    const auto place = [&](double at) { return is_log ? std::log(at) : at; };
    std::string out = fmt::format(R"(<figure class="chart"><figcaption>{}<small>{} down, {} )"
                                  R"(across</small></figcaption><div class="scroll">)"
                                  R"(<table class="heat"><thead><tr><th></th>)",
                                  html(title), html(title_of({down.name, 0, {}})),
                                  html(title_of({across.name, 0, {}})));
    for (const double column : columns) {
        out += "<th scope=\"col\">" + html(text_of({across.name, column, {}})) + "</th>";
    }
    out += "</tr></thead><tbody>";
    for (const double row : rows) {
        out += "<tr><th scope=\"row\">" + html(text_of({down.name, row, {}})) + "</th>";
        for (const double column : columns) {
            std::string cell = "<td></td>";
            for (std::size_t at = 0; at < groups.size(); ++at) {
                if (down.values[at] != row || across.values[at] != column) continue;
                const double here = value(groups[at]);
                const double share =
                    most > least ? (place(here) - place(least)) / (place(most) - place(least)) : 0;
                cell =
                    fmt::format(R"(<td style="--heat:{:.0f}%">{})", share * 70, html(words(here)));
                if (groups[at].whole.errors.total() > 0) cell += R"( <span class="bad">!</span>)";
                cell += "</td>";
            }
            out += cell;
        }
        out += "</tr>";
    }
    return out + "</tbody></table></div></figure>";
}

}  // namespace

std::string memory_html(const std::vector<Group>& groups) {
    std::vector<std::tuple<std::string, double, std::string>> memory;
    for (const Group& group : groups) {
        if (!group.whole.watched) continue;
        const auto bytes = static_cast<double>(group.whole.watched->private_bytes_max);
        memory.emplace_back(group.first->label, bytes, bytes_words(bytes));
    }
    return memory.empty() ? std::string() : card("Private memory", bars(memory), true);
}

std::string matrix_html(const std::vector<Group>& groups) {
    const std::vector<Level> levels = levels_of(groups);
    if (levels.size() < 2) return {};
    const auto rate = [](const Group& group) { return group.median_rate; };
    const auto goodput = [](const Group& group) { return group.whole.goodput(); };
    const auto percentile = [](double percent) {
        return [percent](const Group& group) { return group.whole.percentile_us(percent); };
    };
    const auto map = [&](const char* title, const std::function<double(const Group&)>& value,
                         const std::function<std::string(double)>& words) {
        return card("", heat_map(groups, levels[0], levels[1], title, value, words));
    };
    const auto bytes = [](double value) { return bytes_words(value) + "/s"; };
    return map("Answers per second", rate, rate_words) + map("Goodput", goodput, bytes) +
           map("p50", percentile(50), latency_words) + map("p99", percentile(99), latency_words);
}

std::string runs_html(const std::vector<Group>& groups) {
    if (groups.empty()) return {};
    const bool has_sections = std::any_of(groups.begin(), groups.end(), [](const Group& group) {
        return !group.first->section.empty();
    });
    std::vector<std::string> named{"run"};
    if (has_sections) named.emplace_back("section");
    std::vector<std::vector<std::string>> latencies{named};
    latencies.front().emplace_back("rounds");
    add_latency_titles(latencies.front());
    std::vector<std::vector<std::string>> costs{named};
    append(costs.front(), {"answers/s", "answered", "goodput", "errors", "watched cpu/answer",
                           "cores", "memory", "generator cpu/answer", "cores", "flags"});
    for (const Group& group : groups) {
        const RunResult& result = group.whole;
        std::vector<std::string> row{group.first->label};
        if (has_sections) row.push_back(group.first->section);
        latencies.push_back(row);
        latencies.back().push_back(fmt::format("{}", group.rounds.size()));
        append(latencies.back(), latency_cells(latency_of(result)));
        append(row, {rate_words(group.median_rate), count(result.answered),
                     bytes_words(result.goodput()) + "/s", count(result.errors.total())});
        append(row, use_cells(result.watched, result));
        std::vector<std::string> own = use_cells(result.own, result);
        own.back() = flags_of(group.first->plan);
        append(row, std::move(own));
        costs.push_back(std::move(row));
    }
    return card("Latency of every run", table(latencies), true) +
           card("Rate and cost of every run", "<div class=\"costs\">" + table(costs) + "</div>",
                true);
}

std::string kinds_html(const std::vector<Group>& groups) {
    std::vector<std::string> titles{"request", "run", "answered", "errors"};
    add_latency_titles(titles);
    std::vector<std::vector<std::string>> rows{std::move(titles)};
    for (const Group& group : groups) {
        for (const KindFigures& kind : group.whole.kinds) {
            std::vector<std::string> row{kind.label, group.first->label, count(kind.answered),
                                         count(kind.errors)};
            append(row, latency_cells(summary_of(kind.latency)));
            rows.push_back(std::move(row));
        }
    }
    return rows.size() < 2 ? std::string() : card("By kind of request", table(rows), true);
}

std::string events_html(const std::vector<Group>& groups) {
    std::vector<std::string> titles{"event streams", "run", "samples"};
    add_latency_titles(titles);
    std::vector<std::vector<std::string>> rows{std::move(titles)};
    std::string totals;
    for (const Group& group : groups) {
        if (!group.whole.events) continue;
        const EventFigures& events = *group.whole.events;
        const auto add = [&](const char* name, const stats::HistogramReading& reading) {
            std::vector<std::string> row{name, group.first->label, count(reading.count())};
            append(row, latency_cells(summary_of(reading)));
            rows.push_back(std::move(row));
        };
        add("to the first event", events.first_event);
        add("between events", events.gap);
        if (events.delay.count() > 0) add("from stamp to arrival", events.delay);
        totals += fmt::format("<p>{}: {} streams, {} events, {} lost</p>", html(group.first->label),
                              count(events.streams), count(events.events), count(events.lost));
    }
    return rows.size() < 2 ? std::string() : card("Event streams", table(rows) + totals, true);
}

std::string figures_html(const Report& report) {
    std::vector<Figure> figures = figures_to_show(report);
    std::erase_if(figures, [](const Figure& figure) {  // the chart of scores shows them
        return figure.known && figure.name.starts_with("score_at_");
    });
    if (figures.empty()) return {};
    const bool has_targets = std::any_of(figures.begin(), figures.end(), [](const Figure& figure) {
        return figure.target || figure.strict_target;
    });
    std::string out = R"(<div class="scroll"><table class="figures"><thead><tr>)"
                      R"(<th scope="col">figure</th><th scope="col">value</th>)";
    if (has_targets) {
        out += R"(<th scope="col"></th><th scope="col">target</th>)"
               R"(<th scope="col">strict target</th>)";
    }
    out += R"(<th scope="col"></th></tr></thead><tbody>)";
    for (const Figure& figure : figures) {
        out +=
            fmt::format(R"(<tr><th scope="row" title="{}">{}</th><td class="value">{}</td>)",
                        html(figure.name), html(figure.title),
                        figure.known ? html(figure_words(figure.value, figure.unit)) : "&ndash;");
        if (has_targets) {
            out += "<td>" + bullet(figure) + "</td>";
            out += target_cell(figure, figure.target) + target_cell(figure, figure.strict_target);
        }
        out += "<td class=\"note\">" + html(figure.note) + "</td></tr>";
    }
    out += "</tbody></table></div>";
    return card(has_targets ? "Figures against targets" : "Figures", out, true);
}

std::string findings_html(const Report& report) {
    std::string items;
    const auto add = [&](std::string_view severity, const std::string& text,
                         const std::string& flag) {
        items += fmt::format(R"(<li class="{0}"><span class="pill {0}">{0}</span> {1})", severity,
                             html(text));
        if (!flag.empty()) items += " <code>" + html(flag) + "</code>";
        items += "</li>";
    };
    for (const Finding& finding : report.findings) {
        const bool names_it = finding.text.find(finding.flag) != std::string::npos;
        add(name_of(finding.severity), finding.text, names_it ? std::string() : finding.flag);
    }
    for (const LabelledRun& run : report.runs) {
        for (const std::string& warning : run.result.warnings) {
            add("warning", report.runs.size() > 1 ? run.label + ": " + warning : warning, "");
        }
    }
    if (items.empty()) return {};
    return card("Findings", "<ul class=\"findings\">" + items + "</ul>", true);
}

std::string outcome_html(const Report& report) {
    std::vector<const LabelledRun*> runs;
    for (const LabelledRun& run : report.runs) runs.push_back(&run);
    const RunResult whole = merge(runs);
    std::vector<std::vector<std::string>> rows{{"outcome", "count", "share"}};
    const auto ended = static_cast<double>(whole.answered + whole.errors.total());
    const auto add = [&](std::string name, std::uint64_t times) {
        const double share = ended > 0 ? static_cast<double>(times) / ended : 0;
        rows.push_back({std::move(name), count(times), percent_words(share)});
    };
    for (const auto& [code, times] : whole.status) add(fmt::format("status {}", code), times);
    for (std::size_t at = 0; at < error_kind_count; ++at) {
        const auto kind = static_cast<ErrorKind>(at);
        if (whole.errors[kind] == 0) continue;
        std::string name(name_of(kind));
        std::replace(name.begin(), name.end(), '_', ' ');
        add("error: " + name, whole.errors[kind]);
    }
    if (whole.errors.total() == 0) add("errors", 0);
    if (whole.unfinished > 0) add("unfinished at the end", whole.unfinished);
    return card("Outcomes", table(rows));
}

std::string conditions_html(const Report& report) {
    const Conditions& conditions = report.conditions;
    std::string out = "<dl>";
    add_pair(out, "target", report.target);
    add_pair(out, "started", conditions.started_at);
    add_pair(out, "ringway", conditions.ringway_version);
    add_pair(out, "measured", conditions.proxy);
    add_pair(out, "processor", conditions.machine);
    add_pair(out, "cores", fmt::format("{}", conditions.cores));
    add_pair(out, "memory", bytes_words(static_cast<double>(conditions.memory_bytes)));
    add_pair(out, "kernel", conditions.kernel);
    add_pair(out, "congestion control", conditions.congestion_control);
    add_pair(out, "io_uring", conditions.ring);
    if (!report.runs.empty()) {
        add_pair(out, "connected to", report.runs.front().plan.destination.text);
        if (report.runs.size() == 1) add_pair(out, "flags", flags_of(report.runs.front().plan));
    }
    out += "</dl>";
    return card("Conditions", out);
}

}  // namespace ringway::bench
