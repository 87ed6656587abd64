#include "figures.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "../sort_stably.h"
#include "ringway/config/units.h"
#include "ringway/stats/units.h"
#include "words.h"

namespace ringway::bench {

LatencySummary summary_of(const stats::HistogramReading& reading) {
    LatencySummary summary;
    summary.samples = reading.count();
    if (summary.samples == 0) return summary;
    for (std::size_t at = 0; at < percentile_points.size(); ++at) {
        summary.at_us[at] =
            static_cast<double>(reading.percentile_ns(percentile_points[at].percent)) / 1e3;
    }
    summary.max_us = static_cast<double>(reading.max_ns()) / 1e3;
    summary.mean_us = reading.mean_ns() / 1e3;
    double squares = 0;
    reading.for_each_bucket([&](std::uint64_t middle_ns, std::uint64_t samples) {
        const double off = static_cast<double>(middle_ns) / 1e3 - summary.mean_us;
        squares += off * off * static_cast<double>(samples);
    });
    summary.stddev_us = std::sqrt(squares / static_cast<double>(summary.samples));
    return summary;
}

LatencySummary latency_of(const RunResult& result) {
    LatencySummary summary = summary_of(result.latency);
    if (result.latency_mean_us > 0) {
        summary.mean_us = result.latency_mean_us;
        summary.stddev_us = result.latency_stddev_us;
    }
    return summary;
}

double cpu_us_per_answer(const ProcessUse& use, const RunResult& result) {
    return result.answered > 0 ? use.cpu_seconds * 1e6 / static_cast<double>(result.answered) : 0;
}

double cores_used(const ProcessUse& use, const RunResult& result) {
    return result.window.ns > 0 ? use.cpu_seconds / result.window.to_seconds() : 0;
}

namespace {

void add_use(ProcessUse& into, const ProcessUse& use, bool is_first) {
    into.cpu_seconds += use.cpu_seconds;
    into.user_seconds += use.user_seconds;
    into.system_seconds += use.system_seconds;
    if (is_first) into.private_bytes_before = use.private_bytes_before;
    into.private_bytes_max = std::max(into.private_bytes_max, use.private_bytes_max);
    into.resident_bytes_max = std::max(into.resident_bytes_max, use.resident_bytes_max);
}

void add_kinds(std::vector<KindFigures>& into, const std::vector<KindFigures>& kinds) {
    for (const KindFigures& kind : kinds) {
        const auto same = std::find_if(into.begin(), into.end(), [&](const KindFigures& known) {
            return known.label == kind.label;
        });
        if (same == into.end()) {
            into.push_back(kind);
            continue;
        }
        same->answered += kind.answered;
        same->errors += kind.errors;
        same->latency.add(kind.latency);
    }
}

void add_events(std::optional<EventFigures>& into, const EventFigures& events) {
    if (!into) into.emplace();
    into->streams += events.streams;
    into->events += events.events;
    into->lost += events.lost;
    into->first_event.add(events.first_event);
    into->gap.add(events.gap);
    into->delay.add(events.delay);
}

// The mean and the deviation of two sets of samples together; `a` and `b` are their numbers.
void add_moments(RunResult& into, const RunResult& result, double a, double b) {
    if (a + b <= 0) return;
    const double mean = (into.latency_mean_us * a + result.latency_mean_us * b) / (a + b);
    const auto square_about = [&](double deviation, double own_mean) {
        return deviation * deviation + (own_mean - mean) * (own_mean - mean);
    };
    const double square = (square_about(into.latency_stddev_us, into.latency_mean_us) * a +
                           square_about(result.latency_stddev_us, result.latency_mean_us) * b) /
                          (a + b);
    into.latency_mean_us = mean;
    into.latency_stddev_us = std::sqrt(square);
}

// Shares are weighed by the windows: `before` is the time that is already in `into`.
void add_shares(RunResult& into, const RunResult& result, double before) {
    const double seconds = result.window.to_seconds();
    if (before + seconds <= 0) return;
    const auto weigh = [&](double& share, double other) {
        share = (share * before + other * seconds) / (before + seconds);
    };
    weigh(into.busiest_thread, result.busiest_thread);
    for (const CoreUse& core : result.cores) {
        const auto same = std::find_if(into.cores.begin(), into.cores.end(),
                                       [&](const CoreUse& known) { return known.cpu == core.cpu; });
        if (same == into.cores.end()) {
            into.cores.push_back(core);
        } else {
            weigh(same->busy, core.busy);
        }
    }
}

void add_result(RunResult& into, const RunResult& result, bool is_first) {
    add_moments(into, result, static_cast<double>(into.latency.count()),
                static_cast<double>(result.latency.count()));
    add_shares(into, result, into.window.to_seconds());
    into.window = into.window + result.window;
    into.answered += result.answered;
    into.begun += result.begun;
    into.bytes_in += result.bytes_in;
    into.bytes_out += result.bytes_out;
    into.body_bytes_in += result.body_bytes_in;
    into.connections_opened += result.connections_opened;
    into.unfinished += result.unfinished;
    for (const auto& [code, count] : result.status) into.status[code] += count;
    into.latency.add(result.latency);
    into.connect.add(result.connect);
    into.errors.add(result.errors);
    into.answered_in_all += result.answered_in_all;
    into.begun_in_all += result.begun_in_all;
    into.lateness.add(result.lateness);
    into.waiting.add(result.waiting);
    into.scheduled += result.scheduled;
    into.overdue_at_end += result.overdue_at_end;
    into.timeline.insert(into.timeline.end(), result.timeline.begin(), result.timeline.end());
    add_kinds(into.kinds, result.kinds);
    if (result.events) add_events(into.events, *result.events);
    add_use(into.own, result.own, is_first);
    if (result.watched) {
        const bool is_first_watched = !into.watched;
        if (is_first_watched) into.watched.emplace();
        add_use(*into.watched, *result.watched, is_first_watched);
    }
    for (const std::string& warning : result.warnings) {
        if (std::find(into.warnings.begin(), into.warnings.end(), warning) == into.warnings.end()) {
            into.warnings.push_back(warning);
        }
    }
    into.interrupted = into.interrupted || result.interrupted;
}

void find_spread(Group& group) {
    std::vector<double> rates;
    for (const LabelledRun* run : group.rounds) rates.push_back(run->result.rate());
    std::sort(rates.begin(), rates.end());
    const std::size_t middle = rates.size() / 2;
    group.median_rate =
        rates.size() % 2 == 1 ? rates[middle] : (rates[middle - 1] + rates[middle]) / 2;
    if (group.median_rate > 0) {
        group.rate_spread = (rates.back() - rates.front()) / group.median_rate;
    }
}

}  // namespace

RunResult merge(const std::vector<const LabelledRun*>& runs) {
    RunResult whole;
    for (std::size_t at = 0; at < runs.size(); ++at) {
        add_result(whole, runs[at]->result, at == 0);
    }
    return whole;
}

std::vector<Group> groups_of(const Report& report) {
    std::vector<Group> groups;
    for (const LabelledRun& run : report.runs) {
        const auto same = std::find_if(groups.begin(), groups.end(), [&](const Group& known) {
            return known.first->label == run.label && known.first->section == run.section;
        });
        if (same == groups.end()) {
            groups.push_back({.first = &run, .rounds = {&run}, .whole = {}});
        } else {
            same->rounds.push_back(&run);
        }
    }
    for (Group& group : groups) {
        group.whole = merge(group.rounds);
        find_spread(group);
    }
    // The search for a knee comes back to levels between those that it has seen.
    if (report.kind == ReportKind::knee) {
        sort_stably(groups, [](const Group& a, const Group& b) {
            return !a.first->at.empty() && !b.first->at.empty() &&
                   a.first->at.front().value < b.first->at.front().value;
        });
    }
    return groups;
}

std::optional<std::string> title_of_way(const std::string& label, std::string_view way) {
    if (label == way) return std::string();
    const std::string ending = ", " + std::string(way);
    if (!label.ends_with(ending)) return std::nullopt;
    return label.substr(0, label.size() - ending.size());
}

std::vector<Pair> pairs_of(const Report& report) {
    struct Halves {
        std::string section, title;
        std::vector<const LabelledRun*> direct, proxied;
    };
    std::vector<Halves> all;
    const auto add = [&](const LabelledRun& run, std::string_view way,
                         std::vector<const LabelledRun*> Halves::* half) {
        const std::optional<std::string> title = title_of_way(run.label, way);
        if (!title) return;
        auto same = std::find_if(all.begin(), all.end(), [&](const Halves& known) {
            return known.section == run.section && known.title == *title;
        });
        if (same == all.end()) {
            all.push_back({run.section, *title, {}, {}});
            same = std::prev(all.end());
        }
        ((*same).*half).push_back(&run);
    };
    for (const LabelledRun& run : report.runs) {
        add(run, "direct", &Halves::direct);
        add(run, "proxied", &Halves::proxied);
    }
    std::vector<Pair> pairs;
    for (const Halves& halves : all) {
        if (halves.direct.empty() || halves.proxied.empty()) continue;
        pairs.push_back(
            {halves.section, halves.title, merge(halves.direct), merge(halves.proxied)});
    }
    return pairs;
}

namespace {

// A text beside it may say the same number ("64KiB"), or something that has none ("direct").
bool is_number(const Coordinate& at) {
    if (at.text.empty()) return true;
    const auto size = config::parse_size(at.text);
    return size && static_cast<double>(*size) == at.value;
}

}  // namespace

std::vector<Level> levels_of(const std::vector<Group>& groups) {
    std::vector<Level> levels;
    if (groups.size() < 2) return levels;
    for (const Coordinate& known : groups.front().first->at) {
        Level level{.name = known.name, .values = {}};
        for (const Group& group : groups) {
            const Coordinate* at = coordinate(*group.first, known.name);
            if (at != nullptr && is_number(*at)) level.values.push_back(at->value);
        }
        const bool varies =
            std::any_of(level.values.begin(), level.values.end(),
                        [&](double value) { return value != level.values.front(); });
        if (level.values.size() == groups.size() && varies) levels.push_back(std::move(level));
    }
    return levels;
}

void sort_by_level(std::vector<Group>& groups) {
    const std::vector<Level> levels = levels_of(groups);
    if (levels.size() != 1) return;
    sort_stably(groups, [&](const Group& a, const Group& b) {
        return coordinate(*a.first, levels.front().name)->value <
               coordinate(*b.first, levels.front().name)->value;
    });
}

std::vector<Figure> figures_to_show(const Report& report) {
    std::vector<Figure> shown;
    for (const Figure& figure : report.figures) {
        const bool has_target = figure.target || figure.strict_target;
        const bool is_repeated = (report.kind == ReportKind::run && figure.note.empty()) ||
                                 (report.kind == ReportKind::versus_direct &&
                                  figure.name.starts_with("added_latency_")) ||
                                 (report.kind == ReportKind::baseline && figure.note.empty() &&
                                  (figure.unit == "us" || figure.unit == "1/s"));
        if (has_target || !is_repeated) shown.push_back(figure);
    }
    return shown;
}

const Coordinate* coordinate(const LabelledRun& run, std::string_view name) {
    for (const Coordinate& at : run.at) {
        if (at.name == name) return &at;
    }
    return nullptr;
}

std::string text_of(const Coordinate& coordinate) {
    if (!coordinate.text.empty()) return coordinate.text;
    const bool is_size = coordinate.name == "size" || coordinate.name.ends_with("_bytes");
    if (is_size && coordinate.value >= 0) {
        return config::format_size(static_cast<std::uint64_t>(coordinate.value));
    }
    return count_words(coordinate.value);
}

std::string title_of(const Coordinate& coordinate) {
    std::string title = coordinate.name;
    std::replace(title.begin(), title.end(), '_', ' ');
    return title;
}

const char* unit_of(Work work) {
    switch (work) {
        case Work::requests: return "requests";
        case Work::events: return "events";
        case Work::ping_pong: return "exchanges";
        case Work::download:
        case Work::upload: return "blocks";  // of bulk_block_bytes
    }
    return "requests";
}

namespace {

const char* word_of(Work work) {
    switch (work) {
        case Work::ping_pong: return " --work ping-pong";
        case Work::download: return " --work download";
        case Work::upload: return " --work upload";
        case Work::events: return " --events";
        case Work::requests: break;
    }
    return "";
}

}  // namespace

std::string flags_of(const RunPlan& plan) {
    std::string out = fmt::format("--connections {}", plan.connections);
    const auto add = [&](bool given, std::string text) {
        if (given) out += " " + std::move(text);
    };
    add(plan.rate > 0 && plan.rate_end <= 0, fmt::format("--rate {:.6g}", plan.rate));
    add(plan.rate_end > 0, fmt::format("--ramp-rate {:.6g}..{:.6g}", plan.rate, plan.rate_end));
    add(plan.pipeline > 1, fmt::format("--pipeline {}", plan.pipeline));
    add(plan.think_time.ns > 0, "--think-time " + config::format_duration(plan.think_time));
    add(plan.requests_max > 0, fmt::format("--requests {}", plan.requests_max));
    add(true, "--duration " + config::format_duration(plan.measure));
    add(true, "--warm-up " + config::format_duration(plan.warm_up));
    add(plan.threads > 1, fmt::format("--threads {}", plan.threads));
    add(plan.pin, "--pin");
    add(plan.new_connection_each, "--new-connections");
    out += word_of(plan.work);
    add(plan.work == Work::ping_pong, "--message-size " + config::format_size(plan.message_bytes));
    add(plan.stamped_events, "--stamped");
    add(plan.watch_pid != 0, fmt::format("--watch {}", plan.watch_pid));
    return out;
}

}  // namespace ringway::bench
