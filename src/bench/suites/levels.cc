#include "levels.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "words.h"

namespace ringway::bench {

namespace {

constexpr double saturated_share = 0.95;

// The values of one level's rounds, collected before they become medians.
struct Values {
    std::vector<double> rate, mean_us, p50_us, p99_us, watched_cores;
};

void collect(const RunResult& result, Values& values) {
    if (result.answered == 0) return;
    values.rate.push_back(result.rate());
    values.mean_us.push_back(result.latency_mean_us);
    values.p50_us.push_back(result.percentile_us(50));
    values.p99_us.push_back(result.percentile_us(99));
    if (result.watched && result.window.ns > 0) {
        values.watched_cores.push_back(result.watched->cpu_seconds / result.window.to_seconds());
    }
}

void add_counts(const RunResult& result, LevelSummary& level) {
    level.errors.add(result.errors);
    level.ended += result.answered + result.errors.total();
    level.scheduled += result.scheduled;
    level.overdue += result.overdue_at_end;
    level.waited += result.waiting.count();
    for (const auto& [code, count] : result.status) level.status[code] += count;
    level.lateness_p99_us = std::max(level.lateness_p99_us,
                                     static_cast<double>(result.lateness.percentile_ns(99)) / 1e3);
    level.connect_max_us =
        std::max(level.connect_max_us, static_cast<double>(result.connect.max_ns()) / 1e3);
    level.busiest_thread = std::max(level.busiest_thread, result.busiest_thread);
    level.watched_busiest_thread =
        std::max(level.watched_busiest_thread, result.watched_busiest_thread);
    if (result.watched) {
        level.watched_bytes_max =
            std::max(level.watched_bytes_max, result.watched->private_bytes_max);
    }
    level.cores_busy.resize(std::max(level.cores_busy.size(), result.cores.size()));
    for (std::size_t core = 0; core < result.cores.size(); ++core) {
        level.cores_busy[core] = std::max(level.cores_busy[core], result.cores[core].busy);
    }
}

LevelSummary summary_of(double value, const std::vector<const LabelledRun*>& runs) {
    LevelSummary level{.value = value, .label = runs.front()->label};
    Values values;
    for (const LabelledRun* run : runs) {
        collect(run->result, values);
        add_counts(run->result, level);
    }
    const std::uint64_t failed = level.errors.total();
    level.error_rate =
        level.ended > 0 ? static_cast<double>(failed) / static_cast<double>(level.ended) : 0;
    level.answered = !values.rate.empty();
    level.usable = level.answered && level.error_rate <= LevelSummary::error_rate_max;
    level.rate = spread_of(std::move(values.rate));
    level.mean_us = spread_of(std::move(values.mean_us));
    level.p50_us = spread_of(std::move(values.p50_us));
    level.p99_us = spread_of(std::move(values.p99_us));
    level.watched_cores = spread_of(std::move(values.watched_cores));
    return level;
}

}  // namespace

Spread spread_of(std::vector<double> values) {
    if (values.empty()) return {};
    std::sort(values.begin(), values.end());
    const std::size_t half = values.size() / 2;
    const double median =
        values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
    return {median, values.front(), values.back(), values.size()};
}

RunPlan at_level(RunPlan plan, bool of_rate, double value) {
    plan.rate_end = 0;
    if (of_rate) {
        plan.rate = value;
        return plan;
    }
    plan.connections = static_cast<unsigned>(value);
    plan.threads = std::min(plan.threads, std::max(plan.connections, 1u));
    return plan;
}

LabelledRun run_at_level(const RunPlan& plan, bool of_rate, double value, int round) {
    LabelledRun run;
    run.plan = at_level(plan, of_rate, value);
    run.label = of_rate ? rate_in_words(value) : count_in_words(value, "connection");
    run.at.push_back({std::string(coordinate_of(of_rate)), value, ""});
    run.round = round;
    return run;
}

std::string_view coordinate_of(bool of_rate) { return of_rate ? "rate" : "connections"; }

std::vector<LevelSummary> summarize(const std::vector<LabelledRun>& runs, bool of_rate) {
    std::map<double, std::vector<const LabelledRun*>> groups;
    for (const LabelledRun& run : runs) {
        for (const Coordinate& coordinate : run.at) {
            if (coordinate.name == coordinate_of(of_rate)) groups[coordinate.value].push_back(&run);
        }
    }
    std::vector<LevelSummary> levels;
    for (const auto& [value, group] : groups) levels.push_back(summary_of(value, group));
    return levels;
}

std::size_t saturation_of(const std::vector<LevelSummary>& levels) {
    double best = 0;
    for (const LevelSummary& level : levels) {
        if (level.usable) best = std::max(best, level.rate.median);
    }
    for (std::size_t index = 0; index < levels.size(); ++index) {
        const LevelSummary& level = levels[index];
        if (level.usable && level.rate.median >= saturated_share * best) return index;
    }
    return levels.size();
}

void add_figure(Report& report, Figure figure, const Spread& spread) {
    if (spread.rounds == 0) {
        figure.known = false;
        if (figure.note.empty()) figure.note = "not measurable: no answer came";
        report.figures.push_back(std::move(figure));
        return;
    }
    figure.value = spread.median;
    Figure beside{.name = figure.name + "_spread",
                  .title = figure.title + ", spread",
                  .value = spread.relative(),
                  .unit = "ratio",
                  .note = fmt::format("from {:.6g} to {:.6g} in {} rounds", spread.low, spread.high,
                                      spread.rounds)};
    report.figures.push_back(std::move(figure));
    if (spread.rounds > 1) report.figures.push_back(std::move(beside));
}

}  // namespace ringway::bench
