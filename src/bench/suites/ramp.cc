// --ramp: level after level, with pauses, until the last one or until it makes no sense to go on;
// then advice.
#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "advice.h"
#include "knee_search.h"
#include "recorder.h"
#include "suites.h"
#include "words.h"

namespace ringway::bench {

namespace {

constexpr double default_levels[] = {1, 2, 5, 10, 25, 50, 75, 100};

// When to stop: what comes at the next level would only be worse, and might harm the target.
constexpr double error_rate_stop = 0.10;
constexpr double latency_growth_stop = 10;      // beyond what more connections explain
constexpr double latency_least_stop_us = 50e3;  // whatever it grew from

// Why the ramp ends after the last of these levels; empty when it goes on.
std::string reason_to_stop(const std::vector<LevelSummary>& levels, bool of_rate) {
    const LevelSummary& last = levels.back();
    if (last.error_rate > error_rate_stop) {
        return fmt::format("{} of what ended were errors", share_in_words(last.error_rate));
    }
    if (!last.answered) return "nothing was answered";
    const LevelSummary& first = levels.front();
    if (levels.size() < 2 || !first.answered) return "";
    // In a closed loop, waiting in line is in proportion to the connections.
    const double explained =
        first.p99_us.median * (of_rate ? 1 : std::max(last.value / first.value, 1.0));
    const double limit = std::max(explained * latency_growth_stop, latency_least_stop_us);
    if (last.p99_us.median <= limit) return "";
    return fmt::format("the p99 is {}, and was {} at {}", time_in_words(last.p99_us.median),
                       time_in_words(first.p99_us.median), first.label);
}

void add_figures(const std::vector<LevelSummary>& levels, bool of_rate, Report& report) {
    const std::string name(coordinate_of(of_rate));
    const std::string unit = of_rate ? "1/s" : "connections";
    Figure saturation{.name = "saturation_" + name,
                      .title = "lowest level with 95 % of the best rate",
                      .unit = unit};
    Figure knee{.name = "knee_" + name, .title = "knee", .unit = unit};
    Figure best{.name = "rate_max", .title = "best rate", .unit = "1/s"};
    best.higher_is_better = true;
    if (const std::optional<KneeChoice> choice = choose_knee(levels)) {
        knee.value = levels[choice->index].value;
        const std::size_t index = saturation_of(levels);
        saturation.value = levels[index].value;
        for (const LevelSummary& level : levels) {
            if (level.usable) best.value = std::max(best.value, level.rate.median);
        }
    } else {
        for (Figure* figure : {&saturation, &knee, &best}) {
            figure->known = false;
            figure->note = "not measurable: no level without errors";
        }
    }
    report.figures.push_back(std::move(saturation));
    report.figures.push_back(std::move(knee));
    report.figures.push_back(std::move(best));
}

}  // namespace

config::Complaint run_ramp(const SuiteContext& context, Report& report) {
    report.kind = ReportKind::ramp;
    const Options& options = context.options;
    const bool of_rate = options.levels.of_rate;
    std::vector<double> values = options.levels.values;
    if (values.empty() && of_rate) {
        return config::Refusal{"--ramp over rates needs them", "--ramp rate=1000,2000,4000"};
    }
    if (values.empty()) values.assign(std::begin(default_levels), std::end(default_levels));
    std::sort(values.begin(), values.end());

    Recorder recorder(context, report);
    for (std::size_t index = 0; index < values.size() && !recorder.stopped(); ++index) {
        recorder.pause();
        bool measured = false;
        for (unsigned round = 0; round < options.rounds; ++round) {
            measured |= recorder.take(
                run_at_level(options.plan, of_rate, values[index], static_cast<int>(round)));
        }
        if (!measured) continue;
        const std::vector<LevelSummary> levels = summarize(report.runs, of_rate);
        const std::string reason = reason_to_stop(levels, of_rate);
        if (reason.empty() || index + 1 == values.size() || recorder.stopped()) continue;
        report.findings.push_back(
            {Severity::warning,
             fmt::format("stopped after {}, {} to go: {}", levels.back().label,
                         count_in_words(static_cast<double>(values.size() - index - 1), "level"),
                         reason),
             "", levels.back().label});
        break;
    }
    if (report.runs.empty()) return recorder.outcome();
    const std::vector<LevelSummary> levels = summarize(report.runs, of_rate);
    add_figures(levels, of_rate, report);
    std::vector<Finding> advice = advise({levels, of_rate, options.plan});
    std::move(advice.begin(), advice.end(), std::back_inserter(report.findings));
    return recorder.outcome();
}

}  // namespace ringway::bench
