// What limits the rate: the generator, the watched process, the machine, or something that waits.
#include "advice.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "../sort_stably.h"
#include "words.h"

namespace ringway::bench {

namespace {

constexpr double core_full = 0.90;       // share of a core from which on it is full
constexpr double core_idle = 0.70;       // below it there was room
constexpr double thread_full = 0.95;     // of an own thread
constexpr double still_growing = 1.10;   // rate of the last level to the one before
constexpr double kept_schedule = 0.95;   // share of an offered rate that must be answered
constexpr double lateness_max_us = 1e3;  // submit less scheduled time
constexpr double syn_again_us = 0.95e6;  // a lost SYN is sent again after a second
constexpr double bytes_per_connection = 64.0 * 1024;

// Everything that rules ask more than once.
struct View {
    const Evidence& evidence;
    std::size_t saturation;  // index; levels.size() when no level is usable

    const std::vector<LevelSummary>& levels() const { return evidence.levels; }
    const LevelSummary& lowest() const { return levels()[saturation]; }
    const LevelSummary& highest() const { return levels().back(); }
    bool has_usable() const { return saturation < levels().size(); }
    // The highest level brought nothing more: something is full, or waits.
    bool is_saturated() const {
        if (!has_usable()) return false;
        if (evidence.of_rate) {
            return highest().answered && highest().rate.median < kept_schedule * highest().value;
        }
        return saturation + 1 < levels().size();
    }
    // Where saturation is judged: the highest level that got answers and had no errors to speak of.
    const LevelSummary& full_level() const {
        const LevelSummary* found = &lowest();
        for (const LevelSummary& level : levels()) {
            if (level.usable) found = &level;
        }
        return *found;
    }
    // In an open loop a thread may spin until the next request is due; and where a thread of the
    // watched process could not run more either, the target is its own limit.
    bool generator_is_full() const {
        const LevelSummary& level = full_level();
        return !evidence.of_rate && evidence.plan.rate == 0 &&
               level.busiest_thread >= thread_full && level.watched_busiest_thread < thread_full;
    }
};

using MaybeFinding = std::optional<Finding>;

MaybeFinding generator_saturated(const View& view) {
    if (!view.generator_is_full()) return std::nullopt;
    const LevelSummary& level = view.full_level();
    return Finding{
        Severity::warning,
        fmt::format("the generator was the limit at {}: its busiest thread ran {} of the "
                    "time, so the target may do more than was measured",
                    level.label, share_in_words(level.busiest_thread)),
        "--threads", level.label};
}

MaybeFinding generator_late(const View& view) {
    for (const LevelSummary& level : view.levels()) {
        if (level.lateness_p99_us <= lateness_max_us) continue;
        return Finding{Severity::warning,
                       fmt::format("the generator fell behind its schedule from {} on: p99 of "
                                   "submit less scheduled time is {}",
                                   level.label, time_in_words(level.lateness_p99_us)),
                       "--threads", level.label};
    }
    return std::nullopt;
}

// The processor time of the watched process is a whole number of cores, or nearly.
bool watched_is_full(const LevelSummary& level) {
    const double cores = level.watched_cores.median;
    return cores > 0 && cores / std::ceil(cores) >= core_full;
}

bool machine_is_full(const LevelSummary& level) {
    return !level.cores_busy.empty() &&
           std::all_of(level.cores_busy.begin(), level.cores_busy.end(),
                       [](double busy) { return busy >= core_full; });
}

MaybeFinding watched_saturated(const View& view) {
    const LevelSummary& level = view.full_level();
    if (!view.is_saturated() || !watched_is_full(level)) return std::nullopt;
    const double cores = level.watched_cores.median;
    const std::string fact = fmt::format(
        "the rate stops growing at {} ({}) with the watched process on {:.2f} cores: its "
        "processor time is the limit",
        view.lowest().label, rate_in_words(view.lowest().rate.median), cores);
    if (machine_is_full(level)) {
        return Finding{
            Severity::advice,
            fact +
                fmt::format(", and all {} of this machine are busy: measure from "
                            "another machine before adding shards",
                            count_in_words(static_cast<double>(level.cores_busy.size()), "core")),
            "", view.lowest().label};
    }
    return Finding{
        Severity::advice,
        fact + fmt::format("; {:.0f} shards would have another core", std::ceil(cores) + 1),
        "--shards", view.lowest().label};
}

// How many requests at once were really under way, by Little's law: the rate that it stopped at,
// times what one request takes when nobody else asks.
double served_at_once(const View& view) {
    const LevelSummary& first = view.levels().front();
    return view.lowest().rate.median * first.mean_us.median / 1e6;
}

MaybeFinding something_waits(const View& view) {
    const LevelSummary& level = view.full_level();
    const double cores = level.watched_cores.median;
    if (view.evidence.of_rate || !view.is_saturated() || view.generator_is_full()) {
        return std::nullopt;
    }
    const bool is_watched = level.watched_cores.rounds > 0;  // 0 cores: too little to be counted
    if (!is_watched || cores >= core_idle) return std::nullopt;
    const char* or_for_a_core =
        machine_is_full(level) ? ", or for a core: all of this machine were busy" : "";
    return Finding{Severity::advice,
                   fmt::format("the rate stops growing at {} ({}) although the watched process "
                               "uses only {:.2f} cores: about {:.0f} requests at once are served "
                               "and the others wait, for connections to an endpoint (`ringway ctl "
                               "upstreams` shows who waits) or in the origin itself{}",
                               view.lowest().label, rate_in_words(view.lowest().rate.median), cores,
                               std::max(1.0, std::round(served_at_once(view))), or_for_a_core),
                   "--pool-max", view.lowest().label};
}

MaybeFinding rate_limit_reached(const View& view) {
    if (!view.evidence.of_rate || !view.is_saturated()) return std::nullopt;
    const LevelSummary& level = view.highest();
    const double share = level.scheduled > 0 ? static_cast<double>(level.waited + level.overdue) /
                                                   static_cast<double>(level.scheduled)
                                             : 0;
    return Finding{Severity::advice,
                   fmt::format("of {} offered, {} was answered: {} of the requests found all {} "
                               "busy when they were due",
                               level.label, rate_in_words(level.rate.median), share_in_words(share),
                               count_in_words(view.evidence.plan.connections, "connection")),
                   "--connections", level.label};
}

MaybeFinding only_latency_grows(const View& view) {
    if (view.evidence.of_rate || !view.is_saturated()) return std::nullopt;
    const LevelSummary& low = view.lowest();
    const LevelSummary& high = view.full_level();
    if (&low == &high || high.p99_us.median <= 2 * low.p99_us.median) return std::nullopt;
    return Finding{
        Severity::advice,
        fmt::format("beyond {} only latency grows: p99 is {} there and {} at {}; admitting no more "
                    "than {:.0f} requests at once keeps it low",
                    low.label, time_in_words(low.p99_us.median), time_in_words(high.p99_us.median),
                    high.label, low.value),
        "--max-requests", low.label};
}

MaybeFinding not_saturated(const View& view) {
    const std::vector<LevelSummary>& levels = view.levels();
    if (levels.size() < 2 || view.is_saturated() || !view.highest().usable) return std::nullopt;
    if (view.evidence.of_rate) {
        return Finding{
            Severity::advice,
            fmt::format("all of {} was answered: the limit lies above it", view.highest().label),
            "--ramp", view.highest().label};
    }
    const double growth = view.highest().rate.median / levels[levels.size() - 2].rate.median;
    if (!(growth > still_growing)) return std::nullopt;
    return Finding{
        Severity::advice,
        fmt::format("the rate still grew by {} at the last level: the limit lies above {}",
                    share_in_words(growth - 1), view.highest().label),
        "--ramp", view.highest().label};
}

MaybeFinding backlog_overflowed(const View& view) {
    for (const LevelSummary& level : view.levels()) {
        if (level.connect_max_us < syn_again_us) continue;
        return Finding{Severity::advice,
                       fmt::format("a connect took {} at {}: the kernel dropped the first attempt, "
                                   "as it does when too many connections wait to be accepted",
                                   time_in_words(level.connect_max_us), level.label),
                       "--backlog", level.label};
    }
    return std::nullopt;
}

MaybeFinding connections_cost_memory(const View& view) {
    const LevelSummary& low = view.levels().front();
    const LevelSummary& high = view.highest();
    if (view.evidence.of_rate || low.watched_bytes_max == 0 || high.value <= low.value) {
        return std::nullopt;
    }
    const double each =
        (static_cast<double>(high.watched_bytes_max) - static_cast<double>(low.watched_bytes_max)) /
        (high.value - low.value);
    if (each <= bytes_per_connection) return std::nullopt;
    return Finding{Severity::advice,
                   fmt::format("each connection more costs the watched process {:.0f} KiB of "
                               "private memory: it holds that much for slow readers",
                               each / 1024),
                   "--max-held-bytes", high.label};
}

using Rule = MaybeFinding (*)(const View&);
constexpr Rule rules[] = {
    generator_saturated, generator_late,     watched_saturated,
    something_waits,     rate_limit_reached, only_latency_grows,
    not_saturated,       backlog_overflowed, connections_cost_memory,
};

}  // namespace

void advise_on_limits(const Evidence& evidence, std::vector<Finding>& out) {
    const View view{evidence, saturation_of(evidence.levels)};
    if (!view.has_usable()) return;
    for (const Rule rule : rules) {
        if (MaybeFinding finding = rule(view)) out.push_back(std::move(*finding));
    }
}

std::vector<Finding> advise(const Evidence& evidence) {
    std::vector<Finding> out;
    advise_on_errors(evidence, out);
    advise_on_limits(evidence, out);
    sort_stably(out, [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
    return out;
}

}  // namespace ringway::bench
