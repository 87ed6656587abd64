// A baseline's plain requests: throughput per concurrency, a fixed rate, large bodies, and what the
// proxy adds to a direct call.
#include <algorithm>

#include <fmt/format.h>

#include "baseline.h"
#include "words.h"

namespace ringway::bench {
namespace {

constexpr unsigned concurrencies[] = {1, 10, 50, 64, 100, 200, 500};
constexpr unsigned memory_concurrency = 500;
constexpr double fixed_rate = 5000;
constexpr unsigned fixed_rate_connections = 64;
constexpr double alternating_rate = 1000;
constexpr unsigned alternating_connections = 16;
constexpr std::uint64_t large_body_bytes = 1 << 20;
constexpr unsigned large_body_connections = 16;
constexpr const char* no_watch = "not measured: --watch PID names the proxy's process";
constexpr const char* nothing_answered = "not measured: nothing was answered";

using Results = std::vector<const RunResult*>;

// The median over rounds of what `of` gives for each.
template <typename Of>
std::optional<double> median(const Results& results, Of of) {
    std::vector<double> values;
    for (const RunResult* result : results) {
        const std::optional<double> value = of(*result);
        if (value) values.push_back(*value);
    }
    if (values.empty()) return std::nullopt;
    return spread_of(std::move(values)).median;
}

std::optional<double> rate_of(const RunResult& result) {
    return result.answered > 0 ? std::optional{result.rate()} : std::nullopt;
}
std::optional<double> p50_of(const RunResult& result) {
    return result.answered > 0 ? std::optional{result.percentile_us(50)} : std::nullopt;
}
std::optional<double> p99_of(const RunResult& result) {
    return result.answered > 0 ? std::optional{result.percentile_us(99)} : std::nullopt;
}

}  // namespace

void Baseline::measure_concurrency() {
    say_part("throughput per concurrency, closed loop", times_.rounds);
    for (unsigned round = 0; round < times_.rounds; ++round) {
        for (const unsigned connections : concurrencies) {
            take(std::string{concurrency_section}, count_in_words(connections, "connection"),
                 plan_of(connections), static_cast<int>(round));
        }
    }
    for (const unsigned connections : concurrencies) {
        const std::string with = count_in_words(connections, "connection");
        const Results results = runs_of(with);
        Figure rate = figure_or(fmt::format("rate_{}", connections), "rate, " + with,
                                median(results, rate_of), "1/s", nothing_answered);
        rate.higher_is_better = true;
        add(std::move(rate));
        add(figure_or(fmt::format("latency_p50_{}", connections), "p50 latency, " + with,
                      median(results, p50_of), "us", nothing_answered));
        add(figure_or(fmt::format("latency_p99_{}", connections), "p99 latency, " + with,
                      median(results, p99_of), "us", nothing_answered));
        add(figure_or(fmt::format("cpu_per_request_{}", connections), "CPU per request, " + with,
                      median(results, watched_us_per_answer), "us", no_watch));
        if (connections != memory_concurrency) continue;
        add(figure_or("loaded_memory", "private memory under load, " + with,
                      median(results,
                             [](const RunResult& result) -> std::optional<double> {
                                 if (!result.watched) return std::nullopt;
                                 return static_cast<double>(result.watched->private_bytes_max);
                             }),
                      "bytes", no_watch));
    }
}

void Baseline::measure_fixed_rate() {
    say_part("latency at a fixed rate, open loop", times_.rounds);
    const std::string label = fmt::format("{:.0f}/s", fixed_rate);
    RunPlan plan = plan_of(fixed_rate_connections);
    plan.rate = fixed_rate;
    plan.measure = times_.long_window;
    for (unsigned round = 0; round < times_.rounds; ++round) {
        take("fixed rate", label, plan, static_cast<int>(round));
    }
    const Results results = runs_of(label);
    for (const NamedPercentile& at : compared_percentiles) {
        const auto of = [&at](const RunResult& result) -> std::optional<double> {
            if (static_cast<double>(result.latency.count()) < samples_needed(at.percent)) {
                return std::nullopt;
            }
            return result.percentile_us(at.percent);
        };
        add(figure_or(fmt::format("fixed_rate_latency_{}", at.suffix),
                      fmt::format("{} latency at {}", at.title, label), median(results, of), "us",
                      "not measurable: too few answers"));
    }
    add(figure_or("fixed_rate_cpu_per_request", "CPU per request at " + label,
                  median(results, watched_us_per_answer), "us", no_watch));
}

void Baseline::measure_large_bodies() {
    say_part("large bodies", times_.rounds);
    constexpr const char* label = "1 MiB bodies";
    RunPlan plan = plan_of(large_body_connections);
    plan.kinds[0].target = fmt::format("/bytes/{}", large_body_bytes);
    plan.measure = std::max(plan.measure, times_.slice * 2);
    if (ground_.origin_is_mock) {
        for (unsigned round = 0; round < times_.rounds; ++round) {
            take("large bodies", label, plan, static_cast<int>(round));
        }
    }
    const Results results = runs_of(label);
    const char* why_not =
        ground_.origin_is_mock ? nothing_answered : "not measured: the origin is no ringway mock";
    const auto goodput = median(results, [](const RunResult& result) -> std::optional<double> {
        return result.answered > 0 ? std::optional{result.goodput()} : std::nullopt;
    });
    Figure rate =
        figure_or("large_goodput", "goodput of 1 MiB bodies", goodput, "bytes/s", why_not);
    rate.higher_is_better = true;
    add(std::move(rate));
    const auto cpu = median(results, [](const RunResult& result) -> std::optional<double> {
        if (!result.watched || result.body_bytes_in == 0) return std::nullopt;
        return result.watched->cpu_seconds / static_cast<double>(result.body_bytes_in) *
               (1024.0 * 1024 * 1024);
    });
    add(figure_or("large_cpu_per_gib", "CPU per GiB of 1 MiB bodies", cpu, "s",
                  results.empty() ? why_not : no_watch));
}

void Baseline::measure_added_latency() {
    say_part("added latency, alternating with direct calls");
    RunPlan plan = plan_of(alternating_connections);
    plan.rate = alternating_rate;
    measure_alternating(plan, "added latency", "", fmt::format("{:.0f}/s", alternating_rate));
    measure_alternating(plan_of(1), "added latency", "single_", "one at a time");
}

void Baseline::measure_alternating(const RunPlan& plan, const std::string& section,
                                   const std::string& prefix, const std::string& titled) {
    Options options = options_;
    options.plan = plan;
    options.slice = times_.slice;
    options.rounds = times_.slice_rounds;
    // The place is the ground's: no name is looked up a second time.
    Stage stage = stage_;
    stage.find_place = [this](const std::string&) -> config::Checked<Place> {
        return Place{.destination = ground_.direct, .target = {}};
    };
    Report part = measure_apart(options, stage, measure_versus_direct);
    for (Figure& each : part.figures) {
        // What a round says is in the runs. Rates of one connection are its latency once more, and
        // the far tail needs more answers than there are.
        if (!each.name.starts_with("added_latency") || each.name.ends_with("_by_round") ||
            each.name.ends_with("p99_99")) {
            continue;
        }
        each.name = prefix + each.name;
        each.title = fmt::format("{}, {}", each.title, titled);
        add(std::move(each));
    }
    take_over(std::move(part), section, titled);
}

}  // namespace ringway::bench
